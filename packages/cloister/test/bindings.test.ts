import { describe, expect, test } from 'vitest';
import { cli, folderWith } from './support/cli.ts';

// A schema by hand: the folder has no packages.
const module = `
  const schema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };
  const add = { params: schema, handler: (_call, a, b) => a + b, description: 'Adds.' };
  export const bindings = [{ name: 'calc', methods: new Map([['add', add]]) }];
`;

describe('cloister run --bindings', () => {
  test('gives scripts the bindings of a module', async () => {
    const cwd = folderWith({ 'bindings.mjs': module, 'a.js': 'return await sdk.calc.add(1, 2)' });
    const end = await cli(['run', 'a.js', '--bindings', 'bindings.mjs', '--json'], { cwd });
    expect(JSON.parse(end.stdout)).toMatchObject({
      status: 'completed',
      output: { value: 3 },
      usage: { apiCalls: 1 },
    });
  });

  test('holds a script to --api-calls', async () => {
    const cwd = folderWith({
      'bindings.mjs': module,
      'a.js': 'for (;;) await sdk.calc.add(1, 2)',
    });
    const args = ['run', 'a.js', '--bindings', 'bindings.mjs', '--api-calls', '3'];
    const { status, stderr } = await cli(args, { cwd });
    expect(status).toBe(1);
    expect(stderr).toContain('more than 3 host calls');
  });

  test.each([
    ['nothing.mjs', /cannot load nothing\.mjs/],
    ['empty.mjs', /must export a list named bindings/],
    ['wrong.mjs', /bindings\[0\] must be a binding/],
  ])('refuses %s', async (file, message) => {
    const cwd = folderWith({
      'a.js': 'return 1',
      'empty.mjs': 'export default []',
      'wrong.mjs': 'export const bindings = [{}]',
    });
    const { status, stderr } = await cli(['run', 'a.js', '--bindings', file], { cwd });
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('cloister types', () => {
  test('prints what scripts have in scope', async () => {
    const cwd = folderWith({ 'bindings.mjs': module });
    const { status, stdout } = await cli(['types', '--bindings', 'bindings.mjs'], { cwd });
    expect(status).toBe(0);
    expect(stdout).toContain('declare const ctx');
    expect(stdout).toContain('readonly calc: CalcBinding;');
    expect(stdout).toContain('/** Adds. */\n  add(...args: unknown[]): Promise<any>;');
  });

  test('prints the same without bindings', async () => {
    const { status, stdout } = await cli(['types']);
    expect(status).toBe(0);
    expect(stdout).toContain('declare const sdk: {\n};');
  });

  test.each([['types a.js'], ['types --json']])('refuses %s', async (args) => {
    expect(await cli(args.split(' '))).toMatchObject({ status: 2, stdout: '' });
  });
});

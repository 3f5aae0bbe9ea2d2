import { describe, expect, test } from 'vitest';
import { usageText } from '../src/usage-text.ts';
import { cli, folderWith } from './support/cli.ts';

describe('cloister check', () => {
  test('says of each file whether it parses, and ends with 0 when all do', async () => {
    const cwd = folderWith({ 'a.js': 'return await 1', 'b.js': '' });
    expect(await cli(['check', 'a.js', 'b.js'], { cwd })).toEqual({
      status: 0,
      signal: null,
      stdout: 'a.js: ok\nb.js: ok\n',
      stderr: '',
    });
  });

  test('shows the place in each file that does not parse, goes on, and ends with 1', async () => {
    const cwd = folderWith({
      'a.js': 'const a = 1;\nconst b = ;',
      'b.js': 'return 1',
      'c.js': `import fs from 'node:fs'`,
      'd.js': '});(async()=>{',
    });
    const { status, stdout, stderr } = await cli(['check', 'a.js', 'b.js', 'c.js', 'd.js'], {
      cwd,
    });
    expect({ status, stdout }).toEqual({ status: 1, stdout: 'b.js: ok\n' });
    expect(stderr).toMatch(/^a\.js:2:11\n2 \| const b = ;\n {14}\^$/m);
    expect(stderr).toMatch(/^c\.js:1:/m);
    expect(stderr).toMatch(/not modules/);
    expect(stderr).toMatch(/^d\.js:1:/m);
    expect(stderr.match(/^\[compilation_error\]$/gm)).toHaveLength(3);
  });

  test('runs nothing', async () => {
    const cwd = folderWith({ 'a.js': `console.log('ran'); throw new Error('ran')` });
    expect(await cli(['check', 'a.js'], { cwd })).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('cloister', () => {
  test.each([['--help'], ['-h'], ['help'], ['run --help'], ['check -h'], ['types --help']])(
    'prints how to use it for %s',
    async (args) => {
      expect(await cli(args.split(' '))).toEqual({
        status: 0,
        signal: null,
        stdout: usageText,
        stderr: '',
      });
    },
  );

  test.each([
    ['nothing', []],
    ['an unknown command', ['walk']],
    ['run without a file', ['run']],
    ['a file that is not there', ['run', 'missing.js']],
    ['check without files', ['check']],
    ['an unknown option', ['run', 'a.js', '--colour']],
    ['an input that is no JSON', ['run', 'a.js', '--input', '{']],
    ['a limit that is no number', ['run', 'a.js', '--timeout', 'soon']],
    ['a limit out of range', ['run', 'a.js', '--memory', '1']],
    ['a tenant without a name', ['run', 'a.js', '--tenant', '']],
    ['a realm that does not exist', ['run', 'a.js', '--realm', 'soft']],
    ['a language that does not exist', ['run', 'a.js', '--language', 'ts']],
    ['a cache that is another file', ['run', 'a.js', '--cache', 'a.js']],
    ['a cache in no folder', ['run', 'a.js', '--cache', 'no/folder/code.db']],
    ['a cache without a name', ['run', 'a.js', '--cache', '']],
    ['a cache in Postgres without a secret', ['run', 'a.js', '--cache', 'postgres://localhost/x']],
  ])('ends with 2 for %s, says why on stderr and points to --help', async (_what, args) => {
    const cwd = folderWith({ 'a.js': 'return 1' });
    const { status, stdout, stderr } = await cli(args, { cwd });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^cloister: .+\nSee cloister --help\.\n$/);
  });

  test('ends with 1 and says why when no worker can be started', async () => {
    const bindings = `process.execPath = '/no/such/node'; export const bindings = []`;
    const cwd = folderWith({ 'a.js': 'return 1', 'bindings.js': bindings });
    const env = { SCRIPT_JAIL: 'none' };
    const args = ['run', 'a.js', '--bindings', 'bindings.js'];
    const { status, stdout, stderr } = await cli(args, { cwd, env });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^cloister: .+\n\[worker_start_failed\]\n$/s);
  });

  test.each(['hardened', 'fresh'])('takes --realm %s', async (realm) => {
    const cwd = folderWith({ 'a.js': 'return 1' });
    expect(await cli(['run', 'a.js', '--realm', realm], { cwd })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  test('takes --cache FILE, and finds there in a later process what it compiled in one before', async () => {
    const cwd = folderWith({ 'a.js': `// ${'x'.repeat(6000)}\nreturn 'kept'` });
    const tiers = [];
    for (let round = 0; round < 2; round++) {
      const args = ['run', 'a.js', '--cache', 'code.db', '--json'];
      const { stdout } = await cli(args, { cwd });
      const { output, usage } = JSON.parse(stdout) as {
        output: unknown;
        usage: { cache: string };
      };
      expect(output).toEqual({ value: 'kept' });
      tiers.push(usage.cache);
    }
    expect(tiers).toEqual(['miss', 'store']);
  });
});

import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cloister-package-'));
/** What the packages need and what that needs, as this repository has it: nothing is fetched. */
const dependencies = [
  '@standard-schema/spec',
  'isolated-vm',
  'lru-cache',
  'node-gyp-build',
  'undici',
  'zod',
];

async function command(file: string, ...args: string[]): Promise<string> {
  return (await promisify(execFile)(file, args, { cwd: folder })).stdout;
}

const node = (...args: string[]): Promise<string> => command(process.execPath, ...args);
const cloister = (...args: string[]): Promise<string> =>
  node('node_modules/cloister/dist/main.js', ...args);

/** Packs both packages and installs them in an empty folder. */
beforeAll(async () => {
  // Workers may run as a user to whom nothing belongs.
  chmodSync(folder, 0o755);
  await node(join(root, 'scripts/pack.ts'), folder);
  const local = dependencies.map((name) => [name, `file:${join(root, 'node_modules', name)}`]);
  const manifest = {
    type: 'module',
    dependencies: {
      '@cloister/runtime': 'file:cloister-runtime-0.1.0.tgz',
      cloister: 'file:cloister-0.1.0.tgz',
      ...Object.fromEntries(local),
    },
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const flags = ['--offline', '--ignore-scripts', '--install-links', '--no-audit', '--no-fund'];
  await command('npm', 'install', ...flags);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the packages, installed', () => {
  test('run the example of the README', async () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const example = /## As a library\n.*?```js\n(.*?)```/s.exec(readme)![1]!;
    writeFileSync(join(folder, 'example.js'), example);
    expect(await node('example.js')).toMatch(/^\{ total: 40 \} total for acme/);
  });

  test('lock the workers into what the sources do', async () => {
    const layersFrom = async (runtime: string): Promise<string> => {
      const program = `
        import { createRuntime } from ${JSON.stringify(runtime)};
        const runtime = await createRuntime({ workers: 1 });
        console.log(JSON.stringify(runtime.stats().jail));
        await runtime.shutdown();`;
      return node('--input-type=module', '--eval', program);
    };
    const sources = join(root, 'packages/runtime/src/index.ts');
    expect(await layersFrom('@cloister/runtime')).toBe(await layersFrom(sources));
  });

  test.each([
    ['hardened', `Array.prototype.push = 1`],
    ['hardened', `Object.getPrototypeOf(new Intl.Segmenter().segment('a')).x = 1`],
    ['hardened', `Object.getPrototypeOf(function* () {}).prototype.next = 1`],
  ])('have a %s realm in which %s fails', async (realm, attempt) => {
    const script = join(folder, 'attempt.js');
    writeFileSync(script, `try { ${attempt} } catch ({ name }) { return { name } }`);
    const output = JSON.parse(await cloister('run', script, '--realm', realm)) as unknown;
    expect(output).toEqual({ name: 'TypeError' });
  });

  test('freeze what bindings add, too, of which the build knows nothing', async () => {
    const bindings = `
      import { defineBinding } from '@cloister/runtime';
      import { z } from 'zod';
      export const bindings = [defineBinding('crm', { get: { params: z.tuple([]), handler: () => 1 } })];`;
    writeFileSync(join(folder, 'bindings.js'), bindings);
    const script = join(folder, 'attempt.js');
    writeFileSync(script, `try { sdk.crm.get.left = 1 } catch ({ name }) { return { name } }`);
    const output = await cloister('run', script, '--bindings', 'bindings.js');
    expect(JSON.parse(output)).toEqual({ name: 'TypeError' });
  });

  test('erase types, keep compiled code and print the declarations', async () => {
    const script = join(folder, 'typed.ts');
    writeFileSync(script, `const six: number = ctx.input.six; return { answer: six * 7 };`);
    const run = await cloister('run', script, '--input', '{"six":6}', '--cache', 'code.db');
    expect(JSON.parse(run)).toEqual({ answer: 42 });
    expect(await cloister('types')).toContain('declare const console');
  });

  test('find what they need when it lies further up than a folder of packages', async () => {
    const inner = join(folder, 'inner/node_modules');
    mkdirSync(inner, { recursive: true });
    await command('cp', '-r', 'node_modules/@cloister', 'node_modules/cloister', inner);
    writeFileSync(join(folder, 'tiny.js'), 'return { sum: 1 + 2 }');
    const output = await node('inner/node_modules/cloister/dist/main.js', 'run', 'tiny.js');
    expect(JSON.parse(output)).toEqual({ sum: 3 });
  });
});

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'cloister-typescript-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, source: string): string {
  const path = join(folder, name);
  writeFileSync(path, source);
  return path;
}

interface End {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function cloister(args: readonly string[], input = ''): Promise<End> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args], (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    child.stdin!.end(input);
  });
}

test('run takes a .ts file, whatever its types say', async () => {
  const path = file(
    'add.ts',
    'const { a, b } = ctx.input as { a: number; b: number };\nreturn a + b;',
  );
  const end = await cloister(['run', path, '--input', '{"a":1,"b":2}']);
  expect(end).toEqual({ status: 0, stdout: '{\n  "value": 3\n}\n', stderr: '' });
});

test('run shows the line of the .ts file at which the script threw', async () => {
  const source =
    'type A = number;\nconst f = (x: A): never => { throw new Error(`no ${x}`) };\nf(1)';
  const { status, stderr } = await cloister(['run', file('throw.ts', source)]);
  expect(status).toBe(1);
  expect(stderr).toContain('throw.ts:2:36\n2 | const f = (x: A)');
  expect(stderr).toContain(`\n${' '.repeat(4 + 35)}^\nError: no 1\n    at f (throw.ts:2:36)\n`);
});

test('check says of each file whether it parses, in its own language', async () => {
  const good = file('good.ts', 'let a: number = "not checked"');
  const bad = file('bad.ts', 'let a = 1;\n  enum Color {\n    Red,\n  }');
  const typed = file('typed.js', 'let a: number = 1');
  const { status, stdout, stderr } = await cloister(['check', good, bad, typed]);
  expect(status).toBe(1);
  expect(stdout).toBe(`${good}: ok\n`);
  expect(stderr).toContain(`${bad}:2:3\n2 |   enum Color {\n      ^\n`);
  expect(stderr).toContain('enum is not supported');
  expect(stderr).toContain(`${typed}:1:6\n`);
});

test('--language decides for standard input and for any name', async () => {
  const piped = await cloister(['run', '-', '--language', 'typescript'], 'return 1 as number');
  expect(piped.stdout).toBe('{\n  "value": 1\n}\n');
  const plain = await cloister(['run', '-'], 'return 1 as number');
  expect(plain.status).toBe(1);
  const named = await cloister(['check', file('name.txt', 'let a: 1'), '--language', 'typescript']);
  expect(named.status).toBe(0);
  const wrong = await cloister(['run', '-', '--language', 'ts']);
  expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining('--language must be') });
});

test.each([
  ['view.tsx', 'JSX is not supported'],
  ['view.jsx', 'JSX is not supported'],
  ['module.mts', 'no module'],
  ['module.cts', 'no module'],
])('%s is refused by its name', async (name, why) => {
  const { status, stderr } = await cloister(['run', file(name, 'return 1')]);
  expect(status).toBe(2);
  expect(stderr).toContain(why);
  expect(stderr).toContain('named .ts');
});

test('--help mentions TypeScript', async () => {
  const { status, stdout } = await cloister(['--help']);
  expect(status).toBe(0);
  expect(stdout).toContain('A file named .ts is TypeScript');
});

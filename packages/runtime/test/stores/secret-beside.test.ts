import {
  mkdtempDisposable,
  readdir,
  stat,
  writeFile,
  type DisposableTempDir,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { secretBeside, sqliteBytecodeStore } from '../../src/stores/index.ts';
import { startStoreProcess } from './sqlite/store-process.ts';

let folder: DisposableTempDir;
let file: string;

beforeEach(async () => {
  folder = await mkdtempDisposable(join(tmpdir(), 'cloister-secret-'));
  file = join(folder.path, 'bytecode.db');
});
afterEach(() => folder.remove());

test('the first call makes a secret that only its owner can read, later ones read it', async () => {
  const secret = await secretBeside(file);
  expect(secret.constructor).toBe(Uint8Array);
  expect(secret.byteLength).toBe(32);
  expect(await secretBeside(file)).toEqual(secret);
  expect(await sqliteBytecodeStore(file).defaultSecret()).toEqual(secret);
  expect((await stat(`${file}.key`)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder.path)).toEqual(['bytecode.db.key']);
});

test('two files have different secrets', async () => {
  expect(await secretBeside(file)).not.toEqual(await secretBeside(`${file}2`));
});

test('calls and processes that start at once end with the same secret', async () => {
  const processes = [1, 2, 3, 4].map(() => startStoreProcess(['secret', file]));
  const own = await Promise.all(Array.from({ length: 20 }, () => secretBeside(file)));
  const theirs = await Promise.all(processes.map(({ said }) => said));
  const all = new Set([...own.map((secret) => Buffer.from(secret).toString('hex')), ...theirs]);
  expect(all.size).toBe(1);
  expect(await readdir(folder.path)).toEqual(['bytecode.db.key']);
});

test.each([0, 31, 33])('a key file of %i bytes is an error that says so', async (length) => {
  await writeFile(`${file}.key`, new Uint8Array(length));
  await expect(secretBeside(file)).rejects.toMatchObject({
    name: 'BytecodeStoreError',
    message: expect.stringContaining(`has ${length} bytes instead of 32`) as string,
  });
  expect((await stat(`${file}.key`)).size).toBe(length);
});

test('a folder that does not exist is an error', async () => {
  await expect(secretBeside(join(folder.path, 'none', 'x.db'))).rejects.toMatchObject({
    code: 'unavailable',
  });
});

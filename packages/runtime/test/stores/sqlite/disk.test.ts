import { mkdtempDisposable, stat, type DisposableTempDir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sqliteBytecodeStore } from '../../../src/stores/index.ts';
import { canMount, startStoreProcess } from './store-process.ts';

let folder: DisposableTempDir;
let file: string;

beforeEach(async () => {
  folder = await mkdtempDisposable(join(tmpdir(), 'cloister-disk-'));
  file = join(folder.path, 'bytecode.db');
});
afterEach(() => folder.remove());

test.skipIf(!canMount)(
  'a full disk is an error of the put; reads and later puts go on',
  async () => {
    const shell = `mount -t tmpfs -o size=4m none ${folder.path} && exec "$@"`;
    const process = startStoreProcess(['fill', file], shell);
    const result = (await process.said) as { stored: number };
    expect(result).toMatchObject({
      failures: ['full', 'full', 'full'],
      first: 100_032,
      after: 1_032,
    });
    expect(result.stored).toBeGreaterThan(5);
    expect(await process.ended).toBe(0);
  },
);

test.skipIf(!canMount)('a folder that cannot be written is an error', async () => {
  const shell = `mount --bind ${folder.path} ${folder.path} && mount -o remount,ro,bind ${folder.path} && exec "$@"`;
  const empty = startStoreProcess(['read-only', file], shell);
  expect(await empty.said).toEqual(['read_only', 'read_only', 'unavailable']);
  expect(await empty.ended).toBe(0);

  const store = sqliteBytecodeStore(file);
  await store.put('key', new Uint8Array(10));
  await store.close();
  const filled = startStoreProcess(['read-only', file], shell);
  expect(await filled.said).toEqual(['read_only', 'read_only', 'unavailable']);
  expect(await filled.ended).toBe(0);
});

test.skipIf(!canMount)(
  'a file that cannot be written in a folder that can is an error',
  async () => {
    const store = sqliteBytecodeStore(file);
    await store.put('key', new Uint8Array(10));
    await store.close();
    const shell = `mount --bind ${file} ${file} && mount -o remount,ro,bind ${file} && exec "$@"`;
    const process = startStoreProcess(['read-only', file], shell);
    const [, put] = (await process.said) as string[];
    expect(put).toBe('read_only');
    expect(await process.ended).toBe(0);
  },
);

test('the files are readable by their owner only', async () => {
  const store = sqliteBytecodeStore(pathToFileURL(file));
  await store.put('key', new Uint8Array(10));
  for (const suffix of ['', '-wal', '-shm']) {
    expect((await stat(`${file}${suffix}`)).mode & 0o777, suffix).toBe(0o600);
  }
  await store.close();
});

test('a file shrinks when what it held goes', async () => {
  const store = sqliteBytecodeStore(file);
  for (let count = 0; count < 20; count++) await store.put(`key-${count}`, new Uint8Array(500_000));
  await store.clear();
  await store.close();
  expect((await stat(file)).size).toBeLessThan(200_000);
});

test('a use is written down when the last one is more than a minute old', async () => {
  const store = sqliteBytecodeStore(file);
  await store.put('long ago', new Uint8Array(10));
  await store.put('just now', new Uint8Array(10));
  using database = new DatabaseSync(file);
  const age = database.prepare('UPDATE bytecode SET last_used = last_used - ? WHERE key = ?');
  age.run(61_000, 'long ago');
  age.run(30_000, 'just now');
  const read = database.prepare('SELECT key, last_used FROM bytecode ORDER BY key');
  const before = read.all();
  await store.get('long ago');
  await store.get('just now');
  await store.close();
  const after = read.all();
  expect(after[0]).toEqual(before[0]);
  expect(Number(after[1]?.['last_used']) - Number(before[1]?.['last_used'])).toBeGreaterThanOrEqual(
    61_000,
  );
});

test('a store in memory keeps its entries until it is closed, and has a secret', async () => {
  const store = sqliteBytecodeStore(':memory:');
  await store.put('key', new Uint8Array(10));
  expect(await store.get('key')).toEqual(new Uint8Array(10));
  const secret = await store.defaultSecret();
  expect(secret.byteLength).toBe(32);
  expect(await store.defaultSecret()).toEqual(secret);
  expect(await sqliteBytecodeStore(':memory:').defaultSecret()).not.toEqual(secret);
  await store.close();
});

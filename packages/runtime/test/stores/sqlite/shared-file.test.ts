import { mkdtempDisposable, type DisposableTempDir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sqliteBytecodeStore } from '../../../src/stores/index.ts';
import { isSampleOf } from '../sample-bytes.ts';
import { startStoreProcess } from './store-process.ts';

let folder: DisposableTempDir;
let file: string;

beforeEach(async () => {
  folder = await mkdtempDisposable(join(tmpdir(), 'cloister-shared-'));
  file = join(folder.path, 'bytecode.db');
});
afterEach(() => folder.remove());

function keysIn(): string[] {
  using database = new DatabaseSync(file);
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  return database
    .prepare('SELECT key FROM bytecode')
    .all()
    .map((row) => String(row['key']));
}

test('processes that create the file at once all serve, from one file', async () => {
  const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
  const processes = keys.map((key) => startStoreProcess(['put-once', file, key]));
  expect(await Promise.all(processes.map(({ said }) => said))).toEqual(keys.map(() => 1_032));
  expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual(keys.map(() => 0));
  expect(keysIn().toSorted()).toEqual(keys);
});

test('processes that put the same keys at once leave one whole entry each', async () => {
  const processes = [1, 2, 3].map(() => startStoreProcess(['put-same-keys', file]));
  await Promise.all(processes.map(({ said }) => said));
  expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([0, 0, 0]);
  const store = sqliteBytecodeStore(file);
  for (const key of keysIn()) {
    const bytes = await store.get(key);
    expect(bytes && isSampleOf(key, bytes)).toBe(true);
  }
  expect(keysIn().toSorted()).toEqual(['shared-0', 'shared-1', 'shared-2']);
  await store.close();
});

test(
  'a file whose processes were killed in the middle of puts opens and serves whole entries',
  { timeout: 120_000 },
  async () => {
    let found = 0;
    for (let round = 0; round < 12; round++) {
      const processes = ['a', 'b'].map((key) => startStoreProcess(['put-for-ever', file, key]));
      await Promise.all(processes.map(({ said }) => said));
      await delay(Math.random() * 100);
      for (const { child } of processes) child.kill('SIGKILL');
      await Promise.all(processes.map(({ ended }) => ended));

      const store = sqliteBytecodeStore(file);
      await store.put('after', new Uint8Array(10));
      expect(await store.get('after')).toEqual(new Uint8Array(10));
      for (const key of keysIn()) {
        const bytes = await store.get(key);
        if (key !== 'after') expect(bytes && isSampleOf(key, bytes), key).toBe(true);
        found++;
      }
      await store.close();
    }
    expect(found).toBeGreaterThan(24);
  },
);

test('a process with an idle store ends by itself, and what it put is there', async () => {
  const process = startStoreProcess(['put-and-stay-open', file]);
  expect(await process.said).toBe('done');
  expect(await process.ended).toBe(0);
  expect(keysIn()).toEqual(['key']);
});

test('a lock that another process holds delays no event loop, and is an error after the wait', async () => {
  const store = sqliteBytecodeStore(file, { busyTimeoutMs: 300 });
  await store.put('key', new Uint8Array(10));
  using other = new DatabaseSync(file);
  other.exec('BEGIN IMMEDIATE');

  let turns = 0;
  const put = store.put('key', new Uint8Array(20)).catch((error: unknown) => error);
  let isOver = false;
  void put.then(() => (isOver = true));
  while (!isOver) {
    turns++;
    await new Promise(setImmediate);
  }
  expect(await put).toMatchObject({ name: 'BytecodeStoreError', code: 'busy' });
  expect(turns).toBeGreaterThan(20);
  expect((await store.get('key'))?.byteLength, 'readers do not wait').toBe(10);

  other.exec('ROLLBACK');
  await store.put('key', new Uint8Array(30));
  expect((await store.get('key'))?.byteLength).toBe(30);
  await store.close();
});

test('a lock that ends in time is waited for', async () => {
  const store = sqliteBytecodeStore(file, { busyTimeoutMs: 20_000 });
  using other = new DatabaseSync(file);
  other.exec('BEGIN EXCLUSIVE');
  const put = store.put('key', new Uint8Array(10));
  await delay(100);
  other.exec('ROLLBACK');
  await put;
  await store.close();
});

test('puts are refused while too many bytes wait for a disk or lock', async () => {
  const store = sqliteBytecodeStore(file, { busyTimeoutMs: 1_000 });
  await store.put('key', new Uint8Array(10));
  using other = new DatabaseSync(file);
  other.exec('BEGIN IMMEDIATE');
  const large = new Uint8Array(20 * 1024 * 1024);
  const puts = [1, 2, 3].map((key) => store.put(`large-${key}`, large));
  const waiting = Promise.allSettled(puts);
  await expect(store.put('large-4', large)).rejects.toMatchObject({ code: 'busy' });
  other.exec('ROLLBACK');
  expect((await waiting).map(({ status }) => status)).toEqual(puts.map(() => 'fulfilled'));
  await store.close();
});

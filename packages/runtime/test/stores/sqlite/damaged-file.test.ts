import { randomBytes } from 'node:crypto';
import {
  mkdir,
  mkdtempDisposable,
  open,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
  type DisposableTempDir,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sqliteBytecodeStore } from '../../../src/stores/index.ts';
import { startStoreProcess } from './store-process.ts';

let folder: DisposableTempDir;
let file: string;

beforeEach(async () => {
  folder = await mkdtempDisposable(join(tmpdir(), 'cloister-damaged-'));
  file = join(folder.path, 'bytecode.db');
});
afterEach(() => folder.remove());

const entry = new Uint8Array(50_000).fill(5);

async function fill(): Promise<void> {
  const store = sqliteBytecodeStore(file);
  for (let count = 0; count < 12; count++) await store.put(`key-${count}`, entry);
  await store.close();
}

async function overwrite(from: number, length: number): Promise<void> {
  const content = await readFile(file);
  content.fill(0xa5, from, Math.min(from + length, content.byteLength));
  await writeFile(file, content);
}

async function setAside(): Promise<string[]> {
  return (await readdir(folder.path)).filter((name) => name.startsWith('bytecode.db.corrupt-'));
}

/** Every way to damage a file of 12 entries in pages of 16 KiB. */
const damages: Readonly<Record<string, () => Promise<void>>> = {
  'is text': () => writeFile(file, 'This is no database. '.repeat(1000)),
  'has a damaged header': () => overwrite(0, 16),
  'has a damaged first page': () => overwrite(100, 4_000),
  'has all pages but the first damaged': () => overwrite(16_384, 2 ** 30),
  'ends in the middle': () => truncate(file, 16_384 * 20),
  'ends after a page': () => truncate(file, 16_384),
  'ends within the header': () => truncate(file, 50),
};

describe.each(Object.entries(damages))('a file that %s', (_, damage) => {
  test('is moved aside, and the store serves from a new one', async () => {
    await fill();
    await damage();
    const store = sqliteBytecodeStore(file);
    for (let count = 0; count < 12; count++) {
      const found = await store.get(`key-${count}`);
      if (found !== undefined) expect(found).toEqual(entry);
      await store.put(`key-${count}`, entry);
    }
    for (let count = 0; count < 12; count++) expect(await store.get(`key-${count}`)).toEqual(entry);
    await store.close();
    expect(await setAside()).toHaveLength(1);
    using database = new DatabaseSync(file);
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  });
});

test('an empty file is made a store without moving anything', async () => {
  await writeFile(file, '');
  const store = sqliteBytecodeStore(file);
  await store.put('key', entry);
  expect(await store.get('key')).toEqual(entry);
  await store.close();
  expect(await setAside()).toEqual([]);
});

test('processes that find a damaged file at once agree on one new file', async () => {
  await writeFile(file, 'This is no database. '.repeat(1000));
  const keys = ['a', 'b', 'c', 'd', 'e'];
  const processes = keys.map((key) => startStoreProcess(['put-once', file, key]));
  expect(await Promise.all(processes.map(({ said }) => said))).toEqual(keys.map(() => 1_032));
  await Promise.all(processes.map(({ ended }) => ended));
  expect(await setAside()).toHaveLength(1);
  const store = sqliteBytecodeStore(file);
  const found = await Promise.all(keys.map((key) => store.get(key)));
  expect(found.map((bytes) => bytes?.byteLength)).toEqual(keys.map(() => 1_032));
  await store.close();
});

test('processes whose file is damaged again and again while they put go on and lose no more than entries', async () => {
  const keys = ['a', 'b'];
  const processes = keys.map((key) => startStoreProcess(['put-for-ever', file, key]));
  await Promise.all(processes.map(({ said }) => said));
  for (let round = 0; round < 6; round++) {
    await delay(150);
    await using handle = await open(file, 'r+').catch(() => undefined);
    const pages = Math.floor(((await handle?.stat())?.size ?? 0) / 16_384);
    const at = round % 3 === 0 ? 0 : Math.floor(Math.random() * pages) * 16_384;
    await handle?.write(randomBytes(4_096), 0, 4_096, at);
  }
  await delay(150);
  for (const { child } of processes) {
    expect(child.exitCode).toBeNull();
    child.kill('SIGKILL');
  }
  expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual(['SIGKILL', 'SIGKILL']);

  const store = sqliteBytecodeStore(file);
  for (const key of keys.flatMap((name) =>
    Array.from({ length: 40 }, (_, at) => `${name}-${at}`),
  )) {
    // Damage within the bytes of an entry is for the cache to notice.
    await store.get(key);
  }
  await store.put('key', entry);
  expect(await store.get('key')).toEqual(entry);
  await store.close();
});

test('no more than three damaged files are kept', async () => {
  for (let count = 0; count < 5; count++) {
    await writeFile(file, `This is no database, number ${count}. `.repeat(100));
    const store = sqliteBytecodeStore(file);
    await store.put('key', entry);
    await store.close();
  }
  expect(await setAside()).toHaveLength(3);
});

test('a file that is deleted or replaced under an open store is noticed', async () => {
  const store = sqliteBytecodeStore(file);
  await store.put('key', entry);
  for (const suffix of ['', '-wal', '-shm']) await rm(`${file}${suffix}`, { force: true });
  expect(await store.get('key')).toBeUndefined();
  await store.put('key', entry);
  const other = sqliteBytecodeStore(file);
  expect(await other.get('key')).toEqual(entry);
  await Promise.all([store.close(), other.close()]);
});

test('a table that is not the one of its version is made anew', async () => {
  await fill();
  {
    using database = new DatabaseSync(file);
    database.exec('ALTER TABLE bytecode RENAME COLUMN size TO length');
  }
  const store = sqliteBytecodeStore(file);
  await store.put('key', entry);
  expect(await store.get('key')).toEqual(entry);
  await store.close();
  expect(await setAside()).toHaveLength(1);
});

test('a newer version of the schema is an error that says so, and is left as it is', async () => {
  await fill();
  {
    using database = new DatabaseSync(file);
    database.exec('PRAGMA user_version = 99');
  }
  const store = sqliteBytecodeStore(file);
  await expect(store.get('key-1')).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('version 99') as string,
  });
  {
    using database = new DatabaseSync(file);
    database.exec('PRAGMA user_version = 1');
  }
  expect(await store.get('key-1'), 'it recovers').toEqual(entry);
  await store.close();
  expect(await setAside()).toEqual([]);
});

test('a database of another application is an error, and is left as it is', async () => {
  {
    using database = new DatabaseSync(file);
    database.exec('CREATE TABLE customers (name TEXT); INSERT INTO customers VALUES (1)');
  }
  const before = await readFile(file);
  const store = sqliteBytecodeStore(file);
  await expect(store.put('key', entry)).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('another application') as string,
  });
  await store.close();
  expect((await readFile(file)).equals(before)).toBe(true);
});

test('a missing folder and a folder in place of the file are errors, until they are put right', async () => {
  const nested = join(folder.path, 'later', 'bytecode.db');
  const store = sqliteBytecodeStore(nested);
  await expect(store.get('key')).rejects.toMatchObject({ code: 'unavailable' });
  await mkdir(join(folder.path, 'later'));
  await store.put('key', entry);
  expect(await store.get('key')).toEqual(entry);
  await store.close();

  await mkdir(file);
  const onFolder = sqliteBytecodeStore(file);
  await expect(onFolder.get('key')).rejects.toMatchObject({ code: 'unavailable' });
  await onFolder.close();
  expect((await stat(file)).isDirectory()).toBe(true);
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  BytecodeStoreError,
  postgresBytecodeStore,
  sqliteBytecodeStore,
  type BytecodeStore,
  type RetentionOptions,
} from '../../src/stores/index.ts';
import { postgresBinaries } from '../support/postgres.ts';
import { places, startServer, stopServer, type Place } from './places.ts';

beforeAll(startServer);
afterAll(stopServer);

function bytes(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + seed * 17) % 256);
}

describe.each(Object.entries(places))('%s', (name, createPlace) => {
  const isSkipped = name.startsWith('Postgres') && postgresBinaries === undefined;
  let place: Place;
  let store: BytecodeStore;

  beforeEach(async (context) => {
    if (isSkipped) return context.skip();
    place = await createPlace();
    store = place.store();
  });
  afterEach(async () => {
    if (isSkipped) return;
    await store.close();
    await place[Symbol.asyncDispose]();
  });

  test('a key that was never put has no bytes', async () => {
    expect(await store.get('nothing')).toBeUndefined();
  });

  test.each([0, 1, 255, 4096, 1_000_003])('%i bytes come back as they were', async (length) => {
    await store.put('key', bytes(length));
    const found = await store.get('key');
    expect(found?.constructor).toBe(Uint8Array);
    expect(Buffer.from(found ?? []).equals(bytes(length))).toBe(true);
  });

  test('an entry of 32 MiB is kept, a larger one refused', async () => {
    const large = new Uint8Array(32 * 1024 * 1024).fill(7);
    await store.put('large', large);
    expect((await store.get('large'))?.byteLength).toBe(large.byteLength);
    const tooLarge = new Uint8Array(large.byteLength + 1);
    await expect(store.put('larger', tooLarge)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  test('a put replaces what was there', async () => {
    await store.put('key', bytes(100, 1));
    await store.put('key', bytes(50, 2));
    expect(await store.get('key')).toEqual(bytes(50, 2));
  });

  test('a view of a larger buffer is kept without its surroundings, and as it was when put', async () => {
    const buffer = Buffer.from(bytes(64));
    const view = buffer.subarray(8, 16);
    const put = store.put('key', view);
    view.fill(0);
    await put;
    expect(await store.get('key')).toEqual(bytes(64).slice(8, 16));
    expect(buffer.byteLength).toBe(64);
  });

  test('keys are told apart by case and taken literally', async () => {
    const keys = ['a', 'A', "'; DROP TABLE bytecode; --", '%', '_', ' ', '~'.repeat(200)];
    await Promise.all(keys.map((key, index) => store.put(key, bytes(10, index))));
    const found = await Promise.all(keys.map((key) => store.get(key)));
    expect(found).toEqual(keys.map((_, index) => bytes(10, index)));
  });

  test.each(['', 'x'.repeat(201), 'ä', 'a\0b', 'a\nb', undefined])(
    'the key %j is refused by a rejection',
    async (key) => {
      const wrong = key as string;
      const refusal = { name: 'BytecodeStoreError', code: 'invalid_argument' };
      await expect(store.get(wrong)).rejects.toMatchObject(refusal);
      await expect(store.put(wrong, bytes(1))).rejects.toMatchObject(refusal);
      await expect(store.delete(wrong)).rejects.toMatchObject(refusal);
    },
  );

  test('what is no Uint8Array is refused by a rejection', async () => {
    const put = store.put('key', 'text' as unknown as Uint8Array);
    await expect(put).rejects.toBeInstanceOf(BytecodeStoreError);
  });

  test('a deleted key is gone, and deleting it again is no error', async () => {
    await store.put('gone', bytes(10));
    await store.put('kept', bytes(10));
    await store.delete('gone');
    await store.delete('gone');
    expect(await store.get('gone')).toBeUndefined();
    expect(await store.get('kept')).toEqual(bytes(10));
  });

  test('clear forgets every key', async () => {
    await store.put('one', bytes(10));
    await store.put('two', bytes(10));
    await store.clear();
    expect([await store.get('one'), await store.get('two')]).toEqual([undefined, undefined]);
  });

  test('another store at the same place sees what was put, at once and after closing', async () => {
    await store.put('key', bytes(10));
    const other = place.store();
    expect(await other.get('key')).toEqual(bytes(10));
    await other.put('back', bytes(20));
    expect(await store.get('back')).toEqual(bytes(20));
    await Promise.all([store.close(), other.close()]);
    store = place.store();
    expect(await store.get('key')).toEqual(bytes(10));
  });

  test('many stores that open a new place at once all serve', async () => {
    const stores = Array.from({ length: 4 }, () => place.store());
    await Promise.all(stores.map((each, index) => each.put(`key-${index}`, bytes(10, index))));
    expect(await store.get('key-3')).toEqual(bytes(10, 3));
    await Promise.all(stores.map((each) => each.close()));
  });

  test('many operations at once end as if one after the other', async () => {
    const puts = Array.from({ length: 50 }, (_, index) =>
      store.put(`key-${index % 5}`, bytes(1000, index)),
    );
    await Promise.all(puts);
    expect((await store.get('key-4'))?.byteLength).toBe(1000);
  });

  test('entries beyond maxBytes go, the longest unused first', async () => {
    await store.close();
    store = place.store({ maxBytes: 10_000 });
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      await store.put(key, bytes(2_500));
      await tick();
    }
    const left = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((key) => store.get(key)));
    expect(left.map((found) => found !== undefined)).toEqual([false, false, true, true, true]);
  });

  test('an entry of exactly maxBytes is kept alone, a larger one refused', async () => {
    await store.close();
    store = place.store({ maxBytes: 10_000 });
    await store.put('small', bytes(100));
    await tick();
    await store.put('all', bytes(10_000));
    expect(await store.get('small')).toBeUndefined();
    expect((await store.get('all'))?.byteLength).toBe(10_000);
    await expect(store.put('more', bytes(10_001))).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });

  test('entries over maxBytes or unused for maxAgeMs go when a store is opened', async () => {
    await store.put('first', bytes(6_000));
    await tick();
    await store.put('second', bytes(6_000));
    await store.close();
    store = place.store({ maxBytes: 10_000 });
    expect(await store.get('first')).toBeUndefined();
    expect(await store.get('second')).toBeDefined();
    await store.close();
    await tick();
    store = place.store({ maxAgeMs: 1 });
    expect(await store.get('second')).toBeUndefined();
  });

  test('close waits for what is under way, is idempotent, and later operations say so', async () => {
    const put = store.put('key', bytes(100_000));
    const closing = store.close();
    expect(store.close()).toBe(closing);
    await closing;
    await expect(put).resolves.toBeUndefined();
    await expect(store.get('key')).rejects.toMatchObject({ code: 'closed' });
    await expect(store.put('key', bytes(1))).rejects.toMatchObject({ code: 'closed' });
    await expect(store.delete('key')).rejects.toMatchObject({ code: 'closed' });
    await expect(store.clear()).rejects.toMatchObject({ code: 'closed' });
    store = place.store();
    expect((await store.get('key'))?.byteLength).toBe(100_000);
  });

  test('a store that was never used closes', async () => {
    await place.store().close();
  });
});

test('both stores refuse options that they do not have or that are out of range', () => {
  const wrong: RetentionOptions[] = [
    { maxBytes: 0 },
    { maxAgeMs: 1.5 },
    { maxAge: 1 } as RetentionOptions,
  ];
  for (const options of wrong) {
    expect(() => sqliteBytecodeStore(':memory:', options)).toThrow(BytecodeStoreError);
    expect(() => postgresBytecodeStore('postgres://localhost', options)).toThrow(
      BytecodeStoreError,
    );
  }
  expect(() => sqliteBytecodeStore('')).toThrow('a path or a file URL');
  expect(() => postgresBytecodeStore('mysql://localhost')).toThrow('postgres://');
  expect(() => postgresBytecodeStore('postgres://localhost', { schema: '' })).toThrow('schema');
});

/** Uses are told apart by the millisecond. */
async function tick(): Promise<void> {
  const before = Date.now();
  while (Date.now() <= before + 1) await new Promise(setImmediate);
}

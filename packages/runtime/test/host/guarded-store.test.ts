import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { GuardedStore } from '../../src/host/guarded-store.ts';
import { sealCode } from '../../src/host/sealed-code.ts';
import { createRuntime } from '../../src/index.ts';
import type { BytecodeStore } from '../../src/stores/bytecode-store.ts';
import {
  largeSource,
  MapStore,
  secret,
  secretBytes,
  storeThat,
} from '../support/bytecode-stores.ts';
import { recordEvents } from '../support/channels.ts';
import { as, startRuntime } from '../support/runs.ts';

const code = Buffer.from('code of V8');
const fails = (): Promise<undefined> => Promise.reject(new Error('the disk is gone'));
const hangs = (): Promise<never> => new Promise(() => {});
const takesTenSeconds = (): Promise<undefined> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(undefined), 10_000).unref();
  });
const throws = (): never => {
  throw new Error('the disk is gone');
};

describe('a guarded store', () => {
  // Its clocks are the subject here.
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('gives back what was put, as often as it is asked for', async () => {
    const store = new GuardedStore(new MapStore(), secretBytes);
    expect(await store.get('k')).toBeUndefined();
    store.put('k', code);
    await store.settle();
    expect(await store.get('k')).toEqual(code);
    expect(await store.get('k')).toEqual(code);
    expect(await store.get('other')).toBeUndefined();
    expect(store.stats).toMatchObject({ state: 'up', hits: 2, misses: 2, forged: 0, errors: 0 });
  });

  test('writes nothing that it has not sealed', async () => {
    const map = new MapStore();
    const store = new GuardedStore(map, secretBytes);
    store.put('k', code);
    await store.settle();
    expect(map.entries.get('k')).toEqual(sealCode(secretBytes, 'k', code));
  });

  test.each([
    ['is not sealed', code],
    ['is empty', new Uint8Array()],
    ['is sealed for another key', sealCode(secretBytes, 'other', code)],
    ['is sealed with another secret', sealCode(Buffer.alloc(16), 'k', code)],
  ])('counts an entry that %s as forged, and deletes it', async (_what, bytes) => {
    const map = new MapStore();
    const store = new GuardedStore(map, secretBytes);
    await map.put('k', bytes);
    expect(await store.get('k')).toBeUndefined();
    await store.settle();
    expect(store.stats).toMatchObject({ forged: 1, hits: 0, misses: 0, errors: 0, state: 'up' });
    expect(map.entries.has('k')).toBe(false);
  });

  test.each([
    ['hangs', hangs],
    ['takes ten seconds', takesTenSeconds],
  ])('waits 50 ms for one that %s, and no longer', async (_what, get) => {
    const store = new GuardedStore(storeThat(get, ['get']), secretBytes);
    const begun = performance.now();
    const got = store.get('k');
    await vi.advanceTimersByTimeAsync(50);
    expect(await got).toBeUndefined();
    expect(performance.now() - begun).toBe(50);
    expect(store.stats).toMatchObject({ late: 1, errors: 1, state: 'up' });
  });

  test.each([
    ['rejects', fails],
    ['throws', throws],
    ['rejects with nothing', () => Promise.reject(undefined as unknown as Error)],
  ])('gives nothing, at once, for one that %s', async (_what, get) => {
    const store = new GuardedStore(storeThat(get, ['get']), secretBytes);
    expect(await store.get('k')).toBeUndefined();
    expect(store.stats).toMatchObject({ errors: 1, late: 0, hits: 0, misses: 0 });
  });

  test.each(['text', 7, null, {}, [1, 2], true, new ArrayBuffer(40), { length: 40 }])(
    'takes the answer %j for a failure',
    async (answer) => {
      const store = new GuardedStore(
        storeThat(async () => answer, ['get']),
        secretBytes,
      );
      expect(await store.get('k')).toBeUndefined();
      expect(store.stats).toMatchObject({ errors: 1, hits: 0, misses: 0 });
    },
  );

  test('leaves one alone for five seconds that failed three times in a row', async () => {
    const events = recordEvents();
    const get = vi.fn(fails);
    const store = new GuardedStore(storeThat(get, ['get']), secretBytes);
    for (let i = 0; i < 2; i++) await store.get('k');
    expect(store.stats.state).toBe('up');
    expect(events.all).toEqual([]);
    await store.get('k');
    expect(store.stats.state).toBe('down');
    expect(events.of('cloister:store:down')).toEqual([{ reason: 'the disk is gone', forMs: 5000 }]);
    await vi.advanceTimersByTimeAsync(4999);
    for (let i = 0; i < 100; i++) expect(await store.get('k')).toBeUndefined();
    store.put('k', code);
    store.delete('k');
    expect(get).toHaveBeenCalledTimes(3);
    expect(store.stats).toMatchObject({ errors: 3, dropped: 1 });
    await vi.advanceTimersByTimeAsync(1);
    expect(store.stats.state).toBe('up');
    await store.get('k');
    expect(get).toHaveBeenCalledTimes(4);
  });

  test('leaves one alone again after a single failure when it is still down', async () => {
    const events = recordEvents();
    const store = new GuardedStore(storeThat(fails, ['get']), secretBytes);
    for (let i = 0; i < 3; i++) await store.get('k');
    await vi.advanceTimersByTimeAsync(5000);
    await store.get('k');
    expect(store.stats).toMatchObject({ state: 'down', errors: 4 });
    expect(events.of('cloister:store:down')).toHaveLength(2);
    expect(events.of('cloister:store:up')).toEqual([]);
  });

  test('uses one again that has recovered, and says so once', async () => {
    const events = recordEvents();
    const map = new MapStore();
    await map.put('k', sealCode(secretBytes, 'k', code));
    const get = vi.fn<() => Promise<Uint8Array | undefined>>(fails);
    const store = new GuardedStore(Object.assign(storeThat(hangs, []), { get }), secretBytes);
    for (let i = 0; i < 3; i++) await store.get('k');
    get.mockImplementation(() => map.get('k'));
    expect(await store.get('k')).toBeUndefined();
    await vi.advanceTimersByTimeAsync(5000);
    for (let i = 0; i < 3; i++) expect(await store.get('k')).toEqual(code);
    expect(store.stats).toMatchObject({ state: 'up', hits: 3 });
    expect(events.of('cloister:store:up')).toEqual([{}]);
    expect(events.of('cloister:store:down')).toHaveLength(1);
  });

  test('leaves none alone that fails now and then', async () => {
    const get = vi.fn(fails);
    const store = new GuardedStore(storeThat(get, ['get']), secretBytes);
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 2; i++) await store.get('k');
      get.mockResolvedValueOnce(undefined);
      await store.get('k');
    }
    expect(store.stats).toMatchObject({ state: 'up', errors: 10, misses: 5 });
  });

  test.each([
    ['rejects', fails],
    ['throws', throws],
  ])('counts writes that one %s, and leaves it alone after three', async (_what, write) => {
    const store = new GuardedStore(storeThat(write, ['put', 'delete']), secretBytes);
    store.put('a', code);
    store.put('b', code);
    store.delete('c');
    await store.settle();
    expect(store.stats).toMatchObject({ state: 'down', errors: 3 });
    expect(await store.get('a')).toBeUndefined();
  });

  test('holds no more than 64 MiB that one does not write down', async () => {
    const put = vi.fn(hangs);
    const store = new GuardedStore(storeThat(put, ['put']), secretBytes);
    const large = Buffer.alloc(20 * 1024 * 1024);
    for (let i = 0; i < 10; i++) store.put(`k${i}`, large);
    expect(put).toHaveBeenCalledTimes(3);
    expect(store.stats).toMatchObject({ dropped: 7 });
  });

  test('takes writes again when one has written down what it held', async () => {
    const written: (() => void)[] = [];
    const put = vi.fn(() => new Promise<void>((resolve) => void written.push(resolve)));
    const store = new GuardedStore(storeThat(put, ['put']), secretBytes);
    const large = Buffer.alloc(40 * 1024 * 1024);
    store.put('a', large);
    store.put('b', large);
    for (const done of written) done();
    await store.settle();
    store.put('c', large);
    expect(put).toHaveBeenCalledTimes(2);
    expect(store.stats.dropped).toBe(1);
  });

  test('writes a key only when its deletion is over, however that ends', async () => {
    const ends: (() => void)[] = [];
    const asked: string[] = [];
    const inner = new MapStore();
    inner.put = async (key) => void asked.push(`put ${key}`);
    inner.delete = (key) => {
      asked.push(`delete ${key}`);
      return new Promise<void>((resolve, reject) => ends.push(asked.length > 3 ? reject : resolve));
    };
    const store = new GuardedStore(inner, secretBytes);
    store.delete('a');
    store.put('a', code);
    store.put('b', code);
    expect(asked).toEqual(['delete a', 'put b']);
    ends[0]!();
    await store.settle();
    expect(asked).toEqual(['delete a', 'put b', 'put a']);
    store.delete('a');
    store.put('a', code);
    ends[1]!();
    await store.settle();
    expect(asked.slice(3)).toEqual(['delete a', 'put a']);
    store.put('a', code);
    expect(asked.slice(5)).toEqual(['put a']);
  });

  test('waits two seconds for writes that hang, and two for one that does not close', async () => {
    const store = new GuardedStore(storeThat(hangs), secretBytes);
    store.put('k', code);
    const begun = performance.now();
    const settled = store.settle().then(() => performance.now() - begun);
    await vi.advanceTimersByTimeAsync(2000);
    expect(await settled).toBe(2000);
    const closed = store.close().then(() => performance.now() - begun);
    await vi.advanceTimersByTimeAsync(4000);
    expect(await closed).toBe(6000);
  });

  test.each([
    ['rejects', fails],
    ['throws', throws],
  ])('closes one that %s without a word, but says that it did not clear', async (_what, does) => {
    const store = new GuardedStore(storeThat(does), secretBytes);
    await expect(store.clear()).rejects.toThrow('the disk is gone');
    await expect(store.close()).resolves.toBeUndefined();
  });
});

/** Whatever a store does, scripts run; and how long all of that may take, beyond what it would. */
const brokenStores: readonly (readonly [what: string, store: () => BytecodeStore])[] = [
  ['takes ten seconds for everything', () => storeThat(takesTenSeconds)],
  ['hangs in everything', () => storeThat(hangs)],
  ['hangs in put', () => storeThat(hangs, ['put'])],
  ['hangs in close', () => storeThat(hangs, ['close'])],
  ['rejects everything', () => storeThat(fails)],
  ['throws in everything', () => storeThat(throws)],
  ...(['get', 'put', 'delete', 'clear', 'close'] as const).map(
    (name) => [`throws in ${name}`, () => storeThat(throws, [name])] as const,
  ),
  ['is full', () => storeThat(() => Promise.reject(new Error('ENOSPC')), ['put'])],
  ['answers with a text', () => storeThat(async () => 'not bytes', ['get'])],
  ['answers with null', () => storeThat(async () => null, ['get'])],
  ['answers with nothing that can be waited for', () => storeThat(() => undefined)],
  ['answers with noise', () => storeThat(async () => Buffer.alloc(5000, 'noise'), ['get'])],
];

describe('a store that', () => {
  test.each(brokenStores)('%s holds up no run, and ends nothing', async (_what, make) => {
    const uncaught: unknown[] = [];
    const listener = (error: unknown): void => void uncaught.push(error);
    process.on('unhandledRejection', listener);
    onTestFinished(() => void process.off('unhandledRejection', listener));
    const events = recordEvents();
    const runtime = await createRuntime({
      workers: 1,
      poolSize: 3,
      cache: { store: make(), secret },
    });
    const begun = performance.now();
    const marks = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const mark of marks) {
      const { output, usage } = await runtime.execute(largeSource(mark), {}, as('one'));
      expect(output).toEqual({ value: mark });
      expect(usage.cache).toBe('miss');
    }
    const again = await runtime.execute(largeSource('a'), {}, as('one'));
    expect(again).toMatchObject({ output: { value: 'a' }, usage: { cache: 'vm' } });
    // At most three of them waited for 50 ms each; the machine may be busy.
    expect(performance.now() - begun).toBeLessThan(3000);
    await runtime.cache.invalidate(largeSource('a')).catch(() => {});
    const shutdown = performance.now();
    await runtime.shutdown({ graceMs: 0 });
    expect(performance.now() - shutdown).toBeLessThan(7000);
    expect(events.of('cloister:worker:exit')).toHaveLength(1);
    expect(uncaught).toEqual([]);
  });

  test('fails is left alone, which stats and an event say, and is used again when it works', async () => {
    const events = recordEvents();
    const map = new MapStore();
    const get = vi.fn<(key: string) => Promise<Uint8Array | undefined>>(fails);
    const store: BytecodeStore = {
      get,
      put: (key, bytes) => map.put(key, bytes),
      delete: (key) => map.delete(key),
      clear: () => map.clear(),
      close: () => map.close(),
    };
    const runtime = await startRuntime({ workers: 1, poolSize: 1, cache: { store, secret } });
    // One failure was its opening.
    for (const mark of ['a', 'b']) await runtime.execute(largeSource(mark));
    expect(runtime.stats().cache.store).toMatchObject({ state: 'down' });
    expect(events.of('cloister:store:down')).toEqual([{ reason: 'the disk is gone', forMs: 5000 }]);
    const asked = get.mock.calls.length;
    await runtime.execute(largeSource('c'));
    expect(get.mock.calls).toHaveLength(asked);
    get.mockImplementation((key) => map.get(key));
    await vi.waitUntil(() => runtime.stats().cache.store?.state === 'up', {
      timeout: 10_000,
      interval: 20,
    });
    // The first script's code may have come before the store was given up, or after.
    const held = map.entries.size;
    await runtime.execute(largeSource('d'));
    await map.holds(held + 1);
    expect(events.of('cloister:store:up')).toEqual([{}]);
    expect(runtime.stats().cache.store).toMatchObject({ state: 'up', misses: 1 });
  });
});

import { randomBytes } from 'node:crypto';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openCode, sealCode } from '../../src/host/sealed-code.ts';
import { createRuntime, type CacheTier } from '../../src/index.ts';
import {
  cached,
  largeSource,
  MapStore,
  secretBytes,
  small,
  tierOf,
} from '../support/bytecode-stores.ts';
import { recordEvents } from '../support/channels.ts';
import { startRuntime } from '../support/runs.ts';

const soon = { timeout: 10_000, interval: 2 };

/** Puts something else in the place of an entry; `entries` are those of scripts of equal length. */
type Spoil = (bytes: Buffer, key: string, entries: ReadonlyMap<string, Uint8Array>) => Uint8Array;

const flip = (at: (bytes: Buffer) => number): Spoil => {
  return (bytes) => {
    bytes[at(bytes)]! ^= 1;
    return bytes;
  };
};
const codeOfEntry = (bytes: Buffer): Buffer => bytes.subarray(32);

const spoils: Readonly<Record<string, Spoil>> = {
  'is empty': () => Buffer.alloc(0),
  'is a byte': (bytes) => bytes.subarray(0, 1),
  'is a seal with no code': (bytes) => bytes.subarray(0, 32),
  'is cut in the middle': (bytes) => bytes.subarray(0, bytes.length / 2),
  'lacks its last byte': (bytes) => bytes.subarray(0, -1),
  'lacks its first byte': (bytes) => bytes.subarray(1),
  'is longer by a byte': (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]),
  'has a bit of its seal flipped': flip(() => 0),
  'has the first bit of its code flipped': flip(() => 32),
  'has a bit in the middle flipped': flip((bytes) => bytes.length >> 1),
  'has its last bit flipped': flip((bytes) => bytes.length - 1),
  'is noise': (bytes) => randomBytes(bytes.length),
  'is zeros': (bytes) => Buffer.alloc(bytes.length),
  'is code without a seal': codeOfEntry,
  'is that of another script of equal length': (_bytes, key, entries) =>
    [...entries].find(([other]) => other !== key)![1],
  'is of another tag of V8': (bytes, key) =>
    sealCode(
      secretBytes,
      key.replace(/\d+$/, (tag) => String(Number(tag) ^ 1)),
      codeOfEntry(bytes),
    ),
  'is of another version of V8': (bytes, key) =>
    sealCode(secretBytes, key.replace(/-[\d.]+-?[\w.]*-/, '-1.2.3-'), codeOfEntry(bytes)),
  'is sealed with another secret': (bytes, key) =>
    sealCode(Buffer.from('another secret, long enough'), key, codeOfEntry(bytes)),
  'is sealed with no secret': (bytes, key) => sealCode(Buffer.alloc(0), key, codeOfEntry(bytes)),
};

/** A store that has the code of two scripts of equal length, and the key of the first. */
async function filledStore(): Promise<{ store: MapStore; key: string; bytes: Buffer }> {
  const store = new MapStore();
  const runtime = await createRuntime(cached(store));
  await runtime.execute(largeSource('one'));
  await store.holds(1);
  const [key, bytes] = [...store.entries][0]!;
  await runtime.execute(largeSource('two'));
  await store.holds(2);
  await runtime.shutdown();
  return { store, key, bytes: Buffer.from(bytes) };
}

/** Runs the first script on a store in which its entry was spoiled, and what becomes of that. */
async function runOn(store: MapStore, key: string, bytes: Uint8Array, again = 0) {
  store.entries.set(key, bytes);
  const events = recordEvents();
  const runtime = await startRuntime(cached(store));
  const ends = [
    await tierOf(runtime, largeSource('one'), 'a'),
    await tierOf(runtime, largeSource('two'), 'a'),
  ];
  for (let round = 0; round < again; round++) {
    ends.push(await tierOf(runtime, largeSource('one'), 'a'));
  }
  const rewritten = (): boolean => {
    const entry = store.entries.get(key);
    return entry !== undefined && !Buffer.from(entry).equals(bytes);
  };
  await vi.waitUntil(rewritten, soon);
  const stats = runtime.stats().cache;
  await runtime.shutdown();
  expect(events.of('cloister:worker:exit')).toHaveLength(1);
  return { ends, stats };
}

/** How the first script runs in a process that finds the store as it is now. */
async function afterwards(store: MapStore): Promise<[unknown, CacheTier]> {
  const runtime = await createRuntime(cached(store));
  onTestFinished(() => runtime.shutdown({ graceMs: 0 }));
  return tierOf(runtime, largeSource('one'));
}

describe('an entry of the store', () => {
  test.each(Object.entries(spoils))(
    'that %s is counted as forged, and the script is compiled anew',
    async (_what, spoil) => {
      const { store, key, bytes } = await filledStore();
      const spoiled = Buffer.from(spoil(Buffer.from(bytes), key, store.entries));
      expect(spoiled.equals(bytes)).toBe(false);
      const { ends, stats } = await runOn(store, key, spoiled);
      expect(ends).toEqual([
        ['one', 'miss'],
        ['two', 'store'],
      ]);
      expect(stats).toMatchObject({ refused: 0, store: { forged: 1, hits: 1, errors: 0 } });
      expect(await afterwards(store)).toEqual(['one', 'store']);
    },
  );

  test.each<[what: string, change: (code: Buffer) => Buffer]>([
    ['noise', ({ length }) => randomBytes(length)],
    ['zeros', ({ length }) => Buffer.alloc(length)],
    ['a byte', (code) => code.subarray(0, 1)],
    ['half of it', (code) => code.subarray(0, code.length / 2)],
    // The first words are its magic number, and the hashes of V8's version, the source and the flags.
    ...[0, 4, 8, 12].map((at): [string, (code: Buffer) => Buffer] => [
      `code with the word at ${at} changed`,
      (code) => {
        code[at]! ^= 0x10;
        return code;
      },
    ]),
  ])(
    'that is sealed rightly and holds %s is refused by V8, and written anew by the same run',
    async (_what, change) => {
      const { store, key, bytes } = await filledStore();
      const code = Buffer.from(openCode(secretBytes, key, bytes)!);
      const spoiled = sealCode(secretBytes, key, change(code));
      const { ends, stats } = await runOn(store, key, spoiled, 1);
      expect(ends).toEqual([
        ['one', 'miss'],
        ['two', 'store'],
        ['one', 'memory'],
      ]);
      expect(stats).toMatchObject({ refused: 1, misses: 1, store: { forged: 0, hits: 2 } });
      expect(await afterwards(store)).toEqual(['one', 'store']);
    },
  );

  test('is not of use to a runtime with another secret, and harms it in nothing', async () => {
    const { store } = await filledStore();
    const runtime = await startRuntime({
      ...small,
      cache: { store, secret: 'another secret, long enough' },
    });
    expect(await tierOf(runtime, largeSource('one'))).toEqual(['one', 'miss']);
    expect(runtime.stats().cache.store).toMatchObject({ forged: 1, hits: 0 });
  });
});

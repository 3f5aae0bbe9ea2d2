import { format } from 'node:util';
import { runInThisContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });
  const logsOf = async (source: string, input?: unknown) =>
    (await runtime().execute(source, input)).logs;

  /** Arguments of console.log as source, so that both sides make the values themselves. */
  const lines = [
    '"plain"',
    '"two", "strings"',
    '""',
    '1, -0, NaN, Infinity, 10n, true, null, undefined',
    'Symbol("s"), Symbol()',
    '{ a: 1, b: "text", c: [1, 2, [3, [4, [5]]]] }',
    '[1, "two", { three: 3 }]',
    '[, 1, , ,]',
    'new Map([["a", { b: 1 }]]), new Set([1, "2"])',
    'new Date(0), new Date(NaN), /x/gi',
    'new Uint8Array([1, 2, 3]), new ArrayBuffer(2)',
    'function named() {}, () => {}, class A {}, class B extends Array {}',
    'Object.create(null), Object.create({ inherited: 1 })',
    'new (class Point { constructor() { this.x = 1 } })()',
    '{ get a() { return 1 }, set b(v) {}, [Symbol("k")]: 1 }',
    '(() => { const o = { name: "loop" }; o.self = o; return o })()',
    '{ deep: { deeper: { deepest: { hidden: 1 } } } }',
    'Array.from({ length: 200 }, (_, i) => i)',
    '"%s is %d years and %i", "Ada", 36.5, 36.5',
    '"%f %j %%", "1.5", { a: 1 }',
    '"%o", { a: [1] }',
    '"%O and %s", { a: { b: { c: {} } } }, { a: 1 }',
    '"%s", null, "more", 1',
    '"%d", "x"',
    '"100%", 1',
    '"%s"',
    '"%c styled", "color: red"',
    '"%x unknown", 1',
    '1, "%s", 2',
    '"line\\nbreak", "tab\\t"',
    '["it\'s", \'say "x"\']',
    '"emoji 👍 and 漢字", ["👍"]',
    'new Error("shown").message',
    'Object.assign(() => {}, { a: 1 })',
    'new Number(3), new String("abc"), new Boolean(false)',
    '{ a: undefined, b: null, c: () => {} }',
    '[undefined, null]',
    'new WeakMap(), new WeakSet()',
    '{ "a-b": 1, 2: 3 }',
    '"x".repeat(500)',
    '[["x".repeat(100), "y".repeat(100)]]',
  ];

  describe('the message of an entry is the line that Node prints', () => {
    test.each(lines)('console.log(%s)', async (args) => {
      const values = runInThisContext(`[${args}]`) as unknown[];
      const [entry] = await logsOf(`console.log(${args})`);
      expect(entry?.message).toBe(format(...values));
    });

    test('also of no arguments at all', async () => {
      expect(await logsOf('console.log()')).toMatchObject([{ level: 'info', message: '' }]);
    });

    test('an error is printed with its stack in the script', async () => {
      const [entry] = await logsOf(
        'const go = () => {\n  console.error(new TypeError("bad"));\n};\ngo();',
      );
      expect(entry?.message).toBe(
        'TypeError: bad\n    at go (script.js:2:17)\n    at script.js:4:1',
      );
    });
  });

  describe('the data of an entry', () => {
    test.each([
      ['is absent when there is one argument', '"a"', undefined],
      ['holds what follows the first', '"a", 1, "b", null, true', [1, 'b', null, true]],
      [
        'holds objects as JSON would',
        '"a", { b: [1, { c: 2 }] }, new Date(0)',
        [{ b: [1, { c: 2 }] }, '1970-01-01T00:00:00.000Z'],
      ],
      ['holds arguments that a conversion used, too', '"%s", "x"', ['x']],
      ['follows toJSON', '0, { toJSON: () => "mine" }', ['mine']],
      [
        'keeps a key named __proto__',
        '0, JSON.parse(\'{"__proto__":1}\')',
        [JSON.parse('{"__proto__":1}')],
      ],
    ])('%s', async (_, args, data) => {
      const [entry] = await logsOf(`console.log(${args})`);
      expect(entry?.data).toEqual(data);
      if (data === undefined) expect(entry).not.toHaveProperty('data');
    });

    test.each([
      ['undefined', 'undefined'],
      ['function', '() => {}'],
      ['symbol', 'Symbol("s")'],
      ['BigInt', '12n'],
      ['circular object', '(() => { const o = {}; o.o = o; return o })()'],
      ['object whose toJSON throws', '({ toJSON() { throw 1 } })'],
    ])('is the printed form for what JSON cannot hold: %s', async (_, value) => {
      const [entry] = await logsOf(`console.log("a", ${value})`);
      expect(entry?.data).toHaveLength(1);
      expect(entry?.data?.[0]).toBeTypeOf('string');
      expect(entry?.message).toContain(entry?.data?.[0]);
    });
  });

  describe('entries', () => {
    test('have the level of the method, and log is info', async () => {
      const entries = await logsOf(
        'for (const name of ["log", "info", "warn", "error", "debug"]) console[name](name)',
      );
      expect(entries.map(({ level, message }) => [level, message])).toEqual([
        ['info', 'log'],
        ['info', 'info'],
        ['warn', 'warn'],
        ['error', 'error'],
        ['debug', 'debug'],
      ]);
    });

    test('keep their order across levels, awaits and timers', async () => {
      const entries = await logsOf(`
      console.log(0); await null; console.error(1); setTimeout(() => console.debug(3), 1);
      console.warn(2); await new Promise((resolve) => setTimeout(resolve, 10)); console.info(4)`);
      expect(entries.map(({ message }) => message)).toEqual(['0', '1', '2', '3', '4']);
    });

    test('have a time in ISO 8601, none before the run and none going back', async () => {
      const before = new Date().toISOString();
      const entries = await logsOf(
        'console.log(1); await new Promise((r) => setTimeout(r, 20)); console.log(2)',
      );
      const times = [before, ...entries.map((entry) => entry.timestamp), new Date().toISOString()];
      for (const time of times) expect(time).toBe(new Date(time).toISOString());
      expect(times).toEqual(times.toSorted());
      expect(Date.parse(times[2]!) - Date.parse(times[1]!)).toBeGreaterThanOrEqual(10);
    });

    test('come from methods that were taken off the console', async () => {
      expect(await logsOf('const { log } = console; [1, 2].forEach((n) => log(n))')).toHaveLength(
        2,
      );
    });

    test('are frozen, so that one reader cannot change them for another', async () => {
      const [entry] = await logsOf('console.log(1)');
      expect(Object.isFrozen(entry)).toBe(true);
    });

    test('survive values that fight back', async () => {
      const entries = await logsOf(`
      const { proxy, revoke } = Proxy.revocable({}, {}); revoke();
      const hostile = new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 }, getPrototypeOf() { throw 3 } });
      console.log(proxy); console.log('%s %d %o %j', hostile, hostile, hostile, hostile);
      console.log({ get a() { throw 1 } }, { toString() { throw 1 } });
      console.log('%s', { toString() { throw 1 } });
      console.log('after')`);
      expect(entries).toHaveLength(5);
      expect(entries[4]?.message).toBe('after');
    });
  });
});

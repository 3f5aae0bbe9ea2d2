import { describe, expect, test } from 'vitest';
import { endOf, realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });

  describe('a rejection that nobody handles', () => {
    test('is logged as an error, with its stack in the script', async () => {
      const { output, logs } = await runtime().execute(
        'async function lost() {\n  throw new TypeError("forgotten");\n}\nlost();\nreturn 1;',
      );
      expect(output).toEqual({ value: 1 });
      expect(logs).toHaveLength(1);
      expect(logs[0]).toMatchObject({ level: 'error' });
      expect(logs[0]?.message).toMatch(/rejection/i);
      expect(logs[0]?.message).toContain('TypeError: forgotten');
      expect(logs[0]?.message).toContain('script.js:2:9');
    });

    test.each([
      ['a string', '"text"', 'text'],
      ['a number', '42', '42'],
      ['null', 'null', 'null'],
      ['undefined', 'undefined', 'undefined'],
      // Of others isolated-vm 7.0.1 tells nothing but that they are none of its own.
      ['a symbol', 'Symbol("mine")', 'a value that is not an Error'],
      ['an object', '{ code: 7 }', 'a value that is not an Error'],
      ['a list', '["text"]', 'a value that is not an Error'],
      ['a function', 'function thrower() {}', 'a value that is not an Error'],
    ])('is logged when it is no error: %s', async (_, value, shown) => {
      const { output, logs } = await runtime().execute(
        `const value = ${value};\nPromise.reject(value); return 1`,
      );
      expect(output).toEqual({ value: 1 });
      expect(logs).toMatchObject([
        { level: 'error', message: `Unhandled promise rejection: ${shown}` },
      ]);
    });

    test.each([
      ['Error', 'Object.assign(new Error("m"), { name: "Mine" })', 'Error: m'],
      ['TypeError', 'Object.assign(new TypeError("m"), { name: "Mine" })', 'TypeError: m'],
      ['Error', 'new (class Mine extends Error {})("m")', 'Error: m'],
    ])('is named %s by its kind, whatever name it gave itself: %s', async (_, value, shown) => {
      const { logs } = await runtime().execute(`Promise.reject(${value}); return 1`);
      expect(logs).toHaveLength(1);
      expect(logs[0]?.message.split('\n')[0]).toBe(`Unhandled promise rejection: ${shown}`);
    });

    test('is logged for the first of each turn, and for no other of the same', async () => {
      const { output, logs } = await runtime().execute(`
        for (const name of ['one', 'two', 'three']) Promise.reject(new Error(name));
        await null;
        Promise.reject(new Error('four'));
        await new Promise((resolve) => setTimeout(resolve, 1));
        for (const name of ['five', 'six']) Promise.reject(new Error(name));
        return 1`);
      expect(output).toEqual({ value: 1 });
      expect(logs.map(({ message }) => message.split('\n')[0])).toEqual([
        'Unhandled promise rejection: Error: one',
        'Unhandled promise rejection: Error: five',
      ]);
    });

    test('is logged in a later turn as well, while the run goes on', async () => {
      const { output, logs } = await runtime().execute(`
      setTimeout(() => { Promise.reject(new Error('in a timer')) }, 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      return 'still here'`);
      expect(output).toEqual({ value: 'still here' });
      expect(logs).toHaveLength(1);
      expect(logs[0]?.message).toContain('in a timer');
    });

    test.each([
      [
        'a revoked proxy',
        '(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })()',
      ],
      ['a proxy whose traps throw', 'new Proxy({}, new Proxy({}, { get() { throw 1 } }))'],
      [
        'an error whose fields throw',
        'Object.defineProperties(new Error("m"), { message: { get() { throw 1 } }, stack: { get() { throw 1 } }, name: { get() { throw 1 } } })',
      ],
      ['an error with a huge message', 'new Error("x".repeat(5e7))'],
    ])('does no harm when it is hostile: %s', async (_, value) => {
      const { output, logs } = await runtime().execute(`Promise.reject(${value}); return 1`);
      expect(output).toEqual({ value: 1 });
      expect(logs).toHaveLength(1);
      expect(logs[0]!.message.length).toBeLessThan(50_000);
    });

    test.each(['name', 'message', 'stack'])(
      'is described on the clock of the run: %s',
      async (field) => {
        for (const value of [`new Error('m')`, `{ name: 'Error', message: 'm', stack: 's' }`]) {
          const ended = runtime().execute(
            `Promise.reject(Object.defineProperty(${value}, '${field}', { get() { for (;;); } }));
           return 1`,
            {},
            { limits: { timeoutMs: 500 } },
          );
          expect(['completed', 'timeout']).toContain(await endOf(ended));
        }
      },
    );
  });

  test('a rejection that is handled in time is not logged', async () => {
    const { logs } = await runtime().execute(`
    const late = Promise.reject(new Error('handled'));
    await null; await null;
    await late.catch(() => {});
    await Promise.allSettled([Promise.reject(1)]);
    return 1`);
    expect(logs).toEqual([]);
  });
});

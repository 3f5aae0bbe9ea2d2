import { describe, expect, test } from 'vitest';
import { failure, realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });
  const failureOf = async (source: string) => failure(runtime().execute(source));

  describe('a thrown value that is no error is reported, not lost:', () => {
    test.each([
      ['a string', 'throw "text"', 'text'],
      ['a number', 'throw 42', '42'],
      ['null', 'throw null', 'null'],
      ['undefined', 'throw undefined', 'undefined'],
      ['a symbol', 'throw Symbol("mine")', 'Symbol(mine)'],
      ['a BigInt', 'throw 10n', '10n'],
      ['an object', 'throw { code: 7, message: "m" }', 'code: 7'],
      ['a function', 'throw function thrower() {}', '[Function: thrower]'],
      ['an array', 'throw [1, 2]', '[ 1, 2 ]'],
      [
        'an object without prototype',
        'throw Object.create(null, { a: { value: 1, enumerable: true } })',
        'a: 1',
      ],
      ['a proxy of an error', 'throw new Proxy(new Error("inner"), {})', 'inner'],
      ['an empty string', 'throw ""', "''"],
      ['ctx', 'throw ctx', 'execution'],
    ])('%s', async (_, source, shown) => {
      for (const text of [
        source,
        source.replace('throw', 'return Promise.reject(') + ')',
        `setTimeout(() => { ${source} }); await new Promise(() => {})`,
      ]) {
        const error = await failureOf(text);
        expect(error).toMatchObject({ code: 'script_error', fault: 'script' });
        expect(error.message).toContain(shown);
      }
    });

    test.each([
      [
        'a revoked proxy',
        'const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy',
      ],
      [
        'a proxy all of whose traps throw',
        'throw new Proxy({}, new Proxy({}, { get() { throw 1 } }))',
      ],
      ['a proxy of a function', 'throw new Proxy(() => {}, { get() { throw 1 } })'],
      [
        'an object whose message throws',
        'throw { get message() { throw 1 }, get name() { throw 2 }, get stack() { throw 3 } }',
      ],
      [
        'an object whose toString throws',
        'throw { toString() { throw 1 }, [Symbol.toPrimitive]() { throw 2 } }',
      ],
      [
        'an error whose fields throw',
        'throw Object.defineProperties(new Error("m"), { message: { get() { throw 1 } }, name: { get() { throw 1 } }, stack: { get() { throw 1 } }, cause: { get() { throw 1 } } })',
      ],
      [
        'an error whose fields are objects',
        'throw Object.assign(new Error("m"), { message: {}, name: [], stack: new Proxy({}, { get() { throw 1 } }) })',
      ],
      ['an error of no prototype', 'throw Object.setPrototypeOf(new Error("m"), null)'],
      [
        'an error whose prototype is hostile',
        'throw Object.setPrototypeOf(new Error("m"), new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } }))',
      ],
      [
        'an error whose fields are patched for all',
        'Error.prototype.toString = () => { throw 1 }; Object.defineProperty(Error.prototype, "name", { get() { throw 1 } }); throw new Error("m")',
      ],
      [
        'an object with an inspector',
        'throw { [Symbol.for("nodejs.util.inspect.custom")]() { throw 1 } }',
      ],
      [
        'an error that throws itself again',
        'const e = new Error("m"); Object.defineProperty(e, "message", { get() { throw e } }); throw e',
      ],
      [
        'an AggregateError of hostile errors',
        'throw new AggregateError([new Proxy({}, { get() { throw 1 } })], "m")',
      ],
    ])('%s', async (_, source) => {
      const error = await failureOf(source);
      expect(error.code).toBe('script_error');
      expect(error.name).toBeTypeOf('string');
      expect(error.message).toBeTypeOf('string');
      expect(error.stack).toBeTypeOf('string');
    });
  });
});

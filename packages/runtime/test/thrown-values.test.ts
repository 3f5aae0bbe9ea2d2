import { describe, expect, test } from 'vitest';
import { ScriptError } from '../src/index.ts';
import { failure, realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });
  const failureOf = async (source: string) => failure(runtime().execute(source));

  describe('a thrown error', () => {
    test('keeps its name, message and class of failure', async () => {
      const error = await failureOf('throw new RangeError("too far")');
      expect(error).toBeInstanceOf(ScriptError);
      expect(error).toMatchObject({
        code: 'script_error',
        fault: 'script',
        retryable: false,
        name: 'RangeError',
        message: 'too far',
      });
      expect(error.executionId).toBeTypeOf('string');
    });

    test.each([
      [
        'set in the constructor',
        'class Mine extends Error { constructor(m) { super(m); this.name = "Mine" } } throw new Mine("m")',
      ],
      [
        'a getter of the class',
        'class Mine extends Error { get name() { return "Mine" } } throw new Mine("m")',
      ],
      [
        'on the prototype',
        'class Sub extends TypeError {} Sub.prototype.name = "Mine"; throw new Sub("m")',
      ],
      ['put on afterwards', 'throw Object.assign(new Error("m"), { name: "Mine" })'],
      ['of a frozen error', 'throw Object.freeze(Object.assign(new Error("m"), { name: "Mine" }))'],
    ])('keeps a name of its own that is %s', async (_, source) => {
      const error = await failureOf(source);
      expect(error).toMatchObject({ code: 'script_error', name: 'Mine', message: 'm' });
      expect(String(error)).toBe('Mine: m');
    });

    test('keeps the chain of its causes, each with its own place', async () => {
      const error = await failureOf(
        'const root = new TypeError("root");\nconst middle = new Error("middle", { cause: root });\nthrow new Error("top", { cause: middle });',
      );
      expect(error.message).toBe('top');
      const middle = error.cause as Error;
      expect(middle).toMatchObject({ name: 'Error', message: 'middle' });
      expect(middle.stack).toBe('Error: middle\n    at script.js:2:16');
      const root = middle.cause as Error;
      expect(root).toMatchObject({ name: 'TypeError', message: 'root' });
      expect(root.stack).toBe('TypeError: root\n    at script.js:1:14');
      expect(root.cause).toBeUndefined();
    });

    test.each([
      ['is no error', 'throw new Error("m", { cause: { code: 5 } })', /code: 5/],
      ['is a string', 'throw new Error("m", { cause: "why" })', /why/],
      ['is null', 'throw new Error("m", { cause: null })', /null/],
    ])('shows a cause that %s', async (_, source, shown) => {
      expect(((await failureOf(source)).cause as Error).message).toMatch(shown);
    });

    test.each([
      ['itself', 'const e = new Error("m"); e.cause = e; throw e'],
      [
        'endless',
        'const make = () => { const e = new Error("m"); Object.defineProperty(e, "cause", { get: make }); return e }; throw make()',
      ],
      ['unreadable', 'throw Object.defineProperty(new Error("m"), "cause", { get() { throw 1 } })'],
    ])('whose cause is %s is reported all the same', async (_, source) => {
      const error = await failureOf(source);
      expect(error).toMatchObject({ code: 'script_error', message: 'm' });
      let depth = 0;
      for (let cause = error.cause as Error | undefined; cause; cause = cause.cause as Error)
        depth++;
      expect(depth).toBeLessThan(10);
    });

    test('of several errors keeps its message', async () => {
      const error = await failureOf('await Promise.any([Promise.reject(1), Promise.reject(2)])');
      expect(error).toMatchObject({
        name: 'AggregateError',
        message: 'All promises were rejected',
      });
    });

    test('that is an accident has the message and the place of V8', async () => {
      const error = await failureOf('const a = {};\n\n  a.b.c');
      expect(error).toMatchObject({ name: 'TypeError', line: 3, column: 7 });
      expect(error.message).toBe("Cannot read properties of undefined (reading 'c')");
    });

    test('is reported for a rejection that is returned, awaited or made by a thenable', async () => {
      for (const source of [
        'return Promise.reject(new Error("no"))',
        'await Promise.reject(new Error("no"))',
        'return { then(_, reject) { reject(new Error("no")) } }',
        'return { then() { throw new Error("no") } }',
        'return { get then() { throw new Error("no") } }',
        'await Promise.all([1, Promise.reject(new Error("no"))])',
      ]) {
        expect(await failureOf(source)).toMatchObject({ code: 'script_error', message: 'no' });
      }
    });

    test('in a timer ends the run, though the rest of it goes on waiting', async () => {
      const error = await failureOf(
        'setTimeout(() => {\n  throw new TypeError("late");\n}, 5);\nawait new Promise(() => {})',
      );
      expect(error).toMatchObject({ name: 'TypeError', message: 'late', line: 2, column: 9 });
    });

    test('in a timer ends the run, though the rest of it comes to its end at the same moment', async () => {
      const error = await failureOf(
        `await new Promise((resolve) => setTimeout(() => { resolve(); throw new Error('late') }, 1));
       return 'fine'`,
      );
      expect(error).toMatchObject({ code: 'script_error', message: 'late' });
    });
  });

  describe('a report of a thrown value is bounded:', () => {
    test.each([
      ['a huge message', 'throw new Error("x".repeat(5e7))'],
      ['a huge name', 'const e = new Error("m"); e.name = "x".repeat(5e7); throw e'],
      ['a huge stack', 'const e = new Error("m"); e.stack = "x\\n".repeat(2e7); throw e'],
      ['a huge string', 'throw "x".repeat(5e7)'],
      ['a huge array', 'throw new Array(1e6).fill("x")'],
      ['a huge cause', 'throw new Error("m", { cause: new Error("x".repeat(5e7)) })'],
    ])('%s', async (_, source) => {
      const error = await failureOf(source);
      expect(error.code).toBe('script_error');
      const { cause } = error as { cause?: Error };
      for (const text of [error.name, error.message, error.stack!, cause?.message ?? '']) {
        expect(text.length).toBeLessThan(50_000);
      }
    });

    test('the first of a huge message is there, and the place as well', async () => {
      const error = await failureOf('throw new Error("begin" + "x".repeat(1e6))');
      expect(error.message).toMatch(/^beginx/);
      expect(error).toMatchObject({ line: 1, column: 7 });
    });
  });
});

import { describe, expect, test } from 'vitest';
import { failure, realms, useRuntime } from '../support/runtime.ts';

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });

  /** Ways of getting hold of each of the four function constructors. */
  const constructors: [way: string, expression: string][] = [
    ['Function', 'globalThis.Function'],
    ['Function, as a bare name', 'Function'],
    ['an arrow function', '(() => {}).constructor'],
    ['an async function', '(async () => {}).constructor'],
    ['a generator', '(function* () {}).constructor'],
    ['an async generator', '(async function* () {}).constructor'],
    ['a class', '(class {}).constructor'],
    ['a derived class', '(class extends Array {}).constructor.constructor'],
    ['a method', '({ m() {} }).m.constructor'],
    ['an async method', '({ async m() {} }).m.constructor'],
    ['a generator method', '({ *m() {} }).m.constructor'],
    ['a getter', 'Object.getOwnPropertyDescriptor({ get a() { return 1 } }, "a").get.constructor'],
    ['a native getter', 'Object.getOwnPropertyDescriptor(Map.prototype, "size").get.constructor'],
    ['a bound function', '(function () {}).bind().constructor'],
    ['a built-in', 'Math.max.constructor'],
    ['a proxy of a function', 'new Proxy(() => {}, {}).constructor'],
    ['console.log', 'console.log.constructor'],
    ['setTimeout', 'setTimeout.constructor'],
    ['the constructor of ctx', 'ctx.constructor.constructor'],
    ['the constructor of the dead one', 'Function.constructor'],
    ['the dead one of its dead one', 'Function.prototype.constructor.constructor'],
    ['the parent of AsyncFunction', 'Object.getPrototypeOf((async () => {}).constructor)'],
    ['the parent of GeneratorFunction', 'Object.getPrototypeOf((function* () {}).constructor)'],
    ['a generator object', 'Object.getPrototypeOf(function* () {}).constructor'],
    ['a running generator', '(function* () {})().constructor.constructor'],
    [
      'a caught error',
      '(() => { try { null.x } catch (e) { return e.constructor.constructor } })()',
    ],
    [
      'a stack overflow',
      '(() => { const f = () => f(); try { f() } catch (e) { return e.constructor.constructor } })()',
    ],
    ['a refused import', '(await import("x").catch((e) => e)).constructor.constructor'],
    ['a resolver', '(() => { let r; new Promise((x) => { r = x }); return r.constructor })()'],
    ['a revoker', 'Proxy.revocable({}, {}).revoke.constructor'],
    [
      'a call site',
      '(() => { Error.prepareStackTrace = (e, s) => s; const [site] = new Error().stack; return site.constructor.constructor })()',
    ],
    ['a subclass of Function', '(class extends Function {})'],
    [
      'the prototype after its constructor was deleted',
      '(delete Function.prototype.constructor, (() => {}).constructor.constructor)',
    ],
    [
      'a prototype that was replaced',
      '(Object.setPrototypeOf(Function.prototype, null), (() => {}).constructor)',
    ],
    ['the species of an array', '[].constructor[Symbol.species].constructor'],
    ['an iterator helper', '[].values().map((x) => x).constructor.constructor'],
    [
      'Reflect.get with another receiver',
      'Reflect.get(Function.prototype, "constructor", async () => {})',
    ],
  ];

  /** Ways of making a function from text, given its constructor. */
  const uses: [way: string, expression: string][] = [
    ['called', 'C("return 1")'],
    ['constructed', 'new C("return 1")'],
    ['applied', 'Reflect.apply(C, undefined, ["return 1"])'],
    ['through Reflect.construct', 'Reflect.construct(C, ["return 1"], class {})'],
    ['as a new.target', 'Reflect.construct(class extends C {}, ["return 1"])'],
    ['bound', 'C.bind(null, "return 1")()'],
    ['through call', '(() => {}).call.call(C, null, "return 1")'],
  ];

  describe('no function constructor makes code from a string:', () => {
    test.each(constructors)('by way of %s', async (_, expression) => {
      const tries = uses.map(
        ([way, use]) => `try {
        const made = ${use};
        if (typeof made === 'function') broken.push(${JSON.stringify(way)});
      } catch (error) { refused.push(error.message) }`,
      );
      const { output } = await runtime().execute(`
      let C, unreached = false;
      try { C = ${expression} } catch { unreached = true }
      const broken = [], refused = [];
      if (typeof C === 'function' && C !== Object) { ${tries.join('\n')} }
      return { broken, refused: refused.length, kind: typeof C, plain: C === Object, unreached };`);
      expect(output['broken']).toEqual([]);
      // A hardened realm refuses what some of these do on the way; a fresh one lets them try.
      if (realm === 'fresh') expect(output['unreached']).toBe(false);
      if (output['kind'] === 'function' && output['plain'] === false) {
        expect(output['refused']).toBe(uses.length);
      }
    });

    test('and the message says that it is not available', async () => {
      const error = await failure(runtime().execute('return Function("return this")()'));
      expect(error).toMatchObject({ code: 'script_error', name: 'TypeError' });
      expect(error.message).toMatch(/code from strings is not available/);
    });

    test('though instanceof goes on working', async () => {
      const { output } = await runtime().execute(`
      return [(() => {}) instanceof Function, (async () => {}) instanceof Function,
        (async () => {}) instanceof (async () => {}).constructor, Function.name, Function.length]`);
      expect(output).toEqual({ value: [true, true, true, 'Function', 1] });
    });
  });

  describe('nothing else makes code from a string:', () => {
    test.each([
      ['setTimeout', 'setTimeout("globalThis.ran = 1", 0)'],
      ['setTimeout with a string object', 'setTimeout(new String("globalThis.ran = 1"), 0)'],
      ['indirect eval', '(0, globalThis.eval)("globalThis.ran = 1")'],
      ['WebAssembly', 'new WebAssembly.Module(new Uint8Array(8))'],
      ['a data import', 'await import("data:text/javascript,globalThis.ran = 1")'],
      ['a built-in import', 'await import("node:fs")'],
      ['a relative import', 'await import("./x.js")'],
      ['an import with attributes', 'await import("x", { with: { type: "json" } })'],
      [
        'an import in a timer',
        'await new Promise((_, reject) => setTimeout(() => import("x").catch(reject)))',
      ],
    ])('%s', async (_, use) => {
      const { output } = await runtime().execute(`
      let outcome = 'passed';
      try { ${use} } catch (error) { outcome = error instanceof Error }
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { outcome, ran: typeof ran }`);
      expect(output).toEqual({ outcome: true, ran: 'undefined' });
    });
  });
});

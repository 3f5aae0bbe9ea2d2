import { describe, expect, test } from 'vitest';
import { describeAttempts } from '../support/reach.ts';
import { realms, useRuntime } from '../support/runtime.ts';

describeAttempts({
  '__defineGetter__ and __lookupGetter__ on what the host gave': `
    for (const target of [hostFunction, hostError, hostValue, console, ctx, globalThis, Object.prototype]) {
      for (const key of ['constructor', 'x', '__proto__', 'stack', 'value']) {
        try { keep(target.__lookupGetter__(key), target.__lookupSetter__(key)); target.__defineGetter__(key + '$', function () { keep(this); return 1 }); keep(target[key + '$']) } catch (error) { keep(error) }
      }
    }`,
  'the accessors of __proto__': `
    const { get, set } = Object.getOwnPropertyDescriptor(Object.prototype, '__proto__');
    for (const target of [hostFunction, hostError, hostValue, console, globalThis]) {
      try { keep(get.call(target), set.call(target, hostFunction), get.call(target)) } catch (error) { keep(error) }
    }
    for (const odd of [undefined, null, 1]) { try { keep(get.call(odd), set.call(odd, {})) } catch (error) { keep(error) } }`,
  'caller and arguments of functions, by the accessors of Function.prototype': `
    for (const key of ['caller', 'arguments']) {
      const property = Object.getOwnPropertyDescriptor(Function.prototype, key);
      keep(property?.get, property?.set);
      for (const target of [hostFunction, console.log, setTimeout, () => {}, function () {}, Math.max, new Proxy(() => {}, {})]) {
        try { keep(property.get.call(target), target[key]) } catch (error) { keep(error) }
      }
    }`,
  'arguments objects and %ThrowTypeError%': `
    const args = (function () { return arguments })(hostFunction);
    const { get } = Object.getOwnPropertyDescriptor(args, 'callee');
    keep(args, get, get.constructor, Object.getPrototypeOf(get));
    try { get() } catch (error) { keep(error, error.constructor) }
    try { keep(args.callee) } catch (error) { keep(error) }`,
  'HTML methods of texts and other things of Annex B': `
    for (const name of ['anchor', 'big', 'blink', 'bold', 'fixed', 'link', 'substr', 'sup', 'trimLeft']) {
      try { keep(String.prototype[name].call({ toString() { keep(this); return 'x' } }, { toString() { keep(this); return 'y' } }), String.prototype[name].constructor) } catch (error) { keep(error) }
    }
    keep(escape('x'), unescape('%41'), new Date().getYear(), /x/.compile?.('y'), Date.prototype.toGMTString, RegExp.$1, RegExp.lastMatch);`,
  'RegExp.prototype.compile and regular expressions of the script': `
    class Odd extends RegExp { exec(text) { keep(this, text); return Object.assign(['x'], { index: 0, groups: hostValue }) } get flags() { keep(this); return 'g' } static get [Symbol.species]() { keep(this); return Odd } }
    for (const use of [() => 'x'.split(new Odd('x')), () => new Odd('x').compile('y'), () => [...'x'.matchAll(/x/g)]]) {
      try { keep(use()) } catch (error) { keep(error) }
    }`,
  'the function of a with statement, and sloppy code': `
    for (const text of ['with (globalThis) { process }', 'return this', 'arguments.callee.caller']) {
      for (const make of [Function, (async () => {}).constructor, (function* () {}).constructor]) { try { keep(make(text)()) } catch (error) { keep(error) } }
    }`,
});

describe.each(realms)('in a %s realm, scripts are strict:', (realm) => {
  const runtime = useRuntime({ realm });

  test.each([
    [
      'this of a plain function is undefined',
      `return (function () { return this === undefined })()`,
    ],
    [
      'callee throws',
      `return (function () { try { return arguments.callee } catch (e) { return e instanceof TypeError } })()`,
    ],
    [
      'caller throws',
      `return (function f() { try { return f.caller } catch (e) { return e instanceof TypeError } })()`,
    ],
    [
      'an undeclared name is no global',
      `try { undeclared = 1 } catch (e) { return e instanceof ReferenceError }`,
    ],
    [
      'names do not come from the global object of somebody else',
      `return [typeof window, typeof document, typeof self, typeof global, typeof process, typeof require].every((kind) => kind === 'undefined')`,
    ],
    [
      'nothing is like document.all',
      `return Reflect.ownKeys(globalThis).every((key) => typeof globalThis[key] !== 'undefined' || globalThis[key] === undefined)`,
    ],
  ])('%s', async (_what, source) => {
    expect((await runtime().execute(source)).output).toEqual({ value: true });
  });

  test.each([
    'with ({}) {}',
    'return 010',
    'delete x',
    'var eval = 1',
    'arguments = 1',
    'function f(a, a) {}',
    'return "\\08"',
  ])('what only sloppy code may do is no script: %s', async (source) => {
    await expect(runtime().execute(source)).rejects.toMatchObject({ code: 'compilation_error' });
  });
});

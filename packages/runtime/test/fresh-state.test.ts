import { describe, expect, test } from 'vitest';
import type { RunContext } from '../src/index.ts';
import { failure, realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });
  /** VMs of a tenant are used again, so this is the case that matters; the other must hold all the same. */
  const followers: [who: string, context: RunContext][] = [
    ['the same tenant', { tenant: { id: 'first' } }],
    ['another tenant', { tenant: { id: 'second' } }],
  ];
  const first: RunContext = { tenant: { id: 'first' }, limits: { timeoutMs: 5000 } };

  /** What a run leaves behind, and a script that answers true when it finds nothing of it. */
  const traces: [what: string, leave: string, look: string][] = [
    ['a global', 'globalThis.left = 1', 'return typeof left === "undefined"'],
    [
      'a global that cannot be deleted',
      'Object.defineProperty(globalThis, "left", { value: 1, configurable: false })',
      'return !("left" in globalThis)',
    ],
    [
      'a global under a symbol',
      'globalThis[Symbol.for("left")] = 1',
      'return !(Symbol.for("left") in globalThis)',
    ],
    [
      'a property of Object.prototype',
      'Object.prototype.left = 1',
      'return ({}).left === undefined',
    ],
    [
      'a getter on Object.prototype',
      'Object.defineProperty(Object.prototype, "id", { get() { throw 1 } })',
      'return ctx.tenant.id.length > 0 && ({}).id === undefined',
    ],
    [
      'a setter on Array.prototype',
      'Object.defineProperty(Array.prototype, 0, { set(v) { globalThis.stolen = v } })',
      'const a = []; a[0] = 1; return a[0] === 1',
    ],
    [
      'a patched method',
      'Array.prototype.map = () => "patched"',
      'return [1].map((n) => n)[0] === 1',
    ],
    [
      'a property of a method',
      'for (const f of [[].push, {}.hasOwnProperty, Math.max]) try { f.left = 1 } catch {}',
      'return [[].push, {}.hasOwnProperty, Math.max].every((f) => f.left === undefined)',
    ],
    [
      'the prototype of a method',
      'Object.setPrototypeOf(Array.prototype.push, { call: () => "stolen" })',
      'return Array.prototype.push.call([], 1) === 1',
    ],
    [
      'a patched static',
      'JSON.stringify = () => "{}"; Math.random = () => 4',
      'return JSON.stringify([1]) === "[1]" && Math.random() < 1',
    ],
    [
      'a patched promise',
      'const { then } = Promise.prototype; Promise.prototype.then = function (...args) { console.log; globalThis.left = 1; return Reflect.apply(then, this, args) }',
      'return (await Promise.resolve(5).then((n) => n)) === 5 && typeof left === "undefined"',
    ],
    [
      'a toJSON for everything',
      'Object.prototype.toJSON = () => "faked"',
      'return JSON.stringify({ a: 1 }) === \'{"a":1}\'',
    ],
    [
      'a patched console',
      'console.log = () => {}; globalThis.console = null',
      'return typeof console.log === "function" && console === globalThis.console',
    ],
    [
      'a deleted built-in',
      'delete globalThis.Map; delete Array.prototype.push',
      'return [new Map().size, [].push(1)].join() === "0,1"',
    ],
    [
      'a frozen prototype',
      'Object.freeze(Object.prototype); Object.freeze(Array.prototype)',
      'const o = {}; o.x = 1; return o.x === 1 && !Object.isFrozen({})',
    ],
    [
      'a replaced prototype',
      'Object.setPrototypeOf(Array.prototype, null)',
      'return [].hasOwnProperty("length")',
    ],
    [
      'a changed ctx',
      'ctx.tenant.id = "x"; ctx.left = 1; ctx.input.left = 1; Object.freeze(ctx)',
      'return ctx.left === undefined && !("left" in ctx.input) && ctx.tenant.id !== "x"',
    ],
    ['a log', 'console.log("left")', 'return true'],
    [
      'the last regular expression',
      '/l(e)ft/.exec("left")',
      'return !RegExp.$1 && !RegExp.lastMatch && !RegExp.input',
    ],
    [
      'an error setting',
      'Error.stackTraceLimit = 0; Error.prepareStackTrace = () => "left"',
      'return /script\\.js/.test(new Error("x").stack)',
    ],
    ['a template object', 'globalThis.t = ((s) => s)`left`', 'return typeof t === "undefined"'],
    [
      'a pending timer',
      'setTimeout(() => { globalThis.left = 1; console.log("left") }, 1)',
      'await new Promise((r) => setTimeout(r, 30)); return typeof left === "undefined"',
    ],
    [
      'a chain of timers',
      'const again = () => { console.log("left"); setTimeout(again, 1) }; again()',
      'await new Promise((r) => setTimeout(r, 30)); return true',
    ],
    [
      'a pending promise',
      'globalThis.p = new Promise(() => {}); p.then(() => console.log("left"))',
      'await null; return typeof p === "undefined"',
    ],
    ['an unhandled rejection', 'Promise.reject(new Error("left"))', 'await null; return true'],
    [
      'a later unhandled rejection',
      '(async () => { for (let i = 0; i < 50; i++) await null; throw new Error("left") })()',
      'for (let i = 0; i < 100; i++) await null; return true',
    ],
    [
      'microtasks without end',
      'const spin = async () => { for (;;) await new Promise((r) => setTimeout(r, 1)) }; spin()',
      'for (let i = 0; i < 100; i++) await null; return true',
    ],
    [
      'a running async generator',
      'globalThis.g = (async function* () { yield 1; console.log("left") })(); g.next(); g.next()',
      'return typeof g === "undefined"',
    ],
    [
      'a garbage collection callback',
      'globalThis.r = new WeakRef({}); try { new FinalizationRegistry(() => console.log("left")).register({}, 1) } catch {}',
      'for (let i = 0; i < 50; i++) new Array(1e5).fill(i); await null; return typeof r === "undefined"',
    ],
  ];

  describe.each(followers)('a run of %s sees nothing of one before it:', (_, context) => {
    test.each(traces)('%s', async (_what, leave, look) => {
      // A hardened realm refuses most of it, which is as good.
      const left = runtime().execute(`${leave}\nreturn 1`, { secret: 1 }, first);
      await (realm === 'fresh' ? left : left.catch(() => {}));
      const { output, logs } = await runtime().execute(look, {}, context);
      expect(output).toEqual({ value: true });
      expect(logs).toEqual([]);
    });

    test.each([
      ['that threw', 'throw new Error("left")', 'script_error'],
      ['whose output was refused', 'return 1n', 'output_invalid'],
      ['whose output was too large', 'return "left".repeat(1e6)', 'output_limit'],
      ['that ran out of time', 'for (;;);', 'timeout'],
      ['that waited too long', 'await new Promise(() => {})', 'timeout'],
      [
        'that ran out of memory',
        'const a = []; for (;;) a.push(new Array(1e4).fill({}))',
        'memory_limit',
      ],
      [
        'that threw in a timer',
        'setTimeout(() => { throw 1 }, 1); await new Promise(() => {})',
        'script_error',
      ],
    ])('also one %s', async (_how, fail, code) => {
      const limits = { timeoutMs: code === 'timeout' ? 200 : 10_000, memoryMb: 32 };
      const error = await failure(
        runtime().execute(
          `try { globalThis.left = 1 } catch {} try { Object.prototype.left = 1 } catch {} console.log("left");
         setTimeout(() => { console.log("later") }, 20); ${fail}`,
          {},
          { ...first, limits },
        ),
      );
      expect(error.code).toBe(code);
      const { output, logs } = await runtime().execute(
        'await new Promise((r) => setTimeout(r, 40)); return typeof left === "undefined" && ({}).left === undefined',
        {},
        { ...context, limits: { memoryMb: 32 } },
      );
      expect(output).toEqual({ value: true });
      expect(logs).toEqual([]);
    });
  });
});

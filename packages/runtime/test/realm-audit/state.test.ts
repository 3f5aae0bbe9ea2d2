import { describe, expect, test } from 'vitest';
import { oneVm } from '../support/realm-audit.ts';
import { inOneVm } from '../support/realm-two-runs.ts';
import { useRuntime } from '../support/runtime.ts';

const runtime = useRuntime(oneVm);

describe('a run cannot leave a signal for the next one of its VM:', () => {
  test('Math.random begins anew each time, wherever it was', async () => {
    const draw = (before: number): string =>
      `for (let i = 0; i < ${before}; i++) Math.random();
       return Array.from({ length: 2000 }, Math.random)`;
    const results = await inOneVm(runtime(), draw(0), draw(0), draw(1), draw(5000), draw(0));
    const sequences = results.map(({ output }) => output['value'] as number[]);
    expect(new Set(sequences.flat()).size).toBe(5 * 2000);
    for (const sequence of sequences) {
      const mean = sequence.reduce((sum, value) => sum + value, 0) / sequence.length;
      expect(mean).toBeGreaterThan(0.44);
      expect(mean).toBeLessThan(0.56);
    }
    // Nor does one follow another at a fixed distance.
    const [first, second] = sequences as [number[], number[]];
    const correlation = first.reduce((sum, a, i) => sum + (a - 0.5) * (second[i]! - 0.5), 0) / 2000;
    expect(Math.abs(correlation)).toBeLessThan(0.02);
  });

  const readStack = `Object.getOwnPropertyDescriptor(new Error('a'), 'stack')`;
  /** What leaves the signal, and an expression that would see it: `undefined` when there is none. */
  const signals: [means: string, leave: string, look: string][] = [
    [
      'the last match of RegExp',
      `/(?<a>secret)/.exec('a secret'); 'secret'.replace(/(s)/, '')`,
      `[RegExp.$1, RegExp.input, RegExp.$_, RegExp.lastMatch, RegExp['$&'], RegExp.lastParen, RegExp['$+'],
        RegExp.leftContext, RegExp['$\`'], RegExp.rightContext, RegExp["$'"]].find((value) => value !== undefined)`,
    ],
    [
      'Error.stackTraceLimit',
      `Error.stackTraceLimit = 3`,
      `Error.stackTraceLimit === 3 || undefined`,
    ],
    [
      'Error.prepareStackTrace',
      `Error.prepareStackTrace = () => 'secret'`,
      `new Error('a').stack === 'secret' || undefined`,
    ],
    [
      'a registered symbol as a key',
      `Object.prototype[Symbol.for('channel')] = 1`,
      `({})[Symbol.for('channel')]`,
    ],
    [
      'a hidden stack of a frozen intrinsic',
      `try { Error.captureStackTrace(Map) } catch {}; ${readStack}.set.call(Map, 'secret')`,
      `${readStack}.get.call(Map)`,
    ],
    [
      'the prototypes of what only syntax makes',
      `Object.getPrototypeOf(async function* () {}).secret = 1`,
      `(async function* () {}).secret`,
    ],
    [
      'a getter on the global object',
      `Object.defineProperty(globalThis, 'secret', { get: () => 1 })`,
      `globalThis.secret`,
    ],
    [
      'ctx',
      `ctx.secret = 1; ctx.tenant.secret = 1; ctx.execution.secret = 1`,
      `ctx.secret ?? ctx.tenant.secret ?? ctx.execution.secret`,
    ],
    [
      'console',
      `console.secret = 1; console.log.secret = 1`,
      `console.secret ?? console.log.secret`,
    ],
    [
      'numbers of timers',
      `for (let i = 0; i < 50; i++) setTimeout(() => {}, 1e6)`,
      `setTimeout(() => {}, 1) > 1 || undefined`,
    ],
    [
      'the default locale and time zone',
      `Intl.DateTimeFormat.prototype.resolvedOptions = () => 1`,
      `typeof new Intl.DateTimeFormat().resolvedOptions().timeZone === 'string' ? undefined : 'changed'`,
    ],
  ];
  test.each(signals)('%s', async (_, leave, look) => {
    const tolerant = `try { ${leave} } catch {} return 1`;
    const results = await inOneVm(runtime(), tolerant, `const seen = ${look}; return typeof seen`);
    expect(results[1]?.output).toEqual({ value: 'undefined' });
  });

  test.each(signals)('(within one run of a fresh realm it is seen: %s)', async (_, leave, look) => {
    const source = `try { ${leave} } catch {} const seen = ${look}; return typeof seen`;
    const { output } = await runtime().execute(source, {}, { realm: 'fresh' });
    expect(output['value']).not.toBe('undefined');
  });

  test('the state of a decoder', async () => {
    const source = `
      const decoder = new TextDecoder();
      const text = decoder.decode(new Uint8Array([0x41]));
      decoder.decode(new Uint8Array([0xf0, 0x9f]), { stream: true });
      return text`;
    const results = await inOneVm(runtime(), source, source);
    expect(results.map(({ output }) => output['value'])).toEqual(['A', 'A']);
  });

  test('a property of a symbol that both know by name', async () => {
    const source = `
      const symbol = Symbol.for('channel');
      const refused = [];
      for (const act of [() => { symbol.mark = 1 }, () => new WeakMap().set(symbol, 1), () => new WeakRef(symbol)]) {
        try { act() } catch { refused.push(1) }
      }
      return [refused.length, symbol.mark === undefined, Symbol.keyFor(symbol)]`;
    const results = await inOneVm(runtime(), source, source);
    for (const { output } of results) expect(output['value']).toEqual([3, true, 'channel']);
  });

  test('the strings of a tagged template, though V8 gives one place the same ones each time', async () => {
    const source = `
      const strings = ((given) => given)\`a\${1}b\`;
      const { get, set } = ${readStack};
      class Stamp extends (function (object) { return object }) { #mark = 1; static has(object) { return #mark in object } }
      const seen = [Stamp.has(strings), get.call(strings), Object.isFrozen(strings), Object.isFrozen(strings.raw)];
      try { new Stamp(strings) } catch {}
      try { Error.captureStackTrace(strings) } catch {}
      set.call(strings, 'secret');
      for (const change of [() => strings.push('c'), () => { strings.mark = 1 }, () => { strings.raw[0] = 'x' }]) try { change() } catch {}
      return seen`;
    const results = await inOneVm(runtime(), source, source);
    for (const { output } of results) expect(output['value']).toEqual([false, null, true, true]);
  });

  test('private fields stamped on frozen intrinsics', async () => {
    const source = `
      class Stamp extends (function (object) { return object }) {
        #mark = 'secret';
        static read(object) { return #mark in object ? object.#mark : null }
      }
      const targets = [Object.prototype, Array.prototype, Map, globalThis, console, Symbol.prototype, RegExp.prototype,
        Promise, Math, JSON, setTimeout, URL.prototype, Object.getPrototypeOf([].values())];
      const seen = targets.map((target) => Stamp.read(target));
      for (const target of targets) try { new Stamp(target) } catch {}
      return { seen, stamped: targets.filter((target) => Stamp.read(target) !== null).length }`;
    const results = await inOneVm(runtime(), source, source);
    for (const { output } of results) {
      expect(new Set(output['seen'] as unknown[])).toEqual(new Set([null]));
    }
  });

  test('the classes of the web basics stamp none of their fields on what is shared', async () => {
    const source = `
      const found = [];
      for (const Kind of [URL, URLSearchParams, Event, EventTarget, AbortController, TextEncoder, TextDecoder, DOMException]) {
        for (const target of [Kind, Kind.prototype, Object.prototype, globalThis, crypto, performance]) {
          try { Reflect.construct(Kind, ['a'], Object.defineProperty(function () {}.bind(), 'prototype', { value: target })) } catch {}
          try { Kind.call(target, 'a') } catch {}
          for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(Kind.prototype))) {
            try { if (get !== undefined) { get.call(target); found.push(Kind.name + '.' + name) } } catch {}
          }
        }
      }
      return found.filter((name) => !name.startsWith('DOMException.'))`;
    const results = await inOneVm(runtime(), source, source);
    for (const { output } of results) expect(output['value']).toEqual([]);
  });
});

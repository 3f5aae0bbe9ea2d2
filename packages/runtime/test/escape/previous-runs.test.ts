import { describe, expect, test } from 'vitest';
import { bridge } from '../support/public-cases.ts';
import { realms, useRuntime } from '../support/runtime.ts';

/** What a run leaves wherever it can, and how the next one looks for it there. */
const traces: Readonly<Record<string, readonly [leave: string, look: string]>> = {
  'the last match of regular expressions': [
    `/(se)cret/.exec('a secret b'); 'x-secret'.replace(/x-(.*)/, '$1')`,
    `return [RegExp.$1, RegExp.lastMatch, RegExp.input, RegExp['$_'], RegExp.leftContext].some((text) => String(text).includes('secret'))`,
  ],
  'the place where a regular expression goes on': [
    `for (let i = 0; i < 3; i++) /s/y.exec('secret')`,
    `const f = () => /s/g; return f().lastIndex !== 0 || f() === f()`,
  ],
  'names in the registry of symbols': [
    `Symbol.for('trace').description; try { Object.prototype[Symbol.for('trace')] = 1 } catch {}`,
    `return Symbol.for('trace') in {} || Object.getOwnPropertySymbols(globalThis).includes(Symbol.for('trace'))`,
  ],
  'marks on the array of a template': [
    `const tag = (strings) => { try { strings.mark = 1; strings.raw.mark = 1 } catch {} return strings }; tag\`trace\``,
    `const tag = (strings) => strings; return tag\`trace\`.mark !== undefined || tag\`trace\`.raw.mark !== undefined`,
  ],
  'numbers of timers': [
    `for (let i = 0; i < 7; i++) setTimeout(() => {}, 10_000)`,
    `return setTimeout(() => {}, 1) !== 1`,
  ],
  'private names and static fields on what is shared': [
    `class Stamp { constructor(o) { return o } } class Mark extends Stamp { #mark = 1; static has(o) { return #mark in o } } for (const o of [globalThis, Object.prototype, console, sdk, sdk.cache.get, RegExp.prototype, Math]) { try { new Mark(o) } catch {} }`,
    `class Stamp { constructor(o) { return o } } class Mark extends Stamp { #mark = 1 } const failed = []; for (const o of [Math, console, RegExp.prototype]) { try { new Mark(o) } catch (error) { failed.push(/already|twice/.test(error.message)) } } return failed.includes(true)`,
  ],
  'keys of weak collections that are shared': [
    `for (const o of [globalThis, sdk, console]) { new WeakMap([[o, 'secret']]); new WeakSet([o]); new WeakRef(o) }`,
    `return new WeakMap().has(sdk) || new WeakSet().has(console)`,
  ],
  'what the console counts and groups': [
    `console.count?.('x'); console.group?.('x'); console.log('x')`,
    `console.log('y'); return console.count !== undefined`,
  ],
  'numbers of host calls, and their answers': [
    `for (let i = 0; i < 5; i++) sdk.cache.get('secret'); await sdk.cache.get('k').then((answer) => { try { answer.mark = 1; answer.list.push('secret') } catch {} })`,
    `const answer = await sdk.cache.get('k'); return answer.mark !== undefined || answer.list.includes('secret')`,
  ],
  'signals that are aborted, and their listeners': [
    `const c = new AbortController(); AbortSignal.timeout(20).addEventListener('abort', () => console.log('late')); sdk.cache.get({ signal: AbortSignal.timeout(20) }).catch(() => console.log('late')); c.abort('secret')`,
    `await new Promise((resolve) => setTimeout(resolve, 40)); return AbortSignal.abort().reason === 'secret' || new AbortController().signal.aborted`,
  ],
  'formats of Intl and dates': [
    `try { Intl.NumberFormat.prototype.mark = 1; Intl.DateTimeFormat = null } catch {} new Intl.NumberFormat('de').format(1e9); Date.prototype.constructor.name`,
    `return Intl.NumberFormat.prototype.mark !== undefined || Intl.DateTimeFormat === null || new Intl.NumberFormat().resolvedOptions().locale === 'de'`,
  ],
  'hooks for errors': [
    `try { Error.prepareStackTrace = () => 'secret' } catch {} try { Error.stackTraceLimit = 1 } catch {} try { Error.captureStackTrace(RegExp.prototype) } catch {}`,
    `return new Error('x').stack === 'secret' || Error.stackTraceLimit === 1 || RegExp.prototype.stack !== undefined`,
  ],
  'promises and jobs that are still to come': [
    `(async () => { for (;;) { await new Promise((resolve) => setTimeout(resolve, 1)); console.log('late') } })(); Promise.reject('secret'); new Promise(() => {}).then(() => console.log('late'))`,
    `await new Promise((resolve) => setTimeout(resolve, 10)); return false`,
  ],
  'iterators and generators that are shared': [
    `const it = [1, 2][Symbol.iterator](); it.next(); try { Object.getPrototypeOf(it).mark = 1; Object.getPrototypeOf(function* () {}).prototype.mark = 1 } catch {}`,
    `return [][Symbol.iterator]().mark !== undefined || (function* () {})().mark !== undefined`,
  ],
};

describe.each(realms)('in a %s realm, the next run of a VM finds nothing in', (realm) => {
  const runtime = useRuntime({ realm, bindings: bridge, poolSize: 1, maxVms: 1 });

  test.each(Object.entries(traces))('%s', async (_, [leave, look]) => {
    for (let i = 0; i < 2; i++) await runtime().execute(leave);
    const { output, logs } = await runtime().execute(look);
    expect(output).toEqual({ value: false });
    expect(logs.map(({ message }) => message).filter((text) => text !== 'y')).toEqual([]);
  });

  test('random numbers, which each run draws anew', async () => {
    const draw = 'return Array.from({ length: 20 }, Math.random)';
    const all = [];
    for (let i = 0; i < 5; i++)
      all.push(...((await runtime().execute(draw)).output['value'] as number[]));
    expect(new Set(all).size).toBe(100);
  });
});

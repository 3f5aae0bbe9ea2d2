import { describe, expect, test } from 'vitest';
import { oneVm } from '../support/realm-audit.ts';
import { inOneVm } from '../support/realm-two-runs.ts';
import { useRuntime } from '../support/runtime.ts';

const runtime = useRuntime(oneVm);

/** Long enough for the timers of a run before; busy enough for the garbage collector. */
const stay = `
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 200; i++) new Array(20_000).fill(round);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return 'stayed'`;

/** Each logs when it is executed, and says nothing before its run ends. */
const late: [what: string, source: string][] = [
  ['a timer', `setTimeout(() => console.log('late'), 20)`],
  [
    'timers that set timers',
    `(function again() { setTimeout(() => { console.log('late'); again() }, 5) })()`,
  ],
  [
    'what awaits a timer',
    `(async () => { await new Promise((resolve) => setTimeout(resolve, 15)); console.log('late') })()`,
  ],
  [
    'reactions of a promise whose resolver a timer holds',
    `new Promise((resolve) => setTimeout(resolve, 15)).then(() => console.log('late'))`,
  ],
  [
    'an async generator that waits',
    `(async () => { async function* slow() { for (;;) { await new Promise((resolve) => setTimeout(resolve, 5)); yield 1 } } for await (const _ of slow()) console.log('late') })()`,
  ],
  [
    'AbortSignal.timeout',
    `AbortSignal.timeout(15).addEventListener('abort', () => console.log('late'))`,
  ],
  [
    'AbortSignal.any of a timeout',
    `AbortSignal.any([AbortSignal.timeout(15)]).onabort = () => console.log('late')`,
  ],
  [
    'an aborted wait',
    `const signal = AbortSignal.timeout(15); new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))).catch(() => console.log('late'))`,
  ],
  [
    'queueMicrotask out of a timer',
    `setTimeout(() => queueMicrotask(() => console.log('late')), 15)`,
  ],
  [
    'a rejection that nobody handles, out of a timer',
    `setTimeout(() => Promise.reject(new Error('late')), 15)`,
  ],
  ['an exception out of a timer', `setTimeout(() => { throw new Error('late') }, 15)`],
  [
    'finalizers of what is garbage',
    `const registry = new FinalizationRegistry((held) => console.log('late', held)); for (let i = 0; i < 1000; i++) registry.register({ i }, i)`,
  ],
  [
    'finalizers with every kind of target',
    `const registry = new FinalizationRegistry(() => console.log('late')); registry.register(() => {}, 1); registry.register(Symbol('a'), 2); registry.register([], 3, {})`,
  ],
  [
    'finalizers of a subclass',
    `class Mine extends FinalizationRegistry {} const registry = new Mine(() => console.log('late')); for (let i = 0; i < 1000; i++) registry.register({}, i)`,
  ],
  [
    'a finalizer by way of the prototype’s constructor',
    `const registry = new FinalizationRegistry.prototype.constructor(() => console.log('late')); for (let i = 0; i < 1000; i++) registry.register({}, i)`,
  ],
  [
    'timers in a disposed stack',
    `const stack = new AsyncDisposableStack(); stack.defer(() => console.log('late')); setTimeout(() => stack.disposeAsync(), 15)`,
  ],
  [
    'a thenable that waits',
    `(async () => { await { then: (resolve) => setTimeout(resolve, 15) }; console.log('late') })()`,
  ],
  [
    'a failed import that waits',
    `setTimeout(() => import('x').catch(() => console.log('late')), 15)`,
  ],
  [
    'Array.fromAsync over timers',
    `Array.fromAsync((async function* () { for (let i = 0; i < 3; i++) { await new Promise((resolve) => setTimeout(resolve, 5)); yield i } })()).then(() => console.log('late'))`,
  ],
  [
    'a getter of the result that sets a timer',
    `return { get a() { setTimeout(() => console.log('late'), 5); return 1 } }`,
  ],
  [
    'toJSON of the result that waits',
    `return { toJSON() { Promise.resolve().then(() => setTimeout(() => console.log('late'), 5)); return {} } }`,
  ],
];

describe('when a run has ended, there never comes', () => {
  test.each(late)('%s', async (_, source) => {
    const [first, second, third] = await inOneVm(runtime(), source, stay, 'return 3');
    expect(first?.logs).toEqual([]);
    expect(second?.output).toEqual({ value: 'stayed' });
    expect(second?.logs).toEqual([]);
    expect(third?.logs).toEqual([]);
  });

  test('a microtask: those of the run are all its own, and come before its end', async () => {
    const source = `
      queueMicrotask(() => console.log('queued'));
      Promise.resolve().then(() => Promise.resolve()).then(() => console.log('then'));
      (async () => { for (let i = 0; i < 500; i++) await i; console.log('awaited') })();
      import('x').catch(() => console.log('imported'));
      Promise.reject(new Error('nobody')); return 1`;
    const [first, second] = await inOneVm(runtime(), source, stay);
    expect(first?.logs.length).toBe(5);
    expect(second?.output).toEqual({ value: 'stayed' });
    expect(second?.logs).toEqual([]);
  });

  test('anything of a run that failed', async () => {
    const source = `setTimeout(() => console.log('late'), 15); Promise.reject(1); throw new Error('first')`;
    await expect(runtime().execute(source)).rejects.toThrow('first');
    const [next] = await inOneVm(runtime(), stay);
    expect(next?.logs).toEqual([]);
  });

  test('anything of a fresh realm in the same VM', async () => {
    const source = late
      .filter(([, each]) => !each.startsWith('return'))
      .map(([, each]) => `{ ${each} }`)
      .join('\n');
    const { logs } = await runtime().execute(source, {}, { realm: 'fresh' });
    expect(logs).toEqual([]);
    const [next] = await inOneVm(runtime(), stay);
    expect(next?.logs).toEqual([]);
  });

  test('the object of a WeakRef, which only its own run can hold', async () => {
    const source = `const weak = new WeakRef({ secret: 1 }); try { WeakRef.prototype.kept = weak } catch {} return typeof WeakRef.prototype.kept`;
    const results = await inOneVm(runtime(), source, stay, source);
    expect(results.map(({ output }) => output['value'])).toEqual([
      'undefined',
      'stayed',
      'undefined',
    ]);
  });
});

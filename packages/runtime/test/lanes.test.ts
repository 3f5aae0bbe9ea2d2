import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineBinding, type RunContext, type RunResult, type Runtime } from '../src/index.ts';
import { recordEvents } from './support/channels.ts';
import { as, startRuntime } from './support/runs.ts';

// Runs that are expected to be over at once are executed one after the other in one VM, without the
// host between them: see `worker/lane.ts`.

const one = { workers: 1, poolSize: 1, maxVms: 1 } as const;

/** Runs a script until it is known to be over at once. */
async function makeStraight(runtime: Runtime, source: string, context: RunContext): Promise<void> {
  for (let i = 0; i < 60; i++) await runtime.execute(source, {}, context);
}

/** All in one VM, which executes them in one go, unless one of them is not over at once. */
function together(
  runtime: Runtime,
  source: string,
  inputs: readonly unknown[],
  context: RunContext = as('tenant'),
): Promise<PromiseSettledResult<RunResult>[]> {
  return Promise.allSettled(inputs.map((input) => runtime.execute(source, input, context)));
}

const messages = ({ logs }: Pick<RunResult, 'logs'>): string[] =>
  logs.map(({ message }) => message.split('\n', 1)[0]!);

/** What a run can leave behind that would do something later, when another run is under way. */
const leftovers: Readonly<Record<string, string>> = {
  'a chain of awaits': `(async () => { for (let i = 0; i < 500; i++) await null; mischief(); })();`,
  'reactions of promises': `let p = Promise.resolve(); for (let i = 0; i < 100; i++) p = p.then(() => {}); p.then(mischief);`,
  'a microtask of a microtask': `queueMicrotask(() => queueMicrotask(() => queueMicrotask(mischief)));`,
  'a thenable': `Promise.resolve({ then(go) { mischief(); go(); } });`,
  'a timer': `setTimeout(mischief, 1); setTimeout(mischief, 0);`,
  'an async generator': `(async () => { for await (const x of (async function* () { for (let i = 0; i < 50; i++) yield i; })()) {} mischief(); })();`,
  'a call of the host': `sdk.host.slow().then(mischief, mischief);`,
  'a listener of an abort signal': `AbortSignal.timeout?.(1).addEventListener('abort', mischief); const c = new AbortController(); c.signal.addEventListener('abort', mischief); setTimeout(() => c.abort(), 1);`,
};

const mischief = `const mischief = () => {
  mark.is = 'mischief ' + mark.i;
  console.log('mischief of', mark.i);
  try { sdk.host.note(mark.i); } catch {}
  setTimeout(() => console.log('late mischief of', mark.i), 0);
};`;

describe('a run in a lane', () => {
  test.each(Object.entries(leftovers))(
    'is not reached by %s that the one before it has left behind',
    async (_what, leave) => {
      const noted: number[] = [];
      const host = defineBinding('host', {
        slow: { params: z.tuple([]), handler: () => new Promise((go) => setTimeout(go, 20)) },
        note: { params: z.tuple([z.number()]), handler: (_call, i: number) => void noted.push(i) },
      });
      const runtime = await startRuntime({ ...one, bindings: [host] });
      const source = `const mark = { i: ctx.input.i }; ${mischief}
        if (ctx.input.leave) { ${leave} return 'left'; }
        const ctxBefore = JSON.stringify(ctx);
        for (let i = 0; i < 50; i++) await null;
        console.log('own', ctx.input.i);
        return { i: ctx.input.i, same: ctxBefore === JSON.stringify(ctx) };`;
      await makeStraight(runtime, source, as('tenant'));
      const inputs = Array.from({ length: 30 }, (_, i) => ({ i, leave: i % 3 === 0 }));
      const ends = await together(runtime, source, inputs);
      for (const [i, end] of ends.entries()) {
        if (end.status === 'rejected') throw end.reason;
        const { value } = end;
        const foreign = messages(value).filter(
          (line) => line !== `own ${i}` && !line.endsWith(` of ${i}`),
        );
        expect(foreign).toEqual([]);
        if (i % 3 === 0) expect(value.output).toEqual({ value: 'left' });
        else {
          expect(value.output).toEqual({ i, same: true });
          expect(messages(value)).toEqual([`own ${i}`]);
          expect(value.usage.apiCalls).toBe(0);
        }
      }
      // A call may have been made, but in the name of no other run.
      expect(noted.every((i) => i % 3 === 0)).toBe(true);
    },
  );

  test('shares its VM with those before and behind it, which counts as one run at a time', async () => {
    const runtime = await startRuntime({ workers: 1 });
    const context = as('tenant', { tenant: { id: 'tenant', maxConcurrency: 1 } });
    await makeStraight(runtime, 'return 1', context);
    const all = together(runtime, 'return 1', Array.from({ length: 40 }), context);
    expect(runtime.stats().queue.running).toBe(40);
    expect(runtime.stats().pool.busy).toBe(1);
    const ends = await all;
    expect(ends.every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(runtime.stats()).toMatchObject({ queue: { running: 0, queued: 0 }, pool: { busy: 0 } });
  });

  test('has the time that it took itself, and none of its neighbours', async () => {
    const runtime = await startRuntime(one);
    const source = `let n = 0; for (let i = 0; i < ctx.input.n * 1e6; i++) n += i % 7; return n`;
    await runtime.execute(source, { n: 1 }, as('tenant'));
    for (let i = 0; i < 60; i++) await runtime.execute(source, { n: 0 }, as('tenant'));
    const inputs = Array.from({ length: 20 }, (_, i) => ({ n: i === 7 ? 10 : 0 }));
    const ends = await together(runtime, source, inputs);
    const times = ends.map((end) => (end.status === 'fulfilled' ? end.value.usage.cpuMs : NaN));
    expect(times[7]).toBeGreaterThan(3);
    expect(times[7]).toBeGreaterThan(3 * Math.max(...times.filter((_, i) => i !== 7)));
  });

  test.each([
    ['is too long', `'ä'.repeat(600)`, 'output_limit'],
    ['is no JSON', `() => {}`, 'output_invalid'],
  ])('fails alone when its output %s', async (_what, value, code) => {
    const runtime = await startRuntime(one);
    const context = as('tenant', { limits: { outputBytes: 1000 } });
    const source = `return ctx.input.now ? ${value} : ctx.input.i`;
    await makeStraight(runtime, source, context);
    const inputs = Array.from({ length: 12 }, (_, i) => ({ i, now: i % 5 === 2 }));
    const ends = await together(runtime, source, inputs, context);
    for (const [i, end] of ends.entries()) {
      if (i % 5 === 2) expect(end).toMatchObject({ reason: { code } });
      else expect(end).toMatchObject({ value: { output: { value: i } } });
    }
  });

  test('that does not come back is begun anew, as are those behind it, and each ends as it would alone', async () => {
    const runtime = await startRuntime({ workers: 1 });
    const source = `console.log('before', ctx.input.i); if (ctx.input.i === 9) for (;;) await null;
      return ctx.input.i`;
    await makeStraight(runtime, source, as('tenant'));
    const context = as('tenant', { limits: { timeoutMs: 1500 } });
    const inputs = Array.from({ length: 20 }, (_, i) => ({ i }));
    const ends = await together(runtime, source, inputs, context);
    for (const [i, end] of ends.entries()) {
      if (i === 9) {
        expect(end).toMatchObject({ reason: { code: 'timeout', usage: { attempts: 2 } } });
        expect(messages((end as PromiseRejectedResult).reason as RunResult)).toEqual(['before 9']);
      } else {
        expect(end).toMatchObject({ value: { output: { value: i } } });
        expect(messages((end as PromiseFulfilledResult<RunResult>).value)).toEqual([`before ${i}`]);
      }
    }
  });

  test('keeps its own rejections that nobody handled, the one after it none of them', async () => {
    const runtime = await startRuntime(one);
    // The timer holds the promise: of one that was collected by then, isolated-vm says nothing.
    const source = `if (ctx.input.i % 2) {
        const left = Promise.reject(new Error('of ' + ctx.input.i)); setTimeout(() => left, 1000);
      } return ctx.input.i`;
    await makeStraight(runtime, source, as('tenant'));
    const ends = await together(
      runtime,
      source,
      Array.from({ length: 20 }, (_, i) => ({ i })),
    );
    for (const [i, end] of ends.entries()) {
      const { output, ...rest } = (end as PromiseFulfilledResult<RunResult>).value;
      expect(output).toEqual({ value: i });
      const told = i % 2 ? [`Unhandled promise rejection: Error: of ${i}`] : [];
      expect(messages(rest)).toEqual(told);
    }
  });

  test('sees its own context, input, clock and random numbers', async () => {
    const runtime = await startRuntime(one);
    const source = `const { tenant, user, execution, input } = ctx; ctx.tenant.mark = ctx.input.mark = 1;
      return { tenant, user, execution, input, random: Math.random(), leak: globalThis.leak ?? null }`;
    const contextOf = (i: number): RunContext => ({
      ...as('tenant'),
      user: { i: i % 3 },
      execution: { id: `run ${i}`, scriptId: `script ${i}` },
    });
    await makeStraight(runtime, source, contextOf(0));
    const runs = Array.from({ length: 40 }, (_, i) =>
      runtime.execute(source, { i, text: 'ä"\u2028\ud800'.repeat(i) }, contextOf(i)),
    );
    const randoms = new Set<unknown>();
    for (const [i, { output, executionId }] of (await Promise.all(runs)).entries()) {
      randoms.add(output['random']);
      expect(executionId).toBe(`run ${i}`);
      expect(output).toMatchObject({
        tenant: { id: 'tenant', mark: 1 },
        user: { i: i % 3 },
        execution: { id: `run ${i}`, scriptId: `script ${i}`, trigger: 'manual' },
        input: { i, text: 'ä"\u2028\ud800'.repeat(i), mark: 1 },
        leak: null,
      });
    }
    expect(randoms.size).toBe(40);
  });

  test('that fills its VM ends as it would alone, and those behind it find another', async () => {
    const runtime = await startRuntime({ workers: 1, limits: { memoryMb: 32 } });
    const source = `const all = []; if (ctx.input.i === 5) for (;;) all.push(new Array(1000).fill(ctx.input.i));
      return ctx.input.i`;
    await makeStraight(runtime, source, as('tenant'));
    const inputs = Array.from({ length: 12 }, (_, i) => ({ i }));
    const ends = await together(runtime, source, inputs);
    for (const [i, end] of ends.entries()) {
      if (i === 5) expect(end).toMatchObject({ reason: { code: 'memory_limit' } });
      else expect(end).toMatchObject({ value: { output: { value: i } } });
    }
  });

  test('that takes far longer than it used to, as all behind it do, holds up no other tenant', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ workers: 1 });
    const source = `const end = Date.now() + ctx.input.ms; while (Date.now() < end); return ctx.input.i`;
    for (let i = 0; i < 60; i++) await runtime.execute(source, { ms: 0 }, as('slow'));
    await makeStraight(runtime, 'return 1', as('other'));
    const slow = together(
      runtime,
      source,
      Array.from({ length: 40 }, (_, i) => ({ i, ms: 60 })),
      as('slow'),
    );
    // In the worker's own thread all of them would take 2.4 s before this one.
    const began = performance.now();
    await runtime.execute('return 1', {}, as('other'));
    expect(performance.now() - began).toBeLessThan(1200);
    const ends = await slow;
    expect(ends.map((end) => end.status === 'fulfilled' && end.value.output['value'])).toEqual(
      Array.from({ length: 40 }, (_, i) => i),
    );
    expect(events.of('cloister:worker:exit')).toEqual([]);
  });

  test('that costs the worker is found among those that were executed with it', async () => {
    const runtime = await startRuntime({ workers: 1 });
    const source = `if (ctx.input.i === 30) new Array(1e8).fill(0).sort(); return ctx.input.i`;
    const context = as('tenant', { limits: { timeoutMs: 3000 } });
    await makeStraight(runtime, source, context);
    const inputs = Array.from({ length: 60 }, (_, i) => ({ i }));
    const ends = await together(runtime, source, inputs, context);
    for (const [i, end] of ends.entries()) {
      if (i === 30) expect(end.status).toBe('rejected');
      else expect(end).toMatchObject({ value: { output: { value: i } } });
      // Found at once, it costs the others no more than this.
      if (end.status === 'fulfilled') expect(end.value.usage.attempts).toBeLessThanOrEqual(2);
    }
  });
});

import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineBinding, type RunContext, type Runtime } from '../src/index.ts';
import { recordEvents } from './support/channels.ts';
import { as, codeOf, startRuntime } from './support/runs.ts';

/** Runs a script until it is known to be quick, and to wait for nothing if that is so. */
async function makeQuick(runtime: Runtime, source: string, context: RunContext): Promise<void> {
  for (let i = 0; i < 100; i++) await runtime.execute(source, {}, context);
}

/** `source` when it is asked to misbehave, and nothing but quick before. */
const onDemand = (source: string): string =>
  `console.log('before'); if (ctx.input.now) { ${source} } return 'harmless'`;

const broken = {
  'an endless loop': ['for (;;);', 'timeout'],
  'an endless loop behind an await': ['await null; for (;;);', 'timeout'],
  'microtasks without end': ['for (;;) await null;', 'timeout'],
  'a promise that never settles': ['await new Promise(() => {});', 'timeout'],
  'a native loop that V8 cannot stop': ['[].indexOf.call({ length: 2 ** 53 - 1 }, 9);', 'timeout'],
  'a native call that takes memory without end': [
    'Math.max.apply(null, { length: 2 ** 27 });',
    'memory_limit',
  ],
  'buffers without end': [
    'const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1));',
    'memory_limit',
  ],
  'an error': ["throw new Error('mine');", 'script_error'],
} as const;

describe('a script that was quick so far', () => {
  test.for(Object.entries(broken))(
    'ends as any other by %s, with its logs, and costs the runs behind it nothing',
    async ([, [misbehaviour, code]]) => {
      const runtime = await startRuntime({ workers: 1 });
      const source = onDemand(misbehaviour);
      const context = as('tenant', { limits: { timeoutMs: 2000 } });
      await makeQuick(runtime, source, context);
      await makeQuick(runtime, 'return 1', as('other'));
      const runs = [{}, { now: true }, {}, {}].map((input) =>
        runtime.execute(source, input, context),
      );
      const other = runtime.execute('return 1', {}, as('other'));
      const results = await Promise.allSettled([...runs, other]);
      expect(results.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'fulfilled',
        'fulfilled',
        'fulfilled',
      ]);
      const [, failed] = results;
      const { reason } = failed as PromiseRejectedResult;
      expect(reason).toMatchObject({ code, logs: [{ message: 'before' }] });
    },
  );

  test('is begun anew when a turn takes too long, which its usage says, and is right in the end', async () => {
    const runtime = await startRuntime();
    const source = `console.log('once'); const end = Date.now() + ctx.input.ms;
      while (Date.now() < end); return { value: Math.random() > 0 }`;
    for (let i = 0; i < 100; i++) await runtime.execute(source, { ms: 0 }, as('tenant'));
    const { output, logs, usage } = await runtime.execute(source, { ms: 300 }, as('tenant'));
    expect(output).toEqual({ value: true });
    expect(logs).toHaveLength(1);
    expect(usage).toMatchObject({ attempts: 2 });
    expect(usage.wallMs).toBeGreaterThanOrEqual(300);
    // From now on it is not expected to be quick.
    const again = await runtime.execute(source, { ms: 300 }, as('tenant'));
    expect(again.usage.attempts).toBe(1);
  });

  test('is called again by nothing of an earlier run that was still to come', async () => {
    const runtime = await startRuntime({ workers: 1, poolSize: 1, maxVms: 1 });
    const source = `if (ctx.input.leave) {
        (async () => { for (let i = 0; i < 200; i++) await null; console.log('stray'); })();
        setTimeout(() => console.log('timer'), 1);
        return 'left';
      }
      await null; console.log('mine'); return 'alone'`;
    for (let i = 0; i < 100; i++) await runtime.execute(source, {}, as('tenant'));
    const runs = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        runtime.execute(source, { leave: i % 2 === 0 }, as('tenant')),
      ),
    );
    for (const [i, { output, logs }] of runs.entries()) {
      const messages = logs.map(({ message }) => message.split('\n', 1)[0]);
      expect({ output, messages }).toEqual(
        i % 2 === 0
          ? {
              output: { value: 'left' },
              messages: ['stray'],
            }
          : { output: { value: 'alone' }, messages: ['mine'] },
      );
    }
  });

  test('that spoils its realm ends its VM, and the runs behind it never see it', async () => {
    const runtime = await startRuntime({ workers: 1 });
    const source = `const seen = RegExp.prototype.mark; if (ctx.input.spoil) RegExp.prototype.mark = 1;
      return { seen: seen ?? null }`;
    await makeQuick(runtime, source, as('tenant'));
    const runs = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        runtime.execute(source, { spoil: i % 5 === 0 }, as('tenant')),
      ),
    );
    expect(runs.every(({ output }) => output['seen'] === null)).toBe(true);
  });
});

test('a promise that a quick run leaves rejected is told in its own log', async () => {
  const runtime = await startRuntime();
  const source = `if (ctx.input.leave) Promise.reject(new Error('left behind')); return 1`;
  await makeQuick(runtime, source, as('tenant'));
  const runs = await Promise.all(
    [true, false, true, false].map((leave) => runtime.execute(source, { leave }, as('tenant'))),
  );
  const told = runs.map(({ logs }) => logs.map(({ message }) => message.split('\n', 1)[0]));
  const line = ['Unhandled promise rejection: Error: left behind'];
  expect(told).toEqual([line, [], line, []]);
});

describe('many quick runs of one tenant at once', () => {
  test('keep their own output, logs, errors and usage', async () => {
    const runtime = await startRuntime();
    const source = `console.log('run', ctx.input.i, Math.random()); console.warn({ i: ctx.input.i });
      if (ctx.input.i % 7 === 3) throw new RangeError('seven ' + ctx.input.i);
      return { i: ctx.input.i, id: ctx.execution.id }`;
    for (let i = 0; i < 100; i++) await runtime.execute(source, { i: 0 }, as('tenant'));
    const results = await Promise.allSettled(
      Array.from({ length: 500 }, (_, i) =>
        runtime.execute(source, { i }, as('tenant', { execution: { id: `execution ${i}` } })),
      ),
    );
    const randoms = new Set<string>();
    for (const [i, settled] of results.entries()) {
      const failed = settled.status === 'rejected';
      expect(failed).toBe(i % 7 === 3);
      const { logs, usage, executionId } = failed
        ? (settled.reason as Awaited<ReturnType<Runtime['execute']>>)
        : settled.value;
      expect(executionId).toBe(`execution ${i}`);
      expect(logs).toHaveLength(2);
      expect(logs[0]?.message).toMatch(new RegExp(`^run ${i} 0\\.`));
      randoms.add(logs[0]!.message.split(' ')[2]!);
      expect(logs[1]?.data ?? logs[1]?.message).toContain(String(i));
      expect(usage.cpuMs).toBeGreaterThan(0);
      if (failed) expect(settled.reason).toMatchObject({ message: `seven ${i}` });
      else expect(settled.value.output).toEqual({ i, id: `execution ${i}` });
    }
    expect(randoms.size).toBe(500);
  });

  test('are not held up by one that waits after all', async () => {
    const runtime = await startRuntime({ workers: 1 });
    const source = `if (ctx.input.wait) { await new Promise((go) => setTimeout(go, 1500)); console.log('waited'); }
      return ctx.input.i`;
    await makeQuick(runtime, source, as('tenant'));
    const ended: number[] = [];
    const runs = Array.from({ length: 20 }, (_, i) =>
      runtime.execute(source, { i, wait: i === 0 }, as('tenant')).then(({ output, logs }) => {
        ended.push(i);
        expect(output).toEqual({ value: i });
        expect(logs).toHaveLength(i === 0 ? 1 : 0);
      }),
    );
    await Promise.all(runs);
    expect(ended.at(-1)).toBe(0);
  });

  test('end once each when some are cancelled and the runtime is shut down', async () => {
    const events = recordEvents();
    const runtime = await startRuntime();
    await makeQuick(runtime, 'return 1', as('tenant'));
    const controller = new AbortController();
    const runs = Array.from({ length: 400 }, (_, i) =>
      codeOf(
        runtime.execute(
          'return 1',
          {},
          {
            ...as('tenant'),
            ...(i % 3 === 0 ? { signal: controller.signal } : {}),
          },
        ),
      ),
    );
    controller.abort();
    await runtime.shutdown();
    const codes = await Promise.all(runs);
    expect(codes.filter((code) => code === 'cancelled').length).toBeLessThanOrEqual(134);
    expect(new Set(codes)).toEqual(new Set(['cancelled', 'completed']));
    expect(events.of('cloister:run:end')).toHaveLength(500);
  });
});

test('a quick run that is cut short after host calls is replayed: no handler runs twice', async () => {
  const made: number[] = [];
  const counter = defineBinding('counter', {
    next: {
      params: z.tuple([z.number()]),
      handler: (_call, i: number) => {
        made.push(i);
        return made.length;
      },
    },
  });
  const runtime = await startRuntime({ bindings: [counter] });
  const source = `const first = await sdk.counter.next(1);
    const end = Date.now() + ctx.input.ms; while (Date.now() < end);
    return { first, second: await sdk.counter.next(2) }`;
  for (let i = 0; i < 100; i++) await runtime.execute(source, { ms: 0 }, as('tenant'));
  made.length = 0;
  const { output, usage } = await runtime.execute(source, { ms: 300 }, as('tenant'));
  expect(usage).toMatchObject({ attempts: 2, apiCalls: 2 });
  expect(made).toEqual([1, 2]);
  expect(output).toEqual({ first: 1, second: 2 });
});

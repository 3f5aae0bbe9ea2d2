import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineBinding, type RunResult, type RuntimeOptions } from '../src/index.ts';
import { recordEvents } from './support/channels.ts';
import { as, failureOf, runUntilLog, startRuntime } from './support/runs.ts';

const memoryMb = 64;
const limits = { memoryMb, timeoutMs: 60_000, cpuMs: 60_000 };
const options: RuntimeOptions = { workers: 1, spareWorkers: 0, poolSize: 2, limits };

/** Native calls that V8 does not end when the limit is reached; each would take a quarter of a gigabyte and more. */
const natives: readonly (readonly [what: string, source: string])[] = [
  ['makes one string of many parts', `'x'.repeat(2 ** 28).charCodeAt(5)`],
  ['spreads an array-like object', `Math.max.apply(null, { length: 2 ** 27 })`],
  ['writes JSON', `JSON.stringify('x'.repeat(2 ** 28))`],
  ['splits a string', `'a,'.repeat(2 ** 26).split(',')`],
];

/** Keeps 50 MiB and makes garbage beside them. */
const nearTheLimit: readonly (readonly [what: string, source: string])[] = [
  [
    'objects',
    `const live = []; for (let i = 0; i < 50; i++) live.push(new Array(131072).fill(i + .5));
     let n = 0; for (let i = 0; i < 3e6; i++) n += { a: i, b: [i] }.b.length;`,
  ],
  [
    'buffers',
    `const live = []; for (let i = 0; i < 45; i++) live.push(new Uint8Array(2 ** 20).fill(1));
     let n = 0; for (let i = 0; i < 300; i++) n += new Uint8Array(2 ** 22).fill(1).length;`,
  ],
  [
    'arrays of megabytes',
    `const live = []; for (let i = 0; i < 45; i++) live.push(new Array(131072).fill(i + .5));
     let n = 0; for (let i = 0; i < 200; i++) n += new Array(6e5).fill(i).length;`,
  ],
  [
    'strings',
    `const live = []; for (let i = 0; i < 40; i++) live.push('x'.repeat(2 ** 20) + i); for (const s of live) s.charCodeAt(0);
     let n = 0; for (let i = 0; i < 200; i++) n += (live[i % 40] + live[(i + 1) % 40]).charCodeAt(5);`,
  ],
  [
    'JSON',
    `const rows = []; for (let i = 0; i < 6e4; i++) rows.push({ id: i, name: 'name ' + i, tags: ['a', i] });
     let n = 0; for (let i = 0; i < 6; i++) n += JSON.parse(JSON.stringify(rows)).length;`,
  ],
];

describe('a run that takes memory in a native call', () => {
  test.for(natives)(
    'which %s is ended as one of too much memory, long before that',
    async (row) => {
      const events = recordEvents();
      const runtime = await startRuntime(options);
      const grown = watchPeak(events.workerPids()[0]!);
      const error = await failureOf(runtime.execute(row[1], {}, as('evil')));
      expect(error).toMatchObject({ code: 'memory_limit', usage: { attempts: 1 } });
      const { reason } = await events.first('cloister:worker:exit');
      expect(reason).toMatch('took more and more memory');
      // The goal is half the limit above it; a loaded machine looks late.
      expect(grown()).toBeLessThan(2.5 * memoryMb);
    },
  );

  test('costs those nothing that wait in its worker, and no handler runs twice', async () => {
    let calls = 0;
    const handler = async (): Promise<number> => ++calls;
    const counter = defineBinding('counter', { next: { params: z.tuple([]), handler } });
    const runtime = await startRuntime({ ...options, bindings: [counter] });
    const source = `const first = await sdk.counter.next(); console.log('waits');
      await new Promise((resolve) => setTimeout(resolve, 1500)); return first;`;
    const neighbour = await runUntilLog(runtime, source, as('neighbour'));
    const error = await failureOf(runtime.execute(natives[0]![1], {}, as('evil')));
    expect(error.code).toBe('memory_limit');
    const { output, logs, usage } = await neighbour.result;
    expect({ output, calls, logs: logs.length }).toEqual({
      output: { value: 1 },
      calls: 1,
      logs: 1,
    });
    expect(usage.attempts).toBe(2);
  });

  test('is told from one that is executed beside it', async () => {
    const runtime = await startRuntime(options);
    const [, honest] = nearTheLimit[0]!;
    const good = runUntilLog(runtime, `console.log(1); ${honest} return 'good'`, as('good'));
    const evil = failureOf(runtime.execute(natives[0]![1], {}, as('evil')));
    expect((await evil).code).toBe('memory_limit');
    expect((await (await good).result).output).toEqual({ value: 'good' });
  });

  test('is ended likewise where it was quick so far, and its worker waits for it', async () => {
    const events = recordEvents();
    const runtime = await startRuntime(options);
    const source = `if (ctx.input.now) ${natives[1]![1]}; return 1`;
    for (let i = 0; i < 200; i++) await runtime.execute(source, {}, as('tenant'));
    const grown = watchPeak(events.workerPids()[0]!);
    const runs = [{ now: true }, {}, {}].map((input) =>
      runtime.execute(source, input, as('tenant')),
    );
    const [bad, ...others] = await Promise.allSettled(runs);
    expect(bad).toMatchObject({ reason: { code: 'memory_limit' } });
    expect(others.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    expect(grown()).toBeLessThan(4 * memoryMb);
  });
});

describe('a run that stays within its limit', () => {
  test.for(nearTheLimit)('completes at once, however near it comes to it with %s', async (row) => {
    const runtime = await startRuntime({ ...options, poolSize: 1 });
    for (let round = 0; round < 2; round++) {
      const { usage } = await runtime.execute(`${row[1]} return n`, {}, as('good'));
      expect(usage.attempts).toBe(1);
    }
  });

  test('completes beside another that does the same', async () => {
    const runtime = await startRuntime(options);
    const runs = ['a', 'b'].map((id) =>
      runtime.execute(`${nearTheLimit[0]![1]} return n`, {}, as(id)),
    );
    const results: RunResult[] = await Promise.all(runs);
    expect(results.map(({ usage }) => usage.attempts)).toEqual([1, 1]);
  });

  test('may be given, and may give back, texts that are large beside it', async () => {
    const large = { inputBytes: 20 * 2 ** 20, outputBytes: 20 * 2 ** 20 };
    const runtime = await startRuntime({ ...options, limits: { ...limits, ...large } });
    const input = { text: 'x'.repeat(17 * 2 ** 20) };
    const { output, usage } = await runtime.execute('return ctx.input', input, as('good'));
    expect((output['text'] as string).length).toBe(input.text.length);
    expect(usage.attempts).toBe(1);
  });
});

describe('a text that would be made one piece to be shown', () => {
  test('is only counted on the console', async () => {
    const runtime = await startRuntime(options);
    const { logs } = await runtime.execute(
      `const huge = 'x'.repeat(2 ** 28); console.log(huge); console.log('%s', huge); console.log(huge, 'behind');
       console.log({ huge })`,
      {},
      as('good'),
    );
    const messages = logs.map(({ message }) => message);
    expect(messages.slice(0, 3)).toEqual([
      '\u2026 (268435456 more characters)',
      '\u2026 (268435456 more characters)',
      '\u2026',
    ]);
    expect(messages[3]).toMatch(/^{ huge: ''\.\.\. 268435456 more characters }$/);
  });

  test('is left out of an error, which says so', async () => {
    const runtime = await startRuntime(options);
    const error = await failureOf(
      runtime.execute(`throw new TypeError('x'.repeat(2 ** 28))`, {}, as('good')),
    );
    expect(error).toMatchObject({
      code: 'script_error',
      name: 'TypeError',
      message: '(too long to be shown)',
    });
  });
});

/** @returns what a process has grown by at most since now, in MiB; 0 where the system does not say. */
function watchPeak(pid: number): () => number {
  if (process.platform !== 'linux') return () => 0;
  const peak = (): number => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
    } catch {
      return 0;
    }
  };
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  const before = peak();
  let most = before;
  const timer = setInterval(() => void (most = Math.max(most, peak())), 2);
  return () => {
    clearInterval(timer);
    return Math.max(most, peak()) - before;
  };
}

import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { BindingError, defineBinding, type Binding, type Limits } from '../../src/index.ts';
import { recordEvents } from '../support/channels.ts';
import {
  as,
  failureOf,
  runUntilLog,
  startRuntime,
  unstoppable,
  type LiveRun,
} from '../support/runs.ts';

const anything = z.array(z.unknown());
let handled: string[] = [];
let release: (() => void) | undefined;

const note = (name: string, args: readonly unknown[]): void => {
  handled.push([name, ...args].join(' '));
};

const host: Binding = defineBinding('host', {
  add: {
    params: anything,
    handler: (_call, ...args) => {
      note('add', args);
      return handled.length;
    },
  },
  refuse: {
    params: anything,
    handler: (_call, ...args) => {
      note('refuse', args);
      throw new BindingError('no', { code: 'no' });
    },
  },
  slow: {
    params: anything,
    handler: async (_call, ...args) => {
      note('slow', args);
      await new Promise<void>((resolve) => (release = resolve));
      return 'slow answer';
    },
  },
  after: {
    params: z.tuple([z.number(), z.string()]),
    handler: async (_call, ms, name) => {
      note('after', [name]);
      await new Promise((resolve) => setTimeout(resolve, ms));
      return name;
    },
  },
  large: { params: anything, handler: () => 'x'.repeat(3 * 1024 * 1024) },
});

/** Runs `source` until it logs, then has its worker killed over the run of somebody else. */
async function displaced(source: string, limits: Partial<Limits> = {}): Promise<LiveRun> {
  const runtime = await startRuntime({ poolSize: 2, workers: 1, bindings: [host], limits });
  const innocent = await runUntilLog(runtime, source, as('good'));
  const evil = await runUntilLog(runtime, unstoppable, as('evil', { limits: { timeoutMs: 200 } }));
  expect(await evil.code).toBe('timeout');
  return innocent;
}

const pause = `await new Promise((resolve) => setTimeout(resolve, 2500));`;

describe('a run that lost its worker over another run', () => {
  beforeEach(() => {
    handled = [];
  });

  test('and is out of time before it has made its calls again has timed out', async () => {
    const run = await displaced(
      `await new Promise((resolve) => setTimeout(resolve, 1500));
       await sdk.host.add('a'); console.log('up'); ${pause}`,
      { timeoutMs: 2500 },
    );
    expect((await failureOf(run.result)).code).toBe('timeout');
    expect(handled).toEqual(['add a']);
  });

  test('gets the answers that it had, and no handler runs twice', async () => {
    const run = await displaced(
      `const first = await sdk.host.add('a');
       const second = await sdk.host.refuse('b').catch((error) => error.code);
       const [third, fourth] = await Promise.all([sdk.host.add('c'), sdk.host.add('d')]);
       console.log('here');
       ${pause}
       const fifth = await sdk.host.add('e');
       return [first, second, third, fourth, fifth];`,
    );
    const { output, usage } = await run.result;
    expect(output['value']).toEqual([1, 'no', 3, 4, 5]);
    expect(handled).toEqual(['add a', 'refuse b', 'add c', 'add d', 'add e']);
    expect(usage.apiCalls).toBe(5);
  });

  test('gets the answer of a handler that was still at it', async () => {
    const run = await displaced(
      `const answer = sdk.host.slow('x'); await sdk.host.add(1); console.log('here'); return await answer;`,
    );
    release?.();
    expect((await run.result).output).toEqual({ value: 'slow answer' });
    expect(handled).toEqual(['slow x', 'add 1']);
  });

  test('gets answers in the order in which they came', async () => {
    const run = await displaced(
      `const order = [];
       const went = [[60, 'a'], [30, 'b'], [10, 'c']].map(async ([ms, name]) => order.push(await sdk.host.after(ms, name)));
       await Promise.all(went);
       await sdk.host.add(order.join(''));
       console.log('here');
       ${pause}
       return order;`,
    );
    expect((await run.result).output['value']).toEqual(['c', 'b', 'a']);
    expect(handled).toEqual(['after a', 'after b', 'after c', 'add cba']);
  });

  test('gives the calls up that it gave up before, by its own reasons', async () => {
    const run = await displaced(
      `const names = [];
       for (let i = 0; i < 300; i++) {
         const signal = AbortSignal.timeout(1);
         sdk.host.slow(i, { signal }).catch((error) => names.push(error.name));
         if (i % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 30));
       }
       console.log('here');
       ${pause}
       return [names.length, [...new Set(names)].join(), await sdk.host.add('e') > 0];`,
      { apiCalls: 1000 },
    );
    expect((await run.result).output).toEqual({ value: [300, 'TimeoutError', true] });
    expect(handled).toHaveLength(301);
  });

  test('draws the same random numbers', async () => {
    const run = await displaced(
      `await sdk.host.add(Math.random()); console.log('here'); ${pause} return 'well'`,
    );
    expect((await run.result).output['value']).toBe('well');
    expect(handled).toHaveLength(1);
  });

  test('meets the same times', async () => {
    const run = await displaced(
      `await sdk.host.add(Date.now());
       await new Promise((resolve) => setTimeout(resolve, 30));
       await sdk.host.add(new Date().toISOString(), performance.now());
       await sdk.host.after(20, String(Temporal.Now.instant()));
       await sdk.host.add(Date());
       console.log('here'); ${pause} return 'well'`,
    );
    expect((await run.result).output['value']).toBe('well');
    expect(handled).toHaveLength(4);
  });

  test('that then makes another call ends as worker_crashed, not to be retried', async () => {
    const run = await displaced(
      `await sdk.host.add(crypto.randomUUID()); console.log('here'); ${pause}`,
    );
    expect(await failureOf(run.result)).toMatchObject({ code: 'worker_crashed', retryable: false });
    expect(handled).toHaveLength(1);
  });

  test('and had exchanged more than is kept ends as worker_crashed, not to be retried', async () => {
    const run = await displaced(
      `for (let i = 0; i < 3; i++) await sdk.host.large(); console.log('here'); ${pause}`,
    );
    expect(await failureOf(run.result)).toMatchObject({
      code: 'worker_crashed',
      retryable: false,
    });
  });

  test('and was out of calls is still held to its limit', async () => {
    const events = recordEvents();
    const run = await displaced(
      `for (let i = 0; i < 100; i++) await sdk.host.add(i); console.log('here'); ${pause} await sdk.host.add('more')`,
    );
    expect(await failureOf(run.result)).toMatchObject({ code: 'api_call_limit' });
    expect(handled).toHaveLength(100);
    expect(events.of('cloister:worker:exit')).toHaveLength(1);
  });
});

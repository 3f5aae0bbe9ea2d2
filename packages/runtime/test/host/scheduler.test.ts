import { describe, expect, test } from 'vitest';
import type { Runtime } from '../../src/index.ts';
import { recordEvents } from '../support/channels.ts';
import {
  as,
  codeOf,
  failureOf,
  forever,
  runUntilLog,
  sleeper,
  startRuntime,
} from '../support/runs.ts';

/** Queues runs named `tenant` and number, all at once and in this order. */
function queue(runtime: Runtime, ids: readonly string[]): Promise<unknown> {
  return Promise.all(
    ids.map((id) => runtime.execute('return 1', {}, { tenant: { id: id[0]! }, execution: { id } })),
  );
}

describe('between tenants', () => {
  test('the scheduler goes round: many queued runs of one do not delay another beyond its turn', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, maxVms: 1, workers: 1 });
    const holder = await runUntilLog(runtime, forever, as('holder'));
    const all = queue(runtime, ['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'b2', 'c1']);
    expect(runtime.stats().queue).toEqual({ queued: 8, running: 1, tenants: 4 });
    holder.cancel();
    await all;
    const order = events
      .of('cloister:run:start')
      .map(({ executionId }) => executionId)
      .slice(1);
    expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4', 'a5']);
  });

  test('a tenant that came last is served while two others keep every slot busy', async () => {
    const runtime = await startRuntime({
      poolSize: 2,
      maxVms: 2,
      workers: 1,
      maxConcurrencyPerTenant: 1,
    });
    let ended = 0;
    const flood = Array.from({ length: 200 }, (_, index) =>
      runtime.execute(sleeper(5), {}, as(index % 2 === 0 ? 'a' : 'b')).then(() => ended++),
    );
    const late = runtime.execute('return 1', {}, as('late')).then(() => ended);
    const before = await late;
    await Promise.all(flood);
    expect(before).toBeLessThan(20);
  });
});

describe('of one tenant', () => {
  test('no more than maxConcurrencyPerTenant runs are in VMs at once, though slots are free', async () => {
    const runtime = await startRuntime({
      poolSize: 4,
      maxVms: 8,
      workers: 1,
      maxConcurrencyPerTenant: 2,
    });
    const first = await Promise.all([1, 2].map(() => runUntilLog(runtime, forever, as('a'))));
    const third = runtime.execute('return 3', {}, as('a'));
    await runtime.execute('return 1', {}, as('b'));
    expect(runtime.stats().queue).toEqual({ queued: 1, running: 2, tenants: 1 });
    first[0]!.cancel();
    expect((await third).output).toEqual({ value: 3 });
    first[1]!.cancel();
  });

  test('half of the slots are the most by default', async () => {
    const runtime = await startRuntime({ poolSize: 0, maxVms: 4, workers: 1 });
    const runs = await Promise.all([1, 2].map(() => runUntilLog(runtime, forever, as('a'))));
    const third = codeOf(runtime.execute('return 3', {}, as('a')));
    await runtime.execute('return 1', {}, as('b'));
    expect(runtime.stats().queue).toMatchObject({ queued: 1, running: 2 });
    for (const run of runs) run.cancel();
    expect(await third).toBe('completed');
  });

  test('runs start in the order of their calls', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 2, maxVms: 8 });
    const ids = Array.from({ length: 60 }, (_, index) => `a${index}`);
    await queue(runtime, ids);
    expect(events.of('cloister:run:start').map(({ executionId }) => executionId)).toEqual(ids);
  });
});

describe('the queue', () => {
  test('refuses a run at once when queueLimit runs wait, and takes one again when there is room', async () => {
    const runtime = await startRuntime({ poolSize: 1, maxVms: 1, workers: 1, queueLimit: 2 });
    const holder = await runUntilLog(runtime, forever, as('a'));
    const waiting = [1, 2].map(() => codeOf(runtime.execute('return 1', {}, as('b'))));
    const refused = await failureOf(
      runtime.execute('return 1', {}, as('c', { execution: { id: 'x' } })),
    );
    expect(refused).toMatchObject({ code: 'queue_full', retryable: true, executionId: 'x' });
    expect(refused.message).toMatch('queueLimit');
    expect(runtime.stats().queue).toMatchObject({ queued: 2, running: 1 });
    holder.cancel();
    expect(await Promise.all(waiting)).toEqual(['completed', 'completed']);
    expect(await codeOf(runtime.execute('return 1', {}, as('c')))).toBe('completed');
  });

  test('of length 0 still lets a run start for which a VM is free', async () => {
    const runtime = await startRuntime({ poolSize: 1, maxVms: 1, workers: 1, queueLimit: 0 });
    expect(await codeOf(runtime.execute('return 1'))).toBe('completed');
    const holder = await runUntilLog(runtime, forever);
    expect(await codeOf(runtime.execute('return 1'))).toBe('queue_full');
    holder.cancel();
  });

  test('ends a run that got no VM within acquireTimeoutMs, and not the one that holds it', async () => {
    const runtime = await startRuntime({
      poolSize: 1,
      maxVms: 1,
      workers: 1,
      acquireTimeoutMs: 100,
    });
    const holder = await runUntilLog(runtime, forever, as('a'));
    const error = await failureOf(
      runtime.execute('return 1', {}, as('b', { execution: { id: 'x' } })),
    );
    expect(error).toMatchObject({
      name: 'AcquireTimeoutError',
      code: 'acquire_timeout',
      retryable: true,
      executionId: 'x',
    });
    expect(error.usage.queueMs).toBeGreaterThanOrEqual(100);
    expect(error.usage.wallMs).toBe(0);
    expect(runtime.stats().queue).toMatchObject({ queued: 0, running: 1 });
    holder.cancel();
    expect(await holder.code).toBe('cancelled');
  });

  test('lets a run go whose signal is aborted while it waits, with the reason as the cause', async () => {
    const runtime = await startRuntime({ poolSize: 1, maxVms: 1, workers: 1 });
    const holder = await runUntilLog(runtime, forever, as('a'));
    const abort = new AbortController();
    const waiting = failureOf(runtime.execute('return 1', {}, as('b', { signal: abort.signal })));
    const other = codeOf(runtime.execute('return 1', {}, as('b')));
    const reason = new Error('changed my mind');
    abort.abort(reason);
    expect(await waiting).toMatchObject({
      name: 'CancelledError',
      code: 'cancelled',
      cause: reason,
    });
    expect(runtime.stats().queue).toMatchObject({ queued: 1, running: 1 });
    holder.cancel();
    expect(await other).toBe('completed');
  });

  test('does not take a run whose signal was aborted before', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    const signal = AbortSignal.abort(new Error('too late'));
    expect(await codeOf(runtime.execute('return 1', {}, { signal }))).toBe('cancelled');
    expect(events.of('cloister:run:start')).toEqual([]);
    expect(runtime.stats().queue).toEqual({ queued: 0, running: 0, tenants: 0 });
  });

  test('tells each run how long it waited in queueMs, which its wallMs does not hold', async () => {
    const runtime = await startRuntime({ poolSize: 1, maxVms: 1, workers: 1 });
    const [first, second] = await Promise.all(
      ['a', 'b'].map((id) => runtime.execute(sleeper(300), {}, as(id))),
    );
    expect(first!.usage.wallMs).toBeGreaterThanOrEqual(299);
    expect(second!.usage.queueMs).toBeGreaterThanOrEqual(299);
    expect(second!.usage.wallMs).toBeLessThan(second!.usage.queueMs + 300);
    expect(first!.usage.queueMs).toBeLessThan(second!.usage.queueMs);
  });

  test('keeps nothing of runs that are over', async () => {
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    const runs = Array.from({ length: 50 }, (_, index) =>
      codeOf(runtime.execute(index % 2 ? 'return 1' : 'throw 1', {}, as(`t${index}`))),
    );
    await Promise.all(runs);
    expect(runtime.stats().queue).toEqual({ queued: 0, running: 0, tenants: 0 });
    expect(runtime.stats().runs).toEqual({ completed: 25, script_error: 25 });
  });
});

import { describe, expect, test, vi } from 'vitest';
import { recordEvents } from '../support/channels.ts';
import { as, codeOf, forever, runUntilLog, startRuntime, unstoppable } from '../support/runs.ts';

const soon = { timeout: 20_000, interval: 5 };

describe('the pool', () => {
  test('has one warm VM when createRuntime resolves; the others follow, spread over the workers', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 4, workers: 2 });
    expect(runtime.stats().pool).toMatchObject({ workers: 2, vms: 1, warm: 1, idle: 0, busy: 0 });
    await vi.waitUntil(() => runtime.stats().pool.warm === 4, soon);
    expect(runtime.stats().pool).toMatchObject({ workers: 2, vms: 4, warm: 4, idle: 0, busy: 0 });
    const made = events.of('cloister:vm:create').map(({ worker }) => worker);
    expect(made.toSorted((a, b) => a - b)).toEqual([1, 1, 2, 2]);
  });

  test('keeps none warm when poolSize is 0, and makes one when a run needs it', async () => {
    const runtime = await startRuntime({ poolSize: 0, workers: 1 });
    expect(runtime.stats().pool.vms).toBe(0);
    await runtime.execute('return 1', {}, as('a'));
    expect(runtime.stats().pool).toMatchObject({ vms: 1, idle: 1, warm: 0 });
  });

  test('grows on demand, and never over maxVms', async () => {
    const runtime = await startRuntime({
      poolSize: 1,
      maxVms: 4,
      workers: 2,
      maxConcurrencyPerTenant: 1,
    });
    const runs = await Promise.all(
      ['a', 'b', 'c', 'd'].map((id) => runUntilLog(runtime, forever, as(id))),
    );
    const fifth = runtime.execute('return 5', {}, as('e'));
    expect(runtime.stats()).toMatchObject({
      pool: { vms: 4, busy: 4 },
      queue: { queued: 1, running: 4 },
    });
    runs[0]!.cancel();
    await fifth;
    expect(runtime.stats().pool.vms).toBeLessThanOrEqual(4);
    for (const run of runs) run.cancel();
    expect(await Promise.all(runs.map(({ code }) => code))).toEqual(
      Array.from({ length: 4 }, () => 'cancelled'),
    );
  });

  test('puts a warm VM in the place of each that was bound to a tenant', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 2, workers: 1 });
    await runtime.execute('return 1', {}, as('a'));
    await runtime.execute('return 1', {}, as('b'));
    await events.count('cloister:vm:create', 4);
    await vi.waitUntil(() => runtime.stats().pool.warm === 2, soon);
    expect(runtime.stats().pool).toMatchObject({ vms: 4, idle: 2 });
  });

  test('does so while a run that took one goes on and on', async () => {
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    const run = await runUntilLog(runtime, 'console.log(1); await new Promise(() => {})', as('a'));
    await vi.waitUntil(() => runtime.stats().pool.warm === 1, soon);
    expect(runtime.stats().pool).toMatchObject({ vms: 2, busy: 1 });
    run.cancel();
    expect(await run.code).toBe('cancelled');
  });

  test('gives up the VMs that nobody used for idleMs, and keeps poolSize warm', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1, idleMs: 50 });
    await Promise.all(['a', 'b', 'c'].map((id) => runtime.execute('return 1', {}, as(id))));
    for (const id of ['a', 'b', 'c']) {
      const { reason } = await events.first(
        'cloister:vm:destroy',
        ({ tenantId }) => tenantId === id,
      );
      expect(reason).toBe('idle');
    }
    await vi.waitUntil(() => runtime.stats().pool.warm === 1, soon);
    expect(runtime.stats().pool).toMatchObject({ vms: 1, idle: 0 });
    expect((await runtime.execute('return 1', {}, as('a'))).output).toEqual({ value: 1 });
  });

  test('keeps a VM that is used more often than idleMs', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 0, workers: 1, idleMs: 20_000 });
    for (let i = 0; i < 20; i++) {
      await runtime.execute('return 1', {}, as('a'));
    }
    expect(events.of('cloister:vm:create')).toHaveLength(1);
    expect(events.of('cloister:vm:destroy')).toEqual([]);
  });

  test('replaces a VM that is not healthy in the background', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 2, maxVms: 2, workers: 1 });
    const timeout = codeOf(
      runtime.execute('for (;;);', {}, as('a', { limits: { timeoutMs: 50 } })),
    );
    expect(await timeout).toBe('timeout');
    await vi.waitUntil(() => runtime.stats().pool.warm === 2, soon);
    expect(events.of('cloister:vm:destroy')).toEqual([
      { vm: expect.any(Number) as number, worker: 1, tenantId: 'a', reason: 'unhealthy' },
    ]);
  });

  test('gives up the longest-idle VM of another tenant when there is no room', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 0, maxVms: 3, workers: 1 });
    for (const id of ['a', 'b', 'c', 'a']) {
      await runtime.execute('return 1', {}, as(id));
    }
    await runtime.execute('return 1', {}, as('d'));
    await runtime.execute('return 1', {}, as('e'));
    const evicted = events
      .of('cloister:vm:destroy')
      .map(({ tenantId, reason }) => [tenantId, reason]);
    expect(evicted).toEqual([
      ['b', 'evicted'],
      ['c', 'evicted'],
    ]);
    expect(runtime.stats().pool).toMatchObject({ vms: 3, idle: 3 });
  });

  test('gives a run a VM of the memory that its limit names, and keeps them apart', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1, limits: { memoryMb: 256 } });
    const fill = `const kept = []; for (let i = 0; i < 80; i++) kept.push(new Array(65_536).fill(i)); return kept.length`;
    const small = as('a', { limits: { memoryMb: 16 } });
    expect(await codeOf(runtime.execute(fill, {}, small))).toBe('memory_limit');
    expect(await codeOf(runtime.execute(fill, {}, as('a')))).toBe('completed');
    expect(await codeOf(runtime.execute('return 1', {}, small))).toBe('completed');
    // The one that takes the place of the warm one may still be on its way.
    await vi.waitUntil(() => runtime.stats().pool.warm === 1, soon);
    const before = events.of('cloister:vm:create').length;
    expect(await codeOf(runtime.execute(fill, {}, as('a')))).toBe('completed');
    expect(await codeOf(runtime.execute('return 1', {}, small))).toBe('completed');
    expect(events.of('cloister:vm:create')).toHaveLength(before);
  });

  test('changes the class of the only VM that there may be, back and forth', async () => {
    const runtime = await startRuntime({ poolSize: 1, maxVms: 1, workers: 1 });
    for (const memoryMb of [16, 128, 32, 16]) {
      expect(await codeOf(runtime.execute('return 1', {}, as('a', { limits: { memoryMb } })))).toBe(
        'completed',
      );
    }
  });

  test('prefers a VM in a worker that is not busy with the runs of others', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 4, workers: 2, limits: { timeoutMs: 500 } });
    const evil = await runUntilLog(runtime, unstoppable, as('evil'));
    await Promise.all(['a', 'b'].map((id) => runtime.execute('return 1', {}, as(id))));
    expect(await evil.code).toBe('timeout');
    const lost = await events.first('cloister:worker:exit');
    const victims = events
      .of('cloister:vm:destroy')
      .filter(({ reason }) => reason === 'worker_lost');
    expect(victims.map(({ worker }) => worker)).toEqual(victims.map(() => lost.worker));
  });
});

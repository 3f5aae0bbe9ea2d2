import { describe, expect, test, vi } from 'vitest';
import { recordEvents, type EventRecord } from '../support/channels.ts';
import {
  as,
  codeOf,
  failureOf,
  forever,
  runUntilLog,
  startRuntime,
  unstoppable,
} from '../support/runs.ts';

/** The workers in which a tenant ever had a VM. */
function workersOf(events: EventRecord, id: string): Set<number> {
  const vms = events.of('cloister:vm:destroy').filter(({ tenantId }) => tenantId === id);
  return new Set(vms.map(({ worker }) => worker));
}

describe('a tenant with placement dedicated', () => {
  test('has a worker that nobody else is in', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    const dedicated = { tenant: { id: 'own', placement: 'dedicated' as const } };
    for (let i = 0; i < 3; i++) {
      await runtime.execute('return 1', {}, dedicated);
      await runtime.execute('return 1', {}, as('other'));
    }
    await runtime.shutdown();
    const [own, other] = [workersOf(events, 'own'), workersOf(events, 'other')];
    expect([own.size, other.size]).toEqual([1, 1]);
    expect([...own]).not.toEqual([...other]);
  });

  test('goes by the runtime, unless the tenant says otherwise', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 0, workers: 1, placement: 'dedicated' });
    await runtime.execute('return 1', {}, as('a'));
    await runtime.execute('return 1', {}, as('b'));
    await runtime.execute('return 1', {}, { tenant: { id: 'c', placement: 'shared' } });
    await runtime.shutdown();
    const workers = ['a', 'b', 'c'].flatMap((id) => [...workersOf(events, id)]);
    expect(new Set(workers).size).toBe(3);
  });

  test('is not harmed by what others do to theirs', async () => {
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    const own = await runUntilLog(runtime, forever, {
      tenant: { id: 'own', placement: 'dedicated' },
    });
    await codeOf(runtime.execute(unstoppable, {}, as('evil', { limits: { timeoutMs: 200 } })));
    own.cancel();
    const error = await failureOf(own.result);
    expect(error).toMatchObject({ code: 'cancelled', usage: { attempts: 1 } });
  });
});

describe('a script that has run cleanly often enough', () => {
  test('shares its worker with no run of a script that has not', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 2, workers: 1 });
    const proven = `if (ctx.input.wait) { console.log('up'); await new Promise((r) => setTimeout(r, 700)); } return 1`;
    for (let i = 0; i < 50; i++) await runtime.execute(proven, {}, as('good'));
    const waiting = runUntilLog(runtime, proven, as('good'), { wait: true });
    const good = await waiting;
    const evil = runtime.execute(unstoppable, {}, as('evil', { limits: { timeoutMs: 200 } }));
    expect(await codeOf(evil)).toBe('timeout');
    expect((await good.result).usage.attempts).toBe(1);
    await events.first('cloister:worker:exit');
  });

  test.each([
    ['takes some time', 'for (let i = 0; i < 3e6; i++);', false],
    ['takes hardly any', '', true],
  ])('shares its worker with light ones only when it %s', async (_how, work, shares) => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 2, workers: 1 });
    const script = `if (ctx.input.wait) { console.log('up'); await new Promise((r) => setTimeout(r, 60_000)); } ${work} return 1`;
    for (let i = 0; i < 60; i++) {
      await runtime.execute(script, {}, as('busy'));
      await runtime.execute('return 1', {}, as('light'));
    }
    const busy = await runUntilLog(runtime, script, as('busy'), { wait: true });
    await runtime.execute('return 1', {}, as('light'));
    busy.cancel();
    expect(await codeOf(busy.result)).toBe('cancelled');
    const lastOf = (id: string): unknown =>
      events.of('cloister:run:start').findLast(({ tenantId }) => tenantId === id)?.worker;
    expect(lastOf('light') === lastOf('busy')).toBe(shares);
  });

  test('joins no worker in which the VM of one that has not is still to be stopped', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 2, workers: 1, graceMs: 2000 });
    for (let i = 0; i < 51; i++) await runtime.execute('return 1', {}, as('good'));
    const evil = as('evil', { limits: { timeoutMs: 500 } });
    expect(await codeOf(runtime.execute(unstoppable, {}, evil))).toBe('timeout');
    expect(events.of('cloister:worker:exit')).toEqual([]);
    const started = events.of('cloister:run:start').length;
    await runtime.execute('return 1', {}, as('good'));
    const [before, after] = [started - 1, started].map(
      (at) => events.of('cloister:run:start')[at]?.worker,
    );
    expect(after).not.toBe(before);
  });
});

describe('a script that costs workers', () => {
  test('is refused for a while, for its tenant alone, and the host is told', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1, refuseMs: 1500 });
    const evil = as('evil', { limits: { timeoutMs: 200 } });
    for (let losses = 1; losses <= 2; losses++) {
      expect(await codeOf(runtime.execute(unstoppable, {}, evil))).toBe('timeout');
      await events.count('cloister:worker:exit', losses);
    }
    const error = await failureOf(runtime.execute(unstoppable, {}, evil));
    expect(error).toMatchObject({
      name: 'ScriptRefusedError',
      code: 'script_refused',
      fault: 'script',
      retryable: true,
    });
    expect(error.message).toMatch(/cost 2 worker processes/);
    expect(events.of('cloister:script:refused')).toMatchObject([
      { tenantId: 'evil', losses: 2, forMs: 1500 },
    ]);
    expect(await codeOf(runtime.execute('return 1', {}, evil))).toBe('completed');
    const other = as('other', { limits: { timeoutMs: 200 } });
    expect(await codeOf(runtime.execute(unstoppable, {}, other))).toBe('timeout');
    await vi.waitUntil(
      async () => (await codeOf(runtime.execute(unstoppable, {}, evil))) === 'timeout',
      { timeout: 10_000, interval: 200 },
    );
  });
});

describe('a worker that is stopped', () => {
  test('while it is idle is found and replaced', async () => {
    const events = recordEvents();
    await startRuntime({ poolSize: 1, workers: 1 });
    const [pid] = events.workerPids();
    process.kill(pid!, 'SIGSTOP');
    const { reason } = await events.first('cloister:worker:exit');
    expect(reason).toMatch('did not answer');
  });
});

describe('a worker that takes too much memory', () => {
  test('is killed by the host, and the run that it executed is to blame', async () => {
    const runtime = await startRuntime({
      poolSize: 2,
      workers: 1,
      maxWorkerMb: 300,
      limits: { memoryMb: 1024 },
    });
    const good = await runUntilLog(
      runtime,
      `console.log('up'); await new Promise((r) => setTimeout(r, 3000)); return 1`,
      as('good'),
    );
    const hog = `const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1));`;
    expect(await codeOf(runtime.execute(hog, {}, as('hog')))).toBe('memory_limit');
    expect((await good.result).output).toEqual({ value: 1 });
  });
});

describe('tenants that wait', () => {
  test('are served by their weight', async () => {
    const runtime = await startRuntime({ poolSize: 1, maxVms: 1, workers: 1, idleMs: 60_000 });
    const order: string[] = [];
    const held = await runUntilLog(runtime, forever, as('first'));
    const runs = ['light', 'heavy'].flatMap((id) =>
      Array.from({ length: 8 }, () =>
        runtime
          .execute('return 1', {}, { tenant: { id, weight: id === 'heavy' ? 3 : 1 } })
          .then(() => order.push(id)),
      ),
    );
    held.cancel();
    await Promise.all(runs);
    expect(order.slice(0, 8).filter((id) => id === 'heavy').length).toBeGreaterThanOrEqual(5);
  });

  test('cannot fill the queue for others', async () => {
    const runtime = await startRuntime({ poolSize: 1, maxVms: 1, workers: 1, queueLimit: 20 });
    const held = await runUntilLog(runtime, forever, as('first'));
    const greedy = Array.from({ length: 40 }, () =>
      codeOf(runtime.execute('return 1', {}, as('greedy'))),
    );
    const modest = Array.from({ length: 3 }, () =>
      codeOf(runtime.execute('return 1', {}, as('modest'))),
    );
    held.cancel();
    const codes = await Promise.all(greedy);
    expect(codes.filter((code) => code === 'completed')).toHaveLength(20);
    expect(codes.filter((code) => code === 'queue_full')).toHaveLength(20);
    expect(await Promise.all(modest)).toEqual(['completed', 'completed', 'completed']);
  });

  test.each([
    [{ weight: 0 }, 'tenant.weight'],
    [{ maxConcurrency: 0 }, 'tenant.maxConcurrency'],
    [{ placement: 'alone' }, 'tenant.placement'],
  ])('with %j are refused', async (fields, name) => {
    const runtime = await startRuntime({ enabled: true, poolSize: 0, workers: 1 });
    const tenant = { id: 'a', ...fields } as { id: string };
    const error = await failureOf(runtime.execute('return 1', {}, { tenant }));
    expect(error.message).toContain(name);
  });

  test('are told why', async () => {
    const runtime = await startRuntime({ poolSize: 1, maxVms: 1, workers: 1 });
    const tenant = { id: 'a', maxConcurrency: 1 };
    const source = `await new Promise((r) => setTimeout(r, 100)); return 1`;
    const [first, second, other] = await Promise.all([
      runtime.execute(source, {}, { tenant }),
      runtime.execute(source, {}, { tenant }),
      runtime.execute(source, {}, as('b')),
    ]);
    expect(first.usage.queueCause).toBeNull();
    expect(second.usage.queueCause).toBe('tenant_cap');
    expect(other.usage.queueCause).toBe('pool_full');
    expect(second.usage.queueMs).toBeGreaterThan(50);
  });
});

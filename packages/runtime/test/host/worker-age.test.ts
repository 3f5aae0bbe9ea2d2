import { expect, test, vi } from 'vitest';
import { recordEvents, type EventRecord } from '../support/channels.ts';
import { as, runUntilLog, sleeper, startRuntime } from '../support/runs.ts';

const soon = { timeout: 20_000, interval: 5 };
const tenants = ['a', 'b', 'c', 'd', 'e'];

/** The first worker that was started, and whether it is gone. */
function firstOf(events: EventRecord): { readonly id: number; isGone(): boolean } {
  const id = events.of('cloister:worker:start')[0]!.worker;
  return {
    id,
    isGone: () => events.of('cloister:worker:exit').some(({ worker }) => worker === id),
  };
}

test.each(['shared', 'dedicated'] as const)(
  'a %s worker that is always in use is replaced when it is old, and no run notices',
  async (placement) => {
    const events = recordEvents();
    const options = { workers: 1, spareWorkers: 0, poolSize: 0, maxWorkerAgeMs: 1000, placement };
    const runtime = await startRuntime(options);
    const ids = placement === 'shared' ? tenants : ['a'];
    await Promise.all(ids.map((id) => runtime.execute(sleeper(100), {}, as(id))));
    const old = events.of('cloister:run:start')[0]!.worker;
    const isGone = (): boolean =>
      events.of('cloister:worker:exit').some(({ worker }) => worker === old);
    const until = performance.now() + 20_000;
    // Slow enough that no script is proven before, which would want another worker.
    const lane = async (id: string): Promise<void> => {
      while (!isGone() && performance.now() < until) {
        const { usage } = await runtime.execute(sleeper(100), {}, as(id));
        expect(usage).toMatchObject({ attempts: 1, queueCause: null });
      }
    };
    await Promise.all(ids.map(lane));
    expect(isGone()).toBe(true);
  },
);

test('the VMs of a worker that is to go are made anew before they go, one after the other, for their tenants', async () => {
  const events = recordEvents();
  const runtime = await startRuntime({ workers: 1, poolSize: 2, maxWorkerAgeMs: 3000 });
  const first = firstOf(events);
  await Promise.all(tenants.map((id) => runtime.execute('return 1', {}, as(id))));
  await vi.waitUntil(() => runtime.stats().pool.warm === 2, soon);
  const before = events.of('cloister:vm:create').length;
  expect(before).toBe(tenants.length + 2);
  await vi.waitUntil(first.isGone, soon);
  const ofVms = events.all.filter(({ name }) => name.startsWith('cloister:vm:')).slice(before);
  const pairs = Array.from({ length: before }, (_, i) => ofVms.slice(2 * i, 2 * i + 2));
  for (const pair of pairs) {
    expect(pair).toMatchObject([
      { name: 'cloister:vm:destroy', worker: first.id, reason: 'recycled' },
      { name: 'cloister:vm:create' },
    ]);
  }
  expect(runtime.stats().pool).toMatchObject({ workers: 1, vms: before, warm: 2, idle: 5 });
  const made = events.of('cloister:vm:create').length;
  for (const id of tenants) {
    const { usage } = await runtime.execute('return 1', {}, as(id));
    expect(usage.queueCause).toBe(null);
  }
  expect(events.of('cloister:vm:create')).toHaveLength(made);
});

test('a run that goes on in a worker that is to go is left alone, and its tenant has another VM meanwhile', async () => {
  const events = recordEvents();
  const runtime = await startRuntime({ workers: 1, poolSize: 0, maxWorkerAgeMs: 1000 });
  const first = firstOf(events);
  const long = await runUntilLog(runtime, sleeper(5000), as('a'));
  await vi.waitUntil(() => runtime.stats().pool.idle === 1, soon);
  const { usage } = await runtime.execute('return 1', {}, as('a'));
  expect(usage.queueCause).toBe(null);
  expect(events.of('cloister:run:start').at(-1)!.worker).not.toBe(first.id);
  expect((await long.result).usage.attempts).toBe(1);
  await vi.waitUntil(first.isGone, soon);
});

test('a worker is replaced though there are as many VMs as there may be, and never more', async () => {
  const events = recordEvents();
  const runtime = await startRuntime({
    workers: 1,
    poolSize: 0,
    maxVms: 3,
    maxConcurrencyPerTenant: 1,
    maxWorkerAgeMs: 1000,
  });
  const first = firstOf(events);
  const lane = async (id: string): Promise<void> => {
    while (!first.isGone()) {
      await runtime.execute(sleeper(20), {}, as(id));
      expect(runtime.stats().pool.vms).toBeLessThanOrEqual(3);
    }
  };
  await Promise.all(['a', 'b', 'c'].map(lane));
});

test('a successor that is lost is replaced, too, and the worker that it was for is used until then', async () => {
  const events = recordEvents();
  const runtime = await startRuntime({
    workers: 1,
    spareWorkers: 0,
    poolSize: 0,
    maxWorkerAgeMs: 1000,
  });
  const first = firstOf(events);
  const long = await runUntilLog(runtime, sleeper(6000), as('a'));
  const successor = await events.first('cloister:worker:start', ({ worker }) => worker > first.id);
  process.kill(successor.pid!, 'SIGKILL');
  const other = await events.first(
    'cloister:worker:start',
    ({ worker }) => worker > successor.worker,
  );
  await vi.waitUntil(first.isGone, soon);
  expect((await long.result).usage.attempts).toBe(1);
  await runtime.execute('return 1', {}, as('a'));
  expect(events.of('cloister:run:start').at(-1)!.worker).toBe(other.worker);
});

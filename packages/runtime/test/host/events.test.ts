import { describe, expect, test } from 'vitest';
import { recordEvents } from '../support/channels.ts';
import { as, codeOf, failureOf, forever, runUntilLog, startRuntime } from '../support/runs.ts';

const anyUsage: unknown = {
  wallMs: expect.any(Number) as number,
  cpuMs: expect.any(Number) as number,
  heapBytes: expect.any(Number) as number,
  apiCalls: 0,
  queueMs: expect.any(Number) as number,
  queueCause: null,
  attempts: 1,
  cache: 'miss',
};

describe('the diagnostics channels', () => {
  test('tell of the start and the end of a run, with what its result says', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    const { usage } = await runtime.execute('return 1', {}, as('a', { execution: { id: 'x' } }));
    expect(events.of('cloister:run:start')).toEqual([
      { executionId: 'x', tenantId: 'a', queueMs: usage.queueMs, worker: expect.any(Number) },
    ]);
    expect(events.of('cloister:run:end')).toEqual([
      { executionId: 'x', tenantId: 'a', code: 'completed', usage },
    ]);
    expect(usage).toEqual(anyUsage);
  });

  test.each([
    ['script_error', `throw new Error('x')`],
    ['compilation_error', 'return ('],
    ['output_invalid', 'return 1n'],
    ['timeout', 'for (;;);'],
    ['memory_limit', 'const kept = []; for (;;) kept.push(new Array(10_000).fill(1))'],
  ])('tell that a run ended with %s, and what it used', async (code, source) => {
    const events = recordEvents();
    const limits = { timeoutMs: code === 'timeout' ? 100 : 20_000, memoryMb: 16 };
    const runtime = await startRuntime({ poolSize: 1, workers: 1, limits });
    const { usage, executionId } = await failureOf(runtime.execute(source, {}, as('a')));
    expect(events.of('cloister:run:end')).toEqual([{ executionId, tenantId: 'a', code, usage }]);
  });

  test('tell of the end of a run that never started', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({
      poolSize: 1,
      maxVms: 1,
      workers: 1,
      acquireTimeoutMs: 50,
    });
    const holder = await runUntilLog(runtime, forever, as('a'));
    expect(await codeOf(runtime.execute('return 1', {}, as('b')))).toBe('acquire_timeout');
    expect(events.of('cloister:run:end')).toMatchObject([
      { tenantId: 'b', code: 'acquire_timeout' },
    ]);
    holder.cancel();
    await holder.code;
  });

  test('tell of each VM made and given up, and of the workers, in an order that makes sense', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, maxVms: 1, workers: 1 });
    await runtime.execute('return 1', {}, as('a'));
    await runtime.execute('return 1', {}, as('b'));
    await runtime.shutdown();
    const story = events.all.filter(({ name }) => !name.startsWith('cloister:run:'));
    const pid = expect.any(Number) as number;
    expect(story).toEqual([
      {
        name: 'cloister:jail',
        layers: runtime.stats().jail,
        missing: expect.any(Object) as object,
      },
      { name: 'cloister:worker:start', worker: 1, pid },
      { name: 'cloister:vm:create', vm: 1, worker: 1 },
      { name: 'cloister:vm:destroy', vm: 1, worker: 1, tenantId: 'a', reason: 'evicted' },
      { name: 'cloister:vm:create', vm: 2, worker: 1 },
      { name: 'cloister:vm:destroy', vm: 2, worker: 1, tenantId: 'b', reason: 'shutdown' },
      { name: 'cloister:worker:exit', worker: 1, pid, reason: 'the runtime was shut down' },
    ]);
  });

  test('tell of the VM in which a syntax was checked, which served nobody else', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, maxVms: 1, workers: 1 });
    await runtime.validateSyntax('return 1');
    await runtime.validateSyntax('return (').catch(() => {});
    await runtime.execute('return 1', {}, as('a'));
    await runtime.shutdown();
    const ends = events.of('cloister:vm:destroy');
    expect(ends.map(({ reason }) => reason)).toEqual(['syntax_check', 'syntax_check', 'shutdown']);
    expect(new Set(ends.map(({ vm }) => vm)).size).toBe(3);
    expect(ends.at(-1)).toMatchObject({ tenantId: 'a' });
    expect(events.of('cloister:vm:create').map(({ vm }) => vm)).toEqual(ends.map(({ vm }) => vm));
  });

  test('tell of a lost worker, of the VMs in it, and of the one in its place', async () => {
    const events = recordEvents();
    await startRuntime({ poolSize: 2, workers: 1 });
    await events.count('cloister:vm:create', 2);
    const [pid] = events.workerPids();
    process.kill(pid!, 'SIGKILL');
    await events.count('cloister:vm:create', 4);
    expect(events.of('cloister:vm:destroy')).toMatchObject([
      { worker: 1, reason: 'worker_lost' },
      { worker: 1, reason: 'worker_lost' },
    ]);
    expect(events.of('cloister:worker:exit')).toMatchObject([
      { worker: 1, pid, reason: expect.stringContaining('SIGKILL') as string },
    ]);
    const second = events.of('cloister:worker:start')[1]!;
    expect(second.worker).toBe(2);
    expect(second.pid).not.toBe(pid);
  });

  test('tell of the end of every VM of which they told that it was made, and of no other', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 4, workers: 2 });
    // Takes warm VMs, so that others are being made when the runtime is shut down.
    const runs = ['a', 'b', 'c', 'd'].map((id) => codeOf(runtime.execute('return 1', {}, as(id))));
    await Promise.all([...runs, runtime.shutdown({ graceMs: 0 })]);
    const ids = (name: 'cloister:vm:create' | 'cloister:vm:destroy'): number[] =>
      events
        .of(name)
        .map(({ vm }) => vm)
        .toSorted((a, b) => a - b);
    expect(ids('cloister:vm:destroy')).toEqual(ids('cloister:vm:create'));
  });

  test('tell of the start and the end of every run once, when it was not moved', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 2, workers: 2 });
    const sources = ['return 1', 'throw 1', 'return (', 'return 1n'];
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        codeOf(
          runtime.execute(
            sources[index % 4]!,
            {},
            { tenant: { id: `t${index % 5}` }, execution: { id: `x${index}` } },
          ),
        ),
      ),
    );
    const ids = (name: 'cloister:run:start' | 'cloister:run:end'): string[] =>
      events
        .of(name)
        .map(({ executionId }) => executionId)
        .toSorted();
    const expected = Array.from({ length: 100 }, (_, index) => `x${index}`).toSorted();
    expect(ids('cloister:run:start')).toEqual(expected);
    expect(ids('cloister:run:end')).toEqual(expected);
  });
});

import { describe, expect, test, vi } from 'vitest';
import { recordEvents, type EventRecord } from '../support/channels.ts';
import { isAlive, workersOf } from '../support/processes.ts';
import {
  as,
  codeOf,
  failureOf,
  forever,
  runUntilLog,
  sleeper,
  startRuntime,
} from '../support/runs.ts';

const soon = { timeout: 20_000, interval: 5 };

/** Kills every worker there is, as an operator or the kernel's out-of-memory killer would. */
function killWorkers(events: EventRecord, signal: NodeJS.Signals = 'SIGKILL'): number {
  const pids = events.workerPids();
  for (const pid of pids) process.kill(pid, signal);
  return pids.length;
}

describe('a worker that dies', () => {
  test('settles every run in it as worker_crashed, with the logs so far, and is replaced', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 3, workers: 1 });
    const runs = await Promise.all(
      ['a', 'b', 'c'].map((id) => runUntilLog(runtime, forever, as(id))),
    );
    expect(killWorkers(events)).toBe(1);
    for (const { result, heard } of runs) {
      const error = await failureOf(result);
      expect(error).toMatchObject({
        name: 'WorkerCrashedError',
        code: 'worker_crashed',
        fault: 'system',
        retryable: true,
      });
      expect(error.message).toMatch('SIGKILL');
      expect(error.logs.map(({ message }) => message)).toEqual(['up']);
      expect(error.usage.wallMs).toBeGreaterThan(0);
      expect(heard).toEqual(['up']);
    }
    expect((await runtime.execute('return 1', {}, as('a'))).output).toEqual({ value: 1 });
    await vi.waitUntil(() => runtime.stats().pool.warm === 3, soon);
    expect(runtime.stats()).toMatchObject({
      pool: { workers: 1 },
      runs: { worker_crashed: 3, completed: 1 },
    });
  });

  test.each(['SIGABRT', 'SIGSEGV'] as const)('of %s is replaced as well', async (signal) => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    const run = await runUntilLog(runtime, forever);
    killWorkers(events, signal);
    expect(await run.code).toBe('worker_crashed');
    expect(await codeOf(runtime.execute('return 1'))).toBe('completed');
  });

  test('does not die of SIGTERM, SIGINT or SIGHUP: what becomes of its runs is for the host to say', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    const [pid] = events.workerPids();
    const run = await runUntilLog(runtime, sleeper(500));
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) killWorkers(events, signal);
    expect(await run.code).toBe('completed');
    expect(events.workerPids()).toEqual([pid]);
    await runtime.shutdown({ graceMs: 0 });
    expect(isAlive(pid!)).toBe(false);
  });

  test('takes no run of another worker with it', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 2, workers: 2 });
    const runs = await Promise.all(['a', 'b'].map((id) => runUntilLog(runtime, forever, as(id))));
    process.kill(events.workerPids()[0]!, 'SIGKILL');
    await events.first('cloister:worker:exit');
    await Promise.race(runs.map(({ code }) => code));
    expect(runtime.stats().queue.running).toBe(1);
    for (const run of runs) run.cancel();
    const codes = await Promise.all(runs.map(({ code }) => code));
    expect(codes.toSorted()).toEqual(['cancelled', 'worker_crashed']);
  });

  test('together with all others leaves a runtime that goes on', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 4, workers: 2 });
    for (let round = 0; round < 3; round++) {
      const runs = await Promise.all(
        ['a', 'b', 'c', 'd'].map((id) => runUntilLog(runtime, forever, as(id))),
      );
      expect(killWorkers(events)).toBeGreaterThan(0);
      // Some may have been in a worker that was still starting, but none of them is left.
      expect(await Promise.all(runs.map(({ code }) => code))).toEqual(
        runs.map(() => 'worker_crashed'),
      );
      expect(await codeOf(runtime.execute('return 1', {}, as('e')))).toBe('completed');
    }
    await vi.waitUntil(() => runtime.stats().pool.workers === 2, soon);
  });

  test('with nobody in it is replaced, and runs that wait meanwhile complete', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 2, workers: 2 });
    killWorkers(events);
    await events.count('cloister:worker:exit', 2);
    const runs = Array.from({ length: 20 }, (_, index) =>
      codeOf(runtime.execute('return 1', {}, as(`t${index}`))),
    );
    expect(await Promise.all(runs)).toEqual(runs.map(() => 'completed'));
  });

  test('before it was ready is replaced by another, and the runs wait for that one', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    killWorkers(events);
    await events.first('cloister:worker:exit');
    const run = codeOf(runtime.execute('return 1'));
    const starting = await vi.waitUntil(() => workersOf(process.pid)[0], soon);
    process.kill(starting, 'SIGKILL');
    expect(await run).toBe('completed');
    expect(events.of('cloister:worker:exit').map(({ pid }) => pid)).toContain(starting);
  });

  test('makes the message of no run name a path or the host', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    const run = await runUntilLog(runtime, forever);
    killWorkers(events);
    const { message, stack } = await failureOf(run.result);
    expect(message + stack).not.toMatch(/\/|node:|\.ts/);
  });
});

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
  type LiveRun,
} from '../support/runs.ts';

const soon = { timeout: 20_000, interval: 5 };

/** Kills every worker there is, as an operator or the kernel's out-of-memory killer would. */
function killWorkers(events: EventRecord, signal: NodeJS.Signals = 'SIGKILL'): number {
  const pids = events.workerPids();
  for (const pid of pids) process.kill(pid, signal);
  return pids.length;
}

/** Kills the workers whenever a run has begun, until one that is waited for has ended. */
async function killUntilOver(events: EventRecord, run: LiveRun): Promise<void> {
  const end = run.code.then(() => 'over');
  for (let begun = 0; ;) {
    const next = vi.waitUntil(() => events.of('cloister:run:start').length > begun, soon);
    if ((await Promise.race([end, next])) === 'over') return;
    begun = events.of('cloister:run:start').length;
    killWorkers(events);
  }
}

describe('a worker that dies', () => {
  test('costs its runs nothing: they are run again elsewhere, and it is replaced', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 3, workers: 1 });
    const runs = await Promise.all(
      ['a', 'b', 'c'].map((id) => runUntilLog(runtime, sleeper(700), as(id))),
    );
    expect(killWorkers(events)).toBe(1);
    for (const { result, heard } of runs) {
      const { logs, usage } = await result;
      expect(usage.attempts).toBe(2);
      expect(logs.map(({ message }) => message)).toEqual(['up']);
      expect(heard).toEqual(['up']);
    }
    await vi.waitUntil(() => runtime.stats().pool.warm === 3, soon);
    expect(runtime.stats()).toMatchObject({ runs: { completed: 3 } });
  });

  test('again and again ends its runs as worker_crashed, with the logs so far', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    const run = await runUntilLog(runtime, forever);
    await killUntilOver(events, run);
    const error = await failureOf(run.result);
    expect(error).toMatchObject({
      name: 'WorkerCrashedError',
      code: 'worker_crashed',
      fault: 'system',
      retryable: true,
    });
    expect(error.usage.attempts).toBeGreaterThan(1);
    expect(error.usage.attempts).toBeLessThanOrEqual(5);
    expect(error.message).toMatch('SIGKILL');
    expect(error.message + error.stack).not.toMatch(/\/|node:|\.ts/);
    expect(run.heard).toEqual(['up']);
    expect((await runtime.execute('return 1', {}, as('a'))).output).toEqual({ value: 1 });
  });

  test('has the run that it was executing tried once more, alone, and no more often', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 2, workers: 1 });
    const waiting = await runUntilLog(runtime, sleeper(4000), as('waiting'));
    const busy = await runUntilLog(runtime, `console.log('up'); for (;;);`, as('busy'));
    for (let kills = 0; kills < 2; kills++) {
      await vi.waitUntil(
        () =>
          events.of('cloister:run:start').filter(({ tenantId }) => tenantId === 'busy').length >
          kills,
        soon,
      );
      await vi.waitUntil(() => busy.heard.length > 0 && killWorkers(events) > 0, soon);
    }
    const error = await failureOf(busy.result);
    expect(error).toMatchObject({ code: 'worker_crashed', usage: { attempts: 2 } });
    expect((await waiting.result).usage.attempts).toBeGreaterThan(1);
  });

  test.each(['SIGABRT', 'SIGSEGV'] as const)('of %s is replaced as well', async (signal) => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1 });
    const run = await runUntilLog(runtime, sleeper(500));
    killWorkers(events, signal);
    expect((await run.result).usage.attempts).toBe(2);
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
    const runtime = await startRuntime({ poolSize: 2, workers: 2, spareWorkers: 0 });
    await vi.waitUntil(() => runtime.stats().pool.warm === 2, soon);
    const runs = await Promise.all(
      ['a', 'b'].map((id) => runUntilLog(runtime, sleeper(1000), as(id))),
    );
    process.kill(events.workerPids()[0]!, 'SIGKILL');
    const results = await Promise.all(runs.map(({ result }) => result));
    expect(results.map(({ usage }) => usage.attempts).toSorted((a, b) => a - b)).toEqual([1, 2]);
  });

  test('together with all others leaves a runtime that goes on', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 4, workers: 2 });
    for (let round = 0; round < 3; round++) {
      const runs = await Promise.all(
        ['a', 'b', 'c', 'd'].map((id) => runUntilLog(runtime, sleeper(300), as(id))),
      );
      expect(killWorkers(events)).toBeGreaterThan(0);
      expect(await Promise.all(runs.map(({ code }) => code))).toEqual(runs.map(() => 'completed'));
    }
    await vi.waitUntil(() => runtime.stats().pool.workers === 2, soon);
  });

  test('with nobody in it is replaced, and runs that wait meanwhile complete', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 2, workers: 2 });
    await events.count('cloister:worker:start', 2);
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
    await events.count('cloister:worker:exit', 2);
  });
});

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, onTestFinished, test } from 'vitest';
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

describe('a worker that hangs', () => {
  test('lets its runs end by their time and the grace period, and is replaced', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1, graceMs: 250 });
    const [pid] = events.workerPids();
    const run = await runUntilLog(runtime, forever, as('a', { limits: { timeoutMs: 500 } }));
    process.kill(pid!, 'SIGSTOP');
    const error = await failureOf(run.result);
    expect(error.code).toBe('timeout');
    expect(error.logs.map(({ message }) => message)).toEqual(['up']);
    expect(error.usage.wallMs).toBeGreaterThanOrEqual(500);
    expect(error.usage.wallMs).toBeLessThan(500 + 250 + 5000);
    await events.first('cloister:worker:exit', (exit) => exit.pid === pid);
    expect(await codeOf(runtime.execute('return 1'))).toBe('completed');
  });

  test('does not hold up a run that is cancelled for longer than the grace period', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 1, workers: 1, graceMs: 100 });
    const run = await runUntilLog(runtime, forever);
    process.kill(events.workerPids()[0]!, 'SIGSTOP');
    run.cancel();
    expect(await run.code).toBe('cancelled');
  });

  test('does not hold up other tenants when there is another worker', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 2, workers: 2, limits: { timeoutMs: 1000 } });
    process.kill(events.workerPids()[0]!, 'SIGSTOP');
    const runs = Array.from({ length: 8 }, (_, index) =>
      codeOf(runtime.execute('return 1', {}, as(`t${index}`))),
    );
    const codes = await Promise.all(runs);
    // Whoever was sent to the stopped worker pays with its time; whoever was not does not.
    expect(codes.filter((code) => code === 'completed').length).toBeGreaterThan(0);
    expect(new Set(codes).difference(new Set(['completed', 'timeout']))).toEqual(new Set());
    expect(await codeOf(runtime.execute('return 1'))).toBe('completed');
  });

  test('for a moment, while a VM is to be stopped in it, costs the runs in it nothing', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 2, workers: 1, graceMs: 100 });
    const [pid] = events.workerPids();
    const run = await runUntilLog(runtime, sleeper(2500), as('a'));
    const stop = (): void => void process.kill(pid!, 'SIGSTOP');
    subscribe('cloister:run:end', stop);
    onTestFinished(() => void unsubscribe('cloister:run:end', stop));
    // The VM in which a source was checked is given up.
    await runtime.validateSyntax('return 1');
    unsubscribe('cloister:run:end', stop);
    await new Promise((resolve) => setTimeout(resolve, 600));
    process.kill(pid!, 'SIGCONT');
    expect((await run.result).usage.attempts).toBe(1);
    expect(events.of('cloister:worker:exit')).toEqual([]);
  });

  test('gets no run while another worker has room, once it has left a question unanswered', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 6, workers: 2 });
    const [pid] = events.workerPids();
    process.kill(pid!, 'SIGSTOP');
    // They are asked each second.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    for (const id of ['a', 'b', 'c']) await runtime.execute('return 1', {}, as(id));
    expect(events.of('cloister:worker:exit')).toEqual([]);
  });

  test.each([
    ['when it has left a question unanswered', 1, 2500],
    ['when it was asked for some just before', 0, 0],
  ])('does not keep VMs to itself that many runs wait for, %s', async (_when, poolSize, ms) => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize, workers: 2, maxVms: 50 });
    const [pid] = events.workerPids();
    process.kill(pid!, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, ms));
    const ids = Array.from({ length: 12 }, (_, i) => `tenant ${i}`);
    await Promise.all(ids.map((id) => runtime.execute('return 1', {}, as(id))));
    expect(events.of('cloister:worker:exit')).toEqual([]);
  });
});

import { expect, test, vi } from 'vitest';
import { recordEvents } from '../support/channels.ts';
import { as, runUntilLog, startRuntime, unstoppable } from '../support/runs.ts';

const soon = { timeout: 20_000, interval: 5 };
const busyFor = (ms: number): string =>
  `console.log('up'); await null; const end = Date.now() + ${ms}; while (Date.now() < end); return 'done'`;

test('a suspect gets no worker in which the VM of another has not stopped yet', async () => {
  const events = recordEvents();
  const runtime = await startRuntime({ poolSize: 3, workers: 1, spareWorkers: 0, graceMs: 2000 });
  const run = (id: string, source: string, timeoutMs: number) =>
    runUntilLog(runtime, source, as(id, { execution: { id }, limits: { timeoutMs } }));
  const evil = await run('evil', unstoppable, 2500);
  // There are two workers for suspects; this one keeps the other.
  const long = await run('long', busyFor(8000), 60_000);
  const good = await run('good', busyFor(500), 60_000);
  process.kill(events.workerPids()[0]!, 'SIGKILL');
  expect(await evil.code).toBe('timeout');
  expect(await good.code).toBe('completed');
  const workers = (id: string): number[] =>
    events
      .of('cloister:run:start')
      .flatMap((start) => (start.executionId === id ? [start.worker] : []));
  expect(workers('evil')).toHaveLength(2);
  expect(workers('good').at(-1)).not.toBe(workers('evil').at(-1));
  long.cancel();
  await vi.waitUntil(() => runtime.stats().queue.running === 0, soon);
});

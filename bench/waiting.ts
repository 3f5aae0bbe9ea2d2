import { subscribe } from 'node:diagnostics_channel';
import { createRuntime, defineBinding } from '@cloister/runtime';
import { z } from 'zod';
import { mebibytes, printTable, residentBytes } from './measure.ts';
import type { Extent } from './tiny-run.ts';

const pids = new Set<number>();
subscribe('cloister:worker:start', (message) => pids.add((message as { pid: number }).pid));

/** Many runs that all wait on a host call at once, and the memory that host and workers take for it. */
export async function manyWaiting(extent: Extent): Promise<void> {
  const count = extent === 'full' ? 2000 : 20;
  const waiting: (() => void)[] = [];
  const { promise: allWait, resolve: allAreWaiting } = Promise.withResolvers<void>();
  const host = defineBinding('host', {
    wait: {
      params: z.tuple([]),
      handler: () =>
        new Promise<void>((resolve) => {
          if (waiting.push(resolve) === count) allAreWaiting();
        }),
    },
  });
  pids.clear();
  await using runtime = await createRuntime({
    maxVms: count,
    maxConcurrencyPerTenant: count,
    poolSize: 0,
    acquireTimeoutMs: 300_000,
    limits: { timeoutMs: 600_000 },
    bindings: [host],
  });
  const idle = await resident();
  const begun = performance.now();
  const runs = Array.from({ length: count }, () => runtime.execute('await sdk.host.wait();'));
  await Promise.race([allWait, Promise.all(runs)]);
  const waitingMs = performance.now() - begun;
  const busy = await resident();
  const letGoAt = performance.now();
  for (const letGo of waiting) letGo();
  await Promise.all(runs);
  const settledMs = performance.now() - letGoAt;
  printTable(`${count} runs in flight, each waiting on a host call, each in a VM of its own`, [
    {
      what: 'a run, in the workers',
      ratio: mebibytes((busy.workers - idle.workers) / count),
      figures: `${mebibytes(busy.workers)} in all, ${mebibytes(idle.workers)} before`,
    },
    {
      what: 'a run, in the host',
      ratio: mebibytes((busy.host - idle.host) / count),
      figures: `${mebibytes(busy.host)} in all, ${mebibytes(idle.host)} before`,
    },
    {
      what: 'time',
      ratio: `${(waitingMs / 1000).toFixed(1)} s`,
      figures: `until all were waiting; all were over ${settledMs.toFixed(0)} ms after the answers`,
    },
  ]);
}

async function resident(): Promise<{ host: number; workers: number }> {
  let workers = 0;
  for (const pid of pids) workers += await residentBytes(pid);
  return { host: process.memoryUsage.rss(), workers };
}

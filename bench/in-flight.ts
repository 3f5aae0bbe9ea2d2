import { subscribe } from 'node:diagnostics_channel';
import { createRuntime } from '@cloister/runtime';
import { mebibytes, printTable, residentBytes } from './measure.ts';
import type { Extent } from './tiny-run.ts';

const pids = new Set<number>();
subscribe('cloister:worker:start', (message) => pids.add((message as { pid: number }).pid));

/** Many runs that all wait on a timer at once, and the memory that host and workers take for it. */
export async function manyInFlight(extent: Extent): Promise<void> {
  // Their VMs are made one after the other; none of the runs may end before the last has begun.
  const [count, waitMs] = extent === 'full' ? [1000, 40_000] : [20, 3000];
  pids.clear();
  await using runtime = await createRuntime({
    maxVms: count,
    maxConcurrencyPerTenant: count,
    poolSize: 0,
    limits: { timeoutMs: 2 * waitMs },
  });
  const idle = await resident();
  const begun = performance.now();
  const runs = Array.from({ length: count }, () =>
    runtime.execute('await new Promise((done) => setTimeout(done, ctx.input))', waitMs),
  );
  while (runtime.stats().queue.running < count) {
    await new Promise((done) => setTimeout(done, 10));
  }
  const startedMs = performance.now() - begun;
  const busy = await resident();
  await Promise.all(runs);
  const grown = busy.workers - idle.workers;
  printTable(`${count} runs in flight, each waiting on a timer, each in a VM of its own`, [
    {
      what: 'a run, in the workers',
      ratio: mebibytes(grown / count),
      figures: `${mebibytes(busy.workers)} in all, ${mebibytes(idle.workers)} before`,
    },
    {
      what: 'the host',
      ratio: mebibytes(busy.host - idle.host),
      figures: `all were running after ${startedMs.toFixed(0)} ms`,
    },
  ]);
}

async function resident(): Promise<{ host: number; workers: number }> {
  let workers = 0;
  for (const pid of pids) workers += await residentBytes(pid);
  return { host: process.memoryUsage.rss(), workers };
}

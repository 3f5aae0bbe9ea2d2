import { createRuntime } from '@cloister/runtime';
import { latencyOf, microseconds, perSecond, printTable, throughput, times } from './measure.ts';
import { tiny } from './peers/tiny.ts';
import type { Extent } from './tiny-run.ts';

const inFlight = 64;

/**
 * Tiny runs of many tenants in turn, of whom only some have a VM at a time: each run evicts the VM of
 * another tenant. Against tenants who all have theirs, in the same runtime.
 */
export async function manyTenants(extent: Extent): Promise<void> {
  const [tenants, fewer, maxVms] = extent === 'full' ? [500, 150, 200] : [12, 4, 6];
  await using runtime = await createRuntime({ maxVms });
  const measure = async (count: number, rounds: number) => {
    const taken: number[] = [];
    let next = 0;
    const run = async (): Promise<void> => {
      const begun = performance.now();
      await runtime.execute(tiny.source, tiny.input, {
        tenant: { id: `tenant ${next++ % count}` },
      });
      taken.push(performance.now() - begun);
    };
    // Each of them once, so that the VMs are theirs.
    await throughput(run, count, Math.min(inFlight, count));
    taken.length = 0;
    const rate = await throughput(run, count * rounds, Math.min(inFlight, count));
    return { rate, ...latencyOf(taken) };
  };
  const all = await measure(fewer, extent === 'full' ? 100 : 5);
  const evicted = await measure(tenants, extent === 'full' ? 6 : 2);
  const row = (what: string, { rate, p50, p99 }: typeof all) => ({
    what,
    ratio: times(rate / all.rate),
    figures: `${perSecond(rate)}, p50 ${microseconds(p50)}, p99 ${microseconds(p99)}`,
  });
  printTable(
    `Many tenants in turn, ${inFlight} runs in flight, at most ${maxVms} VMs: runs/s against no eviction`,
    [row(`${fewer} tenants`, all), row(`${tenants} tenants, evicting one another`, evicted)],
  );
}

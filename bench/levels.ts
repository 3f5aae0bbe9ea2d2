import { createRuntime } from '@cloister/runtime';
import { runInFreshIsolate } from './bare-isolate.ts';
import { perSecond, printTable, throughput, times } from './measure.ts';
import { tiny } from './peers/tiny.ts';
import type { Extent } from './tiny-run.ts';

const inFlight = [1, 16, 256, 1024, 2048] as const;

/** For a second or two each. */
const counts = (level: number): number => (level === 1 ? 10_000 : level === 16 ? 60_000 : 200_000);

/** Tiny runs with ever more of them in flight, against isolated-vm with a fresh isolate for each. */
export async function tinyRunLevels(extent: Extent): Promise<void> {
  const share = extent === 'full' ? 1 : 0.01;
  await using runtime = await createRuntime();
  const run = () => runtime.execute(tiny.source, tiny.input);
  await throughput(run, 100_000 * share, 256);
  const input = JSON.stringify(tiny.input);
  const bare = await throughput(() => runInFreshIsolate(tiny.source, input), 1000 * share, 16);
  const rows = [];
  for (const level of inFlight) {
    const count = Math.max(counts(level) * share, level);
    const rate = await throughput(run, count, level);
    rows.push({
      what: `cloister, ${level} in flight`,
      ratio: times(rate / bare),
      figures: perSecond(rate),
    });
  }
  printTable('Tiny runs by how many are in flight: how many times as many as with fresh isolates', [
    ...rows,
    {
      what: 'isolated-vm, fresh isolate (16 in flight)',
      ratio: times(1),
      figures: perSecond(bare),
    },
  ]);
}

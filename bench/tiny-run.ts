import { createRuntime } from '@cloister/runtime';
import { runInFreshIsolate } from './bare-isolate.ts';
import { latency, microseconds, perSecond, printTable, throughput, times } from './measure.ts';

const source = 'return { sum: ctx.input.a + ctx.input.b };';
const input = { a: 1, b: 2 };
const inputJson = JSON.stringify(input);

/** How much of it: `full` for the figures of the README, `smoke` to see that it works. */
export type Extent = 'full' | 'smoke';

/** A tiny run, one at a time, against isolated-vm with a fresh isolate for each. */
export async function tinyRunLatency(extent: Extent): Promise<void> {
  const [count, warmUp] = extent === 'full' ? [2000, 500] : [20, 5];
  await using runtime = await createRuntime();
  const run = (): Promise<unknown> => runtime.execute(source, input);
  const first = await latency(run, count, warmUp);
  const hardened = await latency(run, 5 * count, 10 * count);
  const fresh = await latency(
    () => runtime.execute(source, input, { realm: 'fresh' }),
    count / 4,
    warmUp / 5,
  );
  const bare = await latency(() => runInFreshIsolate(source, inputJson), count / 10, 5);
  const row = (what: string, { p50, p99 }: typeof bare) => ({
    what,
    ratio: times(bare.p50 / p50),
    figures: `p50 ${microseconds(p50)}, p99 ${microseconds(p99)}`,
  });
  printTable('Tiny run, one at a time: how many times faster than a fresh isolate', [
    row('cloister, hardened realm', hardened),
    row('  its first 2 000 runs, after 500', first),
    row('cloister, fresh realm', fresh),
    row('isolated-vm, fresh isolate', bare),
  ]);
}

/** Tiny runs with 256 in flight, against isolated-vm with a fresh isolate for each. */
export async function tinyRunThroughput(extent: Extent): Promise<void> {
  const share = extent === 'full' ? 1 : 0.01;
  const inFlight = 256;
  await using runtime = await createRuntime();
  const run = (realm: 'hardened' | 'fresh') => () => runtime.execute(source, input, { realm });
  const first = await throughput(run('hardened'), 20_000 * share, inFlight);
  await throughput(run('hardened'), 80_000 * share, inFlight);
  const hardened = await throughput(run('hardened'), 200_000 * share, inFlight);
  const fresh = await throughput(run('fresh'), 4000 * share, inFlight);
  const bare = await throughput(() => runInFreshIsolate(source, inputJson), 1000 * share, 16);
  const row = (what: string, rate: number) => ({
    what,
    ratio: times(rate / bare),
    figures: perSecond(rate),
  });
  printTable(`Tiny runs, ${inFlight} in flight: how many times as many as with fresh isolates`, [
    row('cloister, hardened realm', hardened),
    row('  its first 20 000 runs', first),
    row('cloister, fresh realm', fresh),
    row('isolated-vm, fresh isolate (16 in flight)', bare),
  ]);
}

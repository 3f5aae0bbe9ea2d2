import { subscribe } from 'node:diagnostics_channel';
import {
  createRuntime,
  type Runtime,
  type RuntimeEvents,
  type RuntimeOptions,
} from '@cloister/runtime';
import {
  latencyOf,
  median,
  mebibytes,
  printTable,
  residentBytes,
  times,
  type Row,
} from './measure.ts';
import type { Extent } from './tiny-run.ts';

/** What customers write, each a little different in what it leaves behind. */
const scripts: readonly string[] = [
  'return { sum: ctx.input.a + ctx.input.b }',
  'console.log("order", ctx.input); return { logged: true }',
  'const rows = Array.from({ length: 2000 }, (_, id) => ({ id, name: `n${id}` })); return { length: JSON.stringify(rows).length }',
  'const kept = new Map(); for (let i = 0; i < 5000; i++) kept.set(`k${i}`, { i }); return { size: kept.size }',
  'await new Promise((done) => setTimeout(done, 2)); return { waited: true }',
  'globalThis.leak = (globalThis.leak ?? []).concat(ctx.input.a); return { leaked: globalThis.leak.length }',
  'throw new RangeError(`no price for ${ctx.input.a}`)',
];
const tenants = 12;
const inFlight = 16;

const pids = new Set<number>();
const ended = { workers: 0, vms: 0 };
subscribe('cloister:worker:start', (message) => {
  pids.add((message as RuntimeEvents['cloister:worker:start']).pid!);
});
subscribe('cloister:worker:exit', (message) => {
  pids.delete((message as RuntimeEvents['cloister:worker:exit']).pid!);
  ended.workers++;
});
subscribe('cloister:vm:destroy', () => void ended.vms++);

/** What a part of the time came to. */
interface Part {
  readonly row: Omit<Row, 'ratio'>;
  readonly residentBytes: number;
  readonly longestMs: number;
}

/**
 * Minutes of ordinary use while workers come of age and are replaced: memory and times, part by part, and
 * the longest waits against those in a runtime whose workers stay.
 */
export async function longUse(extent: Extent): Promise<void> {
  const [partMs, maxWorkerAgeMs, most] = extent === 'full' ? [20_000, 20_000, 8] : [1500, 1000, 2];
  const stay = await useParts({}, partMs, most / 2);
  const come = await useParts({ maxWorkerAgeMs }, partMs, most);
  const [first] = come;
  printTable(
    'Long use: resident memory of host and workers against that after the first part',
    come.map(({ row, residentBytes: bytes }) => ({
      ...row,
      ratio: times(bytes / first!.residentBytes),
    })),
  );
  const [replaced, without] = [come, stay].map((parts) =>
    parts.slice(1).map((part) => part.longestMs),
  );
  const row = (what: string, of: readonly number[]): Row => ({
    what,
    ratio: times(median(of) / median(without!)),
    figures: `median ${median(of).toFixed(0)} ms, longest ${maxOf(of).toFixed(0)} ms, of ${of.length} parts`,
  });
  printTable('Long use: the longest wait in each part but the first, against workers that stay', [
    row('workers stay', without!),
    row('workers are replaced', replaced!),
  ]);
}

async function useParts(options: RuntimeOptions, partMs: number, count: number): Promise<Part[]> {
  pids.clear();
  Object.assign(ended, { workers: 0, vms: 0 });
  await using runtime = await createRuntime(options);
  const parts: Part[] = [];
  for (let part = 0; part < count; part++) {
    const before = { ...ended };
    const taken = await use(runtime, partMs);
    const { p50, p99 } = latencyOf(taken);
    const [host, workers] = [process.memoryUsage.rss(), await residentOfWorkers()];
    const longestMs = maxOf(taken);
    parts.push({
      row: {
        what: `after ${Math.round(((part + 1) * partMs) / 1000)} s`,
        figures: `host ${mebibytes(host)}, ${pids.size} workers ${mebibytes(workers)}; ${taken.length} runs, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, max ${longestMs.toFixed(0)} ms; replaced: ${ended.workers - before.workers} workers, ${ended.vms - before.vms} VMs`,
      },
      residentBytes: host + workers,
      longestMs,
    });
  }
  return parts;
}

/** How long each run took, in milliseconds. */
async function use(runtime: Runtime, forMs: number): Promise<number[]> {
  const until = performance.now() + forMs;
  const taken: number[] = [];
  let number = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < until) {
      const i = number++;
      const begun = performance.now();
      const context = { tenant: { id: `tenant ${i % tenants}` } };
      // One of the scripts throws, as scripts do.
      await runtime.execute(scripts[i % scripts.length]!, { a: i, b: 2 }, context).catch(() => {});
      taken.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return taken;
}

function maxOf(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

async function residentOfWorkers(): Promise<number> {
  let bytes = 0;
  for (const pid of pids) bytes += await residentBytes(pid);
  return bytes;
}

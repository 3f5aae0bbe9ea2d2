import { createRuntime } from '@cloister/runtime';
import { killers, type Killer } from '../packages/runtime/test/fixtures/killers.ts';
import { median, mebibytes, printTable, times, type Row } from './measure.ts';
import { overshootOf, type Overshoot } from './overshoot-sample.ts';
import type { Extent } from './tiny-run.ts';

interface Sample extends Overshoot {
  readonly kind: Killer['kind'];
  readonly name: string;
}

const timeoutMs = 300;
const graceMs = 250;
const memoryMb = 64;
/** What we aim at: when V8 can be interrupted, and when only SIGKILL helps. */
const goals = { stopped: 50, killed: 250 + graceMs } as const;

/** The catalogue of hostile scripts: how long past its time, and how large, each of them gets. */
export async function overshoot(extent: Extent): Promise<void> {
  if (process.platform !== 'linux') return console.log('\nOvershoot is measured on Linux alone');
  const kinds = [...new Set(killers.map(({ kind }) => kind))];
  const rows =
    extent === 'full' ? killers : kinds.map((kind) => killers.find((row) => row.kind === kind)!);
  await using runtime = await createRuntime({
    workers: 1,
    spareWorkers: 0,
    poolSize: 1,
    maxVms: 2,
    graceMs,
    workerLosses: 1000,
    idleMs: 1000,
    limits: { memoryMb },
  });
  const samples: Sample[] = [];
  for (const { name, kind, source } of rows) {
    samples.push({ ...(await overshootOf(runtime, source, name, timeoutMs)), name, kind });
  }
  printTimes(samples);
  printMemory(kinds, samples);
}

function printTimes(samples: readonly Sample[]): void {
  const late = samples.filter(({ code }) => code === 'timeout');
  const row = (what: string, of: readonly Sample[], goal: number): Row => {
    const worst = of.toSorted((a, b) => b.stoppedMs - a.stoppedMs)[0];
    const within = of.filter(({ stoppedMs }) => stoppedMs <= goal).length;
    const results = of.map(({ resultMs }) => resultMs);
    const stops = of.map(({ stoppedMs }) => stoppedMs);
    return {
      what: `${what} (${of.length})`,
      ratio: times((worst?.stoppedMs ?? NaN) / goal),
      figures: `result p50 ${ms(median(results))}, max ${ms(Math.max(...results))}; stopped p50 ${ms(median(stops))}, max ${ms(Math.max(...stops))} (${worst?.name}); ${within} within ${goal} ms`,
    };
  };
  const stopped = late.filter(({ killed }) => !killed);
  const isNative = ({ kind }: Sample): boolean => kind === 'native-loop';
  printTable(
    `Overshoot of time: runs past their ${timeoutMs} ms, the longest against the goal`,
    [
      row(
        'ended by V8',
        stopped.filter((sample) => !isNative(sample)),
        goals.stopped,
      ),
      // V8 waits for the end of a native call, as it does for a collection of garbage.
      row('native calls that came to an end', stopped.filter(isNative), goals.killed),
      row(
        'ended by SIGKILL',
        late.filter(({ killed }) => killed),
        goals.killed,
      ),
    ].filter(({ what }) => !what.endsWith('(0)')),
  );
}

function printMemory(kinds: readonly string[], samples: readonly Sample[]): void {
  const limit = memoryMb * 1024 * 1024;
  const rows = kinds.map((kind): Row => {
    const of = samples.filter((sample) => sample.kind === kind);
    const worst = of.toSorted((a, b) => b.grownBytes - a.grownBytes)[0]!;
    const over = of.filter(({ grownBytes }) => grownBytes > 1.5 * limit);
    const p50 = median(of.map(({ grownBytes }) => grownBytes));
    return {
      what: `${kind} (${of.length})`,
      ratio: times(worst.grownBytes / limit),
      figures: `p50 ${mebibytes(p50)}, max ${mebibytes(worst.grownBytes)} (${worst.name}); ${over.length} over 1.5×`,
    };
  });
  printTable(`Overshoot of memory: what a worker grew by, against ${memoryMb} MiB`, rows);
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { workerV8Flags } from '../packages/runtime/src/host/worker-program.ts';
import type { Sample } from './first-run-sample.ts';
import { median, printTable, times, type Row } from './measure.ts';
import { realScripts, type RealScript } from './real-scripts.ts';
import type { Extent } from './tiny-run.ts';

const sampleFile = fileURLToPath(new URL('first-run-sample.ts', import.meta.url));
const tasks = ['plain', 'cached', 'compile', 'compile-code'] as const;

/** A script, where it lies with its caches, and what was measured of it, by what it was. */
interface Subject extends RealScript {
  readonly folder: string;
  readonly samples: Map<string, Sample[]>;
}

/**
 * The first run of a script in a new process: without cache, and from the code that each tier has.
 * And its compilation alone. Every sample is a process; they take turns, and medians are compared.
 */
export async function firstRun(extent: Extent): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cloister-bench-'));
  try {
    const scripts = await realScripts();
    const subjects: Subject[] = [];
    for (const script of extent === 'full' ? scripts : [scripts[0]!, scripts[2]!]) {
      subjects.push({
        ...script,
        folder: await mkdtemp(join(folder, 'script-')),
        samples: new Map(),
      });
    }
    for (const subject of subjects) await fill(subject);
    for (let round = 0; round < (extent === 'full' ? 11 : 1); round++) {
      for (const subject of subjects) await sampleOnce(subject);
    }
    printCompilations(subjects);
    printFirstRuns(subjects);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function fill(subject: Subject): Promise<void> {
  await writeFile(join(subject.folder, 'source.js'), subject.source);
  await inNewProcess(subject, 'fill');
}

async function sampleOnce(subject: Subject): Promise<void> {
  for (const task of tasks) {
    for (const sample of await inNewProcess(subject, task)) {
      const samples = subject.samples.get(sample.what) ?? [];
      subject.samples.set(sample.what, [...samples, sample]);
    }
  }
}

async function inNewProcess({ folder }: Subject, task: string): Promise<Sample[]> {
  // These two do what a worker does, with the code of one.
  const v8Flags = task.startsWith('compile') ? workerV8Flags : [];
  const args = [sampleFile, task, join(folder, 'source.js'), folder];
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--no-node-snapshot',
    ...v8Flags,
    ...args,
  ]);
  return JSON.parse(stdout) as Sample[];
}

function printCompilations(subjects: readonly Subject[]): void {
  const rows = subjects.flatMap((subject) =>
    rowsOf(subject, ['from source', 'from code'], 'from source'),
  );
  printTable('Compiling a script, in the worker: how many times faster than from source', rows);
}

function printFirstRuns(subjects: readonly Subject[]): void {
  const tiers = ['without cache', 'with a store, miss', 'store', 'memory', 'vm'];
  const rows = subjects.flatMap((subject) => rowsOf(subject, tiers, 'without cache'));
  printTable('First result in a new process: how many times faster than without cache', rows);
}

function rowsOf({ what, samples }: Subject, kinds: readonly string[], baseline: string): Row[] {
  const mediansOf = (kind: string) => {
    const all = samples.get(kind) ?? [];
    return {
      ms: median(all.map(({ ms }) => ms)),
      inWorkerMs: median(all.map(({ inWorkerMs = NaN }) => inWorkerMs)),
    };
  };
  const base = mediansOf(baseline);
  return kinds
    .filter((kind) => samples.has(kind))
    .map((kind) => {
      const { ms, inWorkerMs } = mediansOf(kind);
      const inWorker = Number.isNaN(inWorkerMs)
        ? ''
        : `, in the worker ${inWorkerMs.toFixed(1)} ms`;
      return {
        what: `${what}, ${kind}`,
        ratio: times(base.ms / ms),
        figures: `${ms.toFixed(1)} ms${inWorker}`,
      };
    });
}

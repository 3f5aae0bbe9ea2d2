import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Runtime } from '@cloister/runtime';
import { childProcesses } from './child-processes.ts';

/** What a process holds that a runtime could leave behind. */
export interface Holdings {
  /** What the open descriptors are, by kind: files by their path, sockets and pipes without number. */
  readonly descriptors: ReadonlyMap<string, number>;
  /** What keeps the event loop going, by kind. */
  readonly resources: ReadonlyMap<string, number>;
}

const patienceMs = 5000;

/** What this process holds now. Linux only. */
export function holdings(): Holdings {
  const descriptors = readdirSync('/proc/self/fd').map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).replace(/:\[\d+\]$/, '');
    } catch {
      return 'closed'; // As the one that lists the folder is.
    }
  });
  return {
    descriptors: countOf(descriptors),
    resources: countOf(process.getActiveResourcesInfo()),
  };
}

function countOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/**
 * What a runtime that was shut down has left: counts that are not 0, processes, descriptors, handles.
 * Handles are closed in a later turn of the event loop, so this waits for a while until nothing is left.
 */
export async function leftovers(runtime: Runtime, before: Holdings): Promise<string[]> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const left = [...ofStats(runtime), ...ofProcess(before)];
    if (left.length === 0 || performance.now() > until) return left;
    await setTimeout(50);
  }
}

function ofStats(runtime: Runtime): string[] {
  const { pool, queue, calls } = runtime.stats();
  const counts = Object.entries({ ...pool, ...queue, 'calls running': calls.running });
  return counts.filter(([, count]) => count !== 0).map(([name, count]) => `${name}: ${count}`);
}

function ofProcess(before: Holdings): string[] {
  const left = childProcesses().map(
    ({ pid, state, program = '?' }) => `process ${pid} ${program} ${state}`,
  );
  const { descriptors, resources } = holdings();
  for (const [kind, count] of descriptors) {
    const more = count - (before.descriptors.get(kind) ?? 0);
    if (more > 0) left.push(`${more} descriptors ${kind}`);
  }
  for (const [kind, count] of resources) {
    const more = count - (before.resources.get(kind) ?? 0);
    // Our own wait is one.
    if (more > (kind === 'Timeout' ? 1 : 0)) left.push(`${more} handles ${kind}`);
  }
  return left;
}

import { readFileSync } from 'node:fs';
import { vi } from 'vitest';
import { programsOf } from './processes.ts';

/** A source over which the parser takes many seconds: it is quadratic in these. */
export const slowSource = (mark = ''): string => `${'if(a);else '.repeat(90_000)};//${mark}`;

/** The eraser processes that a process has started and that have not ended; Linux only. */
export function erasersOf(host: number): number[] {
  return programsOf(host, 'eraser');
}

/**
 * Resolves with an eraser that is busy on a core, which is so only while it has a source. Call it
 * when one has been started and is idle, or was given its source just now.
 */
export async function busyEraser(parent: number): Promise<number> {
  const before = new Map(erasersOf(parent).map((pid) => [pid, cpuTicks(pid)]));
  return vi.waitUntil(() => [...before].find(([pid, ticks]) => cpuTicks(pid) > ticks + 5)?.[0], {
    timeout: 20_000,
    interval: 10,
  });
}

/** Hundredths of a second on a core. */
function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return Number(user) + Number(system);
}

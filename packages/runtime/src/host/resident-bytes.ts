import { readFileSync } from 'node:fs';

const pageBytes = 4096;

/** The memory that a process has in RAM, in bytes; undefined where the system does not say. */
export function residentBytes(pid: number | undefined): number | undefined {
  if (pid === undefined || process.platform !== 'linux') return undefined;
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ', 2)[1]);
    return Number.isFinite(pages) ? pages * pageBytes : undefined;
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}

import { readdirSync, readFileSync } from 'node:fs';

/** A process that this one has started. Linux only. */
export interface ChildProcess {
  readonly pid: number;
  /** A letter, as /proc says it; `Z` has ended and was not reaped. */
  readonly state: string;
  /** Which of our programs it runs; undefined when that cannot be seen, as of one that has ended. */
  readonly program: 'worker' | 'eraser' | undefined;
  readonly residentBytes: number;
}

const pageBytes = 4096;

/** The children of this process, whatever state they are in. */
export function childProcesses(): ChildProcess[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      // The name before them is in brackets and may hold anything.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[1] !== String(process.pid)) return [];
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      const program = /\/(worker|eraser)\/main\.[jt]s/.exec(command)?.[1];
      return [
        {
          pid: Number(name),
          state: fields[0]!,
          program: program as ChildProcess['program'],
          residentBytes: Number(fields[21]) * pageBytes,
        },
      ];
    } catch {
      return []; // It ended while we looked.
    }
  });
}

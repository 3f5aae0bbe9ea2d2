import { readdirSync, readFileSync } from 'node:fs';

/** One of our programs, in a process that this one has started, itself or through a jail. Linux only. */
export interface ChildProcess {
  readonly pid: number;
  /** The processes around it, up to the one that this process started, and itself: they end together. */
  readonly pids: readonly number[];
  /** A letter, as /proc says it; `Z` has ended and was not reaped. */
  readonly state: string;
  /** Which of our programs it runs; undefined when that cannot be seen, as of one that has ended. */
  readonly program: 'worker' | 'eraser' | undefined;
  readonly residentBytes: number;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  readonly command: string;
  readonly residentBytes: number;
}

const pageBytes = 4096;

/** The children of this process, whatever state they are in: of a jail, the process in it. */
export function childProcesses(): ChildProcess[] {
  const all = readdirSync('/proc').flatMap(readProcess);
  return all
    .filter(({ parent }) => parent === process.pid)
    .map((outermost) => {
      const pids = [outermost.pid];
      let innermost = outermost;
      for (let next = childOf(innermost, all); next !== undefined; next = childOf(innermost, all)) {
        innermost = next;
        pids.push(next.pid);
      }
      const program = /\/(worker|eraser)\/main\.[jt]s/.exec(innermost.command)?.[1];
      const { pid, state, residentBytes } = innermost;
      return { pid, pids, state, program: program as ChildProcess['program'], residentBytes };
    });
}

function childOf({ pid }: Process, all: readonly Process[]): Process | undefined {
  return all.find(({ parent }) => parent === pid);
}

function readProcess(name: string): Process[] {
  if (!/^\d+$/.test(name)) return [];
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
    // The name before them is in brackets and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return [
      {
        pid: Number(name),
        parent: Number(fields[1]),
        state: fields[0]!,
        command: readFileSync(`/proc/${name}/cmdline`, 'utf8'),
        residentBytes: Number(fields[21]) * pageBytes,
      },
    ];
  } catch {
    return []; // It ended while we looked.
  }
}

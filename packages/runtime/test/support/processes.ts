import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** Whether a process is there and has not ended; one that only waits to be reaped has. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || statOf(pid)[0] !== 'Z';
  } catch {
    return false;
  }
}

/** Resolves when none of the processes is there any more. */
export async function allGone(pids: readonly number[]): Promise<void> {
  await vi.waitUntil(() => !pids.some(isAlive), { timeout: 20_000, interval: 5 });
}

/** The worker processes that a process has started and that have not ended; Linux only. */
export function workersOf(host: number): number[] {
  return programsOf(host, 'worker');
}

/**
 * The processes that run one of our programs for a host and have not ended, not those through which
 * they were started; Linux only.
 */
export function programsOf(host: number, program: 'worker' | 'eraser'): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      const [node, ...rest] = commandOf(pid);
      const isProgram = rest.at(-1)?.match(/\/(\w+)\/main\.[jt]s$/)?.[1] === program;
      return (
        isProgram &&
        node?.endsWith('/node') === true &&
        isAlive(pid) &&
        ancestorsOf(pid).includes(host)
      );
    } catch {
      return false; // It ended while we looked.
    }
  });
}

/** The parent of a process, its parent and so on, up to three; Linux only. */
export function ancestorsOf(pid: number): number[] {
  const ancestors: number[] = [];
  for (let above = pid; above > 1 && ancestors.length < 3;) {
    above = Number(statOf(above)[1]);
    ancestors.push(above);
  }
  return ancestors;
}

/** The command line of a process; Linux only. */
export function commandOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
}

/** The end of a child process, and all that it wrote. */
export interface HostEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly string[];
  readonly errors: string;
}

/** A child process of the test, which embeds a runtime; it says what it does line by line. */
export interface HostProcess {
  readonly pid: number;
  /** The first line that begins with `word`, without it; also when it came before the call. */
  line(word: string): Promise<string>;
  readonly end: Promise<HostEnd>;
}

/**
 * Runs the text of a module in a Node process of its own. It is killed at the end of the test, if
 * it is still there; how it ends by itself, and when, is for the test to look at.
 * @param options.openFiles - how many descriptors it may have.
 */
export function startHost(
  code: string,
  { openFiles, ...options }: { detached?: boolean; openFiles?: number } = {},
): HostProcess {
  const command = [process.execPath, '--input-type=module', '--eval', code];
  const limited = `ulimit -n ${openFiles}; exec "$0" "$@"`;
  const [file, ...args] = openFiles === undefined ? command : ['sh', '-c', limited, ...command];
  const child = spawn(file!, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  onTestFinished(() => {
    // Its workers first: one that hangs does not notice that its host is gone.
    if (process.platform === 'linux') killAll(workersOf(child.pid!));
    child.kill('SIGKILL');
  });
  return follow(child);
}

/** Kills those of the processes that are still there. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids.filter(isAlive)) process.kill(pid, 'SIGKILL');
}

function follow(child: ChildProcess): HostProcess {
  const lines: string[] = [];
  let errors = '';
  let over = false;
  child.stderr!.on('data', (piece: Buffer) => (errors += piece.toString()));
  createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  const end = new Promise<HostEnd>((resolve) => {
    child.on('close', (status, signal) => {
      over = true;
      resolve({ status, signal, lines, errors });
    });
  });
  const find = (word: string): string | undefined => lines.find((line) => line.startsWith(word));
  return {
    pid: child.pid!,
    end,
    line: async (word) => {
      await vi.waitUntil(() => over || find(word) !== undefined, { timeout: 25_000, interval: 5 });
      const line = find(word);
      if (line === undefined) throw new Error(`the host ended without saying ${word}: ${errors}`);
      return line.slice(word.length).trim();
    },
  };
}

/** State letter and parent. The name before them is in brackets and may hold anything. */
function statOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

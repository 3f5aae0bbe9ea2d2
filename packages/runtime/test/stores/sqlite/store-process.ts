import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('fixtures/store-process.ts', import.meta.url));

/** Runs a shell command in a process with file systems of its own, which go when it ends. */
const [unshare, ...unshareFlags] = ['unshare', '--mount', 'sh', '-c'] as const;

/** Whether this machine lets us mount file systems for a process. */
export const canMount: boolean =
  spawnSync(unshare, [...unshareFlags, 'mount -t tmpfs -o size=1m none /mnt']).status === 0;

/** A child process with a store of its own. */
export interface StoreProcess {
  readonly child: ChildProcess;
  /** The first line that it writes, parsed. Rejects when it ends without one. */
  readonly said: Promise<unknown>;
  /** Its exit status, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/**
 * Starts {@link file://./fixtures/store-process.ts}.
 * @param shell - a shell command that mounts what it needs and runs the process as `"$@"`; see `canMount`.
 */
export function startStoreProcess(args: readonly string[], shell?: string): StoreProcess {
  const command = [process.execPath, script, ...args];
  const [file = '', ...rest] =
    shell === undefined ? command : [unshare, ...unshareFlags, shell, 'sh', ...command];
  const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (piece: Buffer) => (errors += piece.toString()));
  const ended = once(child, 'close').then(
    ([code, signal]) => (code ?? signal) as number | NodeJS.Signals,
  );
  const line = once(createInterface(child.stdout), 'line').then(
    ([text]) => JSON.parse(text as string) as unknown,
  );
  const silent = ended.then((how) => {
    throw new Error(`it ended with ${how} and said nothing: ${errors}`);
  });
  const said = Promise.race([line, silent]);
  said.catch(() => {});
  return { child, said, ended };
}

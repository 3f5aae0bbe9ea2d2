import { readFileSync } from 'node:fs';

/** The option of `prlimit`, the name in `/proc/self/limits`, and what a worker may have. */
const limits = [
  ['core', 'Max core file size', 0],
  // Its only file is the black box, of 2 KiB.
  ['fsize', 'Max file size', 64 * 1024],
  ['nofile', 'Max open files', 256],
  ['memlock', 'Max locked memory', 0],
  ['msgqueue', 'Max msgqueue size', 0],
  ['rtprio', 'Max realtime priority', 0],
] as const;
/**
 * Threads count as processes here. The kernel counts them by user, so this is for a user that the
 * workers do not share with the embedder.
 */
const processes = ['nproc', 'Max processes', 8192] as const;

/**
 * The arguments with which `prlimit` bounds a worker. Memory is not among them: V8 reserves far more of
 * the address space than it uses, so the host watches what is used (`maxWorkerMb`).
 * @param hasOwnUser - whether the workers run as a user of their own.
 */
export function resourceLimitArguments(hasOwnUser: boolean): string[] {
  const present = readFileSync('/proc/self/limits', 'utf8');
  return [...limits, ...(hasOwnUser ? [processes] : [])].map(([option, name, wanted]) => {
    const hard = new RegExp(`^${name}\\s+\\S+\\s+(\\d+)`, 'm').exec(present)?.[1];
    // Where the embedder itself may have less, that cannot be raised.
    const most = hard === undefined ? wanted : Math.min(wanted, Number(hard));
    return `--${option}=${most}:${most}`;
  });
}

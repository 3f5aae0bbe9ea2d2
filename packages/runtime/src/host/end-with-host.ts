/** What is to be known of a child process. */
interface Child {
  readonly pid?: number | undefined;
  once(event: 'exit', listener: () => void): unknown;
}

/** Leaders of process groups that are alive. */
const groups = new Set<number>();
let isWatching = false;

/**
 * Has the process group of a child end when this process exits. `bwrap` ends with whoever started it, but one
 * that is ended while it sets the namespaces up leaves its first process in them behind, which then waits for
 * ever. Of a process that is killed nobody is told: then that one is left, if a worker was being started.
 */
export function endWithHost(child: Child): void {
  const { pid } = child;
  if (pid === undefined) return;
  groups.add(pid);
  child.once('exit', () => groups.delete(pid));
  if (isWatching) return;
  isWatching = true;
  process.on('exit', endGroups);
}

function endGroups(): void {
  for (const pid of groups) killGroup(pid);
}

/** Kills a process and all that is still in its group. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
}

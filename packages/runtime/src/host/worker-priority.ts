import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** How much nicer threads become that compute for long. */
const nicer = 10;
/**
 * How nice the group of a worker is: of one that gives way, whose main thread is in it, too, and enforces the
 * limits; and of one that starts while others do the work.
 */
const groupNice = { ordinary: 0, yielding: 3, starting: 5 } as const;
const nicest = 19;
/**
 * A thread computes that has been on a core for so long since the count began, and for no less than half
 * as long as any other; and it does not when it hardly was until the count began anew. In milliseconds.
 */
const busyMs = 40;
const idleMs = 10;
const countMs = 1000;
/** The kernel counts the time of a thread in hundredths of a second. */
const tickMs = 10;

/**
 * What the operating system knows of who is to wait for whom, for one worker. On Linux each thread has
 * a niceness of its own. Anybody may raise the niceness of their threads; only the privileged may take
 * it back. Processes of a session may also form a group that the kernel weighs against other groups,
 * whose niceness anybody may take back to 0. Owned by the fleet; does nothing on other systems.
 */
export class WorkerPriority {
  /** Time on a core by thread when the count began, in milliseconds. */
  readonly #before = new Map<number, number>();
  #countedFrom = 0;
  #lookedAt = 0;
  /** Threads that were made nicer, and what they were before. */
  readonly #lowered = new Map<number, number>();
  #groupNice = 0;
  /** Whether threads have a niceness that could not be taken back. */
  isStuck = false;

  /** Whether `relax` would have something to do. */
  get isLowered(): boolean {
    return this.#lowered.size > 0;
  }

  /** Makes the threads nicer that compute, but not the main thread, which enforces the limits. */
  lowerBusyThreads(pid: number): void {
    const now = performance.now();
    // What the threads did while nobody looked says nothing.
    if (now - this.#lookedAt > countMs) this.#startCount();
    this.#lookedAt = now;
    const threads = threadsOf(pid).filter((thread) => thread !== pid);
    this.#forgetEnded(threads);
    const usedMs = new Map(threads.map((thread) => [thread, this.#countOf(pid, thread)]));
    const most = Math.max(...usedMs.values());
    const isOver = now - this.#countedFrom > countMs;
    for (const [thread, used] of usedMs) {
      if (used >= Math.max(busyMs, most / 2)) this.#lower(thread);
      else if (isOver && used < idleMs) this.#raise(thread);
    }
    if (isOver) this.#startCount();
  }

  /** Nothing computes for long any more: takes everything back, as far as that is allowed. */
  relax(pid: number): void {
    this.#startCount();
    this.#forgetEnded(threadsOf(pid));
    for (const thread of this.#lowered.keys()) this.#raise(thread);
  }

  /**
   * Sets how the whole worker stands against other groups of processes, where there are such groups
   * and it is one by itself.
   * @param pid - a process of its session.
   */
  setGroup(pid: number, standing: keyof typeof groupNice): void {
    const nice = groupNice[standing];
    if (nice === this.#groupNice) return;
    try {
      const file = `/proc/${pid}/autogroup`;
      if (groupOf(file) === groupOf('/proc/self/autogroup')) return;
      writeFileSync(file, String(nice));
      this.#groupNice = nice;
    } catch {
      // There are no groups; or they were changed just before, and the next look is soon enough.
    }
  }

  #startCount(): void {
    this.#before.clear();
    this.#countedFrom = performance.now();
  }

  /** Time on a core since the count began, or since the thread was first seen. */
  #countOf(pid: number, thread: number): number {
    const now = timeOf(pid, thread);
    const before = this.#before.get(thread);
    if (before === undefined) this.#before.set(thread, now);
    return now - (before ?? now);
  }

  /** Their numbers may be those of others by now. */
  #forgetEnded(threads: readonly number[]): void {
    const present = new Set(threads);
    for (const thread of this.#lowered.keys()) {
      if (!present.has(thread)) this.#lowered.delete(thread);
    }
  }

  #lower(thread: number): void {
    if (this.#lowered.has(thread)) return;
    try {
      const from = getPriority(thread);
      setPriority(thread, Math.min(nicest, from + nicer));
      this.#lowered.set(thread, from);
    } catch {
      // It has ended meanwhile.
    }
  }

  #raise(thread: number): void {
    const from = this.#lowered.get(thread);
    if (from === undefined) return;
    try {
      setPriority(thread, from);
    } catch (error) {
      if (isForbidden(error)) {
        this.isStuck = true;
        return;
      }
    }
    this.#lowered.delete(thread);
  }
}

/** The name of a group without its niceness, which follows. */
function groupOf(file: string): string | undefined {
  return readFileSync(file, 'utf8').split(' ', 1)[0];
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    // It has ended, or this is another system.
    return [];
  }
}

function timeOf(pid: number, thread: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    // The name before it is in brackets and may hold anything; time in user and in kernel mode follow.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  } catch {
    return 0;
  }
}

function isForbidden(error: unknown): boolean {
  const { info } = error as { info?: { code?: string } };
  return info?.code === 'EACCES' || info?.code === 'EPERM';
}

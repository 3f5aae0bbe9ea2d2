import { longMs } from '../protocol/messages.ts';

/** Which clock of a run ran out. */
export type Breach = 'timeout' | 'cpu_limit' | 'memory_limit';

/** What the watchdog needs to know of a run. */
export interface Watched {
  readonly deadline: number;
  readonly cpuLimitMs: number;
  readonly memoryBytes: number;
  /** Time on a core before the turn under way. */
  readonly cpuMs: number;
  /** Whether its code is being executed, as opposed to waiting. */
  readonly executing: boolean;
  /** Called once, when a limit is breached. */
  breach(limit: Breach): void;
  /** Called when it has been executed for a while with no wait that was worth the name. */
  computes(): void;
  /** Called when it has been waiting for a while. */
  waits(): void;
}

interface Share {
  cpuMs: number;
  residentBytes: number;
  /** Time on a core since it was last seen to wait. */
  computedMs: number;
  /** How often it was seen to wait since it was last seen to be executed. */
  idleLooks: number;
}

const intervalMs = 10;
/** A run that computed for long is told of when it is seen to wait so often. */
const restLooks = 2;
/** A worker with nothing to do looks on for a while, since the next run is likely to come soon. */
const maxIdleLooks = 100;
/** What V8's own accounting does not see may come to half the limit and this much. */
const residentSlackBytes = 48 * 1024 * 1024;

/**
 * Looks every 10 ms at the runs of a worker: wall clock, time on a core, and the growth of the
 * process. Neither V8 nor isolated-vm can say how much time on a core or memory a turn that is
 * still going on has used, so what the whole process used since the last look is divided evenly
 * among the runs that were executing. The figure is corrected when the turn ends.
 */
export class Watchdog {
  readonly #runs = new Map<Watched, Share>();
  #timer: NodeJS.Timeout | undefined;
  #idleLooks = 0;
  #lastLook = 0;
  #lastCpuMs = 0;
  #lastResident = 0;
  #expectedGrowth = 0;

  watch(run: Watched): void {
    this.#runs.set(run, { cpuMs: 0, residentBytes: 0, computedMs: 0, idleLooks: 0 });
    this.#idleLooks = 0;
    if (this.#timer !== undefined) return;
    this.#expectedGrowth = 0;
    this.#remember();
    this.#timer = setInterval(() => this.#look(), intervalMs);
  }

  /** Says that the process grows for a reason that is no run's, such as another VM. */
  expectGrowth(bytes: number): void {
    this.#expectedGrowth += bytes;
  }

  /** Says what a turn took that is over already, and of which nothing is any other run's. */
  discount(cpuMs: number): void {
    this.#lastCpuMs += cpuMs;
  }

  /** Says that a turn ended and `run.cpuMs` is exact again. */
  turnEnded(run: Watched): void {
    const share = this.#runs.get(run);
    if (share !== undefined) share.cpuMs = 0;
  }

  /** @returns the estimated time on a core of a turn that did not come to its end. */
  unwatch(run: Watched): number {
    const share = this.#runs.get(run);
    this.#runs.delete(run);
    return share?.cpuMs ?? 0;
  }

  #remember(): void {
    this.#lastLook = performance.now();
    this.#lastCpuMs = processCpuMs();
    this.#lastResident = process.memoryUsage.rss();
  }

  #look(): void {
    if (this.#runs.size === 0 && ++this.#idleLooks > maxIdleLooks) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const { before, cpuMs, resident } = {
      before: this.#lastLook,
      cpuMs: this.#lastCpuMs,
      resident: this.#lastResident,
    };
    this.#remember();
    for (const [run, share] of this.#runs) if (!run.executing) this.#seenToWait(run, share);
    const executing = [...this.#runs].filter(([run]) => run.executing);
    const wall = this.#lastLook - before;
    if (executing.length === 0) return this.#endBreached();
    // What was discounted is counted by another clock, and may be more than there was.
    const used = Math.max(0, this.#lastCpuMs - cpuMs);
    const cpuShare = Math.min(wall, used / executing.length);
    const grown = this.#lastResident - resident;
    const expected = Math.max(0, Math.min(grown, this.#expectedGrowth));
    this.#expectedGrowth -= expected;
    const residentShare = (grown - expected) / executing.length;
    for (const [run, share] of executing) {
      share.cpuMs += cpuShare;
      share.computedMs += cpuShare;
      share.idleLooks = 0;
      if (share.computedMs >= longMs) run.computes();
      share.residentBytes = Math.max(0, share.residentBytes + residentShare);
    }
    this.#endBreached();
  }

  #seenToWait(run: Watched, share: Share): void {
    if (++share.idleLooks < restLooks) return;
    share.computedMs = 0;
    run.waits();
  }

  #endBreached(): void {
    for (const [run, share] of this.#runs) {
      const limit = this.#breached(run, share);
      if (limit !== undefined) run.breach(limit);
    }
  }

  #breached(run: Watched, share: Share): Breach | undefined {
    if (run.cpuMs + share.cpuMs > run.cpuLimitMs) return 'cpu_limit';
    if (share.residentBytes > run.memoryBytes * 1.5 + residentSlackBytes) return 'memory_limit';
    if (this.#lastLook >= run.deadline) return 'timeout';
    return undefined;
  }
}

function processCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

import { longMs } from '../protocol/messages.ts';
import { bytesOf, MemoryShares, type MemoryShare } from './memory-shares.ts';

/** Which clock of a run ran out. */
export type Breach = 'timeout' | 'cpu_limit' | 'memory_limit';

/** What the watchdog needs to know of a run. */
export interface Watched {
  readonly vm: number;
  readonly deadline: number;
  readonly cpuLimitMs: number;
  /** Its limit of memory. */
  readonly memoryBytes: number;
  /** What the process may grow by for it. */
  readonly residentBytes: number;
  /** Time on a core before the turn under way. */
  readonly cpuMs: number;
  /** Whether its code is being executed, as opposed to waiting. */
  readonly executing: boolean;
  /** Whether it is over and its VM given up, whose thread has yet to stop. */
  readonly stopping: boolean;
  /** Called once, when a limit is breached. */
  breach(limit: Breach): void;
  /** Called when it has been executed for a while with no wait that was worth the name. */
  computes(): void;
  /** Called when it has been waiting for a while. */
  waits(): void;
}

interface Share extends MemoryShare {
  cpuMs: number;
  /** Time on a core since it was last seen to wait. */
  computedMs: number;
  /** How often it was seen to wait since it was last seen to be executed. */
  idleLooks: number;
  /** What the process may still grow by for one that is over. */
  restBytes: number | undefined;
}

const intervalMs = 10;
const minIntervalMs = 1;
/** By how much a thread may make the process grow in a millisecond, on a fast machine. */
const maxGrowthPerMs = 4 * 1024 * 1024;
/** What a run that is over may have taken before it has to stop, as part of its limit; but so much more in any case. */
const partingShare = 1.2;
const minPartingBytes = 2 * 1024 * 1024;
/** Looks without sleep at one that took too much, of some 25 µs each, and how many without growth are enough. */
const maxStopLooks = 200;
const stillLooks = 30;
/** A run that computed for long is told of when it is seen to wait so often. */
const restLooks = 2;
/** A worker with nothing to do looks on for a while, since the next run is likely to come soon. */
const maxIdleLooks = 100;

/**
 * Looks at the runs of a worker: wall clock, time on a core, and the growth of the process. Every 10 ms,
 * and more often when a run could reach the end of its memory before. Neither V8 nor isolated-vm can say
 * how much time on a core or memory a turn that is still going on has used, so what the whole process used
 * since the last look is divided evenly among the runs that were executing, those included that are over
 * and do not stop. The time is corrected when the turn ends.
 */
export class Watchdog {
  readonly #runs = new Map<Watched, Share>();
  readonly #memory = new MemoryShares();
  readonly #onOutgrown: (vm: number | undefined) => void;
  #timer: NodeJS.Timeout | undefined;
  #idleLooks = 0;
  #lastLook = 0;
  #lastCpuMs = 0;

  /**
   * @param onOutgrown - called when only SIGKILL helps: a VM takes more and more though its run is over, or
   * runs took too much together, and nobody can say which of them.
   */
  constructor(onOutgrown: (vm: number | undefined) => void) {
    this.#onOutgrown = onOutgrown;
  }

  watch(run: Watched): void {
    this.#runs.set(run, {
      cpuMs: 0,
      ownBytes: 0,
      sharedBytes: 0,
      computedMs: 0,
      idleLooks: 0,
      restBytes: undefined,
    });
    this.#idleLooks = 0;
    if (this.#timer !== undefined) return;
    this.#memory.begin();
    this.#remember();
    this.#lookIn(intervalMs);
  }

  /** Says that the process grows for a reason that is no run's, such as another VM. */
  expectGrowth(bytes: number): void {
    this.#memory.expect(bytes);
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

  /**
   * Says that a run is over. One that is stopping is watched on until it has stopped.
   * @returns the estimated time on a core of a turn that did not come to its end.
   */
  unwatch(run: Watched): number {
    const share = this.#runs.get(run);
    if (share === undefined) return 0;
    if (run.stopping) this.#part(run, share);
    else this.#runs.delete(run);
    return share.cpuMs;
  }

  #part(run: Watched, share: Share): void {
    share.restBytes = Math.max(
      run.residentBytes,
      run.memoryBytes * partingShare,
      bytesOf(share) + minPartingBytes,
    );
    this.#lookIn(minIntervalMs);
  }

  #remember(): void {
    this.#lastLook = performance.now();
    this.#lastCpuMs = processCpuMs();
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), ms);
  }

  #look(): void {
    if (this.#runs.size === 0 && ++this.#idleLooks > maxIdleLooks) {
      this.#timer = undefined;
      return;
    }
    const [before, cpuMs] = [this.#lastLook, this.#lastCpuMs];
    this.#remember();
    const active: [Watched, Share][] = [];
    for (const [run, share] of this.#runs) {
      if (isActive(run, share)) active.push([run, share]);
      else if (share.restBytes !== undefined) this.#runs.delete(run);
      else this.#seenToWait(run, share);
    }
    this.#memory.divide(active.map(([, share]) => share));
    // What was discounted is counted by another clock, and may be more than there was.
    const used = Math.max(0, this.#lastCpuMs - cpuMs);
    const cpuShare = Math.min(this.#lastLook - before, used / active.length);
    for (const [run, share] of active) {
      share.cpuMs += cpuShare;
      share.computedMs += cpuShare;
      share.idleLooks = 0;
      if (share.computedMs >= longMs && share.restBytes === undefined) run.computes();
    }
    this.#lookIn(nextLookMs(active));
    this.#endBreached();
    this.#endOutgrown(active);
  }

  #seenToWait(run: Watched, share: Share): void {
    if (++share.idleLooks < restLooks) return;
    share.computedMs = 0;
    run.waits();
  }

  #endBreached(): void {
    for (const [run, share] of this.#runs) {
      if (share.restBytes !== undefined) continue;
      const limit = this.#breached(run, share);
      if (limit === undefined) continue;
      run.breach(limit);
      if (limit === 'memory_limit') this.#awaitStop(run, share);
    }
  }

  /**
   * Does not go to sleep before one that took too much has stopped to grow, or has grown too far: where its
   * threads have all the cores, to be woken may take as long as it takes to grow by half the limit.
   */
  #awaitStop(run: Watched, share: Share): void {
    const { restBytes } = share;
    if (restBytes === undefined) return;
    let most = 0;
    for (let look = 0, still = 0; look < maxStopLooks && still < stillLooks; look++, still++) {
      const grown = this.#memory.sinceLast;
      if (bytesOf(share) + grown > restBytes) return this.#onOutgrown(run.vm);
      if (grown > most) [most, still] = [grown, 0];
    }
  }

  #breached(run: Watched, share: Share): Breach | undefined {
    if (run.cpuMs + share.cpuMs > run.cpuLimitMs) return 'cpu_limit';
    if (share.ownBytes > run.residentBytes) return 'memory_limit';
    if (this.#lastLook >= run.deadline) return 'timeout';
    return undefined;
  }

  #endOutgrown(active: readonly [Watched, Share][]): void {
    let [taken, allowed] = [0, 0];
    for (const [run, share] of active) {
      if (!this.#runs.has(run)) continue;
      taken += bytesOf(share);
      allowed += share.restBytes ?? run.residentBytes;
      if (share.restBytes !== undefined && bytesOf(share) > share.restBytes) {
        return this.#onOutgrown(run.vm);
      }
    }
    if (taken > allowed) this.#onOutgrown(undefined);
  }
}

function isActive(run: Watched, { restBytes }: Share): boolean {
  return restBytes === undefined ? run.executing : run.stopping;
}

/** Before any of them can have taken more than it may. */
function nextLookMs(active: readonly [Watched, Share][]): number {
  let ms = intervalMs;
  for (const [run, share] of active) {
    const left = (share.restBytes ?? run.residentBytes) - bytesOf(share);
    ms = Math.min(ms, left / maxGrowthPerMs);
  }
  return Math.max(minIntervalMs, Math.floor(ms));
}

function processCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

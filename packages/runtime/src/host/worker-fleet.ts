import { createError, type CloisterError } from '../errors.ts';
import type { BindingShape, WorkerVersions } from '../protocol/messages.ts';
import type { Source } from './compilation-cache.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import { publish } from './events.ts';
import { Lodging, type Want } from './lodging.ts';
import { residentBytes } from './resident-bytes.ts';
import type { RecentTenants } from './recent-tenants.ts';
import { WorkerPriority } from './worker-priority.ts';
import { WorkerLink, type LinkedRun, type WorkerLoss } from './worker-link.ts';
import type { StartWorker } from './worker-process.ts';

/** A worker process as the host keeps it. */
export interface Worker {
  readonly link: WorkerLink;
  /** Undefined while it is a spare. */
  lodging: Lodging | undefined;
  /**
   * Takes its place, as soon as it is ready: VMs are made there, and those that are here are made anew. Both
   * have one lodging, so that it takes in the same runs.
   */
  successor: Worker | undefined;
  /** VMs that are in it, those that are being made included. */
  vms: number;
  readonly startedAt: number;
  idleSince: number;
  readonly priority: WorkerPriority;
  /** When it was last known to take more of the cores than tiny runs do. */
  computedAt: number;
}

/** What the fleet has to know of the options. */
export interface FleetOptions {
  readonly startWorker: StartWorker;
  readonly workers: number;
  readonly spareWorkers: number;
  readonly maxWorkerMb: number;
  readonly maxWorkerAgeMs: number;
  readonly idleMs: number;
  readonly sourcesKept: number;
  readonly bindings: readonly BindingShape[];
}

/** What the owner of the fleet is told. */
export interface FleetEvents {
  onVersions(versions: WorkerVersions): void;
  /** What a worker says of VMs names those of others, or none, when it has been taken over. */
  onVmReady(link: WorkerLink, vm: number): void;
  onVmFailed(link: WorkerLink, vm: number): void;
  onVmGone(link: WorkerLink, vm: number): void;
  /** @returns the run that was in it. */
  onVmOutgrown(link: WorkerLink, vm: number): LinkedRun;
  onCode(source: Source, code: Uint8Array): void;
  /** The VMs of a worker are gone with it, or are about to be. */
  onWorkerGone(worker: Worker, how: 'worker_lost' | 'recycled'): void;
  /** There is a worker more, or it is known that there will be none. */
  onChange(): void;
}

/** From the start of a worker until it has passed its self-test, in milliseconds. */
const maxStartMs = 10_000;
/** For so long the first worker is started by itself, unless it is ready before, in milliseconds. */
const firstAloneMs = 1000;
const startBackoffMs = [0, 100, 400, 1600, 5000] as const;
/** How often the workers are looked at, in milliseconds; how they grow, more often. */
const healthMs = 1000;
const growthMs = 100;
const maxSilenceMs = 10_000;
/** The same of one that executes a quick run by itself, which takes it 100 ms at most, in milliseconds. */
const maxTurnSilenceMs = 1000;
/** A worker without runs that is larger than this, and so much for each VM, is replaced. */
const plumpBytes = 512 * 1024 * 1024;
const plumpBytesPerVm = 24 * 1024 * 1024;
/** A worker in which a run computes for long, or spoils its VM, gives way until so long after, in milliseconds. */
const computingMs = 1000;
/** A worker is replaced over the niceness of its threads at this age, and not before, in milliseconds. */
const minStuckAgeMs = 10_000;
/** How long a worker for single runs is kept, in milliseconds: they are rare. */
const quarantineIdleMs = 2000;
const mebi = 1024 * 1024;

/**
 * The worker processes: starts and replaces them, keeps spares, gives each its lodging, and watches
 * from outside how large they are and whether they answer. Owned by the pool.
 */
export class WorkerFleet {
  readonly #options: FleetOptions;
  readonly #deadlines: Deadlines;
  readonly #recent: RecentTenants;
  readonly #events: FleetEvents;
  readonly #workers = new Map<WorkerLink, Worker>();
  readonly #starting = new Map<WorkerLink, Deadline>();
  /** Workers that have made a VM; one that never did is not to be started again at once. */
  readonly #proven = new WeakSet<WorkerLink>();
  #lastLink = 0;
  #failedStarts = 0;
  #closed = false;
  #health: NodeJS.Timeout | undefined;
  #growth: NodeJS.Timeout | undefined;
  #others: NodeJS.Timeout | undefined;
  #allGone: (() => void) | undefined;
  /** Why the newest worker could not be started, while none can. */
  startFailure: CloisterError | undefined;
  /** Told of the first failure to start a worker. */
  onStartFailed: (error: CloisterError) => void = () => {};

  constructor(
    options: FleetOptions,
    deadlines: Deadlines,
    recent: RecentTenants,
    events: FleetEvents,
  ) {
    this.#recent = recent;
    this.#options = options;
    this.#deadlines = deadlines;
    this.#events = events;
  }

  /** Starts the first worker, with all cores to itself; the others follow when it is ready, or seems to hang. */
  start(): void {
    this.#start(new Lodging('shared'));
    this.#others = setTimeout(() => this.#startMissing(), firstAloneMs).unref();
    this.#health = setInterval(() => this.#lookAtHealth(), healthMs).unref();
    this.#growth = setInterval(() => {
      this.#lookAtGrowth();
      this.#lookAtPriority();
    }, growthMs).unref();
  }

  /** Sees to it that there are as many spares as there should be. */
  addSpares(): void {
    const spares = this.#count((worker) => worker.lodging === undefined);
    for (let i = spares; i < this.#options.spareWorkers; i++) this.#start(undefined);
  }

  /** Whether one of its workers is. */
  get isReady(): boolean {
    return this.#count(({ link }) => link.isReady) > 0;
  }

  /** Workers that are in use, spares not among them. */
  get size(): number {
    return this.#count(({ lodging }) => lodging !== undefined);
  }

  get spares(): number {
    return this.#count(({ lodging, link }) => lodging === undefined && link.isReady);
  }

  /**
   * The worker in which a VM for such a run is best made. When there is none, one is on its way, if
   * there may be one more.
   * @param hasRoom - whether a worker may be asked for one more now.
   */
  place(want: Want, hasRoom: (worker: Worker) => boolean): Worker | undefined {
    let isThere = false;
    let best: Worker | undefined;
    for (const worker of this.#takers(want)) {
      isThere = true;
      if (hasRoom(worker) && (best === undefined || isBetterPlace(worker, best))) best = worker;
    }
    return isThere ? best : this.#oneMore(want);
  }

  /** Whether a VM for such a run could be made in a worker that answers. */
  answers(want: Want): boolean {
    return this.#takers(want).some(({ link }) => !link.isMute);
  }

  /** The workers in which a VM for such a run may be made. */
  #takers(want: Want): Worker[] {
    const leavesProven = this.leavesProven(want);
    return [...this.#workers.values()].filter((worker) => {
      const { link, lodging, vms } = worker;
      if (!link.isReady || isRetiring(worker) || lodging?.accepts(want) !== true) return false;
      if (leavesProven && lodging.isForProven) return false;
      // A run in quarantine is alone, so the VM of another there is none for it.
      return want.kind !== 'quarantine' || vms === 0;
    });
  }

  /**
   * Whether such a run is to leave alone the workers that proven scripts use, though nobody is in one at
   * the moment: there is another for it, or will be.
   */
  leavesProven(want: Want): boolean {
    if (want.trust === 'proven' || want.kind !== 'shared') return false;
    for (const worker of this.#workers.values()) {
      const { lodging, link } = worker;
      if (lodging === undefined || !isShared(worker) || lodging.isForProven) continue;
      if (!link.isReady || lodging.accepts(want)) return true;
    }
    return false;
  }

  /** A worker for VMs that are kept warm; none while the one whose turn it is has not started. */
  placeWarm(): Worker | undefined {
    let best: Worker | undefined;
    for (const worker of this.#workers.values()) {
      if (!isShared(worker)) continue;
      const isFirst = best === undefined || worker.vms < best.vms;
      if (isFirst || (worker.vms === best?.vms && !best.link.isReady)) best = worker;
    }
    return best?.link.isReady === true ? best : undefined;
  }

  /** It has made a VM, so it is in order. */
  proved({ link }: Worker): void {
    this.#proven.add(link);
    this.#failedStarts = 0;
    this.startFailure = undefined;
  }

  /** A VM of it was spoiled by its run: who does that again and again has one made each time. */
  wasSpoiled(worker: Worker): void {
    if (this.#recent.areSeveral) worker.computedAt = performance.now();
  }

  /** Kills all workers and waits until they are gone. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#health);
    clearInterval(this.#growth);
    clearTimeout(this.#others);
    for (const link of this.#workers.keys()) link.close();
    if (this.#workers.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#allGone = resolve;
    });
  }

  #count(fits: (worker: Worker) => boolean): number {
    let count = 0;
    for (const worker of this.#workers.values()) if (fits(worker)) count++;
    return count;
  }

  #oneMore({ kind, tenantId }: Want): Worker | undefined {
    if (this.#closed) return undefined;
    const owner = kind === 'dedicated' ? tenantId : undefined;
    const alike = ({ lodging, successor }: Worker): boolean =>
      lodging?.kind === kind && lodging.owner === owner && successor === undefined;
    // Runs of each trust find a worker, if need be above the number.
    const most = kind === 'shared' ? this.#options.workers + 3 : kind === 'quarantine' ? 2 : 1;
    if (
      this.#count(alike) >= most ||
      this.#count((worker) => alike(worker) && !worker.link.isReady)
    ) {
      return undefined;
    }
    const worker = this.#lodge(new Lodging(kind, owner));
    if (worker !== undefined) this.addSpares();
    return worker;
  }

  /** Gives a lodging to a spare, if there is one, else to a worker that is started. @returns the spare. */
  #lodge(lodging: Lodging): Worker | undefined {
    for (const worker of this.#workers.values()) {
      if (worker.lodging !== undefined || !worker.link.isReady) continue;
      worker.lodging = lodging;
      worker.idleSince = performance.now();
      return worker;
    }
    this.#start(lodging);
    return undefined;
  }

  #start(lodging: Lodging | undefined): Worker | undefined {
    try {
      return this.#spawn(lodging);
    } catch (error) {
      // The system refused the process at once, for want of memory or of descriptors.
      const reason = 'it could not be spawned';
      this.#startFailed({ kind: 'crashed', reason, lastWords: String(error) }, lodging);
      return undefined;
    }
  }

  #spawn(lodging: Lodging | undefined): Worker {
    const id = ++this.#lastLink;
    const events = this.#events;
    const link = new WorkerLink(id, this.#options, {
      onReady: (versions) => this.#ready(link, versions),
      onVmReady: (vm) => events.onVmReady(link, vm),
      onVmFailed: (vm) => events.onVmFailed(link, vm),
      onVmGone: (vm) => events.onVmGone(link, vm),
      onVmOutgrown: (vm) => events.onVmOutgrown(link, vm),
      onCode: (source, code) => events.onCode(source, code),
      onDead: () => this.#dead(link),
      onLost: (loss) => this.#lost(worker, loss),
    });
    const now = performance.now();
    const worker: Worker = {
      link,
      lodging,
      successor: undefined,
      vms: 0,
      startedAt: now,
      idleSince: now,
      priority: new WorkerPriority(),
      computedAt: -Infinity,
    };
    this.#workers.set(link, worker);
    const deadline = this.#deadlines.after(maxStartMs, () => {
      if (!link.isReady) link.kill(undefined, `it was not ready within ${maxStartMs} ms`);
    });
    this.#starting.set(link, deadline);
    return worker;
  }

  #hasStarted(link: WorkerLink): void {
    this.#starting.get(link)?.clear();
    this.#starting.delete(link);
  }

  #ready(link: WorkerLink, versions: WorkerVersions): void {
    this.#hasStarted(link);
    this.#events.onVersions(versions);
    publish('cloister:worker:start', () => ({ worker: link.id, pid: link.pid }));
    this.#events.onChange();
    // To spawn them takes a while: first it is asked for a VM, on which `createRuntime` waits.
    if (this.#failedStarts === 0) setImmediate(() => this.#startMissing());
  }

  #dead(link: WorkerLink): void {
    const worker = this.#workers.get(link);
    this.#workers.delete(link);
    this.#hasStarted(link);
    if (worker === undefined) return;
    // Another will be started for who is to be replaced.
    for (const other of this.#workers.values()) {
      if (other.successor === worker) other.successor = undefined;
    }
    this.#events.onWorkerGone(worker, 'worker_lost');
  }

  #lost(worker: Worker, loss: WorkerLoss): void {
    const { link } = worker;
    const { reason } = loss;
    publish('cloister:worker:exit', () => ({ worker: link.id, pid: link.pid, reason }));
    if (this.#workers.size === 0) this.#allGone?.();
    if (this.#closed) return;
    const hadStarted = this.#proven.has(link) || worker.lodging === undefined;
    if (hadStarted || loss.kind === 'closed') this.#fill();
    else this.#startFailed(loss, worker.lodging);
    this.#events.onChange();
  }

  /** Sees to it that there are as many shared workers as there should be, by a spare at once if there is one. */
  #fill(): void {
    this.#startMissing();
    this.addSpares();
  }

  #startMissing(): void {
    clearTimeout(this.#others);
    if (this.#closed) return;
    for (let missing = this.#options.workers - this.#count(isShared); missing > 0; missing--) {
      this.#lodge(new Lodging('shared'));
    }
  }

  #startFailed(
    { kind, reason, lastWords }: Pick<WorkerLoss, 'kind' | 'reason' | 'lastWords'>,
    lodging: Lodging | undefined,
  ): void {
    const details = lastWords === '' ? '' : `\n${lastWords}`;
    this.startFailure = createError(
      'worker_start_failed',
      `a worker process could not be started: ${reason}${details}`,
    );
    // One that was merely too slow may have had bad luck.
    if (kind !== 'killed' || this.#failedStarts > 0) this.onStartFailed(this.startFailure);
    // What was to be for one tenant or one run is asked for again by whoever still wants it.
    if (lodging !== undefined && lodging.kind !== 'shared') return;
    const wait = startBackoffMs[Math.min(this.#failedStarts++, startBackoffMs.length - 1)]!;
    setTimeout(() => {
      if (!this.#closed) this.#fill();
    }, wait).unref();
  }

  #lookAtHealth(): void {
    const now = performance.now();
    let shared = this.#count(isShared);
    let isOneToGo = this.#count(({ successor }) => successor !== undefined) > 0;
    // Those who wait for VMs in them may find others now.
    if (this.#count(({ link }) => link.isMute) > 0) this.#events.onChange();
    for (const worker of this.#workers.values()) {
      const { link, lodging } = worker;
      if (!link.isReady) continue;
      if (link.silentMs > maxSilenceMs) {
        link.kill(undefined, `it did not answer for ${maxSilenceMs} ms`);
        continue;
      }
      link.ping();
      if (lodging === undefined) continue;
      if (lodging.kind !== 'quarantine' && !isOneToGo && this.#isWorn(worker, now)) {
        // Not by a spare, which those who lose theirs may need. One at a time.
        worker.successor = this.#start(lodging);
        isOneToGo = true;
      }
      if (isRetiring(worker) && worker.vms === 0 && link.runCount === 0) this.#giveUp(worker);
      else if (!lodging.isEmpty) worker.idleSince = now;
      else if (lodging.kind !== 'shared' || (isShared(worker) && shared > this.#options.workers)) {
        const idleMs = lodging.kind === 'quarantine' ? quarantineIdleMs : this.#options.idleMs;
        // Short runs may have come and gone between two looks.
        if (now - Math.max(worker.idleSince, lodging.leftAt) <= idleMs) continue;
        if (lodging.kind === 'shared') shared--;
        this.#giveUp(worker);
      }
    }
  }

  #isWorn({ link, startedAt, vms, priority }: Worker, now: number): boolean {
    if (now - startedAt > this.#options.maxWorkerAgeMs) return true;
    if (priority.isStuck && now - startedAt > minStuckAgeMs) return true;
    return (residentBytes(link.pid) ?? 0) > plumpBytes + vms * plumpBytesPerVm;
  }

  #giveUp(worker: Worker): void {
    this.#events.onWorkerGone(worker, 'recycled');
    worker.link.close();
  }

  /** V8 cannot stop everything; what it cannot would hold up all runs of the worker. */
  #lookForSilence(link: WorkerLink): void {
    if (link.silentMs > maxTurnSilenceMs) link.killForSilence(maxTurnSilenceMs);
    else link.ping();
  }

  /** Who computes for long, or comes to be, gives way to the others. */
  #lookAtPriority(): void {
    if (process.platform !== 'linux') return;
    const now = performance.now();
    const hasSeveral = this.#recent.areSeveral;
    const anyForProven = this.#count(
      ({ lodging, link }) => link.isReady && lodging?.isForProven === true,
    );
    for (const worker of this.#workers.values()) {
      const { link, lodging, priority } = worker;
      const { pid, sessionPid } = link;
      if (pid === undefined || sessionPid === undefined) continue;
      if (!link.isReady) {
        priority.setGroup(sessionPid, anyForProven > 0 ? 'starting' : 'ordinary');
        continue;
      }
      if (link.computingCount > 0 && hasSeveral) {
        worker.computedAt = now;
        priority.lowerBusyThreads(pid);
      } else if (priority.isLowered && !priority.isStuck) {
        priority.relax(pid);
      }
      if (lodging?.hasSteady === true && hasSeveral) worker.computedAt = now;
      const hasComputed = now - worker.computedAt < computingMs;
      const yields = hasComputed && lodging?.isForProven !== true;
      priority.setGroup(sessionPid, yields ? 'yielding' : 'ordinary');
    }
  }

  /** The second layer of the memory limit: what the worker itself does not see, or does not say. */
  #lookAtGrowth(): void {
    const most = this.#options.maxWorkerMb * mebi;
    for (const { link } of this.#workers.values()) {
      if (link.runCount === 0) continue;
      if (link.mayBeWaiting) this.#lookForSilence(link);
      const resident = residentBytes(link.pid);
      if (resident !== undefined && resident > most) link.killForMemory(this.#options.maxWorkerMb);
    }
  }
}

/** Whether it is one of the workers that are for everybody, and stays one. */
function isShared({ lodging, successor }: Worker): boolean {
  return lodging?.kind === 'shared' && successor === undefined;
}

/** Whether its VMs are to be made anew in its successor, which is there; until then it is used as ever. */
export function isRetiring({ successor }: Worker): boolean {
  return successor?.link.isReady === true;
}

/** One that answers, and then the one with fewer VMs. */
function isBetterPlace(a: Worker, b: Worker): boolean {
  return a.link.isMute === b.link.isMute ? a.vms < b.vms : b.link.isMute;
}

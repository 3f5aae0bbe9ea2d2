import type { CloisterError } from '../errors.ts';
import type { ResolvedOptions } from '../options.ts';
import type { BindingShape } from '../protocol/messages.ts';
import { ProtocolError } from '../protocol/parse-worker-message.ts';
import type { CompilationCache, Source } from './compilation-cache.ts';
import { Crowding } from './crowding.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import { publish, type VmEnd } from './events.ts';
import type { Want } from './lodging.ts';
import {
  countWithin,
  goesBefore,
  isBetterLane,
  isFit,
  isJoinable,
  leaveLodging,
  preferred,
  wornOut,
  type PooledVm,
} from './pooled-vm.ts';
import { RecentTenants } from './recent-tenants.ts';
import { isRetiring, WorkerFleet, type Worker } from './worker-fleet.ts';
import type { LinkedRun, WorkerLink } from './worker-link.ts';
import type { StartWorker } from './worker-process.ts';

/** Counts of the pool at one moment. */
export interface PoolStats {
  /** Processes with VMs; spares are counted apart. */
  readonly workers: number;
  readonly spareWorkers: number;
  readonly vms: number;
  readonly warm: number;
  readonly idle: number;
  readonly busy: number;
}

/** From the taking of a warm VM until another is made in its place at the latest, in milliseconds. */
const maxRefillDelayMs = 100;
/** From the start until the spares are started: the first runs come, and want the cores. In milliseconds. */
const sparesAfterMs = 500;
/** How long a worker in which a VM is to stop may give no sign of life, in milliseconds. */
const maxStallMs = 3000;
/**
 * Quick runs that take so long together, in milliseconds, are sent to one VM before it is asked whether
 * another would be better, and to one worker before they are worth another: the more of them go through a
 * VM together, the less each costs.
 */
const groupMs = 0.5;
const crowdMs = 2;
/**
 * VMs that are asked of a worker at a time: the two that it makes at once, and the next. By the time that they
 * are there, the runs that waited may be over, since it is known then that they are short.
 */
const maxStarting = 3;
/** How often a VM of a worker that is to go is made anew: nobody waits for it, and others want the cores. In milliseconds. */
const moveMs = 50;

/** A VM that is given up, until its thread has stopped. */
interface Closing {
  readonly vm: PooledVm;
  readonly whenStopped: () => void;
  readonly deadline: Deadline;
}

/**
 * The VMs: makes them ahead of need and gives up those that are idle, worn, unhealthy or in the way.
 * Owned by the runtime.
 */
export class Pool {
  readonly #options: ResolvedOptions;
  readonly #deadlines: Deadlines;
  /** Called whenever a VM may have become free, or the wait for one may have changed. */
  readonly #onAvailable: () => void;
  readonly #fleet: WorkerFleet;
  readonly recent: RecentTenants = new RecentTenants();
  readonly #vms = new Map<number, PooledVm>();
  /** Those that are bound to a tenant, by tenant. */
  readonly #bound = new Map<string, Set<PooledVm>>();
  readonly #closing = new Map<number, Closing>();
  readonly #crowding: Crowding;
  /** Where a run was sent last that is likely to be over at once. */
  #lastLane: PooledVm | undefined;
  readonly #started = Promise.withResolvers<void>();
  #isStarted = false;
  #lastVm = 0;
  #closed = false;
  #idleTimer: NodeJS.Timeout | undefined;
  #refillTimer: NodeJS.Timeout | undefined;
  #spareTimer: NodeJS.Timeout | undefined;
  #moveTimer: NodeJS.Timeout | undefined;

  constructor(
    options: ResolvedOptions,
    startWorker: StartWorker,
    deadlines: Deadlines,
    cache: CompilationCache,
    bindings: readonly BindingShape[],
    onAvailable: () => void,
  ) {
    this.#options = options;
    this.#deadlines = deadlines;
    this.#onAvailable = onAvailable;
    this.#crowding = new Crowding(options.maxVms);
    const given = { ...options, startWorker, sourcesKept: options.cache.size, bindings };
    this.#fleet = new WorkerFleet(given, deadlines, this.recent, {
      onVersions: ({ v8, codeTag }) => void (cache.codeTag = `${v8}-${codeTag}`),
      onVmReady: (link, vm) => this.#vmReady(link, vm),
      onVmFailed: (link, vm) => this.#vmFailed(link, vm),
      onVmGone: (link, vm) => this.#vmGone(link, vm),
      onVmOutgrown: (link, vm) => this.#runGivenUp(link, vm),
      onCode: (source, code) => cache.keep(source, code),
      onWorkerGone: (worker, how) => this.#workerGone(worker, how),
      onChange: () => this.#fleetChanged(),
    });
    this.#fleet.onStartFailed = (error) => this.#started.reject(error);
  }

  /**
   * Starts the workers and waits for them and for a first VM, which is what a first run needs; the other
   * warm ones follow.
   * @throws {CloisterError} `worker_start_failed` when a worker cannot run scripts.
   */
  async start(): Promise<void> {
    // A worker with no run in it does not keep the process alive; this does until all are ready.
    const keepAlive = setInterval(() => {}, 1 << 30);
    this.#fleet.start();
    try {
      await this.#started.promise;
    } finally {
      clearInterval(keepAlive);
    }
    this.#isStarted = true;
    // What is asked for the first time takes V8 several times as long, which is not to be in a run.
    this.hasFree({
      tenantId: '',
      memoryMb: this.#options.limits.memoryMb,
      trust: 'open',
      kind: 'shared',
    });
    this.#refillSoon();
    this.#spareTimer = setTimeout(() => this.#fleet.addSpares(), sparesAfterMs).unref();
    const interval = Math.max(10, Math.min(this.#options.idleMs / 2, 10_000));
    this.#idleTimer = setInterval(() => this.#shrink(), interval).unref();
  }

  get stats(): PoolStats {
    const counts = { warm: 0, idle: 0, busy: 0 };
    for (const vm of this.#vms.values()) {
      if (vm.state === 'busy') counts.busy++;
      else if (vm.state === 'idle') counts[vm.tenantId === undefined ? 'warm' : 'idle']++;
    }
    const { size: workers, spares: spareWorkers } = this.#fleet;
    return { workers, spareWorkers, vms: this.#vms.size, ...counts };
  }

  /** Why the newest worker could not be started, while none can. */
  get startFailure(): CloisterError | undefined {
    return this.#fleet.startFailure;
  }

  /** Whether as many VMs exist as there may be. */
  get isFull(): boolean {
    return this.#vms.size >= this.#options.maxVms;
  }

  /**
   * Gives a free VM to a run: one of its tenant's own, else a warm one, on the worker with the least to
   * do among those that take it in. The caller gives it back by `release`.
   */
  take(want: Want): PooledVm | undefined {
    const vm = this.#findFree(want);
    return vm === undefined ? undefined : this.#occupy(vm, want, false);
  }

  /**
   * Gives a VM to a run that is likely to be over at once, without waiting for anything: one of its
   * tenant's that knows its script, even if there are such runs before it.
   * @param expectedMs - what such runs take on a core.
   * @param busyOnly - whether it has to be one with such runs before it.
   */
  join(
    want: Want,
    source: number,
    expectedMs: number | undefined,
    busyOnly: boolean,
  ): PooledVm | undefined {
    const last = this.#lastLane;
    const isLast = last !== undefined && last.tenantId === want.tenantId && last.known.has(source);
    const group = countWithin(groupMs, expectedMs);
    const goesOn = isLast && last.load % group !== 0 && isJoinable(last, want);
    const crowd = countWithin(crowdMs, expectedMs);
    const best = goesOn ? last : this.#findLane(want, source, crowd, busyOnly);
    this.#lastLane = best;
    if (best === undefined) return undefined;
    if (best.state === 'idle') return this.#occupy(best, want, true);
    best.load++;
    best.runs++;
    return best;
  }

  /** Whether `join` would find a VM that is busy with such runs. */
  hasLane(want: Want, source: number): boolean {
    return this.#findLane(want, source, 1, true) !== undefined;
  }

  #findLane(want: Want, source: number, crowd: number, busyOnly: boolean): PooledVm | undefined {
    const own = this.#bound.get(want.tenantId);
    if (own === undefined) return undefined;
    let best: PooledVm | undefined;
    for (const vm of own) {
      if (!vm.known.has(source)) continue;
      const isOpen = vm.state === 'idle' ? !busyOnly && isFit(vm, want) : isJoinable(vm, want);
      if (isOpen && (best === undefined || isBetterLane(vm, best, crowd))) best = vm;
    }
    return best;
  }

  #occupy(vm: PooledVm, want: Want, isLane: boolean): PooledVm {
    const wasWarm = vm.tenantId === undefined;
    if (wasWarm) {
      this.#bind(vm, want.tenantId);
      vm.isPassing = this.#crowding.isPassing(want.tenantId);
    } else {
      vm.isPassing = false;
      this.#crowding.found();
    }
    vm.state = 'busy';
    vm.want = want;
    vm.runs++;
    vm.load = 1;
    vm.isLane = isLane;
    vm.worker.lodging?.enter(want);
    if (wasWarm) this.#refillSoon();
    return vm;
  }

  #bind(vm: PooledVm, tenantId: string): void {
    vm.tenantId = tenantId;
    const others = this.#bound.get(tenantId);
    if (others === undefined) this.#bound.set(tenantId, new Set([vm]));
    else others.add(vm);
  }

  #forget(vm: PooledVm): void {
    this.#vms.delete(vm.id);
    const { tenantId } = vm;
    const others = tenantId === undefined ? undefined : this.#bound.get(tenantId);
    if (tenantId === undefined || others === undefined) return;
    others.delete(vm);
    if (others.size === 0) this.#bound.delete(tenantId);
  }

  /**
   * Makes VMs for `count` runs that found none; where there is no room, in place of idle ones whose
   * tenant has to give way.
   */
  grow(count: number, want: Want, givesWay: (tenantId: string) => boolean): void {
    let starting = 0;
    const startingIn = new Map<Worker, number>();
    const leavesProven = this.#fleet.leavesProven(want);
    for (const vm of this.#vms.values()) {
      if (vm.state !== 'starting') continue;
      startingIn.set(vm.worker, (startingIn.get(vm.worker) ?? 0) + 1);
      if (vm.link.isMute || (leavesProven && vm.worker.lodging?.isForProven === true)) continue;
      if (vm.replaces === undefined && isFit(vm, want)) starting++;
    }
    const startingThere = (worker: Worker): number => startingIn.get(worker) ?? 0;
    while (starting < count) {
      const worker = this.#fleet.place(want, (one) => startingThere(one) < maxStarting);
      if (worker === undefined || this.#closed) return;
      if (this.isFull && !this.#evict(want, givesWay)) return;
      this.#createVm(worker, want.memoryMb);
      startingIn.set(worker, startingThere(worker) + 1);
      starting++;
      // There is one run there, and no other.
      if (want.kind === 'quarantine') return;
    }
  }

  /** One of the runs in a VM has left it. @returns whether it was the last one. */
  leave(vm: PooledVm): boolean {
    return --vm.load === 0;
  }

  /**
   * Takes a VM back that a run has left, to be used again or, for a reason, not.
   * @param whenStopped - called once, when nothing goes on in it any more: at once, unless it is spoilt.
   */
  release(vm: PooledVm, end: VmEnd | undefined, whenStopped: () => void): void {
    if (!this.#vms.has(vm.id)) return whenStopped();
    if (end === undefined && vm.load > 0) {
      whenStopped();
      return this.#onAvailable();
    }
    if (end === 'unhealthy') this.#fleet.wasSpoiled(vm.worker);
    const wasAlone = vm.want?.kind === 'quarantine';
    const reason = this.#closed ? 'shutdown' : (end ?? (wasAlone ? 'recycled' : wornOut(vm)));
    if (reason === undefined) {
      leaveLodging(vm);
      vm.state = 'idle';
      vm.run = undefined;
      vm.idleSince = performance.now();
      whenStopped();
    } else {
      this.#destroy(vm, reason, whenStopped);
    }
    if (reason !== undefined || this.#refillTimer !== undefined) this.#refill();
    this.#onAvailable();
  }

  /** Sends a source to the worker whose VM `take` would give now, if there is one. */
  sendAhead(source: Source, want: Want): void {
    this.#findFree(want)?.link.sendSource(source);
  }

  /** Whether `take` would find a VM. */
  hasFree(want: Want): boolean {
    return this.#findFree(want) !== undefined;
  }

  /** Kills all workers and waits until they are gone. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#idleTimer);
    clearTimeout(this.#refillTimer);
    clearTimeout(this.#spareTimer);
    clearTimeout(this.#moveTimer);
    for (const vm of this.#vms.values()) this.#publishEnd(vm, 'shutdown');
    this.#vms.clear();
    this.#bound.clear();
    await this.#fleet.close();
  }

  #findFree(want: Want): PooledVm | undefined {
    let best: PooledVm | undefined;
    const leavesProven = this.#fleet.leavesProven(want);
    const isProven = want.trust === 'proven';
    for (const vm of this.#vms.values()) {
      if (vm.state !== 'idle' || !isFit(vm, want)) continue;
      if (vm.tenantId !== undefined && vm.tenantId !== want.tenantId) continue;
      if (leavesProven && vm.worker.lodging?.isForProven === true) continue;
      if (best === undefined || preferred(vm, best, isProven)) best = vm;
    }
    // It is made room for elsewhere rather than sent to a worker that may hang.
    return best?.link.isMute === true && this.#fleet.answers(want) ? undefined : best;
  }

  #fleetChanged(): void {
    if (this.#fleet.isReady) {
      this.#refill();
      if (this.#options.poolSize === 0) this.#started.resolve();
    }
    this.#moveTimer ??= setTimeout(() => this.#move(), moveMs).unref();
    this.#onAvailable();
  }

  #workerGone(worker: Worker, how: 'worker_lost' | 'recycled'): void {
    for (const vm of this.#vms.values()) {
      if (vm.worker !== worker) continue;
      leaveLodging(vm);
      this.#forget(vm);
      this.#publishEnd(vm, how);
    }
    for (const [id, { vm, deadline, whenStopped }] of this.#closing) {
      if (vm.worker !== worker) continue;
      leaveLodging(vm);
      deadline.clear();
      this.#closing.delete(id);
      whenStopped();
    }
  }

  /**
   * When the run is over that took a warm VM, or has gone on for a while: it would share its worker
   * with the making of the next.
   */
  #refillSoon(): void {
    this.#refillTimer ??= setTimeout(() => this.#refill(), maxRefillDelayMs).unref();
  }

  /** Keeps `poolSize` VMs warm, as far as the ceiling allows. */
  #refill(): void {
    clearTimeout(this.#refillTimer);
    this.#refillTimer = undefined;
    if (this.#closed) return;
    let warm = 0;
    for (const vm of this.#vms.values()) {
      if (vm.tenantId !== undefined || vm.worker.lodging?.kind !== 'shared') continue;
      if (vm.memoryMb === this.#options.limits.memoryMb) warm++;
    }
    // The first is waited for; the others would only take the cores from it, and from the first run.
    const wanted = Math.min(this.#options.poolSize, this.#isStarted ? Infinity : 1);
    while (warm < wanted && !this.isFull) {
      const worker = this.#fleet.placeWarm();
      if (worker === undefined) return;
      this.#createVm(worker, this.#options.limits.memoryMb);
      warm++;
    }
  }

  /** Makes a VM of a worker that is to go anew in its successor, and so on until there is none. */
  #move(): void {
    this.#moveTimer = undefined;
    let next: PooledVm | undefined;
    let [isOneToMove, isOneUnderWay] = [false, false];
    for (const vm of this.#vms.values()) {
      if (vm.replaces !== undefined) isOneUnderWay = true;
      if (vm.isToGo || !isRetiring(vm.worker)) continue;
      isOneToMove = true;
      if (vm.state !== 'starting') next ??= vm;
    }
    if (!isOneToMove || this.#closed) return;
    this.#moveTimer = setTimeout(() => this.#move(), moveMs).unref();
    if (next === undefined || isOneUnderWay) return;
    // Where there is no room for both, one is made when its tenant asks for it.
    if (this.isFull) this.#letGo(next);
    else this.#createVm(next.worker.successor!, next.memoryMb, next);
  }

  /** From now on the runs of a tenant go to another VM. */
  #replace(old: PooledVm, vm: PooledVm): void {
    vm.replaces = undefined;
    if (old.tenantId !== undefined) this.#bind(vm, old.tenantId);
    if (this.#vms.has(old.id)) this.#letGo(old);
  }

  #letGo(vm: PooledVm): void {
    vm.isToGo = true;
    if (vm.state === 'idle') this.#destroy(vm, 'recycled');
  }

  #createVm(worker: Worker, memoryMb: number, replaces?: PooledVm): void {
    const id = ++this.#lastVm;
    worker.vms++;
    this.#vms.set(id, {
      id,
      worker,
      link: worker.link,
      memoryMb,
      createdAt: performance.now(),
      tenantId: undefined,
      state: 'starting',
      idleSince: 0,
      runs: 0,
      load: 0,
      isLane: false,
      known: new Set(),
      want: undefined,
      run: undefined,
      replaces,
      isToGo: false,
      isPassing: false,
    });
    worker.link.createVm(id, memoryMb);
  }

  /** @throws {ProtocolError} when this worker was not asked for such a VM. */
  #startingVm(link: WorkerLink, id: number): PooledVm {
    const vm = this.#vms.get(id);
    if (vm?.link === link && vm.state === 'starting') return vm;
    throw new ProtocolError('a VM that it was not asked for');
  }

  #vmReady(link: WorkerLink, id: number): void {
    const vm = this.#startingVm(link, id);
    vm.state = 'idle';
    vm.idleSince = performance.now();
    this.#fleet.proved(vm.worker);
    if (vm.replaces !== undefined) this.#replace(vm.replaces, vm);
    publish('cloister:vm:create', () => ({ vm: id, worker: vm.link.id }));
    this.#started.resolve();
    this.#onAvailable();
  }

  #vmFailed(link: WorkerLink, id: number): void {
    this.#forget(this.#startingVm(link, id));
    // A process that cannot make one isolate more is in no state to hold others.
    link.kill(undefined, 'it could not make a VM');
  }

  #vmGone(link: WorkerLink, id: number): void {
    const closing = this.#closing.get(id);
    const vm = closing?.vm ?? this.#vms.get(id);
    if (vm?.link !== link) throw new ProtocolError('the end of a VM that it does not have');
    // It may say so before it tells the end of the run that was in it.
    if (closing === undefined) return;
    closing.deadline.clear();
    this.#closing.delete(id);
    // Not before: while its thread goes on, it can bring the worker down.
    leaveLodging(closing.vm);
    closing.whenStopped();
    this.#onAvailable();
  }

  /** @throws {ProtocolError} when there is no such run in this worker. */
  #runGivenUp(link: WorkerLink, id: number): LinkedRun {
    const vm = this.#closing.get(id)?.vm;
    if (vm?.link === link && vm.run !== undefined) return vm.run;
    throw new ProtocolError('a VM that is not given up took too much');
  }

  /** Gives up a VM. When its thread does not stop in time, the whole worker goes. */
  #destroy(vm: PooledVm, reason: VmEnd, whenStopped: () => void = () => {}): void {
    vm.state = 'closing';
    vm.worker.vms--;
    this.#forget(vm);
    vm.link.destroyVm(vm.id);
    vm.link.ping();
    this.#awaitStop(vm, whenStopped);
    this.#publishEnd(vm, reason);
  }

  /** Nobody waits for the end of its thread, so a worker that says nothing may be waiting for a core. */
  #awaitStop(vm: PooledVm, whenStopped: () => void): void {
    const deadline = this.#deadlines.after(this.#options.graceMs, () => {
      const { silentMs } = vm.link;
      if (silentMs > 0 && silentMs < maxStallMs) return this.#awaitStop(vm, whenStopped);
      vm.link.kill(vm.run, 'a VM in it could not be stopped');
    });
    this.#closing.set(vm.id, { vm, whenStopped, deadline });
  }

  #evict(want: Want, givesWay: (tenantId: string) => boolean): boolean {
    let first: PooledVm | undefined;
    for (const vm of this.#vms.values()) {
      if (vm.state !== 'idle' || (first !== undefined && !goesBefore(vm, first))) continue;
      const { tenantId } = vm;
      // A warm one goes only when it is of no use here; a tenant's, when the tenant gives way.
      if (tenantId === undefined ? !isFit(vm, want) : givesWay(tenantId)) first = vm;
    }
    if (first === undefined) return false;
    if (first.tenantId !== undefined) this.#crowding.evicted(first.tenantId);
    this.#destroy(first, 'evicted');
    return true;
  }

  #shrink(): void {
    const before = performance.now() - this.#options.idleMs;
    for (const vm of this.#vms.values()) {
      if (vm.state !== 'idle' || vm.idleSince > before) continue;
      const isSpare =
        vm.tenantId === undefined &&
        (vm.memoryMb !== this.#options.limits.memoryMb || this.stats.warm > this.#options.poolSize);
      if (vm.tenantId !== undefined || isSpare) this.#destroy(vm, 'idle');
    }
    this.#refill();
  }

  #publishEnd(vm: PooledVm, reason: VmEnd): void {
    // One that never was ready was never announced.
    if (vm.state === 'starting') return;
    publish('cloister:vm:destroy', () => ({
      vm: vm.id,
      worker: vm.link.id,
      ...(vm.tenantId === undefined ? {} : { tenantId: vm.tenantId }),
      reason,
    }));
  }
}

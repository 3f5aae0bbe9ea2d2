import { createError, type CloisterError } from '../errors.ts';
import type { ResolvedOptions } from '../options.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import type { WorkerVersions } from '../protocol/messages.ts';
import type { CompilationCache, Source } from './compilation-cache.ts';
import { publish, type VmEnd } from './events.ts';
import { WorkerLink, type LinkedRun, type WorkerLoss } from './worker-link.ts';

/**
 * A VM as the host sees it. `starting` → `idle` ⇄ `busy`; from each of them → `closing` → gone.
 * Once bound to a tenant, it is never anybody else's.
 */
export interface PooledVm {
  readonly id: number;
  readonly link: WorkerLink;
  readonly memoryMb: number;
  tenantId: string | undefined;
  state: 'starting' | 'idle' | 'busy' | 'closing';
  idleSince: number;
  /** The run that it is, or was last, busy with. */
  run: LinkedRun | undefined;
}

/** Counts of the pool at one moment. */
export interface PoolStats {
  readonly workers: number;
  readonly vms: number;
  readonly warm: number;
  readonly idle: number;
  readonly busy: number;
}

/** From the start of a worker until it has passed its self-test, in milliseconds. */
const maxStartMs = 10_000;
/** From the taking of a warm VM until another is made in its place at the latest. */
const maxRefillDelayMs = 100;
const startBackoffMs = [0, 100, 400, 1600, 5000] as const;

/**
 * The workers and their VMs. Owns both: it starts, replaces and kills workers, makes VMs ahead of
 * need and gives up those that are idle, unhealthy or in the way. Owned by the runtime.
 */
export class Pool {
  readonly #options: ResolvedOptions;
  readonly #deadlines: Deadlines;
  /** Called whenever a VM may have become free, or the wait for one may have changed. */
  readonly #onAvailable: () => void;
  readonly #cache: CompilationCache;
  readonly #links = new Set<WorkerLink>();
  readonly #vms = new Map<number, PooledVm>();
  readonly #closing = new Map<number, { readonly vm: PooledVm; readonly deadline: Deadline }>();
  readonly #started = Promise.withResolvers<void>();
  /** Workers that have made a VM; one that never did is not to be started again at once. */
  readonly #starting = new Map<WorkerLink, Deadline>();
  readonly #proven = new WeakSet<WorkerLink>();
  #allGone: (() => void) | undefined;
  #lastVm = 0;
  #lastLink = 0;
  #failedStarts = 0;
  #closed = false;
  #idleTimer: NodeJS.Timeout | undefined;
  #refillTimer: NodeJS.Timeout | undefined;
  /** Why the newest worker could not be started, while none can. */
  startFailure: CloisterError | undefined;

  constructor(
    options: ResolvedOptions,
    deadlines: Deadlines,
    cache: CompilationCache,
    onAvailable: () => void,
  ) {
    this.#options = options;
    this.#deadlines = deadlines;
    this.#cache = cache;
    this.#onAvailable = onAvailable;
  }

  /**
   * Starts the workers and the warm VMs, and waits for them.
   * @throws {CloisterError} `worker_start_failed` when a worker cannot run scripts.
   */
  async start(): Promise<void> {
    // A worker with no run in it does not keep the process alive; this does until all are ready.
    const keepAlive = setInterval(() => {}, 1 << 30);
    for (let i = 0; i < this.#options.workers; i++) this.#startWorker();
    try {
      await this.#started.promise;
    } finally {
      clearInterval(keepAlive);
    }
    const interval = Math.max(10, Math.min(this.#options.idleMs / 2, 10_000));
    this.#idleTimer = setInterval(() => this.#shrink(), interval).unref();
  }

  get stats(): PoolStats {
    const counts = { warm: 0, idle: 0, busy: 0 };
    for (const vm of this.#vms.values()) {
      if (vm.state === 'busy') counts.busy++;
      else if (vm.state === 'idle') counts[vm.tenantId === undefined ? 'warm' : 'idle']++;
    }
    return { workers: this.#links.size, vms: this.#vms.size, ...counts };
  }

  /**
   * Gives a free VM to a tenant: one of its own, else a warm one, on the worker with the least to
   * do. The caller gives it back by `release`.
   */
  take(tenantId: string, memoryMb: number): PooledVm | undefined {
    const vm = this.#findFree(tenantId, memoryMb);
    if (vm === undefined) return undefined;
    const wasWarm = vm.tenantId === undefined;
    vm.tenantId = tenantId;
    vm.state = 'busy';
    if (wasWarm) this.#refillSoon();
    return vm;
  }

  /**
   * Makes VMs for `count` runs that found none; where there is no room, in place of idle ones whose
   * tenant has to give way.
   */
  grow(count: number, memoryMb: number, givesWay: (tenantId: string) => boolean): void {
    let starting = 0;
    for (const vm of this.#vms.values()) {
      if (vm.state === 'starting' && vm.memoryMb === memoryMb) starting++;
    }
    while (starting < count) {
      if (this.#vms.size >= this.#options.maxVms && !this.#evict(memoryMb, givesWay)) return;
      if (!this.#createVm(memoryMb)) return;
      starting++;
    }
  }

  /** Takes a VM back, to be used again or, for a reason, not. */
  release(vm: PooledVm, end: VmEnd | undefined): void {
    if (!this.#vms.has(vm.id)) return;
    if (end === undefined && !this.#closed) {
      vm.state = 'idle';
      vm.run = undefined;
      vm.idleSince = performance.now();
    } else {
      this.#destroy(vm, end ?? 'shutdown');
    }
    this.#refill();
    this.#onAvailable();
  }

  /** Sends a source to the worker whose VM `take` would give now, if there is one. */
  sendAhead(source: Source, tenantId: string, memoryMb: number): void {
    this.#findFree(tenantId, memoryMb)?.link.sendSource(source);
  }

  /** Whether `take` would find a VM. */
  hasFree(tenantId: string, memoryMb: number): boolean {
    return this.#findFree(tenantId, memoryMb) !== undefined;
  }

  /** Kills all workers and waits until they are gone. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#idleTimer);
    clearTimeout(this.#refillTimer);
    for (const vm of this.#vms.values()) this.#publishEnd(vm, 'shutdown');
    this.#vms.clear();
    for (const link of this.#links) link.close();
    if (this.#links.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#allGone = resolve;
    });
  }

  #findFree(tenantId: string, memoryMb: number): PooledVm | undefined {
    let best: PooledVm | undefined;
    for (const vm of this.#vms.values()) {
      if (vm.state !== 'idle' || vm.memoryMb !== memoryMb) continue;
      if (vm.tenantId !== undefined && vm.tenantId !== tenantId) continue;
      if (best === undefined || preferred(vm, best)) best = vm;
    }
    return best;
  }

  #startWorker(): void {
    try {
      this.#spawnWorker();
    } catch (error) {
      // The system refused the process at once, for want of memory or of descriptors.
      this.#startFailed('it could not be spawned', String(error));
    }
  }

  #spawnWorker(): void {
    const id = ++this.#lastLink;
    const link = new WorkerLink(id, this.#options.cache.size, {
      onReady: (versions) => this.#workerReady(link, versions),
      onVmReady: (vm) => this.#vmReady(vm),
      onVmFailed: (vm) => this.#vmFailed(vm),
      onVmGone: (vm) => this.#vmGone(vm),
      onCode: (source, code) => this.#cache.keep(source, code),
      onLost: (loss) => this.#workerLost(link, loss),
    });
    this.#links.add(link);
    const deadline = this.#deadlines.after(maxStartMs, () => {
      if (!link.isReady) link.kill(undefined, `it was not ready within ${maxStartMs} ms`);
    });
    this.#starting.set(link, deadline);
  }

  #hasStarted(link: WorkerLink): void {
    this.#starting.get(link)?.clear();
    this.#starting.delete(link);
  }

  #workerReady(link: WorkerLink, versions: WorkerVersions): void {
    this.#hasStarted(link);
    this.#cache.codeTag = `${versions.v8}-${versions.codeTag}`;
    publish('cloister:worker:start', () => ({ worker: link.id, pid: link.pid }));
    if ([...this.#links].every((each) => each.isReady)) {
      this.#refill();
      if (this.#options.poolSize === 0) this.#started.resolve();
    }
    this.#onAvailable();
  }

  #workerLost(link: WorkerLink, loss: WorkerLoss): void {
    this.#links.delete(link);
    this.#hasStarted(link);
    for (const vm of this.#vms.values()) {
      if (vm.link !== link) continue;
      this.#vms.delete(vm.id);
      this.#publishEnd(vm, 'worker_lost');
    }
    for (const [id, { vm, deadline }] of this.#closing) {
      if (vm.link !== link) continue;
      deadline.clear();
      this.#closing.delete(id);
    }
    publish('cloister:worker:exit', () => ({
      worker: link.id,
      pid: link.pid,
      reason: loss.reason,
    }));
    if (this.#links.size === 0) this.#allGone?.();
    if (this.#closed) return;
    if (this.#proven.has(link)) this.#startWorker();
    else this.#startFailed(loss.reason, loss.lastWords);
    this.#onAvailable();
  }

  #startFailed(reason: string, lastWords: string): void {
    const details = lastWords === '' ? '' : `\n${lastWords}`;
    this.startFailure = createError(
      'worker_start_failed',
      `a worker process could not be started: ${reason}${details}`,
    );
    this.#started.reject(this.startFailure);
    const wait = startBackoffMs[Math.min(this.#failedStarts++, startBackoffMs.length - 1)]!;
    setTimeout(() => {
      if (!this.#closed) this.#startWorker();
    }, wait).unref();
  }

  /**
   * When the run is over that took a warm VM, or has gone on for a while: it would share its worker
   * with the making of the next.
   */
  #refillSoon(): void {
    this.#refillTimer ??= setTimeout(() => {
      this.#refillTimer = undefined;
      this.#refill();
    }, maxRefillDelayMs).unref();
  }

  /** Keeps `poolSize` VMs warm, as far as the ceiling allows. */
  #refill(): void {
    let warm = 0;
    for (const vm of this.#vms.values()) {
      if (vm.tenantId === undefined && vm.memoryMb === this.#options.limits.memoryMb) warm++;
    }
    while (warm < this.#options.poolSize && this.#vms.size < this.#options.maxVms) {
      if (!this.#createVm(this.#options.limits.memoryMb)) return;
      warm++;
    }
  }

  #createVm(memoryMb: number): boolean {
    const link = this.#leastLoadedLink();
    if (link === undefined || this.#closed) return false;
    const id = ++this.#lastVm;
    this.#vms.set(id, {
      id,
      link,
      memoryMb,
      tenantId: undefined,
      state: 'starting',
      idleSince: 0,
      run: undefined,
    });
    link.createVm(id, memoryMb);
    return true;
  }

  #leastLoadedLink(): WorkerLink | undefined {
    const vms = new Map<WorkerLink, number>();
    for (const vm of this.#vms.values()) vms.set(vm.link, (vms.get(vm.link) ?? 0) + 1);
    let best: WorkerLink | undefined;
    const load = (link: WorkerLink): number => vms.get(link) ?? 0;
    for (const link of this.#links) {
      if (link.isReady && (best === undefined || load(link) < load(best))) best = link;
    }
    return best;
  }

  #vmReady(id: number): void {
    const vm = this.#vms.get(id);
    if (vm?.state !== 'starting') return;
    vm.state = 'idle';
    vm.idleSince = performance.now();
    this.#proven.add(vm.link);
    this.#failedStarts = 0;
    this.startFailure = undefined;
    publish('cloister:vm:create', () => ({ vm: id, worker: vm.link.id }));
    if (this.stats.warm >= this.#options.poolSize) this.#started.resolve();
    this.#onAvailable();
  }

  #vmFailed(id: number): void {
    const vm = this.#vms.get(id);
    if (vm === undefined) return;
    this.#vms.delete(id);
    // A process that cannot make one isolate more is in no state to hold others.
    vm.link.kill(undefined, 'it could not make a VM');
  }

  #vmGone(id: number): void {
    this.#closing.get(id)?.deadline.clear();
    this.#closing.delete(id);
  }

  /** Gives up a VM. When its thread does not stop in time, the whole worker goes. */
  #destroy(vm: PooledVm, reason: VmEnd): void {
    vm.state = 'closing';
    this.#vms.delete(vm.id);
    const deadline = this.#deadlines.after(this.#options.graceMs, () =>
      vm.link.kill(vm.run, 'a VM in it could not be stopped'),
    );
    this.#closing.set(vm.id, { vm, deadline });
    vm.link.destroyVm(vm.id);
    this.#publishEnd(vm, reason);
  }

  #evict(memoryMb: number, givesWay: (tenantId: string) => boolean): boolean {
    let oldest: PooledVm | undefined;
    for (const vm of this.#vms.values()) {
      const { state, tenantId, idleSince } = vm;
      if (state !== 'idle' || (oldest !== undefined && oldest.idleSince <= idleSince)) continue;
      // A warm one goes only when it is of the wrong size; a tenant's, when the tenant gives way.
      if (tenantId === undefined ? vm.memoryMb !== memoryMb : givesWay(tenantId)) oldest = vm;
    }
    if (oldest === undefined) return false;
    this.#destroy(oldest, 'evicted');
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

/** A tenant's own VM before a warm one, but first of all a worker that is not busy with others. */
function preferred(a: PooledVm, b: PooledVm): boolean {
  if (a.link.runCount !== b.link.runCount) return a.link.runCount < b.link.runCount;
  return a.tenantId !== undefined && b.tenantId === undefined;
}

import { availableParallelism } from 'node:os';
import { createError } from '../errors.ts';
import type { ResolvedOptions } from '../options.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import type { ResolvedContext } from '../context.ts';
import type { QueueCause } from '../result.ts';
import type { SettledMessage } from '../protocol/messages.ts';
import type { Source } from './compilation-cache.ts';
import { CoreShares, type CoreUse } from './core-shares.ts';
import type { Want } from './lodging.ts';
import type { Pace, Reputation } from './reputation.ts';
import type { VmEnd } from './events.ts';
import type { Execution, ExecutionOwner } from './execution.ts';
import type { Pool, PooledVm } from './pool.ts';
import { waitWithin } from './wait-within.ts';

/** What the scheduler asks of the pool. */
export type VmSource = Pick<
  Pool,
  | 'recent'
  | 'isFull'
  | 'startFailure'
  | 'take'
  | 'join'
  | 'release'
  | 'sendAhead'
  | 'hasFree'
  | 'grow'
>;

/** The runs of one tenant that go to the same kind of worker: those that wait, in order, and how many are in VMs. */
interface TenantQueue {
  readonly key: string;
  readonly waiting: Execution[];
  running: number;
  /** Runs that were started in the turn that it has. */
  served: number;
}

/** What is kept for a run until it is over. */
interface Ticket {
  deadline: Deadline | undefined;
  onAbort: (() => void) | undefined;
  /** Since when it waits for its VM, as `performance.now` counts. */
  since: number;
  /** Set while it is in a VM. */
  core: CoreUse | undefined;
}

/** Counts of the queue at one moment. */
export interface QueueStats {
  readonly queued: number;
  readonly running: number;
  readonly tenants: number;
}

/**
 * Decides which run goes next: tenants in turn, each in the order of its calls, none with more than
 * its share of the slots. Owns the clocks of the queue and of the runs. Owned by the runtime.
 */
export class Scheduler implements ExecutionOwner {
  readonly #options: ResolvedOptions;
  readonly #deadlines: Deadlines;
  readonly #pool: VmSource;
  readonly #reputation: Reputation;
  /** In turn: the first was served longest ago. */
  readonly #tenants = new Map<string, TenantQueue>();
  readonly #tickets = new Map<Execution, Ticket>();
  readonly #cores: CoreShares;
  /** When those that wait for the cores are to be looked at again. */
  #lookAgain: Deadline | undefined;
  #queued = 0;
  #running = 0;
  #emptied: (() => void) | undefined;

  constructor(
    options: ResolvedOptions,
    deadlines: Deadlines,
    pool: VmSource,
    reputation: Reputation,
  ) {
    this.#reputation = reputation;
    this.#options = options;
    this.#deadlines = deadlines;
    this.#pool = pool;
    this.#cores = new CoreShares(availableParallelism(), pool.recent);
  }

  get stats(): QueueStats {
    return { queued: this.#queued, running: this.#running, tenants: this.#tenants.size };
  }

  /**
   * Takes a run in. From here on its promise settles, whatever happens.
   * @throws {QueueFullError} when too many runs wait already.
   */
  submit(execution: Execution): void {
    const { signal, executionId } = execution.context;
    if (signal?.aborted === true) return execution.abandon('cancelled', aborted, signal.reason);
    const refusal = this.#refusal(execution);
    if (refusal !== undefined && !this.#canStartAtOnce(execution)) {
      throw createError('queue_full', refusal, { executionId });
    }
    const onAbort = signal === undefined ? undefined : (): void => this.#abort(execution);
    if (onAbort !== undefined) signal?.addEventListener('abort', onAbort, { once: true });
    const ticket: Ticket = {
      deadline: undefined,
      onAbort,
      since: performance.now(),
      core: undefined,
    };
    this.#tickets.set(execution, ticket);
    this.#queueOf(execution).waiting.push(execution);
    this.#queued++;
    this.dispatch();
    if (execution.state === 'queued') ticket.deadline = this.#queueDeadline(execution);
  }

  /** Starts what can be started. Called whenever a run comes or a VM becomes free. */
  dispatch(): void {
    this.#lookAgain?.clear();
    this.#lookAgain = undefined;
    if (this.#queued === 0) return;
    let wanted: Map<string, number> | undefined;
    // One that was served goes to the back of the line, where this same loop comes to it again.
    for (const tenant of this.#tenants.values()) {
      if (tenant.waiting.length === 0) continue;
      const hold = this.#holdOf(tenant);
      if (hold !== undefined) {
        this.#noteCause(tenant, hold);
        continue;
      }
      if (this.#serve(tenant)) {
        this.#endTurn(tenant);
      } else {
        // Asked for in its turn, so that a VM which is idle now does not go to those behind it.
        this.#askForVms(tenant, (wanted ??= new Map<string, number>()));
      }
    }
  }

  onFinished(execution: Execution, vm: PooledVm | undefined, end: VmEnd | undefined): void {
    const ticket = this.#tickets.get(execution);
    this.#tickets.delete(execution);
    ticket?.deadline?.clear();
    if (ticket?.onAbort !== undefined) {
      execution.context.signal?.removeEventListener('abort', ticket.onAbort);
    }
    const tenant = this.#tenants.get(keyOf(execution));
    if (tenant !== undefined) this.#takeOut(tenant, execution, vm !== undefined);
    // Gives the slot on, which dispatches. What could not be stopped yet is still on its core.
    if (vm !== undefined) this.#pool.release(vm, end, () => this.#leaveCore(ticket));
    else this.#leaveCore(ticket);
    if (this.#tickets.size === 0) this.#emptied?.();
  }

  /** A run that lost its worker over another's goes to the front: it has waited before. */
  onDisplaced(execution: Execution, wasSuspect: boolean): void {
    const before = this.#tenants.get(keyOf(execution, wasSuspect));
    if (before !== undefined) {
      before.running--;
      this.#forgetIfEmpty(before);
    }
    this.#running--;
    const tenant = this.#queueOf(execution);
    tenant.waiting.unshift(execution);
    this.#queued++;
    const ticket = this.#tickets.get(execution);
    if (ticket === undefined) return;
    this.#leaveCore(ticket);
    ticket.since = performance.now();
    ticket.deadline?.clear();
    ticket.deadline = this.#queueDeadline(execution);
  }

  onWaits(execution: Execution): void {
    const use = this.#tickets.get(execution)?.core;
    if (use?.isOn !== true) return;
    this.#cores.leave(use);
    this.dispatch();
  }

  onComputes(execution: Execution): void {
    const use = this.#tickets.get(execution)?.core;
    if (use !== undefined) this.#cores.computes(use);
  }

  onMeasured({ context, source, purpose }: Execution, cpuMs: number): void {
    if (purpose === 'execute') this.#reputation.took(context.tenantId, source.id, cpuMs);
  }

  /** Resolves when no run is left, or after `graceMs`; then what is left ends as `pool_closed`. */
  async drain(graceMs: number): Promise<void> {
    if (this.#tickets.size > 0) {
      const empty = new Promise<void>((resolve) => (this.#emptied = resolve));
      await waitWithin(graceMs, empty);
    }
    for (const execution of this.#tickets.keys()) {
      execution.abandon('pool_closed', 'the runtime was shut down before the run ended');
    }
  }

  onCulprit({ context, source }: Execution): void {
    this.#reputation.costWorker(context.tenantId, source.id);
  }

  onClean({ context, source, purpose }: Execution, message: SettledMessage): void {
    if (purpose === 'execute') {
      this.#reputation.ranCleanly(context.tenantId, source.id, message);
    }
  }

  onReturned(execution: Execution, vm: PooledVm | undefined, begun: boolean): void {
    const { context, source } = execution;
    if (begun) this.#reputation.wasNotQuick(context.tenantId, source.id);
    this.onDisplaced(execution, execution.isSuspect);
    if (vm !== undefined) this.#pool.release(vm, begun ? 'unhealthy' : undefined, () => {});
    this.dispatch();
  }

  /** Sends a source to the worker where such a run would be now. */
  sendAhead(source: Source, context: ResolvedContext): void {
    const run = { context, source, isSuspect: false, isOftenDisplaced: false };
    this.#pool.sendAhead(source, this.#wantOf(run));
  }

  #paceOf({ context, source }: Execution): Pace {
    return this.#reputation.paceIn(context.tenantId, source.id);
  }

  #wantOf({
    context,
    source,
    isSuspect,
    isOftenDisplaced,
  }: Pick<Execution, 'context' | 'source' | 'isSuspect' | 'isOftenDisplaced'>): Want {
    const { tenantId, limits, placement } = context;
    const trust = this.#reputation.trustIn(tenantId, source.id);
    return {
      tenantId,
      memoryMb: limits.memoryMb,
      trust: isOftenDisplaced ? 'displaced' : trust,
      kind: isSuspect ? 'quarantine' : placement,
    };
  }

  /** Why a run may not wait, if it may not: its tenant or all of them have too many that do. */
  #refusal(execution: Execution): string | undefined {
    const { queueLimit, queueLimitPerTenant } = this.#options;
    const own = this.#tenants.get(keyOf(execution))?.waiting.length ?? 0;
    if (own >= queueLimitPerTenant) {
      return `${own} runs of the tenant are waiting already; queueLimitPerTenant allows ${queueLimitPerTenant}`;
    }
    if (this.#queued < queueLimit) return undefined;
    // A queue that one tenant has filled is still open to the others, up to their share.
    if (own < Math.floor(queueLimit / (this.#tenants.size + 1)) && this.#queued < 2 * queueLimit) {
      return undefined;
    }
    return `${this.#queued} runs are waiting already; queueLimit allows ${queueLimit}`;
  }

  /** Why the next run of a tenant may not start, though it may find a VM. */
  #holdOf({ waiting, running }: TenantQueue): QueueCause | undefined {
    const next = waiting[0]!;
    const { tenantId, maxConcurrency } = next.context;
    if (running >= maxConcurrency) return 'tenant_cap';
    const { since } = this.#tickets.get(next)!;
    const hold = this.#cores.holdOf(tenantId, this.#expectedMs(next), since);
    if (hold?.forMs !== undefined) {
      this.#lookAgain ??= this.#deadlines.after(hold.forMs, () => this.dispatch());
    }
    return hold?.cause;
  }

  #expectedMs({ context, source }: Execution): number | undefined {
    return this.#reputation.expectedMs(context.tenantId, source.id);
  }

  #leaveCore(ticket: Ticket | undefined): void {
    if (ticket?.core === undefined) return;
    this.#cores.leave(ticket.core);
    ticket.core = undefined;
  }

  /**
   * Goes on to the next tenant when this one was served as often as its weight says. The loop comes to
   * those at the back again, and so to one whose turn is not over.
   */
  #endTurn(tenant: TenantQueue): void {
    const weight = tenant.waiting[0]?.context.weight ?? 1;
    if (++tenant.served < weight) return this.#serveOn(tenant);
    tenant.served = 0;
    this.#tenants.delete(tenant.key);
    this.#tenants.set(tenant.key, tenant);
  }

  #serveOn(tenant: TenantQueue): void {
    const mayStart = tenant.waiting.length > 0 && this.#holdOf(tenant) === undefined;
    if (mayStart && this.#serve(tenant)) this.#endTurn(tenant);
  }

  #noteCause({ waiting }: TenantQueue, cause: QueueCause): void {
    const next = waiting[0];
    if (next !== undefined) next.queueCause ??= cause;
  }

  #serve(tenant: TenantQueue): boolean {
    const next = tenant.waiting[0]!;
    const pace = next.mayBeQuick ? this.#paceOf(next) : 'unknown';
    const want = this.#wantOf(next);
    const lane = pace === 'straight' ? this.#pool.join(want, next.source.id) : undefined;
    const vm = lane ?? this.#pool.take(want);
    if (vm === undefined) return false;
    tenant.waiting.shift();
    tenant.running++;
    this.#queued--;
    this.#running++;
    this.#startClock(next);
    this.#tickets.get(next)!.core = this.#cores.enter(
      next.context.tenantId,
      this.#expectedMs(next),
    );
    next.start(vm, pace !== 'unknown');
    return true;
  }

  /**
   * The pool grows by as many VMs as the tenant could use. Tenants that have as few runs in VMs as
   * this one keep theirs, so that VMs do not change hands for nothing.
   */
  #askForVms(tenant: TenantQueue, wanted: Map<string, number>): void {
    const { waiting, running } = tenant;
    const next = waiting[0]!;
    const want = this.#wantOf(next);
    const { memoryMb, kind, trust } = want;
    const alike = `${memoryMb} ${kind} ${trust} ${kind === 'shared' ? '' : tenant.key}`;
    const allowed = Math.min(
      waiting.length,
      next.context.maxConcurrency - running,
      this.#cores.roomFor(next.context.tenantId, this.#expectedMs(next)),
    );
    const count = (wanted.get(alike) ?? 0) + allowed;
    wanted.set(alike, count);
    this.#noteCause(tenant, this.#pool.isFull ? 'pool_full' : 'starting');
    this.#pool.grow(count, want, (tenantId) => {
      const other = this.#tenants.get(normalKey(tenantId));
      return other === undefined || other.waiting.length === 0 || other.running + 1 > running;
    });
  }

  /** The worker ends a run in time by itself; this is for a worker that does not. */
  #startClock(execution: Execution): void {
    const ticket = this.#tickets.get(execution);
    if (ticket === undefined) return;
    ticket.deadline?.clear();
    ticket.deadline = this.#deadlines.after(execution.timeLeftMs + this.#options.graceMs, () =>
      execution.killWorker('timeout'),
    );
  }

  #queueDeadline(execution: Execution): Deadline {
    return this.#deadlines.after(this.#options.acquireTimeoutMs, () => {
      const { startFailure } = this.#pool;
      const why = startFailure === undefined ? '' : `; ${startFailure.message}`;
      execution.abandon(
        'acquire_timeout',
        `no VM became free within ${this.#options.acquireTimeoutMs} ms (acquireTimeoutMs)${why}`,
        startFailure,
      );
    });
  }

  #abort(execution: Execution): void {
    if (execution.state === 'queued') {
      execution.abandon('cancelled', aborted, execution.context.signal?.reason);
      return;
    }
    execution.cancel();
    const ticket = this.#tickets.get(execution);
    if (ticket === undefined) return;
    ticket.deadline?.clear();
    ticket.deadline = this.#deadlines.after(this.#options.graceMs, () =>
      execution.killWorker('cancelled'),
    );
  }

  #canStartAtOnce(execution: Execution): boolean {
    const tenant = this.#tenants.get(keyOf(execution));
    return (
      (tenant === undefined || tenant.waiting.length === 0) &&
      this.#pool.hasFree(this.#wantOf(execution))
    );
  }

  #queueOf(execution: Execution): TenantQueue {
    const key = keyOf(execution);
    let tenant = this.#tenants.get(key);
    if (tenant === undefined) {
      tenant = { key, waiting: [], running: 0, served: 0 };
      this.#tenants.set(key, tenant);
    }
    return tenant;
  }

  #takeOut(tenant: TenantQueue, execution: Execution, wasRunning: boolean): void {
    if (wasRunning) {
      tenant.running--;
      this.#running--;
    } else {
      const place = tenant.waiting.indexOf(execution);
      if (place >= 0) {
        tenant.waiting.splice(place, 1);
        this.#queued--;
      }
    }
    this.#forgetIfEmpty(tenant);
  }

  #forgetIfEmpty({ key, running, waiting }: TenantQueue): void {
    if (running === 0 && waiting.length === 0) this.#tenants.delete(key);
  }
}

/** Runs that are to be alone must not hold up the others of their tenant. */
function keyOf(execution: Execution, isSuspect: boolean = execution.isSuspect): string {
  const { tenantId } = execution.context;
  return isSuspect ? `alone ${tenantId}` : normalKey(tenantId);
}

function normalKey(tenantId: string): string {
  return `with ${tenantId}`;
}

const aborted = 'the signal of the run was aborted';

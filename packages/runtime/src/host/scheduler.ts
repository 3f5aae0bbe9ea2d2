import { availableParallelism } from 'node:os';
import { createError } from '../errors.ts';
import type { ResolvedOptions } from '../options.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import { DenseSet, type Placed } from './dense-set.ts';
import type { ResolvedContext } from '../context.ts';
import type { QueueCause } from '../result.ts';
import type { Source } from './compilation-cache.ts';
import { CoreShares, type CoreUse } from './core-shares.ts';
import type { Want } from './lodging.ts';
import type { ScriptHistory } from './reputation.ts';
import type { VmEnd } from './events.ts';
import type { Execution, ExecutionOwner } from './execution.ts';
import type { Pool } from './pool.ts';
import type { PooledVm } from './pooled-vm.ts';
import { waitWithin } from './wait-within.ts';

/** What the scheduler asks of the pool. */
export type VmSource = Pick<
  Pool,
  | 'recent'
  | 'isFull'
  | 'startFailure'
  | 'take'
  | 'join'
  | 'hasLane'
  | 'leave'
  | 'release'
  | 'sendAhead'
  | 'hasFree'
  | 'grow'
>;

/** The runs of one tenant that go to the same kind of worker: those that wait, in order, and how many are in VMs. */
interface TenantQueue {
  readonly key: string;
  readonly waiting: Execution[];
  /** VMs that its runs are in: those that share one are executed one after the other. */
  running: number;
  /** Runs that were started in the turn that it has. */
  served: number;
}

/** What is kept for a run until it is over. */
export interface Ticket extends Placed {
  readonly execution: Execution;
  queue: TenantQueue;
  deadline: Deadline | undefined;
  onAbort: (() => void) | undefined;
  /** Since when it waits for its VM, as `performance.now` counts. */
  since: number;
  /** Set while it is in a VM. */
  vm: PooledVm | undefined;
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
  /** In turn: the first was served longest ago. */
  readonly #tenants = new Map<string, TenantQueue>();
  readonly #tickets = new DenseSet<Ticket>();
  readonly #cores: CoreShares;
  /** VMs that were asked for while runs were started, by what they are to be like. */
  readonly #wanted = new Map<string, number>();
  /** When those that wait for the cores are to be looked at again. */
  #lookAgain: Deadline | undefined;
  #queued = 0;
  #running = 0;
  #emptied: (() => void) | undefined;

  constructor(options: ResolvedOptions, deadlines: Deadlines, pool: VmSource) {
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
    const key = keyOf(execution);
    const known = this.#tenants.get(key);
    const refusal = this.#refusal(known);
    if (refusal !== undefined && !this.#canStartAtOnce(execution, known)) {
      throw createError('queue_full', refusal, { executionId });
    }
    const queue = known ?? this.#newQueue(key);
    const onAbort = signal === undefined ? undefined : (): void => this.#abort(execution);
    if (onAbort !== undefined) signal?.addEventListener('abort', onAbort, { once: true });
    const ticket: Ticket = {
      place: -1,
      execution,
      queue,
      deadline: undefined,
      onAbort,
      since: performance.now(),
      vm: undefined,
      core: undefined,
    };
    this.#tickets.add(ticket);
    execution.ticket = ticket;
    queue.waiting.push(execution);
    this.#queued++;
    this.dispatch();
    if (execution.state === 'queued') ticket.deadline = this.#queueDeadline(execution);
  }

  /** Starts what can be started. Called whenever a run comes or a VM becomes free. */
  dispatch(): void {
    this.#lookAgain?.clear();
    this.#lookAgain = undefined;
    if (this.#queued === 0) return;
    this.#wanted.clear();
    // One whose turn is over goes to the back of the line, where this same loop comes to it again.
    for (const tenant of this.#tenants.values()) {
      while (this.#serveNext(tenant) && !this.#isTurnOver(tenant));
    }
  }

  onFinished(execution: Execution, vm: PooledVm | undefined, end: VmEnd | undefined): void {
    const { ticket } = execution;
    execution.ticket = undefined;
    if (ticket !== undefined) this.#tickets.delete(ticket);
    ticket?.deadline?.clear();
    if (ticket?.onAbort !== undefined) {
      execution.context.signal?.removeEventListener('abort', ticket.onAbort);
    }
    if (ticket !== undefined) this.#takeOut(execution, ticket);
    // What could not be stopped yet is still on its core.
    const isStopped = vm === undefined || end === undefined;
    if (isStopped) this.#leaveCore(ticket);
    // Gives the slot on, which dispatches.
    const whenStopped = isStopped ? nothing : (): void => this.#leaveCore(ticket);
    if (vm !== undefined) this.#pool.release(vm, end, whenStopped);
    if (this.#tickets.size === 0) this.#emptied?.();
  }

  /** A run that lost its worker over another's goes to the front: it has waited before. */
  onDisplaced(execution: Execution): void {
    const { ticket } = execution;
    if (ticket === undefined) return;
    this.#leaveVm(ticket);
    this.#forgetIfEmpty(ticket.queue);
    this.#running--;
    const key = keyOf(execution);
    ticket.queue = this.#tenants.get(key) ?? this.#newQueue(key);
    ticket.queue.waiting.unshift(execution);
    this.#queued++;
    this.#leaveCore(ticket);
    ticket.since = performance.now();
    ticket.deadline?.clear();
    ticket.deadline = this.#queueDeadline(execution);
  }

  onWaits(execution: Execution): void {
    const use = execution.ticket?.core;
    if (use?.isOn !== true) return;
    this.#cores.leave(use);
    this.dispatch();
  }

  onComputes(execution: Execution): void {
    const use = execution.ticket?.core;
    if (use !== undefined) this.#cores.computes(use);
  }

  /** Resolves when no run is left, or after `graceMs`; then what is left ends as `pool_closed`. */
  async drain(graceMs: number): Promise<void> {
    if (this.#tickets.size > 0) {
      const empty = new Promise<void>((resolve) => (this.#emptied = resolve));
      await waitWithin(graceMs, empty);
    }
    for (const { execution } of this.#tickets.members()) {
      execution.abandon('pool_closed', 'the runtime was shut down before the run ended');
    }
  }

  onCulprit({ history }: Execution): void {
    history.costWorker();
  }

  onReturned(execution: Execution, vm: PooledVm | undefined, begun: boolean): void {
    if (begun) execution.history.wasNotQuick();
    this.onDisplaced(execution);
    if (vm !== undefined) this.#pool.release(vm, begun ? 'unhealthy' : undefined, () => {});
    this.dispatch();
  }

  /** Sends a source to the worker where such a run would be now. */
  sendAhead(source: Source, context: ResolvedContext, history: ScriptHistory): void {
    const run = { context, history, isSuspect: false, isOftenDisplaced: false };
    this.#pool.sendAhead(source, wantOf(run));
  }

  /** Why a run may not wait, if it may not: its tenant or all of them have too many that do. */
  #refusal(queue: TenantQueue | undefined): string | undefined {
    const { queueLimit, queueLimitPerTenant } = this.#options;
    const own = queue?.waiting.length ?? 0;
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
    if (running >= maxConcurrency && !this.#mayJoin(next)) return 'tenant_cap';
    const { since } = next.ticket!;
    const hold = this.#cores.holdOf(tenantId, next.history.expectedMs, since);
    if (hold?.forMs !== undefined) {
      this.#lookAgain ??= this.#deadlines.after(hold.forMs, () => this.dispatch());
    }
    return hold?.cause;
  }

  /** Whether it can go where such runs are, and so is executed after them. */
  #mayJoin(next: Execution): boolean {
    if (!next.mayBeQuick || next.history.pace !== 'straight') return false;
    return this.#pool.hasLane(wantOf(next), next.source.id);
  }

  #leaveCore(ticket: Ticket | undefined): void {
    if (ticket?.core === undefined) return;
    this.#cores.leave(ticket.core);
    ticket.core = undefined;
  }

  /** @returns whether the next run of a tenant was started. */
  #serveNext(tenant: TenantQueue): boolean {
    if (tenant.waiting.length === 0) return false;
    const hold = this.#holdOf(tenant);
    if (hold !== undefined) this.#noteCause(tenant, hold);
    else if (this.#serve(tenant)) return true;
    // Asked for in its turn, so that a VM which is idle now does not go to those behind it.
    else this.#askForVms(tenant);
    return false;
  }

  /** Whether a tenant was served as often as its weight says, and others are to be served now. */
  #isTurnOver(tenant: TenantQueue): boolean {
    if (this.#tenants.size === 1) return false;
    const weight = tenant.waiting[0]?.context.weight ?? 1;
    if (++tenant.served < weight) return false;
    tenant.served = 0;
    this.#tenants.delete(tenant.key);
    this.#tenants.set(tenant.key, tenant);
    return true;
  }

  #noteCause({ waiting }: TenantQueue, cause: QueueCause): void {
    const next = waiting[0];
    if (next !== undefined) next.queueCause ??= cause;
  }

  #serve(tenant: TenantQueue): boolean {
    const next = tenant.waiting[0]!;
    const pace = next.mayBeQuick ? next.history.pace : 'unknown';
    const want = wantOf(next);
    const isFull = tenant.running >= next.context.maxConcurrency;
    const lane =
      pace === 'straight'
        ? this.#pool.join(want, next.source.id, next.history.expectedMs, isFull)
        : undefined;
    const vm = lane ?? (isFull ? undefined : this.#pool.take(want));
    if (vm === undefined) return false;
    tenant.waiting.shift();
    if (vm.load === 1) tenant.running++;
    this.#queued--;
    this.#running++;
    this.#startClock(next);
    const ticket = next.ticket!;
    ticket.vm = vm;
    ticket.core = this.#cores.enter(next.context.tenantId, next.history.expectedMs);
    next.start(vm, lane !== undefined ? 'lane' : pace === 'unknown' ? 'unknown' : 'quick');
    return true;
  }

  /**
   * The pool grows by as many VMs as the tenant could use. Tenants that have as few runs in VMs as
   * this one keep theirs, so that VMs do not change hands for nothing.
   */
  #askForVms(tenant: TenantQueue): void {
    const { waiting, running } = tenant;
    const next = waiting[0]!;
    const want = wantOf(next);
    const { memoryMb, kind, trust } = want;
    const alike = `${memoryMb} ${kind} ${trust} ${kind === 'shared' ? '' : tenant.key}`;
    const allowed = Math.min(
      waiting.length,
      next.context.maxConcurrency - running,
      this.#cores.roomFor(next.context.tenantId, next.history.expectedMs),
    );
    const count = (this.#wanted.get(alike) ?? 0) + allowed;
    this.#wanted.set(alike, count);
    this.#noteCause(tenant, this.#pool.isFull ? 'pool_full' : 'starting');
    this.#pool.grow(count, want, (tenantId) => {
      const other = this.#tenants.get(normalKey(tenantId));
      return other === undefined || other.waiting.length === 0 || other.running + 1 > running;
    });
  }

  /** The worker ends a run in time by itself; this is for a worker that does not. */
  #startClock(execution: Execution): void {
    const { ticket } = execution;
    if (ticket === undefined) return;
    ticket.deadline?.clear();
    ticket.deadline = this.#deadlines.after(execution.timeLeftMs + this.#options.graceMs, () =>
      execution.killWorker('timeout'),
    );
  }

  #queueDeadline(execution: Execution): Deadline {
    return this.#deadlines.after(this.#options.acquireTimeoutMs, () => {
      const { startFailure } = this.#pool;
      // The lines after the first are the last words of the process, which are for the embedder, as the cause.
      const why = startFailure === undefined ? '' : `; ${startFailure.message.split('\n', 1)[0]}`;
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
    const { ticket } = execution;
    if (ticket === undefined) return;
    ticket.deadline?.clear();
    ticket.deadline = this.#deadlines.after(this.#options.graceMs, () =>
      execution.killWorker('cancelled'),
    );
  }

  #canStartAtOnce(execution: Execution, queue: TenantQueue | undefined): boolean {
    const isNext = queue === undefined || queue.waiting.length === 0;
    return isNext && this.#pool.hasFree(wantOf(execution));
  }

  #newQueue(key: string): TenantQueue {
    const queue = { key, waiting: [], running: 0, served: 0 };
    this.#tenants.set(key, queue);
    return queue;
  }

  #leaveVm(ticket: Ticket): void {
    if (ticket.vm === undefined) return;
    if (this.#pool.leave(ticket.vm)) ticket.queue.running--;
    ticket.vm = undefined;
  }

  #takeOut(execution: Execution, ticket: Ticket): void {
    const { queue } = ticket;
    if (ticket.vm !== undefined) {
      this.#leaveVm(ticket);
      this.#running--;
    } else {
      const place = queue.waiting.indexOf(execution);
      if (place >= 0) {
        queue.waiting.splice(place, 1);
        this.#queued--;
      }
    }
    this.#forgetIfEmpty(queue);
  }

  #forgetIfEmpty({ key, running, waiting }: TenantQueue): void {
    if (running === 0 && waiting.length === 0) this.#tenants.delete(key);
  }
}

function wantOf({
  context,
  history,
  isSuspect,
  isOftenDisplaced,
}: Pick<Execution, 'context' | 'history' | 'isSuspect' | 'isOftenDisplaced'>): Want {
  return {
    tenantId: context.tenantId,
    memoryMb: context.limits.memoryMb,
    trust: isOftenDisplaced ? 'displaced' : history.trust,
    kind: isSuspect ? 'quarantine' : context.placement,
  };
}

/** Runs that are to be alone must not hold up the others of their tenant. */
function keyOf({ context, isSuspect }: Execution): string {
  const { tenantId } = context;
  return isSuspect ? `alone ${tenantId}` : normalKey(tenantId);
}

function normalKey(tenantId: string): string {
  return `with ${tenantId}`;
}

const aborted = 'the signal of the run was aborted';

function nothing(): void {}

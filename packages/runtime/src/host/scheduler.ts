import { availableParallelism } from 'node:os';
import { createError } from '../errors.ts';
import type { ResolvedOptions } from '../options.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import { DenseSet } from './dense-set.ts';
import { DueTimes, type Due } from './due-times.ts';
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
  /** What the last run asked for that was to be served. */
  want: Want | undefined;
}

/** What is kept for a run until it is over. */
export interface Ticket extends Due {
  readonly execution: Execution;
  queue: TenantQueue;
  onAbort: (() => void) | undefined;
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
  readonly #dueTimes: DueTimes<Ticket>;
  /** When those that wait for the cores are to be looked at again. */
  #lookAgain: Deadline | undefined;
  #isDispatchDue = false;
  #queued = 0;
  #running = 0;
  #emptied: (() => void) | undefined;

  constructor(options: ResolvedOptions, deadlines: Deadlines, pool: VmSource) {
    this.#options = options;
    this.#deadlines = deadlines;
    this.#pool = pool;
    this.#cores = new CoreShares(availableParallelism(), pool.recent);
    this.#dueTimes = new DueTimes(deadlines, this.#tickets, (ticket) => this.#overdue(ticket));
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
    const ticket: Ticket = {
      place: -1,
      execution,
      queue,
      dueAt: Infinity,
      onAbort: undefined,
      vm: undefined,
      core: undefined,
    };
    if (signal !== undefined) this.#heed(signal, ticket);
    this.#tickets.add(ticket);
    execution.ticket = ticket;
    queue.waiting.push(execution);
    this.#queued++;
    this.dispatch();
    if (execution.state === 'queued') this.#holdToQueueTime(ticket);
  }

  /** Starts what can be started when all that is known now is noted, as the ends of many runs that came together. */
  dispatchSoon(): void {
    if (this.#isDispatchDue) return;
    this.#isDispatchDue = true;
    queueMicrotask(() => {
      this.#isDispatchDue = false;
      this.dispatch();
    });
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
    if (this.#tickets.size === 0) this.#dueTimes.clear();
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
    this.#holdToQueueTime(ticket);
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
  #holdOf({ running }: TenantQueue, next: Execution, want: Want): QueueCause | undefined {
    const { tenantId, maxConcurrency } = next.context;
    if (running >= maxConcurrency && !this.#mayJoin(next, want)) return 'tenant_cap';
    const hold = this.#cores.holdOf(tenantId, next.history.expectedMs, next.queuedSince);
    if (hold?.forMs !== undefined) {
      this.#lookAgain ??= this.#deadlines.after(hold.forMs, () => this.dispatch());
    }
    return hold?.cause;
  }

  /** Whether it can go where such runs are, and so is executed after them. */
  #mayJoin(next: Execution, want: Want): boolean {
    if (!next.mayBeQuick || next.history.pace !== 'straight') return false;
    return this.#pool.hasLane(want, next.source.id);
  }

  #leaveCore(ticket: Ticket | undefined): void {
    if (ticket?.core === undefined) return;
    this.#cores.leave(ticket.core);
    ticket.core = undefined;
  }

  /** @returns whether the next run of a tenant was started. */
  #serveNext(tenant: TenantQueue): boolean {
    const next = tenant.waiting[0];
    if (next === undefined) return false;
    const want = (tenant.want = wantOf(next, tenant.want));
    const hold = this.#holdOf(tenant, next, want);
    if (hold !== undefined) next.queueCause ??= hold;
    else if (this.#serve(tenant, next, want)) return true;
    // Asked for in its turn, so that a VM which is idle now does not go to those behind it.
    else this.#askForVms(tenant, next, want);
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

  #serve(tenant: TenantQueue, next: Execution, want: Want): boolean {
    const pace = next.mayBeQuick ? next.history.pace : 'unknown';
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
    const ticket = next.ticket!;
    ticket.vm = vm;
    ticket.core = this.#cores.enter(next.context.tenantId, next.history.expectedMs);
    next.start(vm, lane !== undefined ? 'lane' : pace === 'unknown' ? 'unknown' : 'quick');
    // The worker ends a run in time by itself; this is for a worker that does not.
    this.#dueTimes.set(ticket, next.startedAt + next.timeLeftMs + this.#options.graceMs);
    return true;
  }

  /**
   * The pool grows by as many VMs as the tenant could use. Tenants that have as few runs in VMs as
   * this one keep theirs, so that VMs do not change hands for nothing.
   */
  #askForVms(tenant: TenantQueue, next: Execution, want: Want): void {
    const { waiting, running } = tenant;
    const { memoryMb, kind, trust } = want;
    const alike = `${memoryMb} ${kind} ${trust} ${kind === 'shared' ? '' : tenant.key}`;
    const allowed = Math.min(
      waiting.length,
      next.context.maxConcurrency - running,
      this.#cores.roomFor(next.context.tenantId, next.history.expectedMs),
    );
    const count = (this.#wanted.get(alike) ?? 0) + allowed;
    this.#wanted.set(alike, count);
    next.queueCause ??= this.#pool.isFull ? 'pool_full' : 'starting';
    this.#pool.grow(count, want, (tenantId) => {
      const other = this.#tenants.get(normalKey(tenantId));
      return other === undefined || other.waiting.length === 0 || other.running + 1 > running;
    });
  }

  #holdToQueueTime(ticket: Ticket): void {
    this.#dueTimes.set(ticket, ticket.execution.queuedSince + this.#options.acquireTimeoutMs);
  }

  #overdue({ execution }: Ticket): void {
    if (execution.state !== 'queued') return execution.killWorker();
    const { startFailure } = this.#pool;
    // The lines after the first are the last words of the process, which are for the embedder, as the cause.
    const why = startFailure === undefined ? '' : `; ${startFailure.message.split('\n', 1)[0]}`;
    execution.abandon(
      'acquire_timeout',
      `no VM became free within ${this.#options.acquireTimeoutMs} ms (acquireTimeoutMs)${why}`,
      startFailure,
    );
  }

  #heed(signal: AbortSignal, ticket: Ticket): void {
    ticket.onAbort = () => this.#abort(ticket.execution);
    signal.addEventListener('abort', ticket.onAbort, { once: true });
  }

  #abort(execution: Execution): void {
    if (execution.state === 'queued') {
      execution.abandon('cancelled', aborted, execution.context.signal?.reason);
      return;
    }
    execution.cancel();
    const { ticket } = execution;
    if (ticket === undefined) return;
    this.#dueTimes.set(ticket, performance.now() + this.#options.graceMs);
  }

  #canStartAtOnce(execution: Execution, queue: TenantQueue | undefined): boolean {
    const isNext = queue === undefined || queue.waiting.length === 0;
    return isNext && this.#pool.hasFree(wantOf(execution));
  }

  #newQueue(key: string): TenantQueue {
    const queue = { key, waiting: [], running: 0, served: 0, want: undefined };
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

/** @param last - is given back when it is the same: one tenant's runs mostly want the same. */
function wantOf(
  {
    context,
    history,
    isSuspect,
    isOftenDisplaced,
  }: Pick<Execution, 'context' | 'history' | 'isSuspect' | 'isOftenDisplaced'>,
  last?: Want,
): Want {
  const { tenantId, limits, placement } = context;
  const trust = isOftenDisplaced ? 'displaced' : history.trust;
  const kind = isSuspect ? 'quarantine' : placement;
  const { memoryMb } = limits;
  const isSame = last?.trust === trust && last.kind === kind && last.memoryMb === memoryMb;
  return isSame && last.tenantId === tenantId ? last : { tenantId, memoryMb, trust, kind };
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

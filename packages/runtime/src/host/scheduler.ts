import { createError } from '../errors.ts';
import type { ResolvedOptions } from '../options.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import type { VmEnd } from './events.ts';
import type { Execution, ExecutionOwner } from './execution.ts';
import type { Pool, PooledVm } from './pool.ts';
import { waitWithin } from './wait-within.ts';

/** The runs of one tenant: those that wait, in order, and how many are in VMs. */
interface TenantQueue {
  readonly tenantId: string;
  readonly waiting: Execution[];
  running: number;
}

/** What is kept for a run until it is over. */
interface Ticket {
  deadline: Deadline;
  onAbort: (() => void) | undefined;
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
  readonly #pool: Pool;
  /** In turn: the first was served longest ago. */
  readonly #tenants = new Map<string, TenantQueue>();
  readonly #tickets = new Map<Execution, Ticket>();
  #queued = 0;
  #running = 0;
  #emptied: (() => void) | undefined;

  constructor(options: ResolvedOptions, deadlines: Deadlines, pool: Pool) {
    this.#options = options;
    this.#deadlines = deadlines;
    this.#pool = pool;
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
    if (this.#queued >= this.#options.queueLimit && !this.#canStartAtOnce(execution)) {
      throw createError(
        'queue_full',
        `${this.#queued} runs are waiting already; queueLimit allows ${this.#options.queueLimit}`,
        { executionId },
      );
    }
    const onAbort = signal === undefined ? undefined : (): void => this.#abort(execution);
    if (onAbort !== undefined) signal?.addEventListener('abort', onAbort, { once: true });
    this.#tickets.set(execution, { deadline: this.#queueDeadline(execution), onAbort });
    this.#queueOf(execution).waiting.push(execution);
    this.#queued++;
    this.dispatch();
  }

  /** Starts what can be started. Called whenever a run comes or a VM becomes free. */
  dispatch(): void {
    if (this.#queued === 0) return;
    const wanted = new Map<number, number>();
    // One that was served goes to the back of the line, where this same loop comes to it again.
    for (const tenant of this.#tenants.values()) {
      if (!this.#mayStart(tenant)) continue;
      if (this.#serve(tenant)) {
        this.#tenants.delete(tenant.tenantId);
        this.#tenants.set(tenant.tenantId, tenant);
      } else {
        // Asked for in its turn, so that a VM which is idle now does not go to those behind it.
        this.#askForVms(tenant, wanted);
      }
    }
  }

  onFinished(execution: Execution, vm: PooledVm | undefined, end: VmEnd | undefined): void {
    const ticket = this.#tickets.get(execution);
    this.#tickets.delete(execution);
    ticket?.deadline.clear();
    if (ticket?.onAbort !== undefined) {
      execution.context.signal?.removeEventListener('abort', ticket.onAbort);
    }
    const tenant = this.#tenants.get(execution.context.tenantId);
    if (tenant !== undefined) this.#takeOut(tenant, execution, vm !== undefined);
    // Gives the slot on, which dispatches.
    if (vm !== undefined) this.#pool.release(vm, end);
    if (this.#tickets.size === 0) this.#emptied?.();
  }

  /** A run that lost its worker over another's goes to the front: it has waited before. */
  onDisplaced(execution: Execution): void {
    const tenant = this.#queueOf(execution);
    tenant.running--;
    this.#running--;
    tenant.waiting.unshift(execution);
    this.#queued++;
    const ticket = this.#tickets.get(execution);
    if (ticket === undefined) return;
    ticket.deadline.clear();
    ticket.deadline = this.#queueDeadline(execution);
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

  #mayStart({ waiting, running }: TenantQueue): boolean {
    return waiting.length > 0 && running < this.#options.maxConcurrencyPerTenant;
  }

  #serve(tenant: TenantQueue): boolean {
    const next = tenant.waiting[0]!;
    const vm = this.#pool.take(tenant.tenantId, next.context.limits.memoryMb);
    if (vm === undefined) return false;
    tenant.waiting.shift();
    tenant.running++;
    this.#queued--;
    this.#running++;
    this.#startClock(next);
    next.start(vm);
    return true;
  }

  /**
   * The pool grows by as many VMs as the tenant could use. Tenants that have as few runs in VMs as
   * this one keep theirs, so that VMs do not change hands for nothing.
   */
  #askForVms({ waiting, running }: TenantQueue, wanted: Map<number, number>): void {
    const { memoryMb } = waiting[0]!.context.limits;
    const allowed = Math.min(waiting.length, this.#options.maxConcurrencyPerTenant - running);
    const count = (wanted.get(memoryMb) ?? 0) + allowed;
    wanted.set(memoryMb, count);
    this.#pool.grow(count, memoryMb, (tenantId) => {
      const other = this.#tenants.get(tenantId);
      return other === undefined || other.waiting.length === 0 || other.running + 1 > running;
    });
  }

  /** The worker ends a run in time by itself; this is for a worker that does not. */
  #startClock(execution: Execution): void {
    const ticket = this.#tickets.get(execution);
    if (ticket === undefined) return;
    ticket.deadline.clear();
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
    ticket.deadline.clear();
    ticket.deadline = this.#deadlines.after(this.#options.graceMs, () =>
      execution.killWorker('cancelled'),
    );
  }

  #canStartAtOnce(execution: Execution): boolean {
    const tenant = this.#tenants.get(execution.context.tenantId);
    return (
      (tenant === undefined || tenant.waiting.length === 0) &&
      this.#pool.hasFree(execution.context.tenantId, execution.context.limits.memoryMb)
    );
  }

  #queueOf(execution: Execution): TenantQueue {
    const { tenantId } = execution.context;
    let tenant = this.#tenants.get(tenantId);
    if (tenant === undefined) {
      tenant = { tenantId, waiting: [], running: 0 };
      this.#tenants.set(tenantId, tenant);
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
    if (tenant.running === 0 && tenant.waiting.length === 0) this.#tenants.delete(tenant.tenantId);
  }
}

const aborted = 'the signal of the run was aborted';

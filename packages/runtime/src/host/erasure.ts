import { createError, type CloisterError, type ErrorCode } from '../errors.ts';
import type { Deadline, Deadlines } from './deadlines.ts';

/** Who wants a source erased, and how long that may take. */
export interface ErasureRequest {
  readonly source: string;
  readonly tenantId: string;
  readonly executionId: string;
  /** The run's limit, in milliseconds; counted from when the source's turn has come. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** What became of a source. */
export type ErasureEnd =
  | { readonly status: 'erased'; readonly text: string }
  | {
      readonly status: 'failed';
      readonly code: Exclude<ErrorCode, 'script_error'>;
      readonly message: string;
      readonly line?: number;
      readonly column?: number;
      readonly cause?: unknown;
    };

/** The error of a run whose source could not be erased. */
export function erasureError(
  { code, message, line, column, cause }: Extract<ErasureEnd, { status: 'failed' }>,
  executionId: string,
): CloisterError {
  return createError(code, message, { executionId, line, column, cause });
}

interface Waiter {
  readonly request: ErasureRequest;
  readonly resolve: (end: ErasureEnd) => void;
  deadline: Deadline | undefined;
  /** Whether its run's time is counted, which begins once. */
  isOnClock: boolean;
  readonly onAbort: () => void;
}

/** Processes that may die over a source before it is given up. */
const maxAttempts = 2;

/**
 * The erasure of one source, and all runs that wait for it: `queued` → `working` → `ended`, and back to
 * `queued` when its process dies. Owned by the type eraser.
 */
export class Erasure {
  readonly source: string;
  readonly tenantId: string;
  readonly #deadlines: Deadlines;
  readonly #onDeserted: () => void;
  readonly #waiters = new Set<Waiter>();
  #state: 'queued' | 'working' | 'ended' = 'queued';
  #attempts = 0;

  /** @param onDeserted - called when nobody waits for it any more, and it has not ended. */
  constructor(
    source: string,
    tenantId: string,
    deadlines: Deadlines,
    onDeserted: (erasure: Erasure) => void,
  ) {
    this.source = source;
    this.tenantId = tenantId;
    this.#deadlines = deadlines;
    this.#onDeserted = () => onDeserted(this);
  }

  get state(): 'queued' | 'working' | 'ended' {
    return this.#state;
  }

  /**
   * Waits for the end, for the run's abortion or for its time, whichever comes first.
   * @param queueMs - how long the source may wait for its turn, in milliseconds.
   */
  wait(request: ErasureRequest, queueMs: number): Promise<ErasureEnd> {
    return new Promise((resolve) => {
      const { signal } = request;
      const onAbort = (): void => this.#leave(waiter, aborted(signal));
      const waiter: Waiter = { request, resolve, deadline: undefined, isOnClock: false, onAbort };
      this.#waiters.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (this.#state === 'working') this.#startClock(waiter);
      else {
        waiter.deadline = this.#deadlines.after(queueMs, () => {
          const message = `the source did not get its turn to have its types erased within ${queueMs} ms (acquireTimeoutMs)`;
          this.#leave(waiter, { status: 'failed', code: 'acquire_timeout', message });
        });
      }
    });
  }

  /** Its turn has come: from now on it is on the time of the runs that wait. */
  begin(): void {
    this.#state = 'working';
    this.#attempts++;
    for (const waiter of this.#waiters) this.#startClock(waiter);
  }

  /**
   * Its process died, perhaps of something else: it waits for another turn.
   * @returns false when it is not to have one.
   */
  again(): boolean {
    if (this.#attempts >= maxAttempts || this.#waiters.size === 0) return false;
    this.#state = 'queued';
    return true;
  }

  /** Tells all who wait. */
  end(end: ErasureEnd): void {
    this.#state = 'ended';
    for (const waiter of this.#waiters) this.#leave(waiter, end);
  }

  #startClock(waiter: Waiter): void {
    if (waiter.isOnClock) return;
    const { timeoutMs } = waiter.request;
    waiter.isOnClock = true;
    waiter.deadline?.clear();
    waiter.deadline = this.#deadlines.after(timeoutMs, () => {
      const message = `erasing the types of the source took longer than ${timeoutMs} ms (timeoutMs)`;
      this.#leave(waiter, { status: 'failed', code: 'timeout', message });
    });
  }

  #leave(waiter: Waiter, end: ErasureEnd): void {
    this.#waiters.delete(waiter);
    waiter.deadline?.clear();
    waiter.request.signal?.removeEventListener('abort', waiter.onAbort);
    waiter.resolve(end);
    if (this.#waiters.size === 0 && this.#state !== 'ended') this.#onDeserted();
  }
}

/** How an aborted run ends. */
export function aborted(signal: AbortSignal | undefined): ErasureEnd {
  const message = 'the signal of the run was aborted';
  return { status: 'failed', code: 'cancelled', message, cause: signal?.reason };
}

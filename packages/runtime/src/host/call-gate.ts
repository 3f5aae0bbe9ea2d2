import type { Rate } from '../bindings.ts';

/** Lets one call of those that wait go on. */
type Waiting = () => void;

/**
 * Lets so many calls through at a time; the others wait, tenants in turn and each tenant's in order.
 */
export class CallGate {
  readonly #size: number;
  #inside = 0;
  readonly #lines = new Map<string, Set<Waiting>>();

  constructor(size: number) {
    this.#size = size;
  }

  /**
   * Gives the call a place, at once or when the promise resolves; the caller then `leave`s once.
   * Rejects when `signal` is aborted, and keeps nothing of the call.
   */
  enter(tenantId: string, signal: AbortSignal): Promise<void> | undefined {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    if (this.#inside < this.#size) {
      this.#inside++;
      return undefined;
    }
    return new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#forget(tenantId, go);
        reject(signal.reason as Error);
      };
      const go = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const line = this.#lines.get(tenantId);
      if (line === undefined) this.#lines.set(tenantId, new Set([go]));
      else line.add(go);
    });
  }

  /** Lets the next one in, in its place. */
  leave(): void {
    const next = this.#next();
    if (next === undefined) this.#inside--;
    else next();
  }

  get isIdle(): boolean {
    return this.#inside === 0;
  }

  #forget(tenantId: string, waiting: Waiting): void {
    const line = this.#lines.get(tenantId);
    line?.delete(waiting);
    if (line?.size === 0) this.#lines.delete(tenantId);
  }

  #next(): Waiting | undefined {
    for (const [tenantId, line] of this.#lines) {
      const [next] = line;
      if (next === undefined) continue;
      line.delete(next);
      // To the back of the line of tenants.
      this.#lines.delete(tenantId);
      if (line.size > 0) this.#lines.set(tenantId, line);
      return next;
    }
    return undefined;
  }
}

/** A token bucket, full at first. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at = performance.now();

  constructor({ perSecond, burst }: Rate) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst ?? Math.max(1, perSecond);
    this.#tokens = this.#burst;
  }

  /** @returns 0 when a token was taken, else the milliseconds until there will be one. */
  take(): number {
    const now = performance.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
    if (this.#tokens < 1) return Math.max(1, Math.ceil((1 - this.#tokens) / this.#perMs));
    this.#tokens--;
    return 0;
  }

  /** Whether it is as good as a new one. */
  get isFull(): boolean {
    return this.#tokens + (performance.now() - this.#at) * this.#perMs >= this.#burst;
  }
}

/** A thing for each tenant, made at its first use; those that are as new are forgotten. */
export class PerTenant<Item> {
  readonly #items = new Map<string, Item>();
  readonly #make: () => Item;
  readonly #isNew: (item: Item) => boolean;
  #sweepAt = 1024;

  constructor(make: () => Item, isNew: (item: Item) => boolean) {
    this.#make = make;
    this.#isNew = isNew;
  }

  of(tenantId: string): Item {
    let item = this.#items.get(tenantId);
    if (item !== undefined) return item;
    if (this.#items.size >= this.#sweepAt) this.#sweep();
    this.#items.set(tenantId, (item = this.#make()));
    return item;
  }

  #sweep(): void {
    for (const [tenantId, item] of this.#items) {
      if (this.#isNew(item)) this.#items.delete(tenantId);
    }
    this.#sweepAt = Math.max(1024, 2 * this.#items.size);
  }
}

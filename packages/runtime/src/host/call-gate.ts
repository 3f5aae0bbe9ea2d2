import type { Rate } from '../bindings.ts';

interface Waiting {
  readonly go: () => void;
  readonly isOver: () => boolean;
}

/**
 * Lets so many calls through at a time; the others wait, tenants in turn and each tenant's in order.
 */
export class CallGate {
  readonly #size: number;
  #inside = 0;
  readonly #lines = new Map<string, Waiting[]>();

  constructor(size: number) {
    this.#size = size;
  }

  /** Resolves when the call may go on; the caller then `leave`s once. Rejects when `signal` is aborted. */
  enter(tenantId: string, signal: AbortSignal): Promise<void> | undefined {
    if (this.#inside < this.#size) {
      this.#inside++;
      return undefined;
    }
    return new Promise<void>((resolve, reject) => {
      let over = false;
      const onAbort = (): void => {
        over = true;
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const go = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const line = this.#lines.get(tenantId);
      const waiting = { go, isOver: () => over };
      if (line === undefined) this.#lines.set(tenantId, [waiting]);
      else line.push(waiting);
    });
  }

  /** Lets the next one in, in its place. */
  leave(): void {
    const next = this.#next();
    if (next === undefined) this.#inside--;
    else next.go();
  }

  get isIdle(): boolean {
    return this.#inside === 0;
  }

  #next(): Waiting | undefined {
    for (const [tenantId, line] of this.#lines) {
      // To the back of the line of tenants.
      this.#lines.delete(tenantId);
      for (let next = line.shift(); next !== undefined; next = line.shift()) {
        if (next.isOver()) continue;
        if (line.length > 0) this.#lines.set(tenantId, line);
        return next;
      }
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

import type { BytecodeStore } from '../stores/bytecode-store.ts';
import { publish } from './events.ts';
import { openCode, sealCode } from './sealed-code.ts';
import { waitWithin } from './wait-within.ts';

/** Counts of a store since the start. */
export interface StoreStats {
  readonly state: 'up' | 'down';
  readonly hits: number;
  readonly misses: number;
  /** Entries whose seal did not fit. */
  readonly forged: number;
  readonly errors: number;
  /** Look-ups that were not waited for any longer. */
  readonly late: number;
  /** Entries that were not written: too many were under way, or the store was down. */
  readonly dropped: number;
  /** Mean time of a look-up in milliseconds, newer ones counting more. */
  readonly latencyMs: number;
}

/** How long a run waits for the store at most, in milliseconds. */
const maxStoreWaitMs = 50;
const failuresUntilDown = 3;
const downMs = 5_000;
const maxOpenMs = 1_000;
const maxSettleMs = 2_000;
const maxBytesUnderWay = 64 * 1024 * 1024;

/**
 * A bytecode store that cannot hurt: a run waits for it 50 ms at most, one that fails three times
 * in a row is left alone for five seconds, entries are sealed, and nothing here rejects.
 */
export class GuardedStore {
  readonly #store: BytecodeStore;
  readonly #secret: Uint8Array;
  readonly #counts = {
    hits: 0,
    misses: 0,
    forged: 0,
    errors: 0,
    late: 0,
    dropped: 0,
    latencyMs: 0,
  };
  #failures = 0;
  #downUntil = 0;
  #bytesUnderWay = 0;
  readonly #writes = new Set<Promise<unknown>>();
  /** The last deletion of a key, while it is under way: a put of the same key must not overtake it. */
  readonly #deletions = new Map<string, Promise<unknown>>();

  constructor(store: BytecodeStore, secret: Uint8Array) {
    this.#store = store;
    this.#secret = secret;
  }

  get stats(): StoreStats {
    return { state: this.#isDown() ? 'down' : 'up', ...this.#counts };
  }

  /** Lets the store open, which takes longer than its answers later; for one second at most. */
  async open(): Promise<void> {
    // Node loads what computes seals when it is first needed, which need not be in a run.
    sealCode(this.#secret, '', Buffer.alloc(1));
    const opened = async (): Promise<void> => {
      try {
        await this.#store.get('cloister-opening');
      } catch (error) {
        this.#failed(error);
      }
    };
    await waitWithin(maxOpenMs, opened());
  }

  /** @returns authentic code, or undefined: not there, forged, late, or the store is down. */
  async get(key: string): Promise<Buffer | undefined> {
    if (this.#isDown()) return undefined;
    const begun = performance.now();
    const late = Promise.withResolvers<undefined>();
    // In a function of its own: a store may throw instead of rejecting.
    const asked = async (): Promise<Uint8Array | undefined> => {
      const sealed: unknown = await this.#store.get(key);
      if (sealed === undefined || sealed instanceof Uint8Array) return sealed;
      throw new TypeError('its answer is neither bytes nor undefined');
    };
    const timer = setTimeout(() => {
      this.#counts.late++;
      this.#failed(new Error(`it took longer than ${maxStoreWaitMs} ms`));
      late.resolve(undefined);
    }, maxStoreWaitMs);
    try {
      const found = asked().then(
        (sealed) => ({ sealed }),
        (error: unknown) => this.#failed(error),
      );
      const answer = await Promise.race([found, late.promise]);
      if (answer === undefined) return undefined;
      this.#succeeded(performance.now() - begun);
      return this.#open(key, answer.sealed);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Writes in the background. */
  put(key: string, code: Uint8Array): void {
    if (this.#isDown() || this.#bytesUnderWay + code.length > maxBytesUnderWay) {
      this.#counts.dropped++;
      return;
    }
    this.#bytesUnderWay += code.length;
    void this.#write(async () => {
      try {
        const deletion = this.#deletions.get(key);
        if (deletion !== undefined) await deletion;
        await this.#store.put(key, sealCode(this.#secret, key, code));
      } finally {
        this.#bytesUnderWay -= code.length;
      }
    });
  }

  delete(key: string): void {
    if (this.#isDown()) return;
    const deletion = this.#write(() => this.#store.delete(key)).then(() => {
      if (this.#deletions.get(key) === deletion) this.#deletions.delete(key);
    });
    this.#deletions.set(key, deletion);
  }

  /** @throws what the store throws: whoever clears wants to know. */
  async clear(): Promise<void> {
    await this.settle();
    await this.#store.clear();
  }

  /** Waits for what is being written, for two seconds at most. */
  async settle(): Promise<void> {
    await waitWithin(maxSettleMs, Promise.all(this.#writes));
  }

  /** Writes what is under way and closes the store, each for two seconds at most. */
  async close(): Promise<void> {
    await this.settle();
    const closed = async (): Promise<void> => {
      try {
        await this.#store.close();
      } catch {
        // It is not used any more; what it has to say comes too late.
      }
    };
    await waitWithin(maxSettleMs, closed());
  }

  #open(key: string, sealed: Uint8Array | undefined): Buffer | undefined {
    if (sealed === undefined) {
      this.#counts.misses++;
      return undefined;
    }
    const code = openCode(this.#secret, key, sealed);
    if (code === undefined) {
      this.#counts.forged++;
      this.delete(key);
      return undefined;
    }
    this.#counts.hits++;
    return code;
  }

  #write(operation: () => Promise<unknown>): Promise<unknown> {
    const begun = async (): Promise<unknown> => await operation();
    const settled = begun().then(
      () => this.#written(),
      (error: unknown) => this.#failed(error),
    );
    this.#writes.add(settled);
    void settled.then(() => this.#writes.delete(settled));
    return settled;
  }

  #isDown(): boolean {
    return performance.now() < this.#downUntil;
  }

  /**
   * A write that works makes up for no look-up that failed; after the pause, though, it shows that
   * the store is back. One that ends during the pause began before it.
   */
  #written(): void {
    if (this.#downUntil > 0 && !this.#isDown()) this.#succeeded(undefined);
  }

  #succeeded(ms: number | undefined): void {
    if (ms !== undefined) this.#counts.latencyMs += (ms - this.#counts.latencyMs) / 8;
    if (this.#downUntil > 0) {
      this.#downUntil = 0;
      publish('cloister:store:up', () => ({}));
    }
    this.#failures = 0;
  }

  #failed(error: unknown): undefined {
    this.#counts.errors++;
    // One more failure after the pause is enough to be left alone again.
    if (++this.#failures < failuresUntilDown && this.#downUntil === 0) return;
    this.#downUntil = performance.now() + downMs;
    publish('cloister:store:down', () => ({
      reason: error instanceof Error ? error.message : String(error),
      forMs: downMs,
    }));
  }
}

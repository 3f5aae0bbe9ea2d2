const flushAfterMs = 5_000;

/**
 * Gathers the keys that were used until they are written down together. Its timer does not keep the
 * process alive. Owned by one store.
 */
export class UseLog {
  readonly #keys = new Set<string>();
  readonly #flush: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param flush - called some seconds after the first use; it is to `take()` the keys. */
  constructor(flush: () => void) {
    this.#flush = flush;
  }

  add(key: string): void {
    this.#keys.add(key);
    this.#timer ??= setTimeout(this.#flush, flushAfterMs).unref();
  }

  /** The keys since the last call. */
  take(): string[] {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const keys = [...this.#keys];
    this.#keys.clear();
    return keys;
  }
}

/** How long a tenant is remembered after it started a run, in milliseconds. */
const recentMs = 1000;

/**
 * Remembers which tenants have runs on the cores, or had a moment ago: who is alone has nobody to give
 * way to. Written by `CoreShares`; owned by the pool.
 */
export class RecentTenants {
  readonly #present = new Set<string>();
  /** The two that started a run last, the last one first. */
  #last: { readonly id: string; at: number } | undefined;
  #other: { readonly id: string; readonly at: number } | undefined;

  /** A tenant starts a run. */
  note(id: string): void {
    const at = performance.now();
    if (this.#last?.id === id) {
      this.#last.at = at;
    } else {
      this.#other = this.#last;
      this.#last = { id, at };
    }
  }

  /** From now on a tenant has runs on the cores. */
  arrive(id: string): void {
    this.#present.add(id);
  }

  /** It has none any more. */
  leave(id: string): void {
    this.#present.delete(id);
  }

  /** Whether there is nobody else. */
  isAlone(id: string): boolean {
    const others = this.#present.size - (this.#present.has(id) ? 1 : 0);
    return others === 0 && !this.#isRecent(this.#last, id) && !this.#isRecent(this.#other, id);
  }

  /** Whether there is more than one. */
  get areSeveral(): boolean {
    const [one = this.#last?.id] = this.#present;
    return one !== undefined && !this.isAlone(one);
  }

  #isRecent(
    tenant: { readonly id: string; readonly at: number } | undefined,
    but: string,
  ): boolean {
    return tenant !== undefined && tenant.id !== but && performance.now() - tenant.at < recentMs;
  }
}

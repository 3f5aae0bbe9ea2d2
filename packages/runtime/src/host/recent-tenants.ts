/** How long no other tenant has started a run when one has the machine to itself, in milliseconds. */
const aloneAfterMs = 1000;

/** Remembers whether tenants have company: who is alone has nobody to give way to. Owned by the pool. */
export class RecentTenants {
  #last: string | undefined;
  #changedAt = -Infinity;

  /** A tenant starts a run. */
  note(tenantId: string): void {
    if (this.#last === tenantId) return;
    if (this.#last !== undefined) this.#changedAt = performance.now();
    this.#last = tenantId;
  }

  /** Whether there is nobody else. */
  isAlone(tenantId: string): boolean {
    return this.#last === tenantId && !this.areSeveral;
  }

  /** Whether more than one has started runs of late. */
  get areSeveral(): boolean {
    return performance.now() - this.#changedAt < aloneAfterMs;
  }
}

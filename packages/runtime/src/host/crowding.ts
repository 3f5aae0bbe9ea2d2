import { LRUCache } from 'lru-cache';

/** Tenants that are remembered after they lost their VM, for each VM that there may be. */
const rememberedPerVm = 4;
/** How far either side can get ahead, in returns. */
const maxLead = 64;
/** What a return counts against a hit while VMs are protected: hits are many then because of that. */
const persistence = 16;
/** One in so many VMs is protected all the same, so that tenants who have gone give way in the end. */
const newcomers = 32;

/**
 * Notices that more tenants take turns than there is room for. The VM that was used longest ago is then the
 * very one that is wanted next, and so nobody ever finds the own VM again. So the VMs of those who come back
 * go before those that are in use already, of which most are then found again (bimodal insertion: Qureshi et
 * al., Adaptive Insertion Policies for High Performance Caching, ISCA 2007). Owned by the pool.
 */
export class Crowding {
  readonly #evicted: LRUCache<string, true>;
  /** By how many more tenants came back too late than in time, of late. */
  #lead = 0;

  constructor(maxVms: number) {
    this.#evicted = new LRUCache({ max: rememberedPerVm * maxVms });
  }

  /** A tenant's VM went because others wanted its place. */
  evicted(tenantId: string): void {
    this.#evicted.set(tenantId, true);
  }

  /** A tenant found its VM. */
  found(): void {
    if (this.#lead > -maxLead) this.#lead--;
  }

  /**
   * A tenant gets a new VM.
   * @returns whether that one goes before others, as long as its tenant does not find it again.
   */
  isPassing(tenantId: string): boolean {
    if (!this.#evicted.delete(tenantId)) return false;
    this.#lead = Math.min(maxLead, this.#lead + (this.#lead > 0 ? persistence : 1));
    return this.#lead > 0 && Math.random() * newcomers >= 1;
  }
}

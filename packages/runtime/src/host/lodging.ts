/**
 * How much is known of a run: its script has run cleanly for a while and takes hardly any time (`proven`), or
 * takes some (`steady`), or it has lost workers over others again and again, or nothing.
 */
export type Trust = 'proven' | 'steady' | 'displaced' | 'open';

/** What a worker is kept for: everybody, one tenant, or one run at a time that may have cost another worker. */
export type LodgingKind = 'shared' | 'dedicated' | 'quarantine';

/** What a run asks of the place that it gets. */
export interface Want {
  readonly tenantId: string;
  readonly memoryMb: number;
  readonly trust: Trust;
  readonly kind: LodgingKind;
}

/** How long a worker is kept for those whose scripts are proven, after the last of them, in milliseconds. */
const provenMs = 1000;

/**
 * Who lives in a worker, and so who may join them. In a shared worker there are runs of one trust, or
 * runs of one tenant: who can bring a worker down does it to their like.
 */
export class Lodging {
  readonly kind: LodgingKind;
  /** The tenant that it is kept for, when it is `dedicated`. */
  readonly owner: string | undefined;
  readonly #runs = { proven: 0, steady: 0, displaced: 0, open: 0 };
  #runCount = 0;
  #provenAt = -Infinity;
  #leftAt = -Infinity;
  readonly #tenants = new Map<string, number>();

  constructor(kind: LodgingKind, owner?: string) {
    this.kind = kind;
    this.owner = owner;
  }

  get isEmpty(): boolean {
    return this.#tenants.size === 0;
  }

  /** When the last of those left that are not in it any more, as `performance.now` counts. */
  get leftAt(): number {
    return this.#leftAt;
  }

  /** Whether runs of proven scripts are in it, or were until a moment ago: they will come again. */
  get isForProven(): boolean {
    return this.#runs.proven > 0 || performance.now() - this.#provenAt < provenMs;
  }

  /** Whether runs are in it that take some time, and of which there may always be more. */
  get hasSteady(): boolean {
    return this.#runs.steady > 0;
  }

  accepts({ kind, tenantId, trust }: Want): boolean {
    if (kind !== this.kind) return false;
    if (kind === 'dedicated') return tenantId === this.owner;
    if (this.isEmpty) return true;
    if (kind === 'quarantine') return false;
    return (
      this.#runCount === this.#runs[trust] ||
      (this.#tenants.size === 1 && this.#tenants.has(tenantId))
    );
  }

  enter({ tenantId, trust }: Want): void {
    this.#runs[trust]++;
    this.#runCount++;
    this.#tenants.set(tenantId, (this.#tenants.get(tenantId) ?? 0) + 1);
  }

  leave({ tenantId, trust }: Want): void {
    this.#leftAt = performance.now();
    if (trust === 'proven') this.#provenAt = this.#leftAt;
    this.#runs[trust]--;
    this.#runCount--;
    const left = (this.#tenants.get(tenantId) ?? 1) - 1;
    if (left === 0) this.#tenants.delete(tenantId);
    else this.#tenants.set(tenantId, left);
  }
}

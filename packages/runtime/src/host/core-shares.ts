import { longMs } from '../protocol/messages.ts';
import type { QueueCause } from '../result.ts';
import { lruOf } from './lru-of.ts';
import type { RecentTenants } from './recent-tenants.ts';

/** A run in the eyes of those who share the cores. */
export interface CoreUse {
  readonly tenantId: string;
  /** How much of a place it takes: less than one when such runs are short. */
  weight: number;
  /** Whether it is on a core, or on its way there, as opposed to waiting. */
  isOn: boolean;
  /** Whether it has been computing for long without waiting in between, or is likely to. */
  isLong: boolean;
}

/** Why a run is not to start yet, and in how many milliseconds to ask again; else when a run ends or waits. */
export interface Hold {
  readonly cause: QueueCause;
  readonly forMs: number | undefined;
}

interface Share {
  count: number;
  load: number;
  long: number;
  /** When the last of its runs was started that are likely to compute for long. */
  longStartedAt: number;
}

/** Runs that take so much time on a core are not light: each is there for long enough to be in the way. In milliseconds. */
export const heavyMs = 0.8;
/** Light runs count as the part of a place that they take of so much time, in milliseconds; others as one. */
const fullMs = 2;
const minWeight = 0.01;
/** How long a tenant is remembered as one whose runs compute for long, in milliseconds. */
const memoryMs = 10_000;
const maxRemembered = 10_000;
/** How long a run is kept waiting only because others compute for long, in milliseconds. */
const patienceMs = 2000;

/**
 * Counts who is on the cores, and says who may join. A tenant has twice as many places as there are cores
 * when it is alone. When it is not, it has as many as there are cores, two at least, and one core less for
 * runs that are known not to be light: whoever comes to a core that is taken waits for milliseconds until
 * the system takes it away from the other. For runs that are likely to compute for long, all tenants together
 * have twice as many as there are cores; one more may join them when it has waited for two seconds. Owned by
 * the scheduler.
 */
export class CoreShares {
  readonly #cores: number;
  readonly #tenants = new Map<string, Share>();
  /** When a run of a tenant was last seen to compute for long. */
  readonly #longAt = lruOf<number>(maxRemembered);
  #long = 0;
  readonly #recent: RecentTenants;

  constructor(cores: number, recent: RecentTenants) {
    this.#cores = cores;
    this.#recent = recent;
  }

  /**
   * Whether a run has to wait for the cores. A tenant that has none on them always gets a place, in time.
   * @param expectedMs - what such runs take on a core; undefined when it is not known.
   * @param since - since when it waits.
   */
  holdOf(tenantId: string, expectedMs: number | undefined, since: number): Hold | undefined {
    const share = this.#tenants.get(tenantId);
    // As long as there is room at all, or short runs would pass a longer one by for ever.
    const isAlone = this.#recent.isAlone(tenantId);
    if (share !== undefined && share.load > this.#placesOf(isAlone, expectedMs) - minWeight / 2) {
      return { cause: 'tenant_cap', forMs: isAlone ? undefined : patienceMs };
    }
    const ownAreMany = share !== undefined && share.long >= Math.max(1, this.#cores - 1);
    if (!ownAreMany && this.#long < 2 * this.#cores) return undefined;
    if (isAlone || !this.#isLikelyLong(tenantId, expectedMs)) return undefined;
    const waitedMs = performance.now() - Math.max(since, share?.longStartedAt ?? 0);
    if (waitedMs >= patienceMs) return undefined;
    return { cause: ownAreMany ? 'tenant_cap' : 'pool_full', forMs: patienceMs - waitedMs };
  }

  /** How many such runs the tenant has places for, one at least. */
  roomFor(tenantId: string, expectedMs: number | undefined): number {
    const load = this.#tenants.get(tenantId)?.load ?? 0;
    const places = this.#placesOf(this.#recent.isAlone(tenantId), expectedMs);
    return Math.max(1, Math.floor((places - load) / weightOf(expectedMs)));
  }

  /** A run is sent to a worker. It takes its place until it leaves. */
  enter(tenantId: string, expectedMs: number | undefined): CoreUse {
    const isLong = this.#isLikelyLong(tenantId, expectedMs);
    const use = { tenantId, weight: weightOf(expectedMs), isOn: false, isLong };
    this.#put(use);
    this.#recent.note(tenantId);
    if (isLong) this.#tenants.get(tenantId)!.longStartedAt = performance.now();
    return use;
  }

  /** It waits, or is over. Idempotent. */
  leave(use: CoreUse): void {
    if (!use.isOn) return;
    const share = this.#tenants.get(use.tenantId)!;
    use.isOn = false;
    share.load -= use.weight;
    if (use.isLong) {
      share.long--;
      this.#long--;
      use.isLong = false;
    }
    if (--share.count > 0) return;
    this.#tenants.delete(use.tenantId);
    this.#recent.leave(use.tenantId);
  }

  /** It computes for long, perhaps after it has waited: then nobody could be asked whether it may. */
  computes(use: CoreUse): void {
    this.#longAt.set(use.tenantId, performance.now());
    this.leave(use);
    use.weight = 1;
    use.isLong = true;
    this.#put(use);
  }

  #placesOf(isAlone: boolean, expectedMs: number | undefined): number {
    if (isAlone) return Math.max(2, 2 * this.#cores);
    // For those that compute for long there is a rule of its own.
    const isInTheWay = isHeavy(expectedMs) && expectedMs <= longMs;
    return isInTheWay ? Math.max(1, this.#cores - 1) : Math.max(2, this.#cores);
  }

  #put(use: CoreUse): void {
    let share = this.#tenants.get(use.tenantId);
    if (share === undefined) {
      share = { count: 0, load: 0, long: 0, longStartedAt: 0 };
      this.#tenants.set(use.tenantId, share);
      this.#recent.arrive(use.tenantId);
    }
    use.isOn = true;
    share.count++;
    share.load += use.weight;
    if (!use.isLong) return;
    share.long++;
    this.#long++;
  }

  #isLikelyLong(tenantId: string, expectedMs: number | undefined): boolean {
    if (expectedMs !== undefined) return expectedMs > longMs;
    return performance.now() - (this.#longAt.get(tenantId) ?? -Infinity) < memoryMs;
  }
}

function isHeavy(expectedMs: number | undefined): expectedMs is number {
  return expectedMs !== undefined && expectedMs > heavyMs;
}

function weightOf(expectedMs: number | undefined): number {
  if (expectedMs === undefined || isHeavy(expectedMs)) return 1;
  return Math.min(1, Math.max(minWeight, expectedMs / fullMs));
}

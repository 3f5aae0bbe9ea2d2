/**
 * Where the entries of `sdk.cache` are. Values are JSON; every tenant has entries of its own, whatever
 * characters tenant and key are made of. All methods are atomic.
 */
export interface CacheStore {
  get(tenant: string, key: string): Promise<string | undefined>;
  set(tenant: string, key: string, json: string, ttlMs: number): Promise<void>;
  /** @returns what is there afterwards: the given value only where there was none. */
  getOrSet(tenant: string, key: string, json: string, ttlMs: number): Promise<string>;
  /** @returns whether there was one. */
  delete(tenant: string, key: string): Promise<boolean>;
  has(tenant: string, key: string): Promise<boolean>;
  /**
   * Adds to a number, which is 0 where there is none. `ttlMs` is for a number that begins here.
   * @returns the sum as JSON; undefined, and nothing is changed, where the value is no number or the sum not finite.
   */
  increment(tenant: string, key: string, by: number, ttlMs: number): Promise<string | undefined>;
  /** Gives memory or connections back. May be called twice; nothing is called afterwards. */
  close(): Promise<void>;
}

/** What one tenant may keep; the entries that were not used for longest go first. */
export interface TenantBounds {
  readonly maxKeys: number;
  /** Of keys and values in UTF-8, and `entryOverhead` for each. */
  readonly maxBytes: number;
}

/** What an entry counts for beside its key and value, in bytes. */
export const entryOverhead = 128;

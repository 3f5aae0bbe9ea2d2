import { entryOverhead, type CacheStore, type TenantBounds } from './cache-store.ts';

interface Entry {
  readonly json: string;
  readonly bytes: number;
  /** On the clock of `performance.now()`, which nobody sets back. */
  readonly expires: number;
}

/** The entries of one tenant, the longest unused first. */
interface Shelf {
  readonly entries: Map<string, Entry>;
  bytes: number;
}

/** How much is freed at a time when all tenants together are over the bound, so that it is not searched at each write. */
const slack = 1 / 64;

/** Keeps entries in this process. */
export class MemoryCache implements CacheStore {
  readonly #bounds: TenantBounds;
  readonly #maxTotalBytes: number;
  readonly #shelves = new Map<string, Shelf>();
  #bytes = 0;

  constructor(bounds: TenantBounds, maxTotalBytes: number) {
    this.#bounds = bounds;
    this.#maxTotalBytes = maxTotalBytes;
  }

  async get(tenant: string, key: string): Promise<string | undefined> {
    return this.#use(tenant, key)?.json;
  }

  async set(tenant: string, key: string, json: string, ttlMs: number): Promise<void> {
    this.#put(tenant, key, json, performance.now() + ttlMs);
  }

  async getOrSet(tenant: string, key: string, json: string, ttlMs: number): Promise<string> {
    const found = this.#use(tenant, key);
    if (found !== undefined) return found.json;
    this.#put(tenant, key, json, performance.now() + ttlMs);
    return json;
  }

  async delete(tenant: string, key: string): Promise<boolean> {
    const found = this.#use(tenant, key);
    this.#remove(tenant, key);
    return found !== undefined;
  }

  async has(tenant: string, key: string): Promise<boolean> {
    return this.#use(tenant, key) !== undefined;
  }

  async increment(
    tenant: string,
    key: string,
    by: number,
    ttlMs: number,
  ): Promise<string | undefined> {
    const found = this.#use(tenant, key);
    const before: unknown = found === undefined ? 0 : JSON.parse(found.json);
    if (typeof before !== 'number' || !Number.isFinite(before + by)) return undefined;
    const json = JSON.stringify(before + by);
    this.#put(tenant, key, json, found?.expires ?? performance.now() + ttlMs);
    return json;
  }

  async close(): Promise<void> {
    this.#shelves.clear();
    this.#bytes = 0;
  }

  /** The entry, as the one used last, unless its time is over. */
  #use(tenant: string, key: string): Entry | undefined {
    const entries = this.#shelves.get(tenant)?.entries;
    const entry = entries?.get(key);
    if (entries === undefined || entry === undefined) return undefined;
    if (entry.expires <= performance.now()) {
      this.#remove(tenant, key);
      return undefined;
    }
    entries.delete(key);
    entries.set(key, entry);
    return entry;
  }

  #put(tenant: string, key: string, json: string, expires: number): void {
    this.#remove(tenant, key);
    const bytes = Buffer.byteLength(key) + Buffer.byteLength(json) + entryOverhead;
    const shelf = this.#shelves.get(tenant) ?? { entries: new Map<string, Entry>(), bytes: 0 };
    this.#shelves.set(tenant, shelf);
    shelf.entries.set(key, { json, bytes, expires });
    shelf.bytes += bytes;
    this.#bytes += bytes;
    const { maxKeys, maxBytes } = this.#bounds;
    while (shelf.entries.size > maxKeys || shelf.bytes > maxBytes) this.#removeOldest(tenant);
    if (this.#bytes > this.#maxTotalBytes) this.#makeRoom();
  }

  /** Those who hold most give way, so that nobody loses what he has to a neighbour that fills the cache. */
  #makeRoom(): void {
    const goal = this.#maxTotalBytes * (1 - slack);
    const shelves = [...this.#shelves].toSorted(([, a], [, b]) => b.bytes - a.bytes);
    // The level that the largest are brought down to, so that all together come to the goal.
    let level = 0;
    let rest = this.#bytes;
    for (const [index, [, shelf]] of shelves.entries()) {
      rest -= shelf.bytes;
      level = (goal - rest) / (index + 1);
      if (level >= (shelves[index + 1]?.[1].bytes ?? 0)) break;
    }
    for (const [tenant, shelf] of shelves) {
      if (shelf.bytes <= level) break;
      while (shelf.bytes > level) this.#removeOldest(tenant);
    }
  }

  #removeOldest(tenant: string): void {
    const key = this.#shelves.get(tenant)?.entries.keys().next().value;
    if (key !== undefined) this.#remove(tenant, key);
  }

  #remove(tenant: string, key: string): void {
    const shelf = this.#shelves.get(tenant);
    const entry = shelf?.entries.get(key);
    if (shelf === undefined || entry === undefined) return;
    shelf.entries.delete(key);
    shelf.bytes -= entry.bytes;
    this.#bytes -= entry.bytes;
    if (shelf.entries.size === 0) this.#shelves.delete(tenant);
  }
}

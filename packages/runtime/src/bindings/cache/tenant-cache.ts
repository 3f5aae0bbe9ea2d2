import { BindingError } from '../../bindings.ts';
import type { ResolvedCacheOptions } from './cache-options.ts';
import type { CacheStore } from './cache-store.ts';

/** The entries of tenants as values, within the bounds of keys, values and lifetimes. Owns the store. */
export class TenantCache {
  readonly #store: CacheStore;
  readonly #options: ResolvedCacheOptions;

  constructor(store: CacheStore, options: ResolvedCacheOptions) {
    this.#store = store;
    this.#options = options;
  }

  async get(tenant: string, key: string): Promise<unknown> {
    const json = await this.#store.get(tenant, this.#key(key));
    return json === undefined ? undefined : (JSON.parse(json) as unknown);
  }

  async set(tenant: string, key: string, value: unknown, ttlMs?: number): Promise<void> {
    await this.#store.set(tenant, this.#key(key), this.#json(value), this.#ttl(ttlMs));
  }

  /** @returns what is there; where nothing is, the value, which is kept first. */
  async getOrSet(tenant: string, key: string, value: unknown, ttlMs?: number): Promise<unknown> {
    const [json, ttl] = [this.#json(value), this.#ttl(ttlMs)];
    return JSON.parse(await this.#store.getOrSet(tenant, this.#key(key), json, ttl)) as unknown;
  }

  delete(tenant: string, key: string): Promise<boolean> {
    return this.#store.delete(tenant, this.#key(key));
  }

  has(tenant: string, key: string): Promise<boolean> {
    return this.#store.has(tenant, this.#key(key));
  }

  /** @throws {BindingError} `not_a_number`; nothing was changed. */
  async increment(tenant: string, key: string, by: number, ttlMs?: number): Promise<number> {
    const sum = await this.#store.increment(tenant, this.#key(key), by, this.#ttl(ttlMs));
    if (sum !== undefined) return Number(sum);
    throw new BindingError('the value of this key is no number, or the sum is too large', {
      code: 'not_a_number',
    });
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #key(key: string): string {
    const { maxKeyBytes } = this.#options;
    const bytes = Buffer.byteLength(key);
    if (bytes <= maxKeyBytes) return key;
    throw tooMuch('key_too_long', `a key may take ${maxKeyBytes} bytes, this one takes ${bytes}`);
  }

  #json(value: unknown): string {
    const { maxValueBytes } = this.#options;
    const json = JSON.stringify(value);
    const bytes = Buffer.byteLength(json);
    if (bytes <= maxValueBytes) return json;
    const message = `a value may take ${maxValueBytes} bytes as JSON, this one takes ${bytes}`;
    throw tooMuch('value_too_large', message);
  }

  #ttl(ttlMs: number | undefined): number {
    const { defaultTtlMs, maxTtlMs } = this.#options;
    if (ttlMs === undefined) return defaultTtlMs;
    if (ttlMs <= maxTtlMs) return ttlMs;
    throw tooMuch('ttl_too_long', `ttlMs may be ${maxTtlMs}, not ${ttlMs}`);
  }
}

function tooMuch(code: string, message: string): BindingError {
  return new BindingError(message, { code, name: 'RangeError' });
}

import { z } from 'zod';
import { BindingError, defineBinding, type Binding } from '../../bindings.ts';
import {
  resolveCacheOptions,
  type CacheOptions,
  type ResolvedCacheOptions,
} from './cache-options.ts';
import type { CacheStore } from './cache-store.ts';
import { MemoryCache } from './memory-cache.ts';
import { RedisCache } from './redis-cache.ts';
import { RedisConnection } from './redis-connection.ts';

const key = z.string();
const noOptions = z.strictObject({}).nullish();
const lifetime = z.strictObject({ ttlMs: z.int().min(1).optional() }).nullish();

/**
 * Makes the binding `sdk.cache`: entries that a tenant's runs share with one another and with nobody
 * else. A cache may lose any entry at any time. Nothing is connected before the first call.
 * @throws {CloisterError} `invalid_options`, naming the field.
 */
export function cache(options: CacheOptions = {}): Binding {
  const resolved = resolveCacheOptions(options);
  const store = createStore(resolved);
  const checks = new CacheChecks(resolved);
  return defineBinding(
    'cache',
    {
      get: {
        description: 'The value of a key; undefined when there is none.',
        params: z.tuple([key, noOptions]),
        handler: async ({ tenant }, name) => {
          const json = await store.get(tenant.id, checks.key(name));
          return json === undefined ? undefined : (JSON.parse(json) as unknown);
        },
      },
      set: {
        description: 'Keeps a value for ttlMs milliseconds.',
        params: z.tuple([key, z.unknown(), lifetime]),
        handler: ({ tenant }, name, value, rest) =>
          store.set(tenant.id, checks.key(name), checks.value(value), checks.ttl(rest?.ttlMs)),
      },
      getOrSet: {
        description: 'The value of a key; where there is none, the given one is kept first.',
        params: z.tuple([key, z.unknown(), lifetime]),
        handler: async ({ tenant }, name, value, rest) => {
          const json = checks.value(value);
          const ttlMs = checks.ttl(rest?.ttlMs);
          const kept = await store.getOrSet(tenant.id, checks.key(name), json, ttlMs);
          return JSON.parse(kept) as unknown;
        },
      },
      delete: {
        description: 'Takes a key away; true when there was one.',
        params: z.tuple([key, noOptions]),
        handler: ({ tenant }, name) => store.delete(tenant.id, checks.key(name)),
      },
      has: {
        description: 'Whether a key has a value.',
        params: z.tuple([key, noOptions]),
        handler: ({ tenant }, name) => store.has(tenant.id, checks.key(name)),
      },
      increment: {
        description: 'Adds to a number, 0 where there is none, and gives the sum.',
        params: z.tuple([key, z.number().nullish(), lifetime]),
        handler: async ({ tenant }, name, by, rest) => {
          const ttlMs = checks.ttl(rest?.ttlMs);
          const sum = await store.increment(tenant.id, checks.key(name), by ?? 1, ttlMs);
          if (sum !== undefined) return Number(sum);
          throw new BindingError('the value of this key is no number, or the sum is too large', {
            code: 'not_a_number',
          });
        },
      },
    },
    {
      description: 'Values that the runs of a tenant share for a while.',
      close: () => store.close(),
    },
  );
}

function createStore(options: ResolvedCacheOptions): CacheStore {
  const { url, timeoutMs, prefix, perTenant, maxTotalBytes, maxTtlMs } = options;
  if (url === undefined) return new MemoryCache(perTenant, maxTotalBytes);
  return new RedisCache(new RedisConnection(url, timeoutMs), prefix, perTenant, maxTtlMs);
}

/** The bounds of keys, values and lifetimes. */
class CacheChecks {
  readonly #options: ResolvedCacheOptions;

  constructor(options: ResolvedCacheOptions) {
    this.#options = options;
  }

  key(name: string): string {
    const { maxKeyBytes } = this.#options;
    const bytes = Buffer.byteLength(name);
    if (bytes <= maxKeyBytes) return name;
    throw tooMuch('key_too_long', `a key may take ${maxKeyBytes} bytes, this one takes ${bytes}`);
  }

  /** @returns the value as JSON. */
  value(value: unknown): string {
    const { maxValueBytes } = this.#options;
    const json = JSON.stringify(value);
    const bytes = Buffer.byteLength(json);
    if (bytes <= maxValueBytes) return json;
    const message = `a value may take ${maxValueBytes} bytes as JSON, this one takes ${bytes}`;
    throw tooMuch('value_too_large', message);
  }

  ttl(ttlMs: number | undefined): number {
    const { defaultTtlMs, maxTtlMs } = this.#options;
    if (ttlMs === undefined) return defaultTtlMs;
    if (ttlMs <= maxTtlMs) return ttlMs;
    throw tooMuch('ttl_too_long', `ttlMs may be ${maxTtlMs}, not ${ttlMs}`);
  }
}

function tooMuch(code: string, message: string): BindingError {
  return new BindingError(message, { code, name: 'RangeError' });
}

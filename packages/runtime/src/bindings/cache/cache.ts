import { z } from 'zod';
import { defineBinding, type Binding } from '../../bindings.ts';
import {
  resolveCacheOptions,
  type CacheOptions,
  type ResolvedCacheOptions,
} from './cache-options.ts';
import type { CacheStore } from './cache-store.ts';
import { MemoryCache } from './memory-cache.ts';
import { RedisCache } from './redis-cache.ts';
import { RedisConnection } from './redis-connection.ts';
import { TenantCache } from './tenant-cache.ts';

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
  const entries = new TenantCache(createStore(resolved), resolved);
  return defineBinding(
    'cache',
    {
      get: {
        description: 'The value of a key; undefined when there is none.',
        params: z.tuple([key, noOptions]),
        handler: ({ tenant }, name) => entries.get(tenant.id, name),
      },
      set: {
        description: 'Keeps a value for ttlMs milliseconds.',
        params: z.tuple([key, z.unknown(), lifetime]),
        handler: ({ tenant }, name, value, rest) =>
          entries.set(tenant.id, name, value, rest?.ttlMs),
      },
      getOrSet: {
        description: 'The value of a key; where there is none, the given one is kept first.',
        params: z.tuple([key, z.unknown(), lifetime]),
        handler: ({ tenant }, name, value, rest) =>
          entries.getOrSet(tenant.id, name, value, rest?.ttlMs),
      },
      delete: {
        description: 'Takes a key away; true when there was one.',
        params: z.tuple([key, noOptions]),
        handler: ({ tenant }, name) => entries.delete(tenant.id, name),
      },
      has: {
        description: 'Whether a key has a value.',
        params: z.tuple([key, noOptions]),
        handler: ({ tenant }, name) => entries.has(tenant.id, name),
      },
      increment: {
        description: 'Adds to a number, 0 where there is none, and gives the sum.',
        params: z.tuple([key, z.number().nullish(), lifetime]),
        handler: ({ tenant }, name, by, rest) =>
          entries.increment(tenant.id, name, by ?? 1, rest?.ttlMs),
      },
    },
    {
      description: 'Values that the runs of a tenant share for a while.',
      close: () => entries.close(),
    },
  );
}

function createStore(options: ResolvedCacheOptions): CacheStore {
  const { url, timeoutMs, prefix, perTenant, maxTotalBytes, maxTtlMs } = options;
  if (url === undefined) return new MemoryCache(perTenant, maxTotalBytes);
  return new RedisCache(new RedisConnection(url, timeoutMs), prefix, perTenant, maxTtlMs);
}

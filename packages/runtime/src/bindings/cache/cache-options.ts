import { invalidOptions } from '../../errors.ts';
import { checkWholeNumber } from '../../limits.ts';
import { requireKnown } from '../../require-known.ts';
import type { TenantBounds } from './cache-store.ts';

/** Options of `cache`. */
export interface CacheOptions {
  /** `redis://` or `rediss://`; needs the package ioredis. Default: entries are in memory. */
  readonly url?: string | URL;
  /** What our keys in Redis begin with. Default: `cloister:cache:`. */
  readonly prefix?: string;
  /** How long Redis may take for a command, connecting included, in milliseconds. Default: 500. */
  readonly timeoutMs?: number;
  /** How long an entry lives when the script does not say, in milliseconds. Default: an hour, `maxTtlMs` at most. */
  readonly defaultTtlMs?: number;
  /** How long an entry may live at most, in milliseconds. Default: 24 hours. */
  readonly maxTtlMs?: number;
  /** Bytes of a key in UTF-8. Default: 512. */
  readonly maxKeyBytes?: number;
  /**
   * Bytes of a value as JSON in UTF-8; at most 1 MiB, and a quarter of what a tenant may keep. Default:
   * 262144 (256 KiB), or that quarter.
   */
  readonly maxValueBytes?: number;
  /** What a tenant may keep; the entries that were not used for longest go first. */
  readonly perTenant?: {
    /** Default: 10000. */
    readonly maxKeys?: number;
    /** Of keys and values, and 128 for each entry. Default: 16777216 (16 MiB). */
    readonly maxBytes?: number;
  };
  /** The same for all tenants together, in memory. Default: 268435456 (256 MiB). */
  readonly maxTotalBytes?: number;
}

/** Options of a cache after normalisation. */
export interface ResolvedCacheOptions {
  readonly url: string | undefined;
  readonly prefix: string;
  readonly timeoutMs: number;
  readonly defaultTtlMs: number;
  readonly maxTtlMs: number;
  readonly maxKeyBytes: number;
  readonly maxValueBytes: number;
  readonly perTenant: TenantBounds;
  readonly maxTotalBytes: number;
}

const mebi = 1024 * 1024;
const hour = 60 * 60 * 1000;
const names = ['url', 'prefix', 'timeoutMs', 'defaultTtlMs', 'maxTtlMs', 'maxKeyBytes'];
const known = [...names, 'maxValueBytes', 'perTenant', 'maxTotalBytes'];

/** @throws {CloisterError} `invalid_options`, naming the field. */
export function resolveCacheOptions(options: CacheOptions): ResolvedCacheOptions {
  requireKnown(options, known, 'cache', 'the cache');
  const { perTenant = {}, prefix = 'cloister:cache:' } = options;
  requireKnown(perTenant, ['maxKeys', 'maxBytes'], 'cache.perTenant', 'the cache');
  // A prefix with a brace would move the tenants of a cluster onto one node.
  if (typeof prefix !== 'string' || !/^[^{}]{0,200}$/.test(prefix)) {
    throw invalidOptions('cache.prefix must be a text of up to 200 characters without braces');
  }
  const maxTtlMs = whole(options.maxTtlMs, 'maxTtlMs', 24 * hour, 366 * 24 * hour);
  const maxKeyBytes = whole(options.maxKeyBytes, 'maxKeyBytes', 512, 65_536);
  const maxBytes = whole(perTenant.maxBytes, 'perTenant.maxBytes', 16 * mebi, 2 ** 40);
  const maxTotalBytes = whole(options.maxTotalBytes, 'maxTotalBytes', 256 * mebi, 2 ** 40);
  const largest = Math.min(mebi, Math.ceil(maxBytes / 4), Math.ceil(maxTotalBytes / 4));
  const usual = Math.min(largest, 256 * 1024);
  const maxValueBytes = whole(options.maxValueBytes, 'maxValueBytes', usual, largest);
  return Object.freeze({
    url: checkUrl(options.url),
    prefix,
    timeoutMs: whole(options.timeoutMs, 'timeoutMs', 500, 60_000),
    maxTtlMs,
    defaultTtlMs: whole(options.defaultTtlMs, 'defaultTtlMs', Math.min(hour, maxTtlMs), maxTtlMs),
    maxKeyBytes,
    maxValueBytes,
    perTenant: {
      maxKeys: whole(perTenant.maxKeys, 'perTenant.maxKeys', 10_000, 10_000_000),
      maxBytes,
    },
    maxTotalBytes,
  });
}

function whole(value: unknown, name: string, fallback: number, max: number): number {
  return value === undefined ? fallback : checkWholeNumber(value, `cache.${name}`, 1, max);
}

function checkUrl(given: unknown): string | undefined {
  if (given === undefined) return undefined;
  const text = given instanceof URL ? given.href : given;
  if (typeof text === 'string' && /^rediss?:\/\//.test(text) && URL.canParse(text)) return text;
  // It may hold a password, and is not shown.
  throw invalidOptions('cache.url must be a URL that begins with redis:// or rediss://');
}

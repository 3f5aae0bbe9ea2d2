import { createHash } from 'node:crypto';
import type { CacheStore, TenantBounds } from './cache-store.ts';
import type { RedisConnection, ScriptAnswer } from './redis-connection.ts';
import type { ScriptName } from './redis-scripts.ts';

/** Keeps entries in Redis, where any number of hosts may share them. Owns its connection. */
export class RedisCache implements CacheStore {
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #bounds: readonly string[];
  readonly #lifetime: string;

  /** @param lifetimeMs - how long a tenant's keys stay after the last write; no entry lives longer. */
  constructor(
    connection: RedisConnection,
    prefix: string,
    { maxKeys, maxBytes }: TenantBounds,
    lifetimeMs: number,
  ) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#bounds = [String(maxKeys), String(maxBytes)];
    this.#lifetime = String(lifetimeMs);
  }

  async get(tenant: string, key: string): Promise<string | undefined> {
    return toText(await this.#run('get', tenant, key));
  }

  async set(tenant: string, key: string, json: string, ttlMs: number): Promise<void> {
    await this.#write('set', tenant, key, ttlMs, json);
  }

  async getOrSet(tenant: string, key: string, json: string, ttlMs: number): Promise<string> {
    return toText(await this.#write('getOrSet', tenant, key, ttlMs, json)) ?? json;
  }

  async delete(tenant: string, key: string): Promise<boolean> {
    return (await this.#run('delete', tenant, key)) === 1;
  }

  async has(tenant: string, key: string): Promise<boolean> {
    return (await this.#run('has', tenant, key)) === 1;
  }

  async increment(
    tenant: string,
    key: string,
    by: number,
    ttlMs: number,
  ): Promise<string | undefined> {
    return toText(await this.#write('increment', tenant, key, ttlMs, String(by)));
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #write(
    script: ScriptName,
    tenant: string,
    key: string,
    ttlMs: number,
    value: string,
  ): Promise<ScriptAnswer> {
    return this.#run(script, tenant, key, ...this.#bounds, String(ttlMs), value);
  }

  #run(script: ScriptName, tenant: string, key: string, ...rest: string[]): Promise<ScriptAnswer> {
    // A digest has one length and no separators; the braces keep a tenant on one node of a cluster.
    const id = createHash('sha256').update(wellFormed(tenant)).digest('base64url');
    const keys = ['entries', 'uses', 'counts'].map((part) => `${this.#prefix}{${id}}:${part}`);
    return this.#connection.run(script, keys, [wellFormed(key), this.#lifetime, ...rest]);
  }
}

/** As UTF-8 all lone surrogates would be one character; as JSON they are escaped, each for itself. */
function wellFormed(text: string): string {
  return JSON.stringify(text);
}

function toText(answer: ScriptAnswer): string | undefined {
  return typeof answer === 'string' ? answer : undefined;
}

import { LRUCache } from 'lru-cache';
import { Pool, type Dispatcher } from 'undici';
import { CallGate, PerTenant } from '../../host/call-gate.ts';
import { checkedConnector } from './connector.ts';
import type { HttpPolicy } from './options.ts';

/** Origins of tenants to which connections are kept. */
const maxPools = 64;
/** For how long an unused connection is kept, whatever the server offers, in milliseconds. */
const idleMs = 4_000;

/**
 * Connections, kept open for a while by tenant and origin: none ever serves two tenants or another
 * host than the one that it was checked for. Owned by the binding, which closes it.
 */
export class Connections {
  readonly #limits: HttpPolicy['limits'];
  readonly #connect: ReturnType<typeof checkedConnector>;
  readonly #pools: LRUCache<string, Pool>;
  readonly #gates: PerTenant<CallGate>;

  constructor(policy: HttpPolicy) {
    this.#limits = policy.limits;
    this.#connect = checkedConnector(policy);
    const { maxConnectionsPerHost } = policy.limits;
    this.#pools = new LRUCache({
      max: maxPools,
      // What is under way on it ends in peace.
      dispose: (pool, _key, reason) => void (reason === 'evict' && pool.close()),
    });
    // By host, here.
    this.#gates = new PerTenant(
      () => new CallGate(maxConnectionsPerHost),
      ({ isIdle }) => isIdle,
    );
  }

  /** What sends a tenant's request to an origin; to be used at once. */
  to(tenantId: string, origin: string): Dispatcher {
    const key = JSON.stringify([tenantId, origin]);
    let pool = this.#pools.get(key);
    if (pool === undefined) this.#pools.set(key, (pool = this.#open(origin)));
    return pool;
  }

  /** Waits for a place among the requests to a host. @returns what gives it back. */
  async enter(host: string, tenantId: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const gate = this.#gates.of(host);
    await gate.enter(tenantId, signal);
    return () => gate.leave();
  }

  /** Ends every connection, and what is under way on it. */
  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #open(origin: string): Pool {
    return new Pool(origin, {
      connect: this.#connect,
      connections: this.#limits.maxConnectionsPerHost,
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: this.#limits.maxHeaderBytes,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      // The deadline of the request is the only one.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }
}

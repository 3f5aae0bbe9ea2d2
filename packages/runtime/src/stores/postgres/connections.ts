import { BytecodeStoreError } from '../bytecode-store-error.ts';
import { toStoreError } from './failure.ts';
import { createOwnPool, type OwnPool } from './own-pool.ts';
import type { PostgresClient, PostgresPool } from './postgres-pool.ts';

/** Sends one statement and answers with its rows. */
export type Query = (text: string, values?: unknown[]) => Promise<Record<string, unknown>[]>;

/**
 * Connections with a time limit on all that is done with them. Owned by one store; it owns the pool
 * that it makes for a URL, and not one that it was given.
 */
export class Connections {
  readonly #given: string | PostgresPool;
  readonly #timeoutMs: number;
  #own: Promise<OwnPool> | undefined;

  constructor(poolOrUrl: string | PostgresPool, timeoutMs: number) {
    this.#given = poolOrUrl;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Takes a connection, does the work with it and gives it back. After a failure it is closed
   * instead: that ends a transaction, and nobody has to know in which state it was.
   * @throws {BytecodeStoreError} as a rejection; `timeout` when taking and working took too long.
   */
  async run<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const expiry = Promise.withResolvers<never>();
    const timer = setTimeout(() => expiry.reject(this.#timeout()), this.#timeoutMs);
    try {
      const client = await this.#take(expiry.promise);
      return await this.#use(client, work, expiry.promise);
    } catch (error) {
      throw toStoreError(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes our own pool; waits no longer than for any other work. */
  async close(): Promise<void> {
    const own = await this.#own?.catch(() => {});
    if (own === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#timeoutMs);
    own.end().then(resolve, resolve);
    await promise;
    clearTimeout(timer);
  }

  async #take(expiry: Promise<never>): Promise<PostgresClient> {
    const taken = this.#pool().then((pool) => pool.connect());
    try {
      return await Promise.race([taken, expiry]);
    } catch (error) {
      // One that comes too late goes back.
      taken.then(
        (client) => client.release(),
        () => {},
      );
      throw error;
    }
  }

  async #use<T>(
    client: PostgresClient,
    work: (query: Query) => Promise<T>,
    expiry: Promise<never>,
  ): Promise<T> {
    // Without a listener, a connection that breaks would end the process.
    client.on('error', ignore);
    try {
      const query: Query = async (text, values) => {
        const { rows } = await client.query(values === undefined ? { text } : { text, values });
        return rows as Record<string, unknown>[];
      };
      const result = await Promise.race([work(query), expiry]);
      client.off('error', ignore);
      client.release();
      return result;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  #pool(): Promise<PostgresPool> {
    if (typeof this.#given !== 'string') return Promise.resolve(this.#given);
    this.#own ??= createOwnPool(this.#given, this.#timeoutMs);
    return this.#own;
  }

  #timeout(): BytecodeStoreError {
    return new BytecodeStoreError(
      'timeout',
      `the bytecode store in Postgres: no answer within ${this.#timeoutMs} ms`,
    );
  }
}

function ignore(): void {}

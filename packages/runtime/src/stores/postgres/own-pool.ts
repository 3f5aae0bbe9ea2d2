import { createPgPool } from '../../pg-pool.ts';
import { BytecodeStoreError } from '../bytecode-store-error.ts';
import type { PostgresPool } from './postgres-pool.ts';

/** A pool that the store made, and closes. */
export interface OwnPool extends PostgresPool {
  end(): Promise<void>;
}

/** The cache reads and writes in bursts, and its runs wait for none of it. */
const maxConnections = 4;

/**
 * Makes the pool of a store that was given a URL.
 * @throws {BytecodeStoreError} `driver_missing` when pg is not installed; `invalid_argument` for a URL
 *   that pg does not understand.
 */
export function createOwnPool(url: string, timeoutMs: number): Promise<OwnPool> {
  const options = {
    max: maxConnections,
    connectionTimeoutMillis: timeoutMs,
    // So that the server gives up as well, and no session of ours waits there for a lock for ever.
    statement_timeout: timeoutMs,
  };
  return createPgPool(url, options, {
    driver: (problem, cause) =>
      new BytecodeStoreError('driver_missing', `postgresBytecodeStore ${problem}`, cause),
    url: (cause) =>
      new BytecodeStoreError('invalid_argument', 'the URL of Postgres is not valid', cause),
  });
}

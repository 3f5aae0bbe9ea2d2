import type * as Pg from 'pg';
import { BytecodeStoreError } from '../bytecode-store-error.ts';
import type { PostgresPool } from './postgres-pool.ts';

/** A pool that the store made, and closes. */
export interface OwnPool extends PostgresPool {
  end(): Promise<void>;
}

/** The cache reads and writes in bursts, and its runs wait for none of it. */
const maxConnections = 4;

/**
 * Makes a pool with pg, which is loaded now and not before. It does not keep the process alive when
 * it is idle, and a connection that breaks then is replaced without a word.
 * @throws {BytecodeStoreError} `driver_missing` when pg is not installed; `invalid_argument` for a URL
 *   that pg does not understand.
 */
export async function createOwnPool(url: string, timeoutMs: number): Promise<OwnPool> {
  const { Pool } = await loadDriver();
  try {
    const pool = new Pool({
      connectionString: url,
      max: maxConnections,
      allowExitOnIdle: true,
      keepAlive: true,
      connectionTimeoutMillis: timeoutMs,
      // So that the server gives up as well, and no session of ours waits there for a lock for ever.
      statement_timeout: timeoutMs,
      application_name: 'cloister',
    });
    pool.on('error', () => {});
    return pool;
  } catch (error) {
    throw new BytecodeStoreError('invalid_argument', 'the URL of Postgres is not valid', error);
  }
}

async function loadDriver(): Promise<typeof Pg> {
  try {
    return await import('pg');
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    throw new BytecodeStoreError(
      'driver_missing',
      isMissing
        ? 'postgresBytecodeStore needs the package pg, which is not installed: npm install pg'
        : 'postgresBytecodeStore needs the package pg, which cannot be loaded',
      error,
    );
  }
}

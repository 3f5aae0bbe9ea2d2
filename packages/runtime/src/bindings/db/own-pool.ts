import type * as Pg from 'pg';
import { CloisterError } from '../../errors.ts';
import type { PgPool } from './postgres-engine.ts';

/** How long connecting may take. */
const connectMs = 5_000;

/**
 * Makes a pool with pg, which is loaded now and not before. It does not keep the process alive when it
 * is idle, and a connection that breaks then is replaced without a word.
 * @throws {CloisterError} `invalid_options` when pg is not installed, or does not understand the URL.
 */
export async function createOwnPool(
  url: string,
  maxConnections: number,
): Promise<PgPool & { end(): Promise<void> }> {
  const { Pool } = await loadDriver();
  try {
    const pool = new Pool({
      connectionString: url,
      max: maxConnections,
      allowExitOnIdle: true,
      keepAlive: true,
      connectionTimeoutMillis: connectMs,
      application_name: 'cloister',
    });
    pool.on('error', () => {});
    return pool;
  } catch (error) {
    const message = 'the URL of the database is not valid';
    throw new CloisterError('invalid_options', message, { cause: error });
  }
}

async function loadDriver(): Promise<typeof Pg> {
  try {
    return await import('pg');
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    throw new CloisterError(
      'invalid_options',
      isMissing
        ? 'db needs the package pg, which is not installed: npm install pg'
        : 'db needs the package pg, which cannot be loaded',
      { cause: error },
    );
  }
}

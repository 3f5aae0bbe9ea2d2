import type * as Pg from 'pg';
import { loadDriver } from './load-driver.ts';

/** What the pools of this package differ in; times in milliseconds, as in pg. */
export interface PgPoolOptions {
  readonly max: number;
  readonly connectionTimeoutMillis: number;
  readonly statement_timeout?: number;
}

/** The errors of whoever makes a pool. */
export interface PgPoolErrors {
  /** pg cannot be had; `problem` is the end of a sentence about it. */
  driver(problem: string, cause: unknown): Error;
  /** pg does not understand the URL. */
  url(cause: unknown): Error;
}

/**
 * Makes a pool with pg, which is loaded now and not before. It does not keep the process alive when
 * it is idle, and a connection that breaks then is replaced without a word. The caller ends it.
 * @throws the errors of `errors`.
 */
export async function createPgPool(
  url: string,
  options: PgPoolOptions,
  errors: PgPoolErrors,
): Promise<Pg.Pool> {
  const { Pool } = await loadDriver(
    'pg',
    () => import('pg'),
    (problem, cause) => errors.driver(problem, cause),
  );
  try {
    const pool = new Pool({
      ...options,
      connectionString: url,
      allowExitOnIdle: true,
      keepAlive: true,
      application_name: 'cloister',
    });
    pool.on('error', () => {});
    return pool;
  } catch (error) {
    throw errors.url(error);
  }
}

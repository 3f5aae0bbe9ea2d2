import { CloisterError } from '../../errors.ts';
import { createPgPool } from '../../pg-pool.ts';
import type { PgPool } from './postgres-engine.ts';

/** How long connecting may take. */
const connectMs = 5_000;

/**
 * Makes the pool of a binding that was given a URL; the binding ends it.
 * @throws {CloisterError} `invalid_options` when pg is not installed, or does not understand the URL.
 */
export function createOwnPool(
  url: string,
  maxConnections: number,
): Promise<PgPool & { end(): Promise<void> }> {
  const refuse = (message: string, cause: unknown): CloisterError =>
    new CloisterError('invalid_options', message, { cause });
  const options = { max: maxConnections, connectionTimeoutMillis: connectMs };
  return createPgPool(url, options, {
    driver: (problem, cause) => refuse(`db ${problem}`, cause),
    url: (cause) => refuse('the URL of the database is not valid', cause),
  });
}

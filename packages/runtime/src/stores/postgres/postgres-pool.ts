/**
 * What a store needs of a connection pool: `Pool` of the package pg has it. Declared here so that the
 * types of this package do not need those of pg.
 */
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
}

/** A connection that was taken out of a pool. */
export interface PostgresClient {
  query(query: { text: string; values?: unknown[] }): Promise<{ rows: unknown[] }>;
  /** @param destroy - whether the connection is closed instead of going back to the pool. */
  release(destroy?: boolean): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

import { z } from 'zod';
import { BindingError, defineBinding, type Binding } from '../../bindings.ts';
import { resolveDbOptions, type DbOptions, type DbSource } from './db-options.ts';
import type { Engine } from './engine.ts';
import { createOwnPool } from './own-pool.ts';
import { PgliteEngine } from './pglite-engine.ts';
import { PostgresEngine } from './postgres-engine.ts';
import { requireHarmlessWords } from './statement-rules.ts';
import { TenantDatabase } from './tenant-database.ts';

const statement = z.tuple([
  z.string(),
  // The protocol counts them with 16 bits.
  z.array(z.unknown()).max(65_535).nullish(),
  z.strictObject({}).nullish(),
]);

/**
 * Makes the binding `sdk.db`: statements on a Postgres, in which each tenant has its own rows of the
 * same tables. Keeping tenants apart is the database's work; `applyTenantPolicies` prepares it, and
 * nothing runs on one that is not prepared. Nothing is connected before the first call.
 * @throws {CloisterError} `invalid_options`, naming the field.
 */
export function db(options: DbOptions): Binding {
  const resolved = resolveDbOptions(options);
  const { source, maxConnections, maxConnectionsPerTenant, maxSqlCharacters } = resolved;
  const database = new TenantDatabase(createEngine(source, maxConnections), resolved);
  const check = (sql: string): void => {
    if (sql.length > maxSqlCharacters) {
      const message = `a statement may take ${maxSqlCharacters} characters`;
      throw new BindingError(message, { code: 'statement_too_long' });
    }
    requireHarmlessWords(sql);
  };
  return defineBinding(
    'db',
    {
      query: {
        description: 'The rows that a query gives; $1, $2 … stand for the parameters.',
        params: statement,
        handler: (call, sql, params) => {
          check(sql);
          return database.query(call, sql, params ?? []);
        },
      },
      execute: {
        description:
          'Inserts, updates, deletes or merges rows; tells how many, and what RETURNING gives.',
        params: statement,
        handler: (call, sql, params) => {
          check(sql);
          return database.execute(call, sql, params ?? []);
        },
      },
    },
    {
      description: 'The database of this tenant.',
      maxConcurrent: maxConnections,
      perTenant: { maxConcurrent: maxConnectionsPerTenant },
      close: () => database.close(),
    },
  );
}

/** The engine for a database. */
export function createEngine(source: DbSource, maxConnections: number): Engine {
  switch (source.kind) {
    case 'pglite':
      return new PgliteEngine(source.pglite);
    case 'pool':
      return new PostgresEngine(
        () => Promise.resolve(source.pool),
        () => Promise.resolve(),
      );
    case 'url': {
      let pool: ReturnType<typeof createOwnPool> | undefined;
      return new PostgresEngine(
        () => (pool ??= createOwnPool(source.url, maxConnections)),
        async () => (await pool?.catch(() => {}))?.end(),
      );
    }
  }
}

import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { applyTenantPolicies, type DbOptions } from '../../src/bindings/index.ts';
import { postgresBinaries, startPostgres } from './postgres.ts';

/** A database of one test file, in which a superuser can look. */
export interface Database extends AsyncDisposable {
  /** How `db` gets at it. */
  readonly place: Pick<DbOptions, 'url' | 'pglite'>;
  /** Runs statements as a superuser; gives the rows of the last one. */
  admin(sql: string): Promise<Record<string, unknown>[]>;
}

/** The engines that `db` works with, and whether they are here. */
export const databases: readonly (readonly ['Postgres' | 'PGlite', boolean])[] = [
  ['Postgres', postgresBinaries !== undefined],
  ['PGlite', true],
];

/** What tenant b has and nobody else may see. */
export const mark = 'MARK-OF-B';

/**
 * Tables of two tenants, with rows of the same ids: `notes`; `counters`, with a serial; `codes`, unique
 * without the tenant; and `secrets`, which scripts have no right to.
 */
const schema = `
  CREATE TABLE notes (tenant_id text NOT NULL, id integer NOT NULL, body text, PRIMARY KEY (tenant_id, id));
  CREATE TABLE counters (tenant_id text NOT NULL, id serial PRIMARY KEY, n integer);
  CREATE TABLE codes (tenant_id text NOT NULL, code text PRIMARY KEY);
  CREATE TABLE secrets (body text);
  CREATE VIEW all_notes AS SELECT * FROM notes;
  INSERT INTO notes VALUES ('a', 1, '1'), ('a', 2, '2'), ('b', 1, '${mark}'), ('b', 2, '${mark}'), ('b', 3, '${mark}');
  INSERT INTO counters (tenant_id, n) VALUES ('a', 1), ('b', 1);
  INSERT INTO codes VALUES ('b', '${mark}');
  INSERT INTO secrets VALUES ('${mark}')`;

/** Starts an engine with the tables above, in order for scripts. */
export async function startDatabase(kind: 'Postgres' | 'PGlite'): Promise<Database> {
  const database = kind === 'PGlite' ? await startPglite() : await startServer();
  await database.admin(schema);
  const { url, pglite } = database.place;
  await applyTenantPolicies((url ?? pglite) as string | PGlite, {
    tables: ['notes', 'public.counters', 'codes'],
  });
  return database;
}

async function startPglite(): Promise<Database> {
  const pglite = await PGlite.create();
  return {
    place: { pglite },
    admin: async (sql) => (await pglite.exec(sql)).at(-1)?.rows as Record<string, unknown>[],
    [Symbol.asyncDispose]: () => pglite.close(),
  };
}

async function startServer(): Promise<Database> {
  const server = await startPostgres();
  const client = new pg.Client(server.url);
  await client.connect();
  return {
    place: { url: server.url },
    admin: async (sql) => {
      const results: unknown = await client.query(sql);
      const last = (Array.isArray(results) ? results.at(-1) : results) as { rows: [] };
      return last.rows;
    },
    [Symbol.asyncDispose]: async () => {
      await client.end();
      await server[Symbol.asyncDispose]();
    },
  };
}

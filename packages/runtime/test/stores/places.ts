import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import {
  postgresBytecodeStore,
  sqliteBytecodeStore,
  type BytecodeStore,
  type RetentionOptions,
} from '../../src/stores/index.ts';
import { postgresBinaries, startPostgres, type PostgresServer } from '../support/postgres.ts';

/** A place for data; every store on it sees the same. */
export interface Place extends AsyncDisposable {
  store(options?: RetentionOptions): BytecodeStore;
}

let server: PostgresServer | undefined;

/** Starts the server of the places in Postgres, if one can be had. */
export async function startServer(): Promise<void> {
  if (postgresBinaries !== undefined) server = await startPostgres();
}

export async function stopServer(): Promise<void> {
  await server?.[Symbol.asyncDispose]();
}

/** A new, empty place of each kind. */
export const places: Readonly<Record<string, () => Promise<Place>>> = {
  'SQLite file': async () => {
    const folder = await mkdtempDisposable(join(tmpdir(), 'cloister-store-'));
    return {
      store: (options) => sqliteBytecodeStore(join(folder.path, 'bytecode.db'), options),
      [Symbol.asyncDispose]: () => folder.remove(),
    };
  },
  'Postgres by URL': async () => {
    const schema = newSchema();
    return {
      store: (options) =>
        postgresBytecodeStore(serverUrl(), { ...options, schema, timeoutMs: 30_000 }),
      [Symbol.asyncDispose]: async () => {},
    };
  },
  'Postgres by pool': async () => {
    const schema = newSchema();
    const pool = new pg.Pool({ connectionString: serverUrl(), max: 3 });
    return {
      store: (options) => postgresBytecodeStore(pool, { ...options, schema, timeoutMs: 30_000 }),
      [Symbol.asyncDispose]: () => pool.end(),
    };
  },
};

let schemas = 0;
function newSchema(): string {
  return `Place "${++schemas}"`;
}
function serverUrl(): string {
  return server?.url ?? 'postgres://localhost/none';
}

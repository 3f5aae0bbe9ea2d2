import { BytecodeStoreError } from '../bytecode-store-error.ts';
import type { Connections, Query } from './connections.ts';
import { isMissingTable } from './failure.ts';

/** The names of our tables, quoted and with their schema. */
export interface TableNames {
  readonly schema: string;
  readonly bytecode: string;
  readonly migrations: string;
}

/** @throws {BytecodeStoreError} `invalid_argument` for what is no name of a schema. */
export function tableNames(schema: unknown = 'public'): TableNames {
  if (typeof schema !== 'string' || !/^[^\0]{1,63}$/.test(schema)) {
    const message = 'schema must be the name of a schema, up to 63 characters';
    throw new BytecodeStoreError('invalid_argument', message);
  }
  const quoted = `"${schema.replaceAll('"', '""')}"`;
  return {
    schema: quoted,
    bytecode: `${quoted}.cloister_bytecode`,
    migrations: `${quoted}.cloister_bytecode_migrations`,
  };
}

/** Step n brings the schema from version n to n + 1. Steps that were released are never changed. */
const migrations: readonly ((names: TableNames) => string)[] = [
  ({ bytecode }) => `
    CREATE TABLE ${bytecode} (
      key text COLLATE "C" PRIMARY KEY,
      size integer NOT NULL,
      created timestamptz NOT NULL DEFAULT now(),
      last_used timestamptz NOT NULL DEFAULT now(),
      bytes bytea NOT NULL
    );
    -- Not compressed: half the space for puts that take three times as long. LZ4 would cost no time,
    -- and not every server has it.
    ALTER TABLE ${bytecode} ALTER COLUMN bytes SET STORAGE EXTERNAL;
    CREATE INDEX cloister_bytecode_by_use ON ${bytecode} (last_used)`,
];

/** The same for everybody who migrates, so that one does it and the others wait. */
const advisoryLock = '7165358210927394113';

/**
 * Brings the tables to our version. Where they have it, nothing is locked and no right to create
 * anything is needed.
 * @throws {BytecodeStoreError} `unsupported` for a newer version; and what the server says.
 */
export async function migrate(connections: Connections, names: TableNames): Promise<void> {
  const version = await connections.run(async (query) => {
    try {
      return await readVersion(query, names);
    } catch (error) {
      if (isMissingTable(error)) return 0;
      throw error;
    }
  });
  if (version === migrations.length) return;
  await connections.run((query) => migrateUnderLock(query, names));
}

async function migrateUnderLock(query: Query, names: TableNames): Promise<void> {
  await query('BEGIN');
  await query(`SELECT pg_advisory_xact_lock(${advisoryLock})`);
  // `CREATE SCHEMA IF NOT EXISTS` asks for the right to create one even where there is one.
  const [found] = await query('SELECT to_regnamespace($1) IS NOT NULL AS exists', [names.schema]);
  if (found?.['exists'] !== true) await query(`CREATE SCHEMA ${names.schema}`);
  await query(
    `CREATE TABLE IF NOT EXISTS ${names.migrations} (
       version integer PRIMARY KEY,
       applied timestamptz NOT NULL DEFAULT now()
     )`,
  );
  const version = await readVersion(query, names);
  for (const [index, step] of migrations.entries()) {
    if (index < version) continue;
    await query(step(names));
    await query(`INSERT INTO ${names.migrations} (version) VALUES ($1)`, [index + 1]);
  }
  await query('COMMIT');
}

async function readVersion(query: Query, names: TableNames): Promise<number> {
  const [row] = await query(`SELECT coalesce(max(version), 0) AS version FROM ${names.migrations}`);
  const version = Number(row?.['version']);
  if (version <= migrations.length) return version;
  throw new BytecodeStoreError(
    'unsupported',
    `${names.bytecode} has version ${version} of the bytecode schema, and this version of Cloister ` +
      `knows versions up to ${migrations.length}: use another schema, or the newer Cloister`,
  );
}

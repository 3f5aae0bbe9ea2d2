import type { DatabaseSync } from 'node:sqlite';
import { BytecodeStoreError } from '../bytecode-store-error.ts';

/** Marks a database as ours: "Cloi". */
const applicationId = 0x436c6f69;

/** Step n brings the schema from version n to n + 1. Steps that were released are never changed. */
const migrations: readonly string[] = [
  `CREATE TABLE bytecode (
     key TEXT NOT NULL PRIMARY KEY,
     size INTEGER NOT NULL,
     created INTEGER NOT NULL,
     last_used INTEGER NOT NULL,
     bytes BLOB NOT NULL
   ) STRICT;
   -- Has all that pruning reads, so that it never walks over the bytes.
   CREATE INDEX bytecode_by_use ON bytecode (last_used, key, size);
   PRAGMA application_id = ${applicationId};`,
];

/**
 * Sets a connection up and brings the schema to our version.
 * @throws {BytecodeStoreError} `unsupported` for a newer version, or a database that is not ours.
 * @throws the errors of SQLite.
 */
export function prepareDatabase(database: DatabaseSync, file: string): void {
  // These two count only before the first page is written. Long rows are read faster from large
  // pages; freed pages can be given back without writing the whole file anew.
  database.exec('PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL');
  // Before anything is written: a database of somebody else stays as it is.
  if (readVersion(database, file) < migrations.length) {
    database.exec('PRAGMA journal_mode = WAL');
    migrate(database, file);
  }
  database.exec(
    // NORMAL with a write-ahead log: one sync per checkpoint instead of one per put. A power cut can
    // take the last puts, which a cache can lose, and cannot damage the file, which OFF could.
    'PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 67108864; PRAGMA trusted_schema = OFF',
  );
}

function migrate(database: DatabaseSync, file: string): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    // Once more, under the lock: another process may have done it meanwhile.
    for (const step of migrations.slice(readVersion(database, file))) database.exec(step);
    database.exec(`PRAGMA user_version = ${migrations.length}; COMMIT`);
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function readVersion(database: DatabaseSync, file: string): number {
  const version = pragma(database, 'user_version');
  const id = pragma(database, 'application_id');
  const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as {
    tables: number;
  };
  const isOurs = id === applicationId || (id === 0 && version === 0 && tables === 0);
  if (!isOurs) {
    throw unsupported(`${file} is a database of another application; it is left as it is`);
  }
  if (version > migrations.length) {
    throw unsupported(
      `${file} has version ${version} of the bytecode schema, and this version of Cloister knows ` +
        `versions up to ${migrations.length}: use another file, or the newer Cloister`,
    );
  }
  return version;
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  const row = database.prepare(`PRAGMA ${name}`).get() as Record<string, number>;
  return row[name] ?? 0;
}

function unsupported(message: string): BytecodeStoreError {
  return new BytecodeStoreError('unsupported', message);
}

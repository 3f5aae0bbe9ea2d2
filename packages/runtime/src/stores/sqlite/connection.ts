import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { BytecodeStoreError } from '../bytecode-store-error.ts';
import { createDatabaseFile, fileIdentity } from './database-file.ts';
import { failureKind } from './failure.ts';
import type { SqliteSettings } from './messages.ts';
import { prepareDatabase } from './schema.ts';

/** The statements of the store. Times are in milliseconds since 1970. */
const statements = {
  get: 'SELECT bytes, last_used FROM bytecode WHERE key = ?',
  put: `INSERT INTO bytecode (key, size, created, last_used, bytes) VALUES (?1, ?2, ?3, ?3, ?4)
        ON CONFLICT (key) DO UPDATE SET size = excluded.size, created = excluded.created,
          last_used = excluded.last_used, bytes = excluded.bytes`,
  delete: 'DELETE FROM bytecode WHERE key = ?',
  clear: 'DELETE FROM bytecode',
  use: 'UPDATE bytecode SET last_used = ?2 WHERE key = ?1 AND last_used < ?2',
  total: 'SELECT coalesce(sum(size), 0) AS total FROM bytecode',
  pruneAge: 'DELETE FROM bytecode WHERE last_used < ?',
  /** Keeps the latest used that fit together, and the very latest in any case. */
  pruneBytes: `DELETE FROM bytecode WHERE key IN (
    SELECT key FROM (SELECT key, row_number() OVER latest AS place, sum(size) OVER latest AS upto
      FROM bytecode WINDOW latest AS (ORDER BY last_used DESC, key DESC))
    WHERE place > 1 AND upto > ?)`,
} as const;

/** An open database. Owned by the SqliteDatabase that opened it. */
export interface Connection {
  readonly database: DatabaseSync;
  readonly statements: Readonly<Record<keyof typeof statements, StatementSync>>;
  /** Which file it is, see {@link fileIdentity}. */
  readonly identity: string | undefined;
}

/**
 * Opens the file, creating it and its schema where needed. Waits for locks up to the busy timeout.
 * @throws {BytecodeStoreError} `unsupported`.
 * @throws the errors of SQLite and of the file system.
 */
export function openConnection(settings: SqliteSettings): Connection {
  const until = performance.now() + settings.busyTimeoutMs;
  for (;;) {
    try {
      return tryToOpen(settings);
    } catch (error) {
      // SQLite's own wait does not cover the change to a write-ahead log.
      if (failureKind(error, settings.file) !== 'busy' || performance.now() > until) throw error;
      sleep(5 + Math.random() * 20);
    }
  }
}

function tryToOpen({ file, busyTimeoutMs }: SqliteSettings): Connection {
  createDatabaseFile(file);
  const identity = fileIdentity(file);
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs });
  try {
    prepareDatabase(database, file);
    const names = Object.keys(statements) as (keyof typeof statements)[];
    const prepared = Object.fromEntries(names.map((name) => [name, prepare(database, name)]));
    return { database, identity, statements: prepared as Connection['statements'] };
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepare(database: DatabaseSync, name: keyof typeof statements): StatementSync {
  try {
    return database.prepare(statements[name]);
  } catch (error) {
    const sqliteError = 1;
    if ((error as { errcode?: unknown }).errcode !== sqliteError) throw error;
    throw new BytecodeStoreError('corrupt', 'the schema is not the one of its version', error);
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

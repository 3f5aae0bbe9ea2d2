import { Retention, usePrecisionMs } from '../retention.ts';
import { UseLog } from '../use-log.ts';
import { openConnection, type Connection } from './connection.ts';
import { fileIdentity, takeAway } from './database-file.ts';
import { failureKind } from './failure.ts';
import type { SqliteSettings } from './messages.ts';

/**
 * The store inside its thread: synchronous, opened at the first operation, opened again after a
 * failure, and with a new file when the old one is damaged. Owned by the thread.
 * Methods throw the errors of SQLite and of the file system, or a BytecodeStoreError.
 */
export class SqliteDatabase {
  readonly #settings: SqliteSettings;
  readonly #retention: Retention;
  readonly #uses = new UseLog(() => this.#writeUses());
  #connection: Connection | undefined;

  constructor(settings: SqliteSettings) {
    this.#settings = settings;
    this.#retention = new Retention(settings);
  }

  get(key: string): Uint8Array<ArrayBuffer> | undefined {
    return this.#run(({ statements }) => {
      const row = statements.get.get(key) as
        | { bytes: Uint8Array<ArrayBuffer>; last_used: number }
        | undefined;
      if (row === undefined) return undefined;
      if (Date.now() - row.last_used >= usePrecisionMs) this.#uses.add(key);
      return row.bytes;
    });
  }

  put(key: string, bytes: Uint8Array): void {
    this.#run(({ statements }) => statements.put.run(key, bytes.byteLength, Date.now(), bytes));
    // The bytes are kept by now: that there is no tidying up at the moment is no failure of the put.
    if (this.#retention.added(bytes.byteLength)) attempt(() => this.#prune(this.#connected()));
  }

  delete(key: string): void {
    this.#run(({ statements }) => statements.delete.run(key));
  }

  clear(): void {
    this.#run((connection) => {
      try {
        connection.statements.clear.run();
        giveSpaceBack(connection);
      } catch (error) {
        // To forget in SQLite is to write first.
        if (failureKind(error, this.#settings.file) !== 'full') throw error;
        this.#takeAway('unwanted');
      }
    });
    this.#retention.counted(0);
  }

  close(): void {
    if (this.#connection !== undefined) this.#writeUses();
    this.#uses.take();
    this.#disconnect();
  }

  #run<T>(operation: (connection: Connection) => T): T {
    for (let tries = 1; ; tries++) {
      try {
        return operation(this.#connected());
      } catch (error) {
        if (tries === 3 || !this.#cure(error)) throw error;
      }
    }
  }

  /** Does what can be done about a failure; answers whether trying again makes sense. */
  #cure(error: unknown): boolean {
    const kind = failureKind(error, this.#settings.file);
    if (kind !== 'corrupt' && kind !== 'moved') return false;
    if (kind === 'corrupt') this.#takeAway('damaged');
    this.#disconnect();
    return true;
  }

  #takeAway(state: 'damaged' | 'unwanted'): void {
    const { file, busyTimeoutMs } = this.#settings;
    const identity = this.#connection?.identity ?? fileIdentity(file);
    this.#disconnect();
    if (identity === undefined || file === ':memory:') return;
    takeAway(file, identity, state, busyTimeoutMs);
  }

  #connected(): Connection {
    const { file } = this.#settings;
    if (this.#connection !== undefined) {
      if (this.#connection.identity === fileIdentity(file)) return this.#connection;
      // Somebody deleted or replaced the file: what is written to the old one, nobody reads.
      this.#disconnect();
    }
    this.#connection = openConnection(this.#settings);
    attempt(() => this.#prune(this.#connected()));
    return this.#connection;
  }

  #disconnect(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    attempt(() => connection?.database.close());
  }

  #prune(connection: Connection): void {
    const { statements } = connection;
    this.#writeUses();
    statements.pruneAge.run(Date.now() - this.#retention.maxAgeMs);
    if (!this.#retention.counted(readTotal(connection))) return;
    statements.pruneBytes.run(this.#retention.keptBytes);
    this.#retention.counted(readTotal(connection));
    giveSpaceBack(connection);
  }

  #writeUses(): void {
    const keys = this.#uses.take();
    const connection = this.#connection;
    if (keys.length === 0 || connection === undefined) return;
    const now = Date.now();
    // When it fails, entries look a little older than they are.
    attempt(() => {
      connection.database.exec('BEGIN IMMEDIATE');
      try {
        for (const key of keys) connection.statements.use.run(key, now);
        connection.database.exec('COMMIT');
      } finally {
        if (connection.database.isTransaction) connection.database.exec('ROLLBACK');
      }
    });
  }
}

function readTotal({ statements }: Connection): number {
  return (statements.total.get() as { total: number }).total;
}

/** Free pages are used again; the file shrinks only when they are many. */
function giveSpaceBack({ database }: Connection): void {
  const { freelist_count: free = 0 } = database.prepare('PRAGMA freelist_count').get() as {
    freelist_count?: number;
  };
  const { page_count: all = 0 } = database.prepare('PRAGMA page_count').get() as {
    page_count?: number;
  };
  if (free > all / 4) database.exec('PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)');
}

/** For what may fail without anybody having to know; the next operation meets what is wrong. */
function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // See above.
  }
}

import type { Engine, Session, StatementResult, TextRow } from './engine.ts';

interface PgliteOptions {
  readonly rowMode: 'array';
  readonly parsers: Record<number, (text: string) => unknown>;
  readonly serializers: Record<number, (value: unknown) => string>;
}

interface PgliteResult {
  readonly rows: unknown[];
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
  readonly affectedRows?: number;
}

interface PgliteTransaction {
  exec(sql: string): Promise<unknown>;
  query(sql: string, params: (string | null)[], options: PgliteOptions): Promise<PgliteResult>;
}

/**
 * What is needed of a `PGlite` of the package @electric-sql/pglite. Declared here so that the types of
 * this package do not need those of that one.
 */
export interface PgliteDatabase {
  readonly parsers: object;
  exec(sql: string): Promise<unknown>;
  transaction<T>(work: (transaction: PgliteTransaction) => Promise<T>): Promise<T>;
}

/** The Postgres of this process. It has one connection, and cannot end a statement that is running. */
export class PgliteEngine implements Engine {
  readonly #database: PgliteDatabase;
  #last: Promise<unknown> = Promise.resolve();

  constructor(database: PgliteDatabase) {
    this.#database = database;
  }

  transaction<T>(work: (session: Session) => Promise<T>, signal: AbortSignal): Promise<T> {
    const next = this.#last.then(() => this.#run(work, signal));
    this.#last = next.catch(() => {});
    return next;
  }

  async close(): Promise<void> {
    await this.#last;
  }

  async #run<T>(work: (session: Session) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    try {
      return await this.#database.transaction((transaction) =>
        work(new PgliteSession(transaction, this.#database.parsers)),
      );
    } finally {
      // All else that a session keeps takes statements or functions that scripts do not get at; the
      // connection is the embedder's, too, whose own state `DISCARD ALL` would take away.
      await this.#database.exec('DISCARD SEQUENCES');
    }
  }
}

class PgliteSession implements Session {
  readonly #transaction: PgliteTransaction;
  readonly #options: PgliteOptions;

  constructor(transaction: PgliteTransaction, parsers: object) {
    this.#transaction = transaction;
    this.#options = {
      rowMode: 'array',
      parsers: Object.fromEntries(Object.keys(parsers).map((type) => [type, String])),
      // Whatever the type is: our parameters are text already.
      serializers: new Proxy({}, { get: () => String }),
    };
  }

  async exec(sql: string): Promise<void> {
    await this.#transaction.exec(sql);
  }

  async query(sql: string, params: TextRow): Promise<StatementResult> {
    const result = await this.#transaction.query(sql, [...params], this.#options);
    const rows = result.rows as TextRow[];
    return {
      fields: result.fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID })),
      rows,
      rowCount: result.affectedRows ?? rows.length,
    };
  }
}

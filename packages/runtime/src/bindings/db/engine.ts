/** Values in Postgres' text form, null for NULL. */
export type TextRow = readonly (string | null)[];

/** What one statement gave. */
export interface StatementResult {
  readonly fields: readonly { readonly name: string; readonly type: number }[];
  readonly rows: readonly TextRow[];
  /** Rows that were read or changed. */
  readonly rowCount: number;
}

/** A connection within a transaction, for as long as the work of `transaction` lasts. */
export interface Session {
  /** Runs statements of ours; there may be several in the text. */
  exec(sql: string): Promise<void>;
  /**
   * Runs one statement by the extended protocol, in which the server takes no second one.
   * @param maxBytes - what the answer may take on its way; where it can be counted there, the
   *   connection is cut as soon as it is more.
   * @throws what the server says; {BindingError} `result_too_large`.
   */
  query(sql: string, params: TextRow, maxBytes: number): Promise<StatementResult>;
}

/** What runs transactions: a server through pg, or a Postgres in this process. */
export interface Engine {
  /**
   * Runs work in a transaction on a connection that nobody else has meanwhile, and commits. The
   * connection is as new for the next one, or closed.
   * @param signal - ends the statement that is running, where the engine can.
   * @throws what the work or the server throws; the transaction was rolled back then.
   */
  transaction<T>(work: (session: Session) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Gives up what the engine itself has opened. May be called twice. */
  close(): Promise<void>;
}

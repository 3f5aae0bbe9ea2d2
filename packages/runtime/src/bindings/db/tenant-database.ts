import { BindingError, type BindingCall } from '../../bindings.ts';
import { CloisterError } from '../../errors.ts';
import { DatabaseCheck } from './database-check.ts';
import { toBindingError } from './database-failure.ts';
import type { ResolvedDbOptions } from './db-options.ts';
import type { Engine, Session, StatementResult } from './engine.ts';
import { quoteIdentifier, quoteLiteral } from './quoting.ts';
import { cursorFor, requireChange, requireText } from './statement-rules.ts';
import { untilAborted } from '../../until-aborted.ts';
import { toObjects, toParameters } from './values.ts';

/** Rows that are fetched at a time. */
const batchRows = 200;
/** What rows may take on the wire beyond `maxBytes`, in which lengths and names are not counted. */
const wireSlack = 256 * 1024;
/** How long after its time a statement that the server does not end is given up. */
const graceMs = 1_000;

/** What a script gets. */
export interface ScriptResult {
  readonly rows: Record<string, unknown>[];
  readonly rowCount: number;
}

type Call = Pick<BindingCall, 'tenant' | 'signal'>;

/** Runs the statements of scripts, each in a transaction of its own in the name of its tenant. Owns the engine. */
export class TenantDatabase {
  readonly #engine: Engine;
  readonly #options: ResolvedDbOptions;
  readonly #check: DatabaseCheck;

  constructor(engine: Engine, options: ResolvedDbOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#check = new DatabaseCheck(engine, options);
  }

  /** Runs a query, read-only, and stops reading at the bounds. */
  async query(call: Call, sql: string, params: readonly unknown[]): Promise<ScriptResult> {
    requireText(sql);
    const values = toParameters(params);
    return this.#transaction(call, 'READ ONLY', async (session) => {
      await session.query(cursorFor(sql), values, wireSlack);
      return this.#fetchAll(session);
    });
  }

  /** Runs a statement that changes rows; what it returns is bounded as a query is. */
  async execute(call: Call, sql: string, params: readonly unknown[]): Promise<ScriptResult> {
    requireText(sql);
    requireChange(sql);
    if (this.#options.readOnly) {
      throw new BindingError('the database is read-only here', { code: 'read_only' });
    }
    const values = toParameters(params);
    return this.#transaction(call, 'READ WRITE', async (session) => {
      const { maxBytes } = this.#options;
      const result = await session.query(sql, values, maxBytes + wireSlack);
      this.#requireWithin(result.rows.length, sizeOf(result));
      return { rows: toObjects(result), rowCount: result.rowCount };
    });
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  async #transaction(
    { tenant, signal }: Call,
    mode: 'READ ONLY' | 'READ WRITE',
    work: (session: Session) => Promise<ScriptResult>,
  ): Promise<ScriptResult> {
    const settings = this.#settings(tenant.id, mode);
    const { statementTimeoutMs } = this.#options;
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(statementTimeoutMs + graceMs)]);
    try {
      await untilAborted(this.#check.pass(), deadline);
      return await this.#engine.transaction(async (session) => {
        await session.exec(settings);
        return work(session);
      }, deadline);
    } catch (error) {
      throw toBindingError(error, statementTimeoutMs);
    }
  }

  async #fetchAll(session: Session): Promise<ScriptResult> {
    const { maxRows, maxBytes } = this.#options;
    const rows: Record<string, unknown>[] = [];
    let bytes = 0;
    for (;;) {
      const size = Math.min(batchRows, maxRows + 1 - rows.length);
      const fetch = `FETCH FORWARD ${size} FROM cloister_rows`;
      const result: StatementResult = await session.query(fetch, [], maxBytes - bytes + wireSlack);
      bytes += sizeOf(result);
      this.#requireWithin(rows.length + result.rows.length, bytes);
      rows.push(...toObjects(result));
      if (result.rows.length < size) return { rows, rowCount: rows.length };
    }
  }

  #requireWithin(rows: number, bytes: number): void {
    const { maxRows, maxBytes } = this.#options;
    if (rows > maxRows) {
      throw new BindingError(`a statement may give ${maxRows} rows`, { code: 'too_many_rows' });
    }
    if (bytes > maxBytes) {
      throw new BindingError(`the rows of a statement may take ${maxBytes} bytes`, {
        code: 'result_too_large',
      });
    }
  }

  /** All of them end with the transaction. The role comes last: it may not set the others. */
  #settings(tenantId: string, mode: string): string {
    const { setting, role, schema, statementTimeoutMs, lockTimeoutMs } = this.#options;
    if (tenantId.includes('\0') || !tenantId.isWellFormed()) {
      throw new CloisterError('invalid_options', 'the id of this tenant is no text of Postgres');
    }
    return [
      `SET TRANSACTION ISOLATION LEVEL READ COMMITTED ${mode}`,
      `SET LOCAL ${setting} = ${quoteLiteral(tenantId)}`,
      `SET LOCAL statement_timeout = ${statementTimeoutMs}`,
      `SET LOCAL lock_timeout = ${lockTimeoutMs}`,
      `SET LOCAL idle_in_transaction_session_timeout = ${statementTimeoutMs + graceMs}`,
      `SET LOCAL search_path = ${quoteIdentifier(schema)}`,
      'SET LOCAL row_security = on',
      `SET LOCAL timezone = 'UTC'`,
      `SET LOCAL datestyle = 'ISO, YMD'`,
      `SET LOCAL intervalstyle = 'iso_8601'`,
      `SET LOCAL bytea_output = 'hex'`,
      `SET LOCAL ROLE ${quoteIdentifier(role)}`,
    ].join('; ');
  }
}

/** Bytes of values and, in each row again, of names: that is how rows are as JSON. */
function sizeOf({ fields, rows }: StatementResult): number {
  let names = 0;
  for (const { name } of fields) names += Buffer.byteLength(name) + 1;
  let bytes = rows.length * names;
  for (const row of rows) {
    for (const value of row) bytes += value === null ? 1 : Buffer.byteLength(value) + 1;
  }
  return bytes;
}

import { BindingError } from '../../bindings.ts';
import type { Engine, Session, StatementResult, TextRow } from './engine.ts';
import { cancelStatement } from './postgres-cancel.ts';
import { untilAborted } from '../../until-aborted.ts';

/** What is needed of a `Pool` of the package pg; declared here so that our types do not need those of pg. */
export interface PgPool {
  connect(): Promise<PgClient>;
}

/** A statement for pg. */
interface PgQuery {
  readonly text: string;
  readonly values?: (string | null)[];
  readonly rowMode?: 'array';
  readonly queryMode?: 'extended';
  readonly types?: { getTypeParser(): (text: string) => string };
}

interface PgResult {
  readonly rows: unknown[];
  readonly rowCount: number | null;
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
}

/** What is needed of a `Client` of the package pg. */
export interface PgClient {
  readonly host: string;
  readonly port: number;
  query(query: PgQuery): Promise<PgResult>;
  /** @param destroy - whether the connection is closed instead of going back to the pool. */
  release(destroy?: boolean): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

/** What pg has and its types do not: the socket, and what a statement is cancelled with. */
export interface PgInternals {
  readonly connection?: {
    readonly stream?: {
      on(event: 'data', listener: (chunk: Buffer) => void): unknown;
      off(event: 'data', listener: (chunk: Buffer) => void): unknown;
      destroy(): unknown;
    };
  };
  readonly processID?: number | null;
  readonly secretKey?: number | null;
}

/** A Postgres server through a pool of pg. */
export class PostgresEngine implements Engine {
  readonly #pool: () => Promise<PgPool>;
  readonly #end: () => Promise<void>;

  /** @param end - gives the pool up, when it is ours. */
  constructor(pool: () => Promise<PgPool>, end: () => Promise<void>) {
    this.#pool = pool;
    this.#end = end;
  }

  async transaction<T>(work: (session: Session) => Promise<T>, signal: AbortSignal): Promise<T> {
    const client = await takeClient(await this.#pool(), signal);
    let isClean = false;
    let cancelled: Promise<void> | undefined;
    const cancel = (): void => {
      cancelled = cancelStatement(client);
    };
    signal.addEventListener('abort', cancel, { once: true });
    client.on('error', ignore);
    try {
      const result = await untilAborted(runIn(client, work), signal);
      isClean = true;
      return result;
    } catch (error) {
      isClean = await untilAborted(rollBack(client, error), signal).catch(() => false);
      throw error;
    } finally {
      signal.removeEventListener('abort', cancel);
      // An aborted call's connection is closed, and only after its cancellation was sent: that names the
      // connection, which by then must not be somebody else's.
      await cancelled;
      const isReusable = isClean && cancelled === undefined;
      // A connection that is being closed may still break, which must end nobody's process.
      if (isReusable) client.off('error', ignore);
      client.release(!isReusable);
    }
  }

  close(): Promise<void> {
    return this.#end();
  }
}

async function runIn<T>(client: PgClient, work: (session: Session) => Promise<T>): Promise<T> {
  await client.query({ text: 'BEGIN' });
  const result = await work(new PostgresSession(client));
  await client.query({ text: 'COMMIT' });
  await client.query({ text: 'DISCARD ALL' });
  return result;
}

/** @returns whether the connection can be used again. */
async function rollBack(client: PgClient, error: unknown): Promise<boolean> {
  const { code } = error as { code?: unknown };
  const isFromServer = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code);
  if (!isFromServer && !(error instanceof BindingError)) return false;
  try {
    await client.query({ text: 'ROLLBACK' });
    await client.query({ text: 'DISCARD ALL' });
    return true;
  } catch {
    return false;
  }
}

class PostgresSession implements Session {
  readonly #client: PgClient & PgInternals;

  constructor(client: PgClient) {
    this.#client = client;
  }

  async exec(sql: string): Promise<void> {
    await this.#client.query({ text: sql });
  }

  async query(sql: string, params: TextRow, maxBytes: number): Promise<StatementResult> {
    const stream = this.#client.connection?.stream;
    let bytes = 0;
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      // One row may be larger than memory: the connection is cut before pg has put it together.
      if (bytes > maxBytes) stream?.destroy();
    };
    stream?.on('data', count);
    try {
      const result = await this.#client.query({ ...asText, text: sql, values: [...params] });
      return {
        fields: result.fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID })),
        rows: result.rows as TextRow[],
        rowCount: result.rowCount ?? result.rows.length,
      };
    } catch (error) {
      if (bytes <= maxBytes) throw error;
      throw new BindingError('the rows of a statement take more bytes than they may', {
        code: 'result_too_large',
      });
    } finally {
      stream?.off('data', count);
    }
  }
}

const asText = {
  rowMode: 'array',
  queryMode: 'extended',
  types: { getTypeParser: () => String },
} as const;

async function takeClient(pool: PgPool, signal: AbortSignal): Promise<PgClient> {
  const taken = pool.connect();
  try {
    return await untilAborted(taken, signal);
  } catch (error) {
    // One that comes too late goes back as it came.
    taken.then((client) => client.release(), ignore);
    throw error;
  }
}

function ignore(): void {}

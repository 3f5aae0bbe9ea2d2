import { numberOption, requireBytes, requireKey, requireKnownOptions } from '../arguments.ts';
import { BytecodeStoreError } from '../bytecode-store-error.ts';
import type { BytecodeStore } from '../bytecode-store.ts';
import { resolveRetention, Retention, type RetentionOptions } from '../retention.ts';
import { UseLog } from '../use-log.ts';
import { BytecodeTable } from './bytecode-table.ts';
import { Connections, type Query } from './connections.ts';
import type { PostgresPool } from './postgres-pool.ts';
import { migrate, tableNames, type TableNames } from './schema.ts';

/** Options of `postgresBytecodeStore`. */
export interface PostgresBytecodeStoreOptions extends RetentionOptions {
  /** The schema of the tables; made when it does not exist. Default: `public`. */
  readonly schema?: string;
  /**
   * How long one step may take, the wait for a connection included, in milliseconds. The first
   * operation has two or three steps: it migrates and prunes before. Default: 5000.
   */
  readonly timeoutMs?: number;
}

/**
 * Keeps code in the table `cloister_bytecode` of a Postgres database, which any number of processes
 * may share. Nothing is connected, and the package pg not loaded, before the first operation, which
 * creates the tables or brings them to this version.
 * @param poolOrUrl - a `postgres://` URL; or a pool of yours, which is never closed here, whose `error`
 *   event you handle, and whose `statement_timeout` you choose.
 * @throws {BytecodeStoreError} `invalid_argument` for an option out of its range.
 */
export function postgresBytecodeStore(
  poolOrUrl: string | URL | PostgresPool,
  options: PostgresBytecodeStoreOptions = {},
): BytecodeStore {
  requireKnownOptions(options, ['schema', 'timeoutMs', 'maxBytes', 'maxAgeMs']);
  const timeoutMs = numberOption(options.timeoutMs, 'timeoutMs', 5_000, 1, 600_000);
  return new PostgresBytecodeStore(
    new Connections(toPoolOrUrl(poolOrUrl), timeoutMs),
    tableNames(options.schema),
    new Retention(resolveRetention(options)),
  );
}

class PostgresBytecodeStore implements BytecodeStore {
  readonly #connections: Connections;
  readonly #names: TableNames;
  readonly #table: BytecodeTable;
  readonly #retention: Retention;
  readonly #uses = new UseLog(() => void this.#track(this.#writeUses()).catch(() => {}));
  readonly #underWay = new Set<Promise<unknown>>();
  #migrated: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(connections: Connections, names: TableNames, retention: Retention) {
    this.#connections = connections;
    this.#names = names;
    this.#table = new BytecodeTable(names);
    this.#retention = retention;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#requireOpen();
    requireKey(key);
    const found = await this.#run((query) => this.#table.get(query, key));
    if (found?.isStale && this.#closing === undefined) this.#uses.add(key);
    return found?.bytes;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.#requireOpen();
    requireKey(key);
    requireBytes(bytes, this.#retention.maxBytes);
    const copy = new Uint8Array(bytes);
    await this.#run((query) => this.#table.put(query, key, copy));
    // The bytes are kept by now: that there is no tidying up at the moment is no failure of the put.
    if (this.#retention.added(copy.byteLength)) await this.#track(this.#prune()).catch(() => {});
  }

  async delete(key: string): Promise<void> {
    this.#requireOpen();
    requireKey(key);
    await this.#run((query) => this.#table.delete(query, key));
  }

  async clear(): Promise<void> {
    this.#requireOpen();
    await this.#run((query) => this.#table.clear(query));
    this.#retention.counted(0);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    await this.#writeUses().catch(() => {});
    await this.#connections.close();
  }

  async #run<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return await this.#track(
      this.#migrate().then(() => this.#connections.run((query) => work(query))),
    );
  }

  /** Once; again at the next operation when it failed. */
  #migrate(): Promise<void> {
    this.#migrated ??= this.#open().catch((error: unknown) => {
      this.#migrated = undefined;
      throw error;
    });
    return this.#migrated;
  }

  async #open(): Promise<void> {
    await migrate(this.#connections, this.#names);
    await this.#prune().catch(() => {});
  }

  async #prune(): Promise<void> {
    await this.#writeUses();
    await this.#connections.run((query) => this.#table.prune(query, this.#retention));
  }

  async #writeUses(): Promise<void> {
    const keys = this.#uses.take();
    if (keys.length === 0) return;
    await this.#connections.run((query) => this.#table.writeUses(query, keys));
  }

  /** `close()` waits for what is tracked. */
  #track<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    const done = (): boolean => this.#underWay.delete(work);
    work.then(done, done);
    return work;
  }

  #requireOpen(): void {
    if (this.#closing === undefined) return;
    throw new BytecodeStoreError('closed', 'the bytecode store in Postgres is closed');
  }
}

function toPoolOrUrl(value: unknown): string | PostgresPool {
  const url = value instanceof URL ? value.href : value;
  if (typeof url === 'string' && /^postgres(ql)?:\/\//.test(url)) return url;
  if (typeof (url as Partial<PostgresPool> | null)?.connect === 'function') {
    return url as PostgresPool;
  }
  throw new BytecodeStoreError(
    'invalid_argument',
    'postgresBytecodeStore takes a URL that begins with postgres:// or a pool of the package pg',
  );
}

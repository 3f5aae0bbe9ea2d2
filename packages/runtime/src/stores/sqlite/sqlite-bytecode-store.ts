import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { numberOption, requireBytes, requireKey, requireKnownOptions } from '../arguments.ts';
import { BytecodeStoreError } from '../bytecode-store-error.ts';
import type { BytecodeStore } from '../bytecode-store.ts';
import { resolveRetention, type RetentionOptions } from '../retention.ts';
import { secretBeside } from '../secret-beside.ts';
import type { SqliteSettings } from './messages.ts';
import { ThreadLink } from './thread-link.ts';

/** Options of `sqliteBytecodeStore`. */
export interface SqliteBytecodeStoreOptions extends RetentionOptions {
  /** How long to wait for a lock that another process holds, in milliseconds. Default: 2000. */
  readonly busyTimeoutMs?: number;
}

/** How long `close()` waits for a disk that hangs, beyond the wait for locks. */
const closeGraceMs = 3_000;

/**
 * Keeps code in an SQLite file, which any number of processes may share. Nothing is opened before the
 * first operation; all work is done in a thread of its own. A damaged file is moved aside to
 * `<file>.corrupt-<timestamp>` and made anew.
 * @param file - a path or file URL, whose folder exists; `:memory:` keeps nothing beyond `close()`.
 * @throws {BytecodeStoreError} `invalid_argument` for an option out of its range.
 */
export function sqliteBytecodeStore(
  file: string | URL,
  options: SqliteBytecodeStoreOptions = {},
): BytecodeStore & Required<Pick<BytecodeStore, 'defaultSecret'>> {
  requireKnownOptions(options, ['busyTimeoutMs', 'maxBytes', 'maxAgeMs']);
  return new SqliteBytecodeStore({
    ...resolveRetention(options),
    file: toPath(file),
    busyTimeoutMs: numberOption(options.busyTimeoutMs, 'busyTimeoutMs', 2_000, 1, 60_000),
  });
}

class SqliteBytecodeStore implements BytecodeStore {
  readonly #settings: SqliteSettings;
  readonly #thread: ThreadLink;
  #closing: Promise<void> | undefined;
  #secretInMemory: Uint8Array | undefined;

  constructor(settings: SqliteSettings) {
    this.#settings = settings;
    this.#thread = new ThreadLink(settings);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#requireOpen();
    requireKey(key);
    return await this.#thread.request({ type: 'get', key });
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.#requireOpen();
    requireKey(key);
    requireBytes(bytes, this.#settings.maxBytes);
    await this.#thread.request({ type: 'put', key, bytes: new Uint8Array(bytes) });
  }

  async delete(key: string): Promise<void> {
    this.#requireOpen();
    requireKey(key);
    await this.#thread.request({ type: 'delete', key });
  }

  async clear(): Promise<void> {
    this.#requireOpen();
    await this.#thread.request({ type: 'clear' });
  }

  async defaultSecret(): Promise<Uint8Array> {
    if (this.#settings.file !== ':memory:') return await secretBeside(this.#settings.file);
    this.#secretInMemory ??= new Uint8Array(randomBytes(32));
    return this.#secretInMemory;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (!this.#thread.isRunning) return;
    const limit = setTimeout(
      () => this.#thread.abandon(),
      this.#settings.busyTimeoutMs + closeGraceMs,
    );
    try {
      await this.#thread.request({ type: 'close' });
    } catch {
      // A thread that died or was given up has nothing left to close.
    } finally {
      clearTimeout(limit);
    }
  }

  #requireOpen(): void {
    if (this.#closing === undefined) return;
    throw new BytecodeStoreError('closed', `the bytecode store ${this.#settings.file} is closed`);
  }
}

/** Absolute, since the working folder may change before the file is opened. */
function toPath(file: unknown): string {
  if (file instanceof URL && file.protocol === 'file:') return fileURLToPath(file);
  if (file === ':memory:') return file;
  if (typeof file === 'string' && file !== '' && !file.includes('\0')) return resolve(file);
  throw new BytecodeStoreError('invalid_argument', 'file must be a path or a file URL');
}

import { Worker } from 'node:worker_threads';
import { programFile } from '../../own-files.ts';
import { BytecodeStoreError } from '../bytecode-store-error.ts';
import type { SqliteAnswer, SqliteOperation, SqliteRequest, SqliteSettings } from './messages.ts';

const threadFile = programFile('sqlite-thread');

/** What may wait to be written: two of the largest entries. */
const maxWaitingBytes = 64 * 1024 * 1024;

/** A request that was not answered yet. */
interface Waiting {
  readonly bytes: number;
  readonly resolve: (bytes: Uint8Array | undefined) => void;
  readonly reject: (error: BytecodeStoreError) => void;
}

/**
 * The host's end of the thread that runs {@link file://./thread.ts}. Starts it at the first request,
 * and again when it died. It keeps the process alive while requests are under way, and only then.
 * Owned by one store.
 */
export class ThreadLink {
  readonly #settings: SqliteSettings;
  readonly #waiting = new Map<number, Waiting>();
  #waitingBytes = 0;
  #lastId = 0;
  #thread: Worker | undefined;

  constructor(settings: SqliteSettings) {
    this.#settings = settings;
  }

  get isRunning(): boolean {
    return this.#thread !== undefined;
  }

  /**
   * Asks for an operation and answers with its bytes, if it has any.
   * @throws {BytecodeStoreError} as a rejection: what the thread says, `busy` when too much waits for
   *   it already, `unavailable` when it cannot be started or dies.
   */
  request(operation: SqliteOperation): Promise<Uint8Array | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | undefined>();
    const bytes = operation.type === 'put' ? operation.bytes.byteLength : 0;
    if (bytes > 0 && this.#waitingBytes + bytes > maxWaitingBytes) {
      reject(new BytecodeStoreError('busy', 'too many bytes wait to be written to the store'));
      return promise;
    }
    try {
      const thread = (this.#thread ??= this.#start());
      const request: SqliteRequest = { id: ++this.#lastId, operation };
      thread.postMessage(request, operation.type === 'put' ? [operation.bytes.buffer] : []);
      thread.ref();
      this.#waiting.set(request.id, { bytes, resolve, reject });
      this.#waitingBytes += bytes;
    } catch (error) {
      reject(unavailable('cannot be started', error));
    }
    return promise;
  }

  /** Gives a thread up that does not end by itself: a call into a disk that hangs cannot be stopped. */
  abandon(): void {
    const thread = this.#thread;
    this.#end(undefined);
    thread?.unref();
    void thread?.terminate();
  }

  #start(): Worker {
    const thread = new Worker(threadFile, {
      name: 'cloister-bytecode',
      workerData: this.#settings,
      // Not the host's own: they may preload files that have no business here. `node:sqlite` warns
      // in some versions of Node that it is experimental.
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    thread.unref();
    thread.on('message', (answer: SqliteAnswer) => this.#settle(answer));
    thread.on('error', (error) => this.#died(thread, error));
    thread.on('messageerror', (error) => this.#died(thread, error));
    thread.on('exit', () => this.#died(thread, undefined));
    return thread;
  }

  #settle(answer: SqliteAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    this.#waitingBytes -= waiting.bytes;
    if (this.#waiting.size === 0) this.#thread?.unref();
    if (answer.type === 'done') return waiting.resolve(answer.bytes);
    const cause = new Error(answer.detail);
    waiting.reject(new BytecodeStoreError(answer.code, answer.message, cause));
  }

  #died(thread: Worker, error: unknown): void {
    if (thread === this.#thread) this.#end(error);
  }

  #end(error: unknown): void {
    this.#thread = undefined;
    this.#waitingBytes = 0;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(unavailable('ended', error));
  }
}

function unavailable(what: string, error: unknown): BytecodeStoreError {
  return new BytecodeStoreError('unavailable', `the thread of the bytecode store ${what}`, error);
}

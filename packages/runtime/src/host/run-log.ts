import type { BindingLog } from '../bindings.ts';
import type { LogLevel, LogLine } from '../protocol/messages.ts';
import type { Json, LogEntry } from '../result.ts';
import { SecretMask } from './secret-mask.ts';

/** How much of a run's console is kept. */
export interface LogBounds {
  readonly logEntries: number;
  readonly logBytes: number;
}

/**
 * The console of one run. The guest keeps to the limits by itself; this is where they are counted,
 * because what comes from a worker is not to be trusted.
 */
export class RunLog {
  readonly entries: LogEntry[] = [];
  readonly #bounds: LogBounds;
  readonly #listener: ((entry: LogEntry) => void) | undefined;
  #bytes = 0;
  #dropped = 0;
  /** Entries that the listener has already had, when a run is carried on elsewhere. */
  #delivered = 0;
  /** Made with the first secret. */
  #mask: SecretMask | undefined;
  #isSealed = false;

  constructor(bounds: LogBounds, listener: ((entry: LogEntry) => void) | undefined) {
    this.#bounds = bounds;
    this.#listener = listener;
  }

  /**
   * Adds a line that came from a worker.
   * @returns the entry, when it is one that the listener was told of just now.
   */
  add(line: LogLine): LogEntry | undefined {
    if (this.#isSealed) return undefined;
    this.#bytes += Buffer.byteLength(line.message) + Buffer.byteLength(line.data ?? '');
    if (this.entries.length >= this.#bounds.logEntries || this.#bytes > this.#bounds.logBytes) {
      this.#dropped++;
      return undefined;
    }
    return this.#keep({
      level: line.level,
      message: this.masked(line.message),
      ...(line.data === undefined ? {} : { data: this.#maskedData(parseData(line.data)) }),
      timestamp: new Date().toISOString(),
    });
  }

  /** For the handlers of bindings, which write within the limits of the run. */
  get writer(): BindingLog {
    const write =
      (level: LogLevel) =>
      (message: string, ...data: unknown[]): void => {
        const list = data.length === 0 ? {} : { data: JSON.stringify(data) };
        this.add({ level, message, ...list });
      };
    return Object.freeze({
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    });
  }

  /** From now on a secret appears as `***`. */
  mask(secret: string): void {
    this.#mask ??= new SecretMask();
    this.#mask.add(secret);
  }

  /** A text without the secrets that the run was given. */
  masked(text: string): string {
    return this.#mask === undefined ? text : this.#mask.text(text);
  }

  #maskedData(data: Json[]): Json[] {
    return this.#mask === undefined ? data : this.#mask.data(data);
  }

  /** Ends the log; when entries were dropped, its last one says how many. */
  close(droppedByGuest: number): void {
    const dropped = this.#dropped + droppedByGuest;
    if (dropped === 0) return;
    const entries = dropped === 1 ? 'entry' : 'entries';
    this.#keep({
      level: 'warn',
      message: `${dropped} more console ${entries} dropped: the run reached logEntries (${this.#bounds.logEntries}) or logBytes (${this.#bounds.logBytes})`,
      timestamp: new Date().toISOString(),
    });
  }

  /** Nothing is written any more: the entries belong to the caller now. */
  seal(): void {
    this.#isSealed = true;
  }

  /** Starts over for another attempt; the listener is not told again what it was told. */
  restart(): void {
    this.#delivered = Math.max(this.#delivered, this.entries.length);
    this.entries.length = 0;
    this.#bytes = 0;
    this.#dropped = 0;
  }

  #keep(entry: LogEntry): LogEntry | undefined {
    this.entries.push(Object.freeze(entry));
    if (this.entries.length <= this.#delivered) return undefined;
    try {
      const told: unknown = this.#listener?.(entry);
      if (told instanceof Promise) told.catch(() => {});
    } catch {
      // A listener that throws, or rejects, is the embedder's affair; the run goes on, and so does the host.
    }
    return entry;
  }
}

/** A worker that sends no JSON here has broken the protocol; the caller's reader ends it. */
function parseData(text: string): Json[] {
  const data: unknown = JSON.parse(text);
  if (!Array.isArray(data)) throw new TypeError('data is not a list');
  return data as Json[];
}

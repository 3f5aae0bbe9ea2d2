import { residentBytes } from './resident-bytes.ts';

/** A worker whose own thread may be executing a script, so that it cannot watch itself meanwhile. */
export interface TurnTaker {
  readonly pid: number | undefined;
  /** Whether it may be executing one. */
  readonly mayBeWaiting: boolean;
  /** A number that changes with whatever it says. */
  readonly heard: number;
  /** What it may grow by in a turn. */
  readonly turnBytes: number;
  /** Called when it has grown by more without a word. */
  outgrew(): void;
}

const intervalMs = 10;
/** How old the size may be that growth is counted from, in milliseconds. */
const maxAgeMs = 100;
/** Looks without a script, after which it is over until the next. */
const maxIdleLooks = 20;

/**
 * Watches the memory of a worker from outside while its own thread executes scripts: the size is asked for
 * only when the worker has said nothing for a while, and now and then to compare. Owned by the worker's link.
 */
export class TurnMemory {
  readonly #worker: TurnTaker;
  #timer: NodeJS.Timeout | undefined;
  #idleLooks = 0;
  #heard = -1;
  #beforeBytes: number | undefined;
  #beforeAt = -Infinity;

  constructor(worker: TurnTaker) {
    this.#worker = worker;
  }

  /** To be called when a script has been sent to be executed. */
  begin(): void {
    this.#idleLooks = 0;
    this.#timer ??= setInterval(() => this.#look(), intervalMs).unref();
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const { mayBeWaiting, heard, pid } = this.#worker;
    if (!mayBeWaiting && ++this.#idleLooks > maxIdleLooks) return this.close();
    const now = performance.now();
    if (mayBeWaiting && heard === this.#heard) {
      const bytes = residentBytes(pid);
      if (bytes === undefined || this.#beforeBytes === undefined) return;
      if (bytes - this.#beforeBytes > this.#worker.turnBytes) this.#worker.outgrew();
    } else if (now - this.#beforeAt > maxAgeMs) {
      this.#beforeBytes = residentBytes(pid);
      this.#beforeAt = now;
    }
    this.#heard = heard;
  }
}

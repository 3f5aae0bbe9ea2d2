/** How much of a turn of the event loop may go to what asks here, in milliseconds. */
const turnMs = 2;

/**
 * Shares the thread of the host: when much is to be done at once, such as a thousand answers to be
 * written as JSON, it is spread over turns of the event loop, so that others are heard in between.
 * Owned by the runtime.
 */
export class FairTurns {
  readonly #waiting: (() => void)[] = [];
  /** When the present turn is used up; 0 as long as nobody has asked in it. */
  #endsAt = 0;

  /** @returns what to wait for before going on; nothing when this turn has time left. */
  next(): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#hasTime()) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #hasTime(): boolean {
    const now = performance.now();
    if (this.#endsAt > 0) return now < this.#endsAt;
    this.#endsAt = now + turnMs;
    setImmediate(() => {
      this.#endsAt = 0;
      if (this.#waiting.length > 0) void this.#goOn();
    });
    return true;
  }

  async #goOn(): Promise<void> {
    while (this.#waiting.length > 0 && this.#hasTime()) {
      this.#waiting.shift()!();
      // What was let go does its work in this moment.
      await Promise.resolve();
    }
  }
}

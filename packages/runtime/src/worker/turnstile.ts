/** Lets a few do something at the same time; the others wait in line. */
export class Turnstile {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  /** @param capacity how many at the same time */
  constructor(capacity: number) {
    this.#free = capacity;
  }

  /** Does `work` when its turn comes. Settles as it does. */
  async enter<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

/**
 * How long an end of a pipe goes on looking for what the other may say at once, in milliseconds. To be
 * woken takes a process as long as that, and more where cores fall asleep.
 */
const lookMs = 0.15;
/** Looks without success in a row after which only one in `probeEvery` is made. */
const patience = 8;
const probeEvery = 64;
const maxBusyness = 2;

/**
 * Keeps the event loop of a process turning for a moment when the other end of its pipe is likely to
 * speak, so that the process need not fall asleep and be woken. As long as that pays: where the other end
 * seldom speaks so soon, it is left.
 */
export class Lookout {
  #until = 0;
  #isLooking = false;
  #failures = 0;
  #skipped = 0;

  /**
   * To be called when something was said to which there may be an answer at once.
   * @param busyness - how much is under way: of much, some comes at any time, and cores are better used.
   */
  expect(busyness: number): void {
    if (busyness > maxBusyness) return;
    if (this.#failures >= patience && ++this.#skipped < probeEvery) return;
    this.#skipped = 0;
    this.#until = performance.now() + lookMs;
    if (this.#isLooking) return;
    this.#isLooking = true;
    setImmediate(this.#look);
  }

  /** To be called when something came. */
  heard(): void {
    if (!this.#isLooking) return;
    this.#until = 0;
    this.#failures = 0;
  }

  readonly #look = (): void => {
    if (performance.now() < this.#until) {
      setImmediate(this.#look);
      return;
    }
    this.#isLooking = false;
    if (this.#until > 0) this.#failures++;
  };
}

import { Turnstile } from './turnstile.ts';

/** How long a new VM is left as it is, for a run that it may have been made for. */
const delayMs = 1000;
/** One after the other: the other core is for the runs. */
const compactions = new Turnstile(1);

/**
 * Makes a new VM small, unless it is used soon. Once only: after a run there is code in the VM that
 * would have to be compiled again. Owned by the VM's cell.
 */
export class Compaction {
  readonly #compact: () => Promise<void>;
  readonly #timer: NodeJS.Timeout;
  #ended = false;
  #underWay: Promise<void> | undefined;

  constructor(compact: () => Promise<void>) {
    this.#compact = compact;
    this.#timer = setTimeout(() => void compactions.enter(() => this.#begin()), delayMs);
  }

  /** From now on the VM is used: what has not begun does not, what has is waited for. */
  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    await this.#underWay;
  }

  async #begin(): Promise<void> {
    if (this.#ended) return;
    // A VM that is closed meanwhile is small enough.
    this.#underWay = this.#compact().catch(() => {});
    await this.#underWay;
  }
}

/** The answer of a call, and when it first came, as `Date.now` counts. */
export interface DatedAnswer {
  readonly call: number;
  readonly answer: string;
  readonly at: number;
}

interface RecordedCall {
  /** Binding, method and arguments. */
  readonly key: string;
  answer: DatedAnswer | undefined;
}

type Step = { readonly kind: 'call' | 'answer'; readonly id: number };

/** Characters of arguments and answers that are kept of a run, and of all runs of a runtime. */
const maxCharacters = 8 * 1024 * 1024;
const maxTotal = 256 * 1024 * 1024;
/** What keeping a step takes beside its text, in characters: a run can make calls of no length without end. */
const stepCharacters = 128;

/** How much the records of a runtime hold together, in characters. */
export interface RecordTotal {
  characters: number;
}

/**
 * The host calls of one run and their answers, in the order in which they came and went, so that the
 * run can be carried on in another VM without making one of them again. Live until it is rewound;
 * then it replays, until the run has met all that is in it.
 */
export class CallRecord {
  readonly #total: RecordTotal;
  readonly #calls = new Map<number, RecordedCall>();
  readonly #steps: Step[] = [];
  /** Steps before this one have been met by the attempt that is going on. */
  #cursor = 0;
  #characters = 0;
  #tooLong = false;

  constructor(total: RecordTotal) {
    this.#total = total;
  }

  get isReplaying(): boolean {
    return this.#cursor < this.#steps.length;
  }

  /** Whether the attempt has still to make a call that an earlier one made. */
  get hasCallsAhead(): boolean {
    return this.#steps.some(({ kind }, at) => at >= this.#cursor && kind === 'call');
  }

  /** Whether a call was made and never answered: it is still under way, or was given up. */
  isUnanswered(id: number): boolean {
    const call = this.#calls.get(id);
    return call !== undefined && call.answer === undefined;
  }

  /** Notes a call that was not made before. */
  add(id: number, key: string): void {
    this.#keep(key.length);
    if (this.#tooLong) return;
    this.#calls.set(id, { key, answer: undefined });
    this.#steps.push({ kind: 'call', id });
    this.#cursor = this.#steps.length;
  }

  /** Notes an answer. @returns whether it is due now, which in a replay it is in its turn only. */
  answered(given: DatedAnswer): boolean {
    const { call: id, answer } = given;
    const isLive = !this.isReplaying;
    this.#keep(answer.length);
    const call = this.#calls.get(id);
    if (this.#tooLong || call === undefined) return isLive;
    call.answer = given;
    this.#steps.push({ kind: 'answer', id });
    if (isLive) this.#cursor = this.#steps.length;
    return isLive;
  }

  /**
   * Compares a call of a replay with the one that was made at this point.
   * @returns the answers that are due after it, or undefined when it is another call.
   */
  meet(id: number, key: string): readonly DatedAnswer[] | undefined {
    const step = this.#steps[this.#cursor];
    if (step?.kind !== 'call' || step.id !== id || this.#calls.get(id)?.key !== key) {
      return undefined;
    }
    this.#cursor++;
    return this.#due();
  }

  /** Begins a replay. @returns false when not everything was kept. */
  rewind(): boolean {
    this.#cursor = 0;
    return !this.#tooLong;
  }

  #due(): DatedAnswer[] {
    const answers: DatedAnswer[] = [];
    for (
      let step = this.#steps[this.#cursor];
      step?.kind === 'answer';
      step = this.#steps[++this.#cursor]
    ) {
      const { answer } = this.#calls.get(step.id) ?? {};
      if (answer !== undefined) answers.push(answer);
    }
    return answers;
  }

  #keep(characters: number): void {
    if (this.#tooLong) return;
    this.#characters += characters + stepCharacters;
    this.#total.characters += characters + stepCharacters;
    if (this.#characters > maxCharacters || this.#total.characters > maxTotal) this.close();
  }

  /** Forgets everything; from now on it keeps nothing. Idempotent. */
  close(): void {
    this.#tooLong = true;
    this.#total.characters -= this.#characters;
    this.#characters = 0;
    this.#calls.clear();
    this.#steps.length = 0;
    this.#cursor = 0;
  }
}

const barWidth = 30;
const refreshMs = 100;
/** Where lines are not rewritten, one is written this often. */
const plainEveryMs = 10_000;

/** How far a pass has come: one line that is rewritten on a terminal, a line now and then elsewhere. */
export class Progress {
  readonly #label: string;
  readonly #total: number;
  readonly #stream: NodeJS.WriteStream;
  readonly #started = performance.now();
  #done = 0;
  #differences = 0;
  #shown = performance.now();

  constructor(label: string, total: number, stream: NodeJS.WriteStream = process.stderr) {
    this.#label = label;
    this.#total = total;
    this.#stream = stream;
  }

  /** One more test is done. */
  advance(isDifferent: boolean): void {
    this.#done++;
    if (isDifferent) this.#differences++;
    const interval = this.#stream.isTTY ? refreshMs : plainEveryMs;
    if (performance.now() - this.#shown < interval) return;
    this.#show();
  }

  end(): void {
    this.#show();
    if (this.#stream.isTTY) this.#stream.write('\n');
  }

  #show(): void {
    this.#shown = performance.now();
    const share = this.#total === 0 ? 1 : this.#done / this.#total;
    const seconds = Math.round((this.#shown - this.#started) / 1000);
    const text = `${this.#label} ${this.#done}/${this.#total} (${Math.floor(share * 100)} %), ${this.#differences} differ, ${seconds} s`;
    if (!this.#stream.isTTY) {
      this.#stream.write(`${text}\n`);
      return;
    }
    const full = Math.round(share * barWidth);
    const bar = '█'.repeat(full) + '░'.repeat(barWidth - full);
    this.#stream.write(`\r\u001B[K${bar} ${text}`);
  }
}

import type { LinkedRun } from './worker-link.ts';

/** Where a run was last said to be: on its way, waiting, or on a core for a while. */
type Place = 'start' | 'rest' | 'work';

interface RunUnderWay {
  readonly run: LinkedRun;
  /** That were sent to it: of its input and of answers. */
  characters: number;
  isQuick: boolean;
  at: Place;
}

/** The runs that are in one worker, and what they do there, as far as it says so. Owned by its link. */
export class RunsUnderWay {
  readonly #runs = new Map<number, RunUnderWay>();
  #quickCount = 0;
  #quickCharacters = 0;
  #waitingCount = 0;
  #computingCount = 0;

  get size(): number {
    return this.#runs.size;
  }

  /** Those that the worker's own thread may be executing. */
  get quickCount(): number {
    return this.#quickCount;
  }

  /** What was sent to those. */
  get quickCharacters(): number {
    return this.#quickCharacters;
  }

  /** Those that are on a core, or on their way there, as opposed to waiting. */
  get busyCount(): number {
    return this.#runs.size - this.#waitingCount;
  }

  /** Those that have been on a core for a while. */
  get computingCount(): number {
    return this.#computingCount;
  }

  get(id: number): LinkedRun | undefined {
    return this.#runs.get(id)?.run;
  }

  add(run: LinkedRun, characters: number): void {
    this.#runs.set(run.id, { run, characters, isQuick: false, at: 'start' });
  }

  /** Notes that more was sent to a run. */
  addCharacters(id: number, count: number): void {
    const entry = this.#runs.get(id);
    if (entry === undefined) return;
    entry.characters += count;
    if (entry.isQuick) this.#quickCharacters += count;
  }

  /** @returns whether it is one from now on. */
  becameQuick(id: number): boolean {
    const entry = this.#runs.get(id);
    if (entry === undefined || entry.isQuick) return false;
    entry.isQuick = true;
    this.#quickCount++;
    this.#quickCharacters += entry.characters;
    return true;
  }

  /** @returns the run that has moved. */
  move(id: number, to: Place): LinkedRun | undefined {
    const entry = this.#runs.get(id);
    if (entry === undefined) return undefined;
    this.#move(entry, to);
    return entry.run;
  }

  delete(id: number): void {
    const entry = this.#runs.get(id);
    if (entry === undefined) return;
    if (entry.isQuick) {
      this.#quickCount--;
      this.#quickCharacters -= entry.characters;
    }
    this.#move(entry, 'start');
    this.#runs.delete(id);
  }

  /** Forgets all of them. @returns them. */
  clear(): LinkedRun[] {
    const runs = [...this.#runs.values()].map(({ run }) => run);
    for (const { id } of runs) this.delete(id);
    return runs;
  }

  #move(entry: RunUnderWay, to: Place): void {
    if (entry.at === 'rest') this.#waitingCount--;
    else if (entry.at === 'work') this.#computingCount--;
    if (to === 'rest') this.#waitingCount++;
    else if (to === 'work') this.#computingCount++;
    entry.at = to;
  }
}

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

/**
 * Runs that were asked for so soon after one another have places of their own. A map would do for all of them,
 * but see {@link file://./dense-set.ts}.
 */
const places = 4096;

/** The runs that are in one worker, and what they do there, as far as it says so. Owned by its link. */
export class RunsUnderWay {
  readonly #runs = Array.from<RunUnderWay | undefined>({ length: places });
  /** Those in whose places older runs are. */
  readonly #displaced = new Map<number, RunUnderWay>();
  #size = 0;
  #quickCount = 0;
  #quickCharacters = 0;
  #waitingCount = 0;
  #computingCount = 0;

  get size(): number {
    return this.#size;
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
    return this.#size - this.#waitingCount;
  }

  /** Those that have been on a core for a while. */
  get computingCount(): number {
    return this.#computingCount;
  }

  get(id: number): LinkedRun | undefined {
    return this.#find(id)?.run;
  }

  add(run: LinkedRun, characters: number): void {
    const entry: RunUnderWay = { run, characters, isQuick: false, at: 'start' };
    const place = run.id % places;
    if (this.#runs[place] === undefined) this.#runs[place] = entry;
    else this.#displaced.set(run.id, entry);
    this.#size++;
  }

  /** Notes that more was sent to a run. */
  addCharacters(id: number, count: number): void {
    const entry = this.#find(id);
    if (entry === undefined) return;
    entry.characters += count;
    if (entry.isQuick) this.#quickCharacters += count;
  }

  /** @returns whether it is one from now on. */
  becameQuick(id: number): boolean {
    const entry = this.#find(id);
    if (entry === undefined || entry.isQuick) return false;
    entry.isQuick = true;
    this.#quickCount++;
    this.#quickCharacters += entry.characters;
    return true;
  }

  /** @returns the run that has moved. */
  move(id: number, to: Place): LinkedRun | undefined {
    const entry = this.#find(id);
    if (entry === undefined) return undefined;
    this.#move(entry, to);
    return entry.run;
  }

  delete(id: number): void {
    const entry = this.#find(id);
    if (entry === undefined) return;
    if (entry.isQuick) {
      this.#quickCount--;
      this.#quickCharacters -= entry.characters;
    }
    this.#move(entry, 'start');
    if (this.#runs[id % places] === entry) this.#runs[id % places] = undefined;
    else this.#displaced.delete(id);
    this.#size--;
  }

  /** Forgets all of them. @returns them. */
  clear(): LinkedRun[] {
    const entries = [...this.#runs, ...this.#displaced.values()];
    const runs = entries.filter((entry) => entry !== undefined).map(({ run }) => run);
    for (const { id } of runs) this.delete(id);
    return runs;
  }

  #find(id: number): RunUnderWay | undefined {
    const entry = this.#runs[id % places];
    if (entry?.run.id === id) return entry;
    return this.#displaced.size === 0 ? undefined : this.#displaced.get(id);
  }

  #move(entry: RunUnderWay, to: Place): void {
    if (entry.at === 'rest') this.#waitingCount--;
    else if (entry.at === 'work') this.#computingCount--;
    if (to === 'rest') this.#waitingCount++;
    else if (to === 'work') this.#computingCount++;
    entry.at = to;
  }
}

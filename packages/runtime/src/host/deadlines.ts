/** Something to be done at a time, unless it is taken back before. */
export interface Deadline {
  /** Takes it back. Idempotent. */
  clear(): void;
}

/**
 * Many deadlines on one timer: a binary heap by time, in which each knows its place, so that one which is
 * taken back leaves nothing behind. Owned by the runtime.
 * The timer keeps the process alive; `clear` what should not.
 */
export class Deadlines {
  readonly #heap: Entry[] = [];
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;

  /** Calls `action` in `ms` milliseconds, not earlier. */
  after(ms: number, action: () => void): Deadline {
    const entry = new Entry(this, performance.now() + ms, action);
    this.#heap.push(entry);
    this.#rise(entry, this.#heap.length - 1);
    this.#arm();
    return entry;
  }

  /** Takes one back. */
  remove(entry: Entry): void {
    if (entry.place < 0) return;
    this.#takeOut(entry.place);
    if (this.#heap.length === 0) this.close();
  }

  /** Forgets all deadlines. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Infinity;
    for (const entry of this.#heap) entry.place = -1;
    this.#heap.length = 0;
  }

  #arm(): void {
    const next = this.#heap[0];
    if (next === undefined || next.at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = next.at;
    this.#timer = setTimeout(() => this.#fire(), Math.max(1, next.at - performance.now()));
  }

  #fire(): void {
    this.#timerAt = Infinity;
    const now = performance.now();
    for (let top = this.#heap[0]; top !== undefined && top.at <= now; top = this.#heap[0]) {
      this.#takeOut(0);
      top.action();
    }
    this.#arm();
  }

  #takeOut(place: number): void {
    const heap = this.#heap;
    heap[place]!.place = -1;
    const last = heap.pop()!;
    if (place === heap.length) return;
    const parent = heap[(place - 1) >> 1];
    if (parent !== undefined && last.at < parent.at) this.#rise(last, place);
    else this.#sink(last, place);
  }

  #rise(entry: Entry, from: number): void {
    let hole = from;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (this.#heap[parent]!.at <= entry.at) break;
      this.#put(this.#heap[parent]!, hole);
      hole = parent;
    }
    this.#put(entry, hole);
  }

  #sink(entry: Entry, from: number): void {
    const heap = this.#heap;
    let hole = from;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++;
      if (heap[child]!.at >= entry.at) break;
      this.#put(heap[child]!, hole);
      hole = child;
    }
    this.#put(entry, hole);
  }

  #put(entry: Entry, place: number): void {
    this.#heap[place] = entry;
    entry.place = place;
  }
}

class Entry implements Deadline {
  readonly at: number;
  readonly action: () => void;
  /** Where it is in the heap; -1 when it is there no more. */
  place = -1;
  readonly #owner: Deadlines;

  constructor(owner: Deadlines, at: number, action: () => void) {
    this.#owner = owner;
    this.at = at;
    this.action = action;
  }

  clear(): void {
    this.#owner.remove(this);
  }
}

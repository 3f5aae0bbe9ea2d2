import { DenseSet, type Placed } from './dense-set.ts';

/** Something to be done at a time, unless it is taken back before. */
export interface Deadline {
  /** Takes it back. Idempotent. */
  clear(): void;
}

/** Deadlines that are so far away may come so much later than asked for, in milliseconds. */
const farMs = 1000;
const spanMs = 32;

/**
 * Many deadlines on one timer: a binary heap by time, in which each knows its place, so that one which is
 * taken back leaves nothing behind. Those that are far away, most of which are taken back long before,
 * share an entry with all that come at about the same time. Owned by the runtime.
 * The timer keeps the process alive as long as there are deadlines; `clear` what should not.
 */
export class Deadlines {
  readonly #heap: Entry[] = [];
  /** Far deadlines, by the end of their span of time. */
  readonly #spans = new Map<number, Span>();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;
  #isReferenced = false;
  /** Far deadlines in the spans. */
  #far = 0;

  /** Calls `action` in `ms` milliseconds, not earlier. */
  after(ms: number, action: () => void): Deadline {
    const at = performance.now() + ms;
    if (ms < farMs) return this.#add(new Entry(this, at, action));
    const end = Math.ceil(at / spanMs) * spanMs;
    let span = this.#spans.get(end);
    if (span === undefined) {
      span = new Span(this, end);
      this.#spans.set(end, span);
      this.#add(span.entry);
    }
    this.#far++;
    if (!this.#isReferenced) this.#arm();
    return new FarDeadline(span, action);
  }

  /** Takes one back. */
  remove(entry: Entry): void {
    if (entry.place < 0) return;
    this.#takeOut(entry.place);
    if (this.#isIdle) this.#rest();
  }

  /** A far deadline was taken back. Its span stays, for those that are to come at the same time. */
  removeFar(): void {
    this.#far--;
    if (this.#isIdle) this.#rest();
  }

  /** A span of time is over. */
  removeSpan(end: number): void {
    this.#spans.delete(end);
  }

  /** Forgets all deadlines. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Infinity;
    this.#isReferenced = false;
    for (const entry of this.#heap) entry.place = -1;
    for (const span of this.#spans.values()) span.forget();
    this.#heap.length = 0;
    this.#spans.clear();
    this.#far = 0;
  }

  /** Whether nothing is in the heap but spans without deadlines. */
  get #isIdle(): boolean {
    return this.#far === 0 && this.#heap.length === this.#spans.size;
  }

  #add(entry: Entry): Entry {
    this.#heap.push(entry);
    this.#rise(entry, this.#heap.length - 1);
    this.#arm();
    return entry;
  }

  #arm(): void {
    const next = this.#heap[0];
    if (next === undefined) return this.#rest();
    if (next.at < this.#timerAt) {
      clearTimeout(this.#timer);
      this.#timerAt = next.at;
      this.#timer = setTimeout(() => this.#fire(), Math.max(1, next.at - performance.now()));
    } else if (!this.#isReferenced) {
      this.#timer?.ref();
    }
    this.#isReferenced = true;
    if (this.#isIdle) this.#rest();
  }

  /** There is nothing to wait for; but the next deadline may be later than what the timer waits for. */
  #rest(): void {
    this.#timer?.unref();
    this.#isReferenced = false;
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

/** Far deadlines that come together. */
class Span {
  readonly entry: Entry;
  readonly #owner: Deadlines;
  readonly #deadlines = new DenseSet<FarDeadline>();

  constructor(owner: Deadlines, end: number) {
    this.#owner = owner;
    this.entry = new Entry(owner, end, () => this.#come());
  }

  add(deadline: FarDeadline): void {
    this.#deadlines.add(deadline);
  }

  /** @returns whether it was there. */
  remove(deadline: FarDeadline): boolean {
    const isThere = this.#deadlines.delete(deadline);
    if (isThere) this.#owner.removeFar();
    return isThere;
  }

  forget(): void {
    this.#deadlines.clear();
  }

  #come(): void {
    this.#owner.removeSpan(this.entry.at);
    for (const deadline of this.#deadlines.members()) {
      // One may have taken others back.
      if (this.remove(deadline)) deadline.action();
    }
  }
}

class FarDeadline implements Deadline, Placed {
  place = -1;
  readonly action: () => void;
  readonly #span: Span;

  constructor(span: Span, action: () => void) {
    this.action = action;
    this.#span = span;
    span.add(this);
  }

  clear(): void {
    this.#span.remove(this);
  }
}

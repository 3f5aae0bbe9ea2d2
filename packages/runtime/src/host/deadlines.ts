/** Something to be done at a time, unless it is taken back before. */
export interface Deadline {
  /** Takes it back. Idempotent. */
  clear(): void;
}

interface Entry {
  readonly at: number;
  action: (() => void) | undefined;
}

/**
 * Many deadlines on one timer: a binary heap by time. Owned by the runtime.
 * The timer keeps the process alive; `clear` what should not.
 */
export class Deadlines {
  readonly #heap: Entry[] = [];
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;
  #live = 0;

  /** Calls `action` in `ms` milliseconds, not earlier. */
  after(ms: number, action: () => void): Deadline {
    const entry: Entry = { at: performance.now() + ms, action };
    this.#push(entry);
    this.#live++;
    this.#arm();
    return {
      clear: () => {
        if (entry.action === undefined) return;
        entry.action = undefined;
        if (--this.#live === 0) this.close();
      },
    };
  }

  /** Forgets all deadlines. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Infinity;
    for (const entry of this.#heap) entry.action = undefined;
    this.#heap.length = 0;
    this.#live = 0;
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
      this.#pop();
      const { action } = top;
      if (action === undefined) continue;
      top.action = undefined;
      this.#live--;
      action();
    }
    this.#skipCleared();
    this.#arm();
  }

  #skipCleared(): void {
    while (this.#heap[0] !== undefined && this.#heap[0].action === undefined) this.#pop();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let hole = heap.length;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (heap[parent]!.at <= entry.at) break;
      heap[hole] = heap[parent]!;
      hole = parent;
    }
    heap[hole] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++;
      if (heap[child]!.at >= last.at) break;
      heap[hole] = heap[child]!;
      hole = child;
    }
    heap[hole] = last;
  }
}

/** What a run is taken to have made this process grow by. */
export interface MemoryShare {
  /** While nothing else was executed, so that it is surely its own. */
  ownBytes: number;
  /** Its part of the growth while others were executed, too: nobody can say whose that was. */
  sharedBytes: number;
}

/** How long growth is expected after it was announced, in milliseconds: what does not come is no script's to take. */
const maxExpectedMs = 250;

/**
 * Finds out by how much the process grows, and whose doing it is. What Node itself takes for messages and
 * the like is left out. Owned by the watchdog.
 */
export class MemoryShares {
  #last = 0;
  #expected = 0;
  #expectedUntil = 0;

  /** Says that the process is about to grow for a reason that is no run's, such as another VM. */
  expect(bytes: number): void {
    this.#expected += bytes;
    this.#expectedUntil = performance.now() + maxExpectedMs;
  }

  /** Begins anew: what the process has grown by until now is nobody's. */
  begin(): void {
    this.#expected = 0;
    this.#last = residentBytes();
  }

  /** What the process has grown by since the last time that it was divided. */
  get sinceLast(): number {
    return residentBytes() - this.#last;
  }

  /** Divides what the process has grown by since the last time between those that were executed. */
  divide(active: readonly MemoryShare[]): void {
    const before = this.#last;
    this.#last = residentBytes();
    const grown = this.#last - before;
    if (performance.now() > this.#expectedUntil) this.#expected = 0;
    const expected = Math.max(0, Math.min(grown, this.#expected));
    this.#expected -= expected;
    if (active.length === 0) return;
    const part = (grown - expected) / active.length;
    for (const share of active) add(share, part, active.length === 1);
  }
}

export function bytesOf({ ownBytes, sharedBytes }: MemoryShare): number {
  return ownBytes + sharedBytes;
}

function add(share: MemoryShare, bytes: number, isAlone: boolean): void {
  if (bytes >= 0) {
    if (isAlone) share.ownBytes += bytes;
    else share.sharedBytes += bytes;
    return;
  }
  const rest = Math.min(0, share.sharedBytes + bytes);
  share.sharedBytes = Math.max(0, share.sharedBytes + bytes);
  share.ownBytes = Math.max(0, share.ownBytes + rest);
}

function residentBytes(): number {
  const { rss, heapTotal, external } = process.memoryUsage();
  return rss - heapTotal - external;
}

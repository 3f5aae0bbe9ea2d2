import { numberOption } from './arguments.ts';

/** How much a store keeps, and for how long. */
export interface RetentionOptions {
  /** Bytes of all entries together; beyond it the longest unused go. Default: 256 MiB. */
  readonly maxBytes?: number;
  /** An entry that nobody used for so long goes, in milliseconds. Default: 30 days. */
  readonly maxAgeMs?: number;
}

/** {@link RetentionOptions} after normalisation. */
export type ResolvedRetention = Readonly<Required<RetentionOptions>>;

const minute = 60_000;
const day = 24 * 60 * minute;

/** @throws {BytecodeStoreError} `invalid_argument`, naming the option and its range. */
export function resolveRetention(given: RetentionOptions): ResolvedRetention {
  const maxBytes = numberOption(given.maxBytes, 'maxBytes', 2 ** 28, 1, 2 ** 40);
  const maxAgeMs = numberOption(given.maxAgeMs, 'maxAgeMs', 30 * day, 1, 36_500 * day);
  return Object.freeze({ maxBytes, maxAgeMs });
}

/**
 * Uses are written down at most so often per entry, in milliseconds: a read that wrote each time
 * would cost a write each time.
 */
export const usePrecisionMs: number = minute;

/**
 * Says when a store has to prune. Counting all entries for each put would be dear, so the total of
 * the last count is carried forward, and counted afresh after a minute, because other processes put too.
 */
export class Retention {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** What a prune leaves: some room, so that not every put after it prunes again. */
  readonly keptBytes: number;
  #total = 0;
  #countedAt = Number.NEGATIVE_INFINITY;

  constructor({ maxBytes, maxAgeMs }: ResolvedRetention) {
    this.maxBytes = maxBytes;
    this.maxAgeMs = maxAgeMs;
    this.keptBytes = Math.floor(maxBytes * 0.9);
  }

  /** Told of a put. Answers whether it is time to prune. */
  added(bytes: number): boolean {
    this.#total += bytes;
    return this.#total > this.maxBytes || performance.now() - this.#countedAt > minute;
  }

  /** Told what all entries take together. Answers whether that is too much. */
  counted(total: number): boolean {
    this.#total = total;
    this.#countedAt = performance.now();
    return total > this.maxBytes;
  }
}

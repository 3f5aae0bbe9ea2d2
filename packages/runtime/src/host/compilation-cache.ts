import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Outcome } from '../protocol/messages.ts';
import { encodeText } from '../protocol/text-encoding.ts';
import type { CacheTier } from '../result.ts';
import type { GuardedStore, StoreStats } from './guarded-store.ts';
import { waitWithin } from './wait-within.ts';

/** Part of every key: code made for another wrapper around scripts is of no use. */
const wrapperVersion = 1;
/** Sources shorter than this compile faster than their code can be looked up. */
const minCharacters = 4096;
/** How long a run waits for another that is compiling the same source, in milliseconds. */
const maxWaitForOtherMs = 250;
const maxArrivalMs = 1_000;
const maxFailures = 1000;

/** Why a source does not compile. */
export type CompilationFailure = Extract<Outcome, { status: 'failed' }>;

/** A source that was asked for, by the number that host and workers call it. */
export interface Source {
  readonly id: number;
  readonly text: string;
}

/** A source and what is known of its code. */
interface Entry extends Source {
  /** Key in memory of the store; made when first needed, since it hashes the source. */
  key: string | undefined;
  code: Buffer | undefined;
  /** Set while the store is asked, or the first run compiles it. */
  pending: Promise<void> | undefined;
  compiled: (() => void) | undefined;
  /** Whether a worker is about to send the code. */
  codeDue: boolean;
  fromStore: boolean;
}

/** What a run needs to know before it starts. */
export interface Prepared {
  readonly tier: CacheTier;
  readonly code: Buffer | undefined;
  /** Whether this run is the one to send back the code that V8 makes. */
  readonly codeWanted: boolean;
}

/** There is no code of the source, nor is any wanted. */
export const unprepared: Prepared = { tier: 'miss', code: undefined, codeWanted: false };
const wanted: Prepared = { ...unprepared, codeWanted: true };

/** Counts of the cache since the start of the runtime. */
export interface CacheStats {
  readonly entries: number;
  readonly bytes: number;
  readonly hits: Readonly<Record<'vm' | 'memory' | 'store' | 'failure', number>>;
  readonly misses: number;
  /** Code that V8 refused; it was made anew. */
  readonly refused: number;
  readonly store: StoreStats | undefined;
}

/**
 * V8's code of scripts, for all VMs of a runtime: an LRU in memory over a store that may be absent,
 * slow or down. Also remembers which sources do not compile. Owned by the runtime.
 */
export class CompilationCache {
  readonly #entries: LRUCache<string, Entry>;
  /** What was asked for last, as is often the case again. */
  #latest: Entry | undefined;
  readonly #code: LRUCache<number, Entry>;
  readonly #failures = new LRUCache<string, CompilationFailure>({ max: maxFailures });
  readonly #store: GuardedStore | undefined;
  readonly #hits = { vm: 0, memory: 0, store: 0, failure: 0 };
  /** Sources whose code is on its way from a worker, for the store. */
  readonly #expected = new Set<number>();
  #allArrived: (() => void) | undefined;
  #misses = 0;
  #refused = 0;
  #lastId = 0;
  #codeTag = '';

  constructor(
    bounds: { readonly entries: number; readonly bytes: number },
    store: GuardedStore | undefined,
  ) {
    this.#store = store;
    this.#entries = new LRUCache({
      max: bounds.entries,
      dispose: (entry) => {
        this.#code.delete(entry.id);
        this.#latest = undefined;
      },
    });
    this.#code = new LRUCache({
      max: bounds.entries,
      maxSize: Math.max(1, bounds.bytes),
      sizeCalculation: (entry) => (entry.code?.length ?? 0) + 1,
      dispose: (entry) => {
        entry.code = undefined;
      },
    });
  }

  get stats(): CacheStats {
    return {
      entries: this.#entries.size,
      bytes: this.#code.calculatedSize,
      hits: { ...this.#hits },
      misses: this.#misses,
      refused: this.#refused,
      store: this.#store?.stats,
    };
  }

  /** The tag that V8 in the workers puts on its code; known once the first of them is ready. */
  set codeTag(tag: string) {
    this.#codeTag = tag;
  }

  /** Numbers a source, the same for the same text as long as it is in use. */
  find(text: string): Source {
    if (this.#latest?.text === text) return this.#latest;
    let entry = this.#entries.get(text);
    if (entry === undefined) {
      entry = {
        id: ++this.#lastId,
        text,
        key: undefined,
        code: undefined,
        pending: undefined,
        compiled: undefined,
        codeDue: false,
        fromStore: false,
      };
      this.#entries.set(text, entry);
    }
    this.#latest = entry;
    return entry;
  }

  /** Why a source does not compile, when that is known already. */
  failureOf(text: string): CompilationFailure | undefined {
    if (this.#failures.size === 0) return undefined;
    const failure = this.#failures.get(text);
    if (failure !== undefined) this.#hits.failure++;
    return failure;
  }

  /**
   * Waits until it is known whether there is code: for the store, or for the run that is compiling
   * the same source. Bounded.
   * @returns true for the run that compiles while others wait; it has to call `finished`.
   */
  async prepare(source: Source): Promise<boolean> {
    const entry = source as Entry;
    if (this.isPrepared(source)) return false;
    if (entry.pending === undefined) {
      entry.pending = this.#lookUp(entry);
      await entry.pending;
      return entry.code === undefined;
    }
    const until = performance.now() + maxWaitForOtherMs;
    while (entry.pending !== undefined && !this.isPrepared(source) && performance.now() < until) {
      await waitWithin(until - performance.now(), entry.pending);
    }
    // Not to be waited for by the next one as well, should it never come.
    if (!this.isPrepared(source)) this.#release(entry);
    return false;
  }

  /** Says that the run for which others waited is over, whatever became of it. */
  finished(source: Source): void {
    const entry = source as Entry;
    if (!entry.codeDue) this.#release(entry);
  }

  /** Whether a run may start at once, with nothing to wait for. */
  isPrepared(source: Source): boolean {
    const entry = source as Entry;
    return entry.text.length < minCharacters || entry.code !== undefined;
  }

  /** What a run that starts now is given. */
  take(source: Source): Prepared {
    const entry = source as Entry;
    if (entry.code !== undefined) {
      this.#code.get(entry.id);
      const tier = entry.fromStore ? 'store' : 'memory';
      entry.fromStore = false;
      return { tier, code: entry.code, codeWanted: false };
    }
    return entry.text.length < minCharacters ? unprepared : wanted;
  }

  /** Says that a worker is about to send the code of a source. */
  expect(source: Source): void {
    const entry = source as Entry;
    entry.codeDue = true;
    if (entry.pending === undefined) this.#awaitCode(entry);
    if (this.#store !== undefined) this.#expected.add(source.id);
  }

  /** Keeps code that a worker made, in memory and in the store. */
  keep(source: Source, code: Uint8Array): void {
    this.#arrived(source);
    const entry = source as Entry;
    if (this.#entries.peek(entry.text) !== entry) return;
    const kept = Buffer.from(code);
    this.#hold(entry, kept);
    entry.fromStore = false;
    this.#release(entry);
    this.#store?.put(this.#keyOf(entry), kept);
  }

  /** Counts how a run came by its code; what V8 refused is thrown away. */
  served(source: Source, tier: CacheTier, refused: boolean): void {
    if (tier === 'miss') this.#misses++;
    else this.#hits[tier]++;
    if (!refused) return;
    const entry = source as Entry;
    this.#refused++;
    this.#code.delete(entry.id);
    this.#store?.delete(this.#keyOf(entry));
  }

  /** Remembers that a source does not compile. */
  fail(source: Source, failure: CompilationFailure): void {
    this.#failures.set(source.text, failure);
  }

  /** Forgets a source in all tiers. @throws what the store throws. */
  async invalidate(text: string): Promise<void> {
    this.#failures.delete(text);
    const entry = this.find(text) as Entry;
    const key = this.#keyOf(entry);
    this.#entries.delete(text);
    this.#store?.delete(key);
    await this.#store?.settle();
  }

  /** Forgets everything, in all tiers. @throws what the store throws. */
  async clear(): Promise<void> {
    this.#failures.clear();
    this.#entries.clear();
    await this.#store?.clear();
  }

  async open(): Promise<void> {
    await this.#store?.open();
  }

  /** Waits for code that workers are about to send, for one second at most. */
  async arrivals(): Promise<void> {
    if (this.#expected.size === 0) return;
    const all = new Promise<void>((resolve) => {
      this.#allArrived = resolve;
    });
    await waitWithin(maxArrivalMs, all);
  }

  async close(): Promise<void> {
    await this.#store?.close();
  }

  async #lookUp(entry: Entry): Promise<void> {
    const found = await this.#store?.get(this.#keyOf(entry));
    if (found !== undefined && entry.code === undefined) {
      this.#hold(entry, found);
      entry.fromStore = true;
      entry.pending = undefined;
      return;
    }
    // Nobody has it: the run that asked compiles, and those that come now wait for its code.
    this.#awaitCode(entry);
  }

  #awaitCode(entry: Entry): void {
    const compiled = Promise.withResolvers<void>();
    entry.pending = compiled.promise;
    entry.compiled = compiled.resolve;
  }

  /** Keeps code in memory, unless it is too large for that. */
  #hold(entry: Entry, code: Buffer): void {
    entry.code = code;
    this.#code.set(entry.id, entry);
    if (!this.#code.has(entry.id)) entry.code = undefined;
  }

  #release(entry: Entry): void {
    entry.codeDue = false;
    entry.pending = undefined;
    entry.compiled?.();
    entry.compiled = undefined;
  }

  #arrived(source: Source): void {
    if (this.#expected.delete(source.id) && this.#expected.size === 0) this.#allArrived?.();
  }

  /** Everything that code depends on: the script, our wrapper, and V8 with its flags. */
  #keyOf(entry: Entry): string {
    entry.key ??= hashOf(entry.text);
    return `${entry.key}-${this.#codeTag}`;
  }
}

/** UTF-8 writes all lone surrogates alike: texts that have some are hashed as they are. */
function hashOf(text: string): string {
  const { bytes, encoding } = encodeText(text);
  return createHash('sha256')
    .update(`javascript\n${wrapperVersion}\n${encoding === 'utf16le' ? encoding : 'utf8'}\n`)
    .update(bytes)
    .digest('hex');
}

import { LRUCache } from 'lru-cache';
import type { EraserAnswer } from '../protocol/eraser-messages.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import type { Jail } from './jail/jail.ts';
import { EraserLink } from './eraser-link.ts';
import { aborted, Erasure, erasureError, type ErasureEnd, type ErasureRequest } from './erasure.ts';

/** Counts since the start of the runtime. */
export interface TypeScriptStats {
  /** Sources whose types were erased. */
  readonly erased: number;
  /** Requests that needed no erasure of their own: it was done before, or under way. */
  readonly cached: number;
  /** Sources that could not be erased. */
  readonly failed: number;
}

/** Settings of the type eraser; all times in milliseconds. */
export interface TypeEraserOptions {
  /** In which its processes are started. */
  readonly jail: Jail;
  /** Runs that may wait for erasures. */
  readonly queueLimit: number;
  /** How long a source may wait for its turn. */
  readonly acquireTimeoutMs: number;
  /** How long a process without work is kept. */
  readonly idleMs: number;
  /** Sources remembered, with what became of them. */
  readonly cacheSize: number;
  /** How long one source may take; then its process is killed. */
  readonly maxErasingMs: number;
}

/** One for a tenant whose sources are slow, one for the others. */
const maxProcesses = 2;
/** Processes that may fail to start, one after the other, before those who wait are told. */
const maxFailedStarts = 2;
const maxKeptCharacters = 64 * 1024 * 1024;

/**
 * Erases types in processes of its own, each source once: what came of it is remembered. Tenants
 * take turns, and each has one process at most at any time. Owns the processes, which it starts when
 * they are needed. Owned by the runtime.
 */
export class TypeEraser {
  readonly #options: TypeEraserOptions;
  readonly #deadlines: Deadlines;
  readonly #kept: LRUCache<string, ErasureEnd>;
  /** By source: all that have not ended. */
  readonly #erasures = new Map<string, Erasure>();
  /** By tenant; the first was served longest ago. */
  readonly #queues = new Map<string, Erasure[]>();
  readonly #links = new Set<EraserLink>();
  readonly #work = new Map<
    EraserLink,
    { readonly erasure: Erasure; readonly deadline: Deadline }
  >();
  readonly #allGone = Promise.withResolvers<void>();
  readonly #counts = { erased: 0, cached: 0, failed: 0 };
  /** Runs that wait for an erasure. */
  #waiting = 0;
  #onEmpty: (() => void) | undefined;
  #used = false;
  #closed = false;
  #failedStarts = 0;

  constructor(options: TypeEraserOptions, deadlines: Deadlines) {
    this.#options = options;
    this.#deadlines = deadlines;
    this.#kept = new LRUCache({
      max: options.cacheSize,
      maxSize: maxKeptCharacters,
      sizeCalculation: (end, source) => 1 + source.length + sizeOf(end),
    });
  }

  get stats(): TypeScriptStats {
    return { ...this.#counts };
  }

  /**
   * Gives a source back with blanks where its types are.
   * @throws {CloisterError} `compilation_error` when that is impossible; `timeout`, `cancelled`,
   * `queue_full`, `acquire_timeout`, `worker_crashed`, `worker_start_failed`, `pool_closed`.
   */
  async erase(request: ErasureRequest): Promise<string> {
    this.#used = true;
    const end = await this.#endOf(request);
    if (end.status === 'erased') return end.text;
    throw erasureError(end, request.executionId);
  }

  /** Forgets what became of a source. @returns its erased text, if it was known. */
  forget(source: string): string | undefined {
    const end = this.#kept.get(source);
    this.#kept.delete(source);
    return end?.status === 'erased' ? end.text : undefined;
  }

  /** Forgets what became of all sources. */
  forgetAll(): void {
    this.#kept.clear();
  }

  /** Resolves when nobody waits any more, or after `graceMs`; then it is closed. */
  async drain(graceMs: number): Promise<void> {
    if (this.#waiting > 0) {
      const empty = Promise.withResolvers<void>();
      this.#onEmpty = empty.resolve;
      const deadline = setTimeout(empty.resolve, graceMs);
      await empty.promise;
      clearTimeout(deadline);
    }
    const wasUsed = this.#used;
    await this.close();
    // Those who waited go on in microtasks, and shall be further when this resolves.
    if (wasUsed) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Ends all that is waiting as `pool_closed`, and the processes. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const erasure of this.#erasures.values()) this.#end(erasure, closed);
    for (const link of this.#links) link.close();
    if (this.#links.size > 0) await this.#allGone.promise;
  }

  async #endOf(request: ErasureRequest): Promise<ErasureEnd> {
    if (request.signal?.aborted === true) return aborted(request.signal);
    if (this.#closed) return closed;
    const known = this.#kept.get(request.source);
    if (known !== undefined) {
      this.#counts.cached++;
      return known;
    }
    if (this.#waiting > 0 && this.#waiting >= this.#options.queueLimit) {
      const message = `${this.#waiting} runs are waiting for their types to be erased; queueLimit allows ${this.#options.queueLimit}`;
      return { status: 'failed', code: 'queue_full', message };
    }
    let erasure = this.#erasures.get(request.source);
    if (erasure === undefined) erasure = this.#enqueue(request);
    else this.#counts.cached++;
    this.#waiting++;
    const end = erasure.wait(request, this.#options.acquireTimeoutMs);
    this.#dispatch();
    try {
      return await end;
    } finally {
      if (--this.#waiting === 0) this.#onEmpty?.();
    }
  }

  #enqueue({ source, tenantId }: ErasureRequest): Erasure {
    const erasure = new Erasure(source, tenantId, this.#deadlines, (deserted) => {
      // What is being worked on goes on, within its time: the parser cannot be stopped, and what it
      // finds out is remembered.
      if (deserted.state === 'queued') this.#forget(deserted);
    });
    this.#erasures.set(source, erasure);
    const queue = this.#queues.get(tenantId);
    if (queue === undefined) this.#queues.set(tenantId, [erasure]);
    else queue.push(erasure);
    return erasure;
  }

  /** Gives idle processes work, and starts one when there is work that none is there for. */
  #dispatch(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const link = [...this.#links].find(({ isIdle }) => isIdle);
      if (link === undefined) return this.#startLink();
      this.#take(next);
      this.#begin(link, next);
    }
  }

  #next(): Erasure | undefined {
    const busy = new Set([...this.#work.values()].map(({ erasure }) => erasure.tenantId));
    for (const [tenantId, [first]] of this.#queues) {
      if (!busy.has(tenantId)) return first;
    }
    return undefined;
  }

  /** Takes the first source of a tenant, who goes to the back of the line. */
  #take({ tenantId }: Erasure): void {
    const queue = this.#queues.get(tenantId)!;
    queue.shift();
    this.#queues.delete(tenantId);
    if (queue.length > 0) this.#queues.set(tenantId, queue);
  }

  #begin(link: EraserLink, erasure: Erasure): void {
    const { maxErasingMs } = this.#options;
    const deadline = this.#deadlines.after(maxErasingMs, () => {
      const message = `erasing the types of the source took longer than ${maxErasingMs} ms, which is all that it may take`;
      this.#work.delete(link);
      this.#end(erasure, { status: 'failed', code: 'timeout', message }, 'keep');
      link.kill('it did not erase a source in time');
    });
    this.#work.set(link, { erasure, deadline });
    erasure.begin();
    link.erase(erasure.source);
  }

  #startLink(): void {
    if (this.#closed || this.#links.size >= maxProcesses) return;
    for (const link of this.#links) if (link.isStarting) return;
    try {
      this.#links.add(this.#newLink());
    } catch {
      // The system refused the process at once, for want of memory or of descriptors.
      this.#startFailed('it could not be spawned');
    }
  }

  #newLink(): EraserLink {
    const link = new EraserLink(this.#options.jail, this.#options.idleMs, {
      onReady: () => {
        this.#failedStarts = 0;
        this.#dispatch();
      },
      onAnswer: (answer) => this.#answered(link, answer),
      onLost: (reason, wasReady) => this.#lost(link, reason, wasReady),
    });
    return link;
  }

  #answered(link: EraserLink, answer: EraserAnswer): void {
    const work = this.#work.get(link);
    this.#work.delete(link);
    work?.deadline.clear();
    if (work !== undefined) this.#end(work.erasure, toEnd(answer), 'keep');
    this.#dispatch();
  }

  #lost(link: EraserLink, reason: string, wasReady: boolean): void {
    const work = this.#work.get(link);
    this.#work.delete(link);
    this.#links.delete(link);
    work?.deadline.clear();
    if (work !== undefined) this.#workLost(work.erasure, reason);
    if (this.#links.size === 0 && this.#closed) this.#allGone.resolve();
    if (wasReady) this.#dispatch();
    else this.#startFailed(reason);
  }

  #startFailed(reason: string): void {
    this.#failedStarts++;
    if (this.#failedStarts < maxFailedStarts) this.#dispatch();
    else if (this.#links.size === 0) this.#failAll(reason);
  }

  #workLost(erasure: Erasure, reason: string): void {
    if (!this.#closed && erasure.again()) return this.#putFirst(erasure);
    const message = `the process that erased the types of the source died (${reason})`;
    this.#end(erasure, { status: 'failed', code: 'worker_crashed', message });
  }

  #putFirst(erasure: Erasure): void {
    const queue = this.#queues.get(erasure.tenantId);
    if (queue === undefined) this.#queues.set(erasure.tenantId, [erasure]);
    else queue.unshift(erasure);
  }

  /** Not to start over and over what does not start: the next request tries again. */
  #failAll(reason: string): void {
    this.#failedStarts = 0;
    const message = `a process to erase types in could not be started: ${reason}`;
    for (const erasure of this.#erasures.values()) {
      this.#end(erasure, { status: 'failed', code: 'worker_start_failed', message });
    }
  }

  #end(erasure: Erasure, end: ErasureEnd, memory?: 'keep'): void {
    if (end.status === 'erased') this.#counts.erased++;
    else this.#counts.failed++;
    if (memory === 'keep') this.#kept.set(erasure.source, end);
    this.#forget(erasure);
    erasure.end(end);
  }

  #forget(erasure: Erasure): void {
    this.#erasures.delete(erasure.source);
    const queue = this.#queues.get(erasure.tenantId);
    const place = queue?.indexOf(erasure) ?? -1;
    if (queue !== undefined && place >= 0) queue.splice(place, 1);
    if (queue?.length === 0) this.#queues.delete(erasure.tenantId);
  }
}

const closed: ErasureEnd = {
  status: 'failed',
  code: 'pool_closed',
  message: 'the runtime was shut down before the types of the source were erased',
};

function toEnd(answer: EraserAnswer): ErasureEnd {
  switch (answer.type) {
    case 'erased':
      return { status: 'erased', text: answer.text };
    case 'refused':
      return refused(answer.reason, answer.line, answer.column);
    case 'gave-up':
      return refused('the source is nested too deeply for its types to be erased', 1, 1);
  }
}

function refused(reason: string, line: number, column: number): ErasureEnd {
  const message = `compilation error: ${reason} (line ${line}, column ${column})`;
  return { status: 'failed', code: 'compilation_error', message, line, column };
}

function sizeOf(end: ErasureEnd): number {
  return end.status === 'erased' ? end.text.length : end.message.length;
}

import { randomUUID } from 'node:crypto';
import {
  inputJson,
  resolveContext,
  type Language,
  type ResolvedContext,
  type RunContext,
} from './context.ts';
import { printDeclarations } from './declarations/print-declarations.ts';
import { CloisterError, createError, type ErrorCode } from './errors.ts';
import { CompilationCache, type CacheStats, type Source } from './host/compilation-cache.ts';
import { BindingTable } from './host/binding-table.ts';
import type { CallCounts, CallSessionShare } from './host/call-session.ts';
import { Deadlines } from './host/deadlines.ts';
import { FairTurns } from './host/fair-turns.ts';
import { publish } from './host/events.ts';
import {
  compilationError,
  Execution,
  type ExecutionShare,
  type RunCounts,
} from './host/execution.ts';
import { GuardedStore } from './host/guarded-store.ts';
import { Jail, startInJail } from './host/jail/jail.ts';
import type { JailLayer } from './host/jail/layers.ts';
import { Pool, type PoolStats } from './host/pool.ts';
import { MemoryCeiling } from './host/memory-ceiling.ts';
import { rehearse } from './host/rehearsal.ts';
import { Reputation, type ScriptHistory } from './host/reputation.ts';
import { Scheduler, type QueueStats } from './host/scheduler.ts';
import { workersIn } from './host/start-worker.ts';
import { checkWholeNumber } from './limits.ts';
import { TypeEraser, type TypeScriptStats } from './host/type-eraser.ts';
import type { StartWorker } from './host/worker-process.ts';
import { resolveOptions, type ResolvedOptions, type RuntimeOptions } from './options.ts';
import { noUsage, type RunResult } from './result.ts';

/** Counts of a runtime at one moment; `runs` counts since its start. */
export interface RuntimeStats {
  readonly state: 'running' | 'draining' | 'closed' | 'disabled';
  readonly pool: PoolStats;
  readonly queue: QueueStats;
  readonly cache: CacheStats;
  readonly typescript: TypeScriptStats;
  /** Host calls: made and failed since the start, and under way. */
  readonly calls: Readonly<CallCounts>;
  /** The layers in which the workers run; see `docs/jail.md`. */
  readonly jail: readonly JailLayer[];
  /** Ended runs by how they ended. */
  readonly runs: Readonly<Partial<Record<'completed' | ErrorCode, number>>>;
}

/** Options of `validateSyntax`. */
export interface CheckOptions {
  /** Default: `javascript`. */
  readonly language?: Language;
}

/** Options of `shutdown`. */
export interface ShutdownOptions {
  /** How long runs that were asked for may still take, in milliseconds. Default: 30 000. */
  readonly graceMs?: number;
}

/** The compilation cache of a runtime, in all its tiers. */
export interface RuntimeCache {
  /** Forgets a script: in the VMs, in memory and in the store. */
  invalidate(source: string): Promise<void>;
  /** Forgets all scripts. */
  clear(): Promise<void>;
}

/** Runs scripts. Made by `createRuntime`; whoever made it shuts it down. */
export interface Runtime extends AsyncDisposable {
  /**
   * Runs a script with an input.
   * @param source - the body of a strict async function, in the language that `context` names.
   * @param input - anything that JSON can hold; the script sees it as `ctx.input`.
   * @throws {CloisterError} every way in which a run can fail; see `errorTable`.
   */
  execute(source: string, input?: unknown, context?: RunContext): Promise<RunResult>;
  /**
   * Checks that a source parses, in a VM and within the limits of a run. Types are not checked.
   * @throws {CompilationError} when it does not.
   */
  validateSyntax(source: string, options?: CheckOptions): Promise<void>;
  stats(): RuntimeStats;
  /**
   * Type declarations of what a script has in scope, as the text of a `.d.ts` file: `ctx`, `sdk` with
   * the bindings of this runtime, `console` and the web basics.
   */
  types(): string;
  readonly cache: RuntimeCache;
  /**
   * Lets the runs under way come to their end, then ends the rest as `pool_closed` and the workers.
   * A run asked for from now on is refused as `pool_closed`. Idempotent.
   */
  shutdown(options?: ShutdownOptions): Promise<void>;
}

/**
 * Starts a worker process and a first VM; the other workers, and VMs that are kept warm, follow.
 * @throws {CloisterError} `invalid_options`; `worker_start_failed` when a worker cannot run scripts, or
 * not in the jail that was asked for.
 */
export async function createRuntime(options?: RuntimeOptions): Promise<Runtime> {
  const resolved = resolveOptions(options);
  if (resolved.enabled) MemoryCeiling.prepare();
  const store = await openStore(resolved);
  const make = (jail: Jail): EngineRuntime =>
    new EngineRuntime(resolved, jail, store, workersIn(jail, resolved.maxWorkerMb));
  const noJail = new Jail(new Set());
  if (!resolved.enabled) return make(noJail);
  return startInJail(resolved.jail, async (jail) => {
    const runtime = make(jail);
    const started = runtime.start();
    void rehearse(
      resolved,
      (small, fullStore, startWorker) => new EngineRuntime(small, noJail, fullStore, startWorker),
    );
    await started;
    return runtime;
  });
}

async function openStore({ cache, enabled }: ResolvedOptions): Promise<GuardedStore | undefined> {
  if (cache.store === undefined || !enabled) return undefined;
  const secret = cache.secret ?? (await cache.store.defaultSecret?.());
  if (secret !== undefined) return new GuardedStore(cache.store, secret);
  throw createError(
    'invalid_options',
    'cache.store needs cache.secret (SCRIPT_CACHE_SECRET): code from a store is executed, so it is sealed',
  );
}

/** Syntax checks wait in one queue; each gets a VM that serves nobody else. */
const checkTenant = `cloister:syntax-check:${randomUUID()}`;
/** Types of 1 MiB are erased in a fraction of a second; a source that takes so long wants to. */
const maxErasingMs = 5000;

type Purpose = 'execute' | 'check';

/** A source that was asked for, and how its runs went so far. */
interface KnownSource {
  readonly source: Source;
  readonly history: ScriptHistory;
}

export class EngineRuntime implements Runtime {
  readonly #options: ResolvedOptions;
  readonly #jail: Jail;
  readonly #deadlines = new Deadlines();
  readonly #pool: Pool;
  readonly #scheduler: Scheduler;
  readonly cache: RuntimeCache;
  readonly #cache: CompilationCache;
  readonly #eraser: TypeEraser;
  readonly #calls: CallSessionShare;
  readonly #reputation: Reputation;
  /** Of sources that were only checked: they are not to crowd out the others. */
  readonly #checkReputation: Reputation;
  readonly #ended: RunCounts = {};
  readonly #share: ExecutionShare;
  #state: RuntimeStats['state'];
  #closing: Promise<void> | undefined;
  /** From now on no run is taken in, not even one that was asked for before the shutdown. */
  #isSealed = false;
  #lastRun = 0;

  constructor(
    options: ResolvedOptions,
    jail: Jail,
    store: GuardedStore | undefined,
    startWorker: StartWorker,
  ) {
    this.#options = options;
    this.#jail = jail;
    const { size, bytes } = options.cache;
    const cache = new CompilationCache({ entries: size, bytes }, store);
    this.#cache = cache;
    const eraser = new TypeEraser(
      { ...options, jail, cacheSize: size, maxErasingMs },
      this.#deadlines,
    );
    this.#eraser = eraser;
    this.cache = {
      async invalidate(source) {
        requireText(source);
        // What was compiled of TypeScript is its erased text.
        const erased = eraser.forget(source);
        if (erased !== undefined && erased !== source) await cache.invalidate(erased);
        await cache.invalidate(source);
      },
      clear() {
        eraser.forgetAll();
        return cache.clear();
      },
    };
    this.#state = options.enabled ? 'running' : 'disabled';
    const table = new BindingTable(options.bindings);
    const counts = { made: 0, failed: 0, running: 0 };
    this.#calls = {
      table,
      deadlines: this.#deadlines,
      counts,
      ending: new Set(),
      recorded: { characters: 0 },
      turns: new FairTurns(),
    };
    this.#pool = new Pool(options, startWorker, this.#deadlines, this.#cache, table.shapes, () =>
      this.#scheduler.dispatchSoon(),
    );
    this.#reputation = new Reputation(options);
    this.#checkReputation = new Reputation(options);
    this.#scheduler = new Scheduler(options, this.#deadlines, this.#pool);
    this.#share = { owner: this.#scheduler, cache, calls: this.#calls, counts: this.#ended };
  }

  async start(): Promise<void> {
    try {
      await Promise.all([this.#pool.start(), this.#cache.open()]);
    } catch (error) {
      this.#state = 'closed';
      await this.#pool.close();
      throw error;
    }
  }

  execute(source: string, input?: unknown, context?: RunContext): Promise<RunResult> {
    try {
      return this.#run('execute', source, input, context);
    } catch (error) {
      return Promise.reject(this.#counted(error));
    }
  }

  async validateSyntax(source: string, options: CheckOptions = {}): Promise<void> {
    const { language = 'javascript' } = options;
    await this.#run('check', source, undefined, { tenant: { id: checkTenant }, language });
  }

  stats(): RuntimeStats {
    return {
      state: this.#state,
      pool: this.#pool.stats,
      queue: this.#scheduler.stats,
      cache: this.#cache.stats,
      typescript: this.#eraser.stats,
      calls: { ...this.#calls.counts },
      jail: this.#jail.layers,
      runs: { ...this.#ended },
    };
  }

  types(): string {
    return printDeclarations(this.#options.bindings);
  }

  async shutdown(options: ShutdownOptions = {}): Promise<void> {
    const graceMs = checkWholeNumber(options.graceMs ?? 30_000, 'graceMs', 0, 24 * 60 * 60 * 1000);
    this.#closing ??= this.#shutDown(graceMs);
    await this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /** Most runs need not wait for anything, and are in the queue when this returns. */
  #run(
    purpose: Purpose,
    source: string,
    input: unknown,
    given: RunContext | undefined,
  ): Promise<RunResult> {
    this.#requireRunning();
    const context = resolveContext(given, this.#options);
    requireSource(source, context.limits.sourceBytes);
    const json = inputJson(input, context.limits.inputBytes);
    if (context.language !== 'javascript') return this.#eraseAndRun(purpose, source, json, context);
    const found = this.#find(purpose, source, context);
    if (!this.#cache.isPrepared(found.source)) {
      return this.#prepareAndRun(purpose, found, json, context);
    }
    return this.#submit(purpose, found, json, context);
  }

  async #eraseAndRun(
    purpose: Purpose,
    source: string,
    json: string,
    context: ResolvedContext,
  ): Promise<RunResult> {
    let found: KnownSource;
    try {
      const text = await this.#erase(source, context);
      // It may have been shut down meanwhile.
      if (this.#isSealed) this.#requireRunning();
      found = this.#find(purpose, text, context);
    } catch (error) {
      throw this.#counted(error, purpose);
    }
    return await this.#prepareAndRun(purpose, found, json, context);
  }

  async #prepareAndRun(
    purpose: Purpose,
    found: KnownSource,
    json: string,
    context: ResolvedContext,
  ): Promise<RunResult> {
    let leads = false;
    try {
      let result: Promise<RunResult>;
      try {
        if (!this.#cache.isPrepared(found.source)) leads = await this.#prepare(found, context);
        if (this.#isSealed) this.#requireRunning();
        result = this.#submit(purpose, found, json, context);
      } catch (error) {
        throw this.#counted(error, purpose);
      }
      return await result;
    } finally {
      if (leads) this.#cache.finished(found.source);
    }
  }

  #submit(
    purpose: Purpose,
    { source, history }: KnownSource,
    input: string,
    context: ResolvedContext,
  ): Promise<RunResult> {
    const id = ++this.#lastRun;
    const execution = new Execution(id, this.#share, context, source, history, input, purpose);
    this.#scheduler.submit(execution);
    return execution.result;
  }

  /** @throws {CloisterError} when it is known already that the source is not to be run. */
  #find(purpose: Purpose, text: string, context: ResolvedContext): KnownSource {
    const source = this.#cache.find(text);
    this.#refuseKnownFailure(source, context);
    const reputation = purpose === 'execute' ? this.#reputation : this.#checkReputation;
    const history = reputation.of(context.tenantId, source.id);
    this.#refuseCostly(history, context);
    return { source, history };
  }

  /**
   * Waits until it is known whether there is code of a source.
   * @returns whether this run is the one for whose compilation others wait.
   * @throws {CompilationError} when it is known, by now, that the source does not compile.
   */
  async #prepare({ source, history }: KnownSource, context: ResolvedContext): Promise<boolean> {
    // Most likely it is run where it would be run now; it travels while the store is asked.
    this.#scheduler.sendAhead(source, context, history);
    const leads = await this.#cache.prepare(source);
    try {
      // Another run may have found out meanwhile.
      this.#refuseKnownFailure(source, context);
    } catch (error) {
      if (leads) this.#cache.finished(source);
      throw error;
    }
    return leads;
  }

  #refuseKnownFailure({ text }: Source, { executionId, tenantId }: ResolvedContext): void {
    const failure = this.#cache.failureOf(text);
    if (failure === undefined) return;
    const { code } = failure;
    publish('cloister:run:end', () => ({ executionId, tenantId, code, usage: noUsage }));
    throw compilationError(failure, executionId);
  }

  /** A script that has cost workers is left alone for a while (the circuit breaker). */
  #refuseCostly(
    { refusedForMs, losses }: ScriptHistory,
    { executionId, tenantId }: ResolvedContext,
  ): void {
    if (refusedForMs === 0) return;
    const code = 'script_refused';
    publish('cloister:run:end', () => ({ executionId, tenantId, code, usage: noUsage }));
    throw createError(
      code,
      `the script has cost ${losses} worker processes (workerLosses); it is refused for another ${refusedForMs} ms`,
      { executionId },
    );
  }

  /** A run whose source cannot be erased ends here, and it is said as of any other. */
  async #erase(source: string, context: ResolvedContext): Promise<string> {
    const { executionId, tenantId, signal, limits } = context;
    const { timeoutMs } = limits;
    try {
      return await this.#eraser.erase({ source, tenantId, executionId, timeoutMs, signal });
    } catch (error) {
      const code = error instanceof CloisterError ? error.code : 'internal_error';
      publish('cloister:run:end', () => ({ executionId, tenantId, code, usage: noUsage }));
      throw error;
    }
  }

  #requireRunning(): void {
    if (this.#state === 'running') return;
    throw this.#state === 'disabled'
      ? createError('scripts_disabled', 'running scripts is switched off (SCRIPTS_ENABLED=false)')
      : createError('pool_closed', 'the runtime was shut down');
  }

  /** Counts a run that ended before it was one. @returns the error. */
  #counted(error: unknown, purpose: Purpose = 'execute'): Error {
    const code = error instanceof CloisterError ? error.code : 'internal_error';
    if (purpose === 'execute') this.#ended[code] = (this.#ended[code] ?? 0) + 1;
    return error as Error;
  }

  async #shutDown(graceMs: number): Promise<void> {
    if (this.#state === 'running') this.#state = 'draining';
    const until = performance.now() + graceMs;
    await this.#eraser.drain(graceMs);
    this.#isSealed = true;
    await this.#scheduler.drain(Math.max(0, until - performance.now()));
    await this.#cache.arrivals();
    this.#state = 'closed';
    await this.#pool.close();
    this.#deadlines.close();
    await this.#cache.close();
    await Promise.all(this.#calls.ending);
    await this.#closeBindings();
  }

  /** One that fails does not keep the others open. */
  async #closeBindings(): Promise<void> {
    const { bindings } = this.#options;
    const closed = await Promise.allSettled(bindings.map(async (binding) => binding.close?.()));
    const failed = closed.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }
}

function requireText(source: unknown): asserts source is string {
  if (typeof source !== 'string') {
    throw createError('invalid_context', `source must be a string, not a ${typeof source}`);
  }
}

function requireSource(source: unknown, maxBytes: number): void {
  requireText(source);
  if (3 * source.length <= maxBytes) return;
  const bytes = Buffer.byteLength(source);
  if (bytes > maxBytes) {
    throw createError(
      'source_limit',
      `the source takes ${bytes} bytes; sourceBytes allows ${maxBytes}`,
    );
  }
}

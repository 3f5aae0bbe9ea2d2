import { inputJson, resolveContext, type RunContext } from './context.ts';
import { CloisterError, createError, type ErrorCode } from './errors.ts';
import { Deadlines } from './host/deadlines.ts';
import { Execution } from './host/execution.ts';
import { Pool, type PoolStats } from './host/pool.ts';
import { Scheduler, type QueueStats } from './host/scheduler.ts';
import { Sources } from './host/sources.ts';
import { resolveOptions, type ResolvedOptions, type RuntimeOptions } from './options.ts';
import type { RunResult } from './result.ts';

/** Counts of a runtime at one moment; `runs` counts since its start. */
export interface RuntimeStats {
  readonly state: 'running' | 'draining' | 'closed' | 'disabled';
  readonly pool: PoolStats;
  readonly queue: QueueStats;
  /** Ended runs by how they ended. */
  readonly runs: Readonly<Partial<Record<'completed' | ErrorCode, number>>>;
}

/** Options of `shutdown`. */
export interface ShutdownOptions {
  /** How long runs that were asked for may still take, in milliseconds. Default: 30 000. */
  readonly graceMs?: number;
}

/** Runs scripts. Made by `createRuntime`; whoever made it shuts it down. */
export interface Runtime extends AsyncDisposable {
  /**
   * Runs a script with an input.
   * @param source - JavaScript: the body of a strict async function.
   * @param input - anything that JSON can hold; the script sees it as `ctx.input`.
   * @throws {CloisterError} every way in which a run can fail; see `errorTable`.
   */
  execute(source: string, input?: unknown, context?: RunContext): Promise<RunResult>;
  /**
   * Checks that a source parses, in a VM and within the limits of a run.
   * @throws {CompilationError} when it does not.
   */
  validateSyntax(source: string): Promise<void>;
  stats(): RuntimeStats;
  /**
   * Lets the runs under way come to their end, then ends the rest as `pool_closed` and the workers.
   * A run asked for from now on is refused as `pool_closed`. Idempotent.
   */
  shutdown(options?: ShutdownOptions): Promise<void>;
}

/**
 * Starts the worker processes and warms the VMs.
 * @throws {CloisterError} `invalid_options`; `worker_start_failed` when a worker cannot run scripts.
 */
export async function createRuntime(options?: RuntimeOptions): Promise<Runtime> {
  const runtime = new EngineRuntime(resolveOptions(options));
  await runtime.start();
  return runtime;
}

/** The tenant under whose name syntax checks are queued and VMs for them bound. */
const checkTenant = 'cloister:syntax-check';

class EngineRuntime implements Runtime {
  readonly #options: ResolvedOptions;
  readonly #deadlines = new Deadlines();
  readonly #pool: Pool;
  readonly #scheduler: Scheduler;
  readonly #sources: Sources;
  readonly #ended: Partial<Record<'completed' | ErrorCode, number>> = {};
  #state: RuntimeStats['state'];
  #closing: Promise<void> | undefined;
  #lastRun = 0;

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#state = options.enabled ? 'running' : 'disabled';
    this.#pool = new Pool(options, this.#deadlines, () => this.#scheduler.dispatch());
    this.#scheduler = new Scheduler(options, this.#deadlines, this.#pool);
    this.#sources = new Sources(options.cacheSize);
  }

  async start(): Promise<void> {
    if (!this.#options.enabled) return;
    try {
      await this.#pool.start();
    } catch (error) {
      this.#state = 'closed';
      await this.#pool.close();
      throw error;
    }
  }

  async execute(source: string, input?: unknown, context?: RunContext): Promise<RunResult> {
    try {
      const result = await this.#run('execute', source, input, context);
      this.#count('completed');
      return result;
    } catch (error) {
      this.#count(error instanceof CloisterError ? error.code : 'internal_error');
      throw error;
    }
  }

  async validateSyntax(source: string): Promise<void> {
    await this.#run('check', source, undefined, { tenant: { id: checkTenant } });
  }

  stats(): RuntimeStats {
    return {
      state: this.#state,
      pool: this.#pool.stats,
      queue: this.#scheduler.stats,
      runs: { ...this.#ended },
    };
  }

  shutdown(options: ShutdownOptions = {}): Promise<void> {
    this.#closing ??= this.#shutDown(options.graceMs ?? 30_000);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  async #run(
    purpose: 'execute' | 'check',
    source: string,
    input: unknown,
    given: RunContext | undefined,
  ): Promise<RunResult> {
    this.#requireRunning();
    const context = resolveContext(given, this.#options);
    requireSource(source, context.limits.sourceBytes);
    const execution = new Execution(++this.#lastRun, this.#scheduler, {
      context,
      source: this.#sources.number(source),
      input: inputJson(input, context.limits.inputBytes),
      purpose,
    });
    this.#scheduler.submit(execution);
    return execution.result;
  }

  #requireRunning(): void {
    if (this.#state === 'running') return;
    throw this.#state === 'disabled'
      ? createError('scripts_disabled', 'running scripts is switched off (SCRIPTS_ENABLED=false)')
      : createError('pool_closed', 'the runtime was shut down');
  }

  #count(code: 'completed' | ErrorCode): void {
    this.#ended[code] = (this.#ended[code] ?? 0) + 1;
  }

  async #shutDown(graceMs: number): Promise<void> {
    if (this.#state === 'running') this.#state = 'draining';
    await this.#scheduler.drain(graceMs);
    this.#state = 'closed';
    await this.#pool.close();
    this.#deadlines.close();
  }
}

function requireSource(source: unknown, maxBytes: number): void {
  if (typeof source !== 'string') {
    throw createError('invalid_context', `source must be a string, not a ${typeof source}`);
  }
  const bytes = Buffer.byteLength(source);
  if (bytes > maxBytes) {
    throw createError(
      'source_limit',
      `the source takes ${bytes} bytes; sourceBytes allows ${maxBytes}`,
    );
  }
}

import { onTestFinished } from 'vitest';
import {
  CloisterError,
  createRuntime,
  type ErrorCode,
  type RunContext,
  type RunResult,
  type Runtime,
  type RuntimeOptions,
} from '../../src/index.ts';

/** A runtime for one test, which is shut down after it without waiting for runs. */
export async function startRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  const runtime = await createRuntime(options);
  onTestFinished(() => runtime.shutdown({ graceMs: 0 }));
  return runtime;
}

/** How a run ended. */
export async function codeOf(run: Promise<unknown>): Promise<'completed' | ErrorCode> {
  return run.then(
    () => 'completed' as const,
    (error: unknown) => {
      if (error instanceof CloisterError) return error.code;
      throw error;
    },
  );
}

/** The error of a run that must fail. */
export async function failureOf(run: Promise<unknown>): Promise<CloisterError> {
  const error = await run.then(
    () => new Error('the run completed'),
    (reason: unknown) => reason,
  );
  if (error instanceof CloisterError) return error;
  throw error;
}

/** A run that is known to be executing, because it has logged. */
export interface LiveRun {
  readonly result: Promise<RunResult>;
  /** How it ended. */
  readonly code: Promise<'completed' | ErrorCode>;
  /** What `onLog` was told. */
  readonly heard: readonly string[];
  cancel(): void;
}

/**
 * Starts a script that logs before it does anything else, and waits for that.
 * @param source - must log at once.
 */
export async function runUntilLog(
  runtime: Runtime,
  source: string,
  context: RunContext = {},
  input?: unknown,
): Promise<LiveRun> {
  const heard: string[] = [];
  const abort = new AbortController();
  const logged = Promise.withResolvers<void>();
  const result = runtime.execute(source, input, {
    signal: abort.signal,
    ...context,
    onLog: ({ message }) => {
      heard.push(message);
      logged.resolve();
    },
  });
  const code = codeOf(result);
  await Promise.race([logged.promise, result]);
  return { result, code, heard, cancel: () => abort.abort() };
}

/** Logs and then waits for `ms` on a timer. */
export function sleeper(ms: number): string {
  return `console.log('up'); await new Promise((resolve) => setTimeout(resolve, ${ms})); return 'slept'`;
}

/** Logs and then never ends. */
export const forever = sleeper(1_000_000);

/** Logs and then loops in native code that V8 cannot stop: the worker has to be killed. */
export const unstoppable = `console.log('up'); await null; return [].indexOf.call({ length: 2 ** 53 - 1 }, 9)`;

/** A context in the name of a tenant. */
export function as(id: string, rest: RunContext = {}): RunContext {
  return { tenant: { id }, ...rest };
}

import { noUsage, type LogEntry, type Usage } from './result.ts';

/** Whose doing an error is: the script's, the caller's of this library, or the system's. */
export type Fault = 'script' | 'caller' | 'system';

interface ErrorRule {
  readonly fault: Fault;
  /** Whether the same call can be expected to succeed later. */
  readonly retryable: boolean;
  readonly meaning: string;
}

/** What a run, or the runtime, can fail of. */
export type ErrorCode =
  | 'compilation_error'
  | 'script_error'
  | 'timeout'
  | 'cpu_limit'
  | 'memory_limit'
  | 'api_call_limit'
  | 'output_limit'
  | 'output_invalid'
  | 'source_limit'
  | 'input_limit'
  | 'input_invalid'
  | 'invalid_context'
  | 'invalid_options'
  | 'cancelled'
  | 'pool_closed'
  | 'scripts_disabled'
  | 'script_refused'
  | 'queue_full'
  | 'acquire_timeout'
  | 'worker_crashed'
  | 'worker_start_failed'
  | 'internal_error';

/** Every code, whose fault it is, and what it means. `docs/errors.md` has a heading for each. */
export const errorTable: Readonly<Record<ErrorCode, ErrorRule>> = {
  compilation_error: {
    fault: 'script',
    retryable: false,
    meaning: 'the source is not valid JavaScript for the body of a strict async function',
  },
  script_error: { fault: 'script', retryable: false, meaning: 'the script threw' },
  timeout: {
    fault: 'script',
    retryable: false,
    meaning: 'the run took longer than timeoutMs, waiting included',
  },
  cpu_limit: {
    fault: 'script',
    retryable: false,
    meaning: 'the run used more time on a core than cpuMs',
  },
  memory_limit: {
    fault: 'script',
    retryable: false,
    meaning: 'the run needed more memory than memoryMb',
  },
  api_call_limit: {
    fault: 'script',
    retryable: false,
    meaning: 'the run made more binding calls than apiCalls',
  },
  output_limit: {
    fault: 'script',
    retryable: false,
    meaning: 'the output as JSON is larger than outputBytes',
  },
  output_invalid: {
    fault: 'script',
    retryable: false,
    meaning: 'the output cannot be written as JSON',
  },
  source_limit: {
    fault: 'script',
    retryable: false,
    meaning: 'the source is larger than sourceBytes',
  },
  input_limit: {
    fault: 'caller',
    retryable: false,
    meaning: 'the input as JSON is larger than inputBytes',
  },
  input_invalid: {
    fault: 'caller',
    retryable: false,
    meaning: 'the input cannot be written as JSON',
  },
  invalid_context: {
    fault: 'caller',
    retryable: false,
    meaning: 'a field of the run context is wrong',
  },
  invalid_options: { fault: 'caller', retryable: false, meaning: 'an option is wrong' },
  cancelled: { fault: 'caller', retryable: false, meaning: 'the signal of the run was aborted' },
  pool_closed: { fault: 'caller', retryable: false, meaning: 'the runtime was shut down' },
  scripts_disabled: {
    fault: 'caller',
    retryable: false,
    meaning: 'running scripts is switched off (SCRIPTS_ENABLED=false)',
  },
  script_refused: {
    fault: 'script',
    retryable: true,
    meaning: 'the script has cost workers, and is refused for a while',
  },
  queue_full: {
    fault: 'system',
    retryable: true,
    meaning: 'too many runs are waiting already (queueLimit)',
  },
  acquire_timeout: {
    fault: 'system',
    retryable: true,
    meaning: 'no VM became free within acquireTimeoutMs',
  },
  worker_crashed: {
    fault: 'system',
    retryable: true,
    meaning: 'the worker process that held the run died',
  },
  worker_start_failed: {
    fault: 'system',
    retryable: true,
    meaning: 'a worker process could not be started',
  },
  internal_error: {
    fault: 'system',
    retryable: true,
    meaning: 'something went wrong in Cloister itself',
  },
};

/** What an error carries beside its code and message. */
export interface ErrorDetails {
  readonly executionId?: string | undefined;
  readonly logs?: readonly LogEntry[] | undefined;
  readonly usage?: Usage | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly cause?: unknown;
  /** Default: what the table says of the code. */
  readonly retryable?: boolean | undefined;
}

/** Every error that this library throws or rejects with. It has the fields that a result has. */
export class CloisterError extends Error {
  override readonly name: string = 'CloisterError';
  readonly code: ErrorCode;
  readonly fault: Fault;
  readonly retryable: boolean;
  /** The run that failed; absent when it failed before it was one. */
  readonly executionId: string | undefined;
  /** The console entries up to the failure. */
  readonly logs: readonly LogEntry[];
  readonly usage: Usage;
  /** Position in the script, counted from 1, where there is one. */
  readonly line: number | undefined;
  readonly column: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.fault = errorTable[code].fault;
    this.retryable = details.retryable ?? errorTable[code].retryable;
    this.executionId = details.executionId;
    this.logs = details.logs ?? [];
    this.usage = details.usage ?? noUsage;
    this.line = details.line;
    this.column = details.column;
  }
}

/** The source does not parse. The message begins `compilation error`. */
export class CompilationError extends CloisterError {
  override readonly name = 'CompilationError';
}

/** What the script threw: its name, message, cause and stack, the stack in the script's own positions. */
export class ScriptError extends CloisterError {
  override readonly name: string;

  constructor(
    message: string,
    details: ErrorDetails & { readonly name: string; readonly stack: string },
  ) {
    super('script_error', message, details);
    this.name = details.name;
    this.stack = details.stack;
  }
}

export class ExecutionTimeoutError extends CloisterError {
  override readonly name = 'ExecutionTimeoutError';
}
export class CpuLimitError extends CloisterError {
  override readonly name = 'CpuLimitError';
}
export class MemoryLimitError extends CloisterError {
  override readonly name = 'MemoryLimitError';
}
export class ApiCallLimitError extends CloisterError {
  override readonly name = 'ApiCallLimitError';
}
export class OutputError extends CloisterError {
  override readonly name = 'OutputError';
}
export class AcquireTimeoutError extends CloisterError {
  override readonly name = 'AcquireTimeoutError';
}
export class QueueFullError extends CloisterError {
  override readonly name = 'QueueFullError';
}
export class ScriptRefusedError extends CloisterError {
  override readonly name = 'ScriptRefusedError';
}
export class PoolClosedError extends CloisterError {
  override readonly name = 'PoolClosedError';
}
export class WorkerCrashedError extends CloisterError {
  override readonly name = 'WorkerCrashedError';
}
export class CancelledError extends CloisterError {
  override readonly name = 'CancelledError';
}

const classes: Partial<Record<ErrorCode, typeof CloisterError>> = {
  compilation_error: CompilationError,
  timeout: ExecutionTimeoutError,
  cpu_limit: CpuLimitError,
  memory_limit: MemoryLimitError,
  api_call_limit: ApiCallLimitError,
  output_limit: OutputError,
  output_invalid: OutputError,
  acquire_timeout: AcquireTimeoutError,
  script_refused: ScriptRefusedError,
  queue_full: QueueFullError,
  pool_closed: PoolClosedError,
  worker_crashed: WorkerCrashedError,
  cancelled: CancelledError,
};

/** The error of an option that is wrong; the message names the field. */
export function invalidOptions(message: string): CloisterError {
  return new CloisterError('invalid_options', message);
}

/**
 * Makes the error of the class that belongs to `code`. `script_error` has a constructor of its own.
 * The error of a run shows the place in the script, if any, and no frames of ours: they would be
 * those of whatever settled the run, and a tenant may get to see them.
 */
export function createError(
  code: Exclude<ErrorCode, 'script_error'>,
  message: string,
  details?: ErrorDetails,
): CloisterError {
  const error = new (classes[code] ?? CloisterError)(code, message, details);
  if (error.executionId !== undefined) {
    const { name, line, column } = error;
    const place = line === undefined ? '' : `\n    at script.js:${line}:${column ?? 1}`;
    error.stack = `${name}: ${message}${place}`;
  }
  return error;
}

/**
 * The messages between host and worker. Each is a JSON object with a `type`; a reader has one
 * exhaustive `switch`. A worker runs hostile code, so the host takes nothing from it on trust: see
 * `parseWorkerMessage`. A message that does not fit ends that worker (house rule 5).
 */

/** How loud a console entry is. `console.log` is `info`, as in the specification's `LogLevelInfo`. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * Which global environment a run gets: `hardened`, the VM's own, frozen and used run after run, or
 * `fresh`, one of its own that it may change as it likes.
 */
export type RealmKind = 'hardened' | 'fresh';

/** The limits that the worker enforces for one run; units as in `limits.ts`. */
export interface RunLimits {
  readonly timeoutMs: number;
  readonly cpuMs: number;
  readonly memoryMb: number;
  readonly apiCalls: number;
  readonly outputBytes: number;
  readonly logEntries: number;
  readonly logBytes: number;
}

/**
 * How a run is executed. `quick`, since runs of its script have been short so far: by the worker's own
 * thread, which saves two changes of threads; the run is returned when it turns out not to be short.
 * `open`: in a thread of its VM's, until its turns have been short for a while. `slow`: there only.
 */
type RunPace = 'quick' | 'open' | 'slow';

/** Asks for one run. `context` and `input` are JSON texts, parsed inside the VM and nowhere else. */
export interface RunMessage {
  readonly type: 'run';
  readonly run: number;
  readonly vm: number;
  readonly source: number;
  /** `check` compiles and stops there. */
  readonly purpose: 'execute' | 'check';
  readonly realm: RealmKind;
  readonly context: string;
  readonly input: string;
  readonly limits: RunLimits;
  /** 32 bits each, for `Math.random`: a run that is repeated has to meet the same numbers. */
  readonly seed: readonly [low: number, high: number];
  /** When the run began for the first time, as `Date.now` counts. */
  readonly startedAt: number;
  readonly pace: RunPace;
  /** Whether the code that V8 makes of the source is to be sent back, for the cache. */
  readonly codeWanted: boolean;
}

/**
 * Asks for runs of one script that are likely to be over at once, without waiting for anything. The
 * worker's own thread executes them one after the other in one VM, as quick runs in its hardened realm.
 */
export interface LaneMessage {
  readonly type: 'lane';
  readonly vm: number;
  readonly source: number;
  /** The JSON text of their contexts up to the value of `execution`, which is the last one. */
  readonly context: string;
  readonly limits: RunLimits;
  readonly runs: readonly number[];
  /** A line for each of them: `laneLine`. */
  readonly text: string;
}

/** What the guest has to know of a binding; scripts' calls name it, and its methods, by place. */
export interface BindingShape {
  readonly name: string;
  readonly global: boolean;
  readonly methods: readonly {
    readonly name: string;
    /** Does not count against `apiCalls`. */
    readonly free: boolean;
    /** Writes a line of this level instead of making a call. */
    readonly logLevel?: LogLevel;
  }[];
}

/** A run that is on a core for so long without waiting computes for long, in milliseconds. */
export const longMs: number = 20;
/** Compiled scripts that a VM keeps. */
export const maxScriptsOfVm: number = 200;
/** Runs that a worker can note as being executed, all at a time. */
export const turnSlots: number = 256;
/** Runs that a worker's own thread executes one after the other and that are noted together. */
export const ownTurnSlots: number = 64;
/** Runs that are sent to a VM before the first of them is back. */
export const maxLaneRuns: number = 256;
/** Calls of one run that may be open at a time; the guest holds the others back. */
export const maxOpenCalls: number = 256;
/** Characters of the arguments of one call, as JSON. */
export const maxArgumentCharacters: number = 1024 * 1024;

/** One call of a script. `args` is the list of arguments as JSON. */
export interface GuestCall {
  readonly call: number;
  readonly binding: number;
  readonly method: number;
  readonly args: string;
}

/** Host → worker. */
export type HostMessage =
  /** Comes once, before all others. */
  | { readonly type: 'bindings'; readonly bindings: readonly BindingShape[] }
  /** `+` and a JSON text or nothing; or `-` and an error as JSON. */
  | {
      readonly type: 'answer';
      readonly run: number;
      readonly call: number;
      readonly answer: string;
      /** When it first came, as `Date.now` counts. */
      readonly at: number;
    }
  | { readonly type: 'create-vm'; readonly vm: number; readonly memoryMb: number }
  | { readonly type: 'destroy-vm'; readonly vm: number }
  /** Gives a source a number, so that later runs need not carry the text again. It comes in its wrapper. */
  | { readonly type: 'add-source'; readonly source: number; readonly text: string }
  /** V8's code of a source, of the host's cache: what it holds is authentic. */
  | { readonly type: 'add-code'; readonly source: number; readonly bytes: Uint8Array }
  /** Is answered at once by `pong`. */
  | { readonly type: 'ping' }
  | { readonly type: 'drop-source'; readonly source: number }
  | RunMessage
  | LaneMessage
  | {
      readonly type: 'cancel';
      readonly run: number;
      readonly code: 'cancelled' | 'api_call_limit' | 'internal_error';
    };

/** What a worker found out about itself before it declared itself ready. */
export interface WorkerVersions {
  readonly node: string;
  readonly v8: string;
  /** V8's own tag of version, flags and processor features; code of another tag is of no use. */
  readonly codeTag: string;
}

/** One console line on its way to the host. `data` is a JSON array text, or absent. */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly data?: string;
  /** The method of a binding that wrote it, when it was not the console. */
  readonly origin?: { readonly binding: number; readonly method: number };
}

/** A thrown value as the guest described it, bounded and plain. */
export interface ThrownReport {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly line?: number;
  readonly column?: number;
  readonly cause?: ThrownReport;
}

/** The ways in which a worker may say that a run failed. */
export const workerFailureCodes = [
  'compilation_error',
  'script_error',
  'output_invalid',
  'output_limit',
  'timeout',
  'cpu_limit',
  'memory_limit',
  'api_call_limit',
  'cancelled',
  'internal_error',
] as const;
type WorkerFailureCode = (typeof workerFailureCodes)[number];

/** How a run ended. */
export type Outcome =
  | { readonly status: 'completed'; readonly output: string }
  | {
      readonly status: 'failed';
      readonly code: WorkerFailureCode;
      readonly message: string;
      readonly line?: number;
      readonly column?: number;
      readonly thrown?: ThrownReport;
    };

/** What the worker measured of one run. */
export interface WorkerUsage {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly heapBytes: number;
}

export type Compiled = 'kept' | 'code' | 'source' | 'refused';

/** The end of one run. */
export interface SettledMessage {
  readonly type: 'settled';
  readonly run: number;
  readonly outcome: Outcome;
  readonly usage: WorkerUsage;
  /** Whether it waited for anything on its way. */
  readonly waited: boolean;
  /** Time on a core of its longest turn, in milliseconds. */
  readonly longestTurnMs: number;
  /** Console entries that were not sent because a log limit was reached. */
  readonly droppedLogs: number;
  /**
   * How the script came to be compiled: not at all, since this VM had it; from the code that the
   * host gave; from its source; or from its source because V8 refused the code.
   */
  readonly compiled: Compiled;
  /** False when the VM must not be used again; a `vm-gone` follows once its thread has stopped. */
  readonly healthy: boolean;
}

/**
 * A run of a lane that has completed: its output, and its times in milliseconds. It has written nothing,
 * waited for nothing, and its VM had its script.
 */
export type CompletedRun = readonly [
  run: number,
  output: Readonly<Record<string, unknown>>,
  wallMs: number,
  cpuMs: number,
];

/** The ends of runs of one VM that came to a good end, all at once. Written by `completedText`. */
export interface CompletedMessage {
  readonly type: 'completed';
  readonly runs: readonly CompletedRun[];
  readonly heapBytes: number;
  /** As in `settled`. */
  readonly healthy: boolean;
}

/** Worker → host. */
export type WorkerMessage =
  | { readonly type: 'ready'; readonly versions: WorkerVersions }
  | { readonly type: 'unusable'; readonly reason: string }
  | { readonly type: 'pong' }
  | { readonly type: 'vm-ready'; readonly vm: number }
  | { readonly type: 'vm-failed'; readonly vm: number; readonly reason: string }
  | { readonly type: 'vm-gone'; readonly vm: number }
  | { readonly type: 'log'; readonly run: number; readonly lines: readonly LogLine[] }
  | { readonly type: 'calls'; readonly run: number; readonly calls: readonly GuestCall[] }
  /** The turns of a run have been short so far: from now on the worker executes it as a quick one. */
  | { readonly type: 'quick'; readonly run: number }
  /**
   * A quick run is not carried out here: it was not begun, since its VM is busy with another or gone; or
   * it was begun and took too long, which has cost its VM.
   */
  | { readonly type: 'returned'; readonly run: number; readonly begun: boolean }
  /**
   * The worker's last word: it kills itself, because a VM that is given up takes more and more memory and
   * cannot be stopped.
   */
  | { readonly type: 'vm-outgrown'; readonly vm: number }
  /**
   * The worker's last word: it kills itself, because the runs that it executes took too much memory
   * together, and it cannot tell which of them did.
   */
  | { readonly type: 'outgrown' }
  /** The run is not on a core any more: it waits for a timer or for answers. */
  | { readonly type: 'waits'; readonly run: number }
  /** The run has been on a core for a while without waiting; again, if it has waited before. */
  | { readonly type: 'computes'; readonly run: number }
  /** The script does not want the answer of a call any more. */
  | { readonly type: 'abort-call'; readonly run: number; readonly call: number }
  /** V8's code of a source: a run said that it is wanted, or V8 refused the code of the host. */
  | { readonly type: 'code'; readonly source: number; readonly bytes: Uint8Array }
  | SettledMessage
  | CompletedMessage;

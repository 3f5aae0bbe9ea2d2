import { contextText, type ResolvedContext } from '../context.ts';
import { createError, ScriptError, type CloisterError, type ErrorCode } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type {
  CompletedMessage,
  CompletedRun,
  GuestCall,
  LogLine,
  Outcome,
  SettledMessage,
  ThrownReport,
} from '../protocol/messages.ts';
import { laneLine } from '../protocol/lane-lines.ts';
import type { CacheTier, Json, QueueCause, RunResult, Usage } from '../result.ts';
import {
  unprepared,
  type CompilationCache,
  type CompilationFailure,
  type Source,
} from './compilation-cache.ts';
import { isHeard, publish, type VmEnd } from './events.ts';
import { CallSession, type CallBreach, type CallSessionShare } from './call-session.ts';
import { noteScript, type PooledVm } from './pooled-vm.ts';
import { randomWord } from './random-word.ts';
import type { ScriptHistory } from './reputation.ts';
import { RunLog } from './run-log.ts';
import type { Ticket } from './scheduler.ts';
import type { LinkedRun, WorkerLoss } from './worker-link.ts';

/** What an execution asks of the scheduler that drives it. */
export interface ExecutionOwner {
  /** The run is over and its VM, if it had one, is free. */
  onFinished(execution: Execution, vm: PooledVm | undefined, end: VmEnd | undefined): void;
  /** A worker was lost over the run. */
  onCulprit(execution: Execution): void;
  /** The run is not on a core any more: it waits for a timer or for answers. */
  onWaits(execution: Execution): void;
  /** The run has been on a core for a while. */
  onComputes(execution: Execution): void;
  /** The worker did not carry the run out, which wants another VM; what it was begun in is spoiled. */
  onReturned(execution: Execution, vm: PooledVm | undefined, begun: boolean): void;
  /** The run lost its VM through no fault of its own and wants another. */
  onDisplaced(execution: Execution): void;
}

/** What all runs of a runtime have in common. */
export interface ExecutionShare {
  readonly owner: ExecutionOwner;
  readonly cache: CompilationCache;
  readonly calls: CallSessionShare;
  /** Where the ends of runs are counted. */
  readonly counts: RunCounts;
}

/** Ended runs by how they ended. */
export type RunCounts = Partial<Record<'completed' | ErrorCode, number>>;

/** Workers that a run may lose over others. */
const maxAttempts = 5;
/** Workers that a run may lose over others before it is kept from those that nothing is known of. */
const lossesAmongOthers = 2;

/**
 * One run from `execute` to its end: `queued` → `running` → `settled`, and back to `queued` when it
 * loses its worker over somebody else's run. Settles its promise exactly once.
 */
export class Execution implements LinkedRun {
  readonly id: number;
  readonly context: ResolvedContext;
  readonly source: Source;
  /** How runs of its script went so far. */
  readonly history: ScriptHistory;
  readonly input: string;
  readonly purpose: 'execute' | 'check';
  readonly result: Promise<RunResult>;
  /** What the scheduler keeps of it, until it is over. */
  ticket: Ticket | undefined;
  readonly #share: ExecutionShare;
  readonly #settle = Promise.withResolvers<RunResult>();
  readonly #log: RunLog;
  /** Made when the script first uses `sdk`. */
  #session: CallSession | undefined;
  /** Set when a call must not have been made; the worker is on its way to end the run. */
  #callBreach: CallBreach | undefined;
  readonly #seedLow = randomWord();
  readonly #seedHigh = randomWord();
  /** Since when it waits for its VM, as `performance.now` counts. */
  queuedSince: number = performance.now();
  #queuedMs = 0;
  /** Time taken in VMs that were lost over the runs of others. */
  #spentMs = 0;
  #overdue: 'timeout' | 'cancelled' = 'timeout';
  #state: 'queued' | 'running' | 'settled' = 'queued';
  #vm: PooledVm | undefined;
  #prepared = unprepared;
  #tier: CacheTier = 'miss';
  /** When it was sent to the VM that it is in, as `performance.now` counts; 0 while it waits. */
  startedAt = 0;
  #attempts = 0;
  /** When it began for the first time, as `Date.now` counts: a repetition has the same clock. */
  #firstStart: number | undefined;
  /** Workers that it lost over others. */
  #losses = 0;
  #isSuspect = false;
  /** Set when a worker has returned it. */
  #isReturned = false;
  /** Why it waited for a VM, when it did. */
  queueCause: QueueCause | undefined;

  constructor(
    id: number,
    share: ExecutionShare,
    context: ResolvedContext,
    source: Source,
    history: ScriptHistory,
    input: string,
    purpose: 'execute' | 'check',
  ) {
    this.id = id;
    this.#share = share;
    this.context = context;
    this.source = source;
    this.history = history;
    this.input = input;
    this.purpose = purpose;
    this.result = this.#settle.promise;
    this.#log = new RunLog(context.limits, context.onLog);
  }

  get state(): 'queued' | 'running' | 'settled' {
    return this.#state;
  }

  /** What is left of its wall clock, in milliseconds; one at least, so that it can still say so. */
  get timeLeftMs(): number {
    return Math.max(1, Math.floor(this.context.limits.timeoutMs - this.#spentMs));
  }

  /** What the worker is to hold it to. */
  get #limitsLeft(): Limits {
    const { limits } = this.context;
    return this.#spentMs === 0 ? limits : { ...limits, timeoutMs: this.timeLeftMs };
  }

  /**
   * Sends the run into a VM that the pool gave for it.
   * @param pace - how runs of its script have gone so far; `lane` when they were straight and the VM has it.
   */
  start(vm: PooledVm, pace: 'unknown' | 'quick' | 'lane'): void {
    this.#state = 'running';
    this.#vm = vm;
    this.startedAt = performance.now();
    this.#queuedMs += this.startedAt - this.queuedSince;
    this.#attempts++;
    vm.run = this;
    if (isHeard('cloister:run:start')) this.#publishStart(vm.link.id);
    this.#prepared = this.#share.cache.take(this.source);
    const { code, codeWanted } = this.#prepared;
    const startedAt = (this.#firstStart ??= Date.now());
    const limits = this.#limitsLeft;
    if (pace === 'lane' && !codeWanted) {
      const { head, execution } = this.context;
      const line = laneLine(execution, this.input, startedAt, this.#seedLow, this.#seedHigh);
      return vm.link.startInLane(this, this.source, code, vm.id, head, limits, line);
    }
    vm.link.startRun(this, this.source, code, {
      codeWanted: codeWanted && this.purpose === 'execute',
      vm: vm.id,
      pace: pace !== 'unknown' ? 'quick' : this.mayBeQuick ? 'open' : 'slow',
      purpose: this.purpose,
      realm: this.context.realm,
      context: contextText(this.context),
      input: this.input,
      seed: [this.#seedLow, this.#seedHigh],
      startedAt,
      limits,
    });
  }

  onLog(lines: readonly LogLine[]): void {
    for (const line of lines) {
      const entry = this.#log.add(line);
      if (entry === undefined || line.origin === undefined) continue;
      const { binding, method } = line.origin;
      this.#calls().onLine(binding, method, entry.message, entry.data ?? []);
    }
  }

  onCalls(calls: readonly GuestCall[]): void {
    for (const call of calls) {
      // What comes after the breach was under way when it happened.
      if (this.#callBreach !== undefined) return;
      this.#callBreach = this.#calls().begin(call);
    }
    if (this.#callBreach === undefined) return;
    const code = this.#callBreach === 'diverged' ? 'internal_error' : this.#callBreach;
    this.#vm?.link.cancelRun(this.id, code);
  }

  #calls(): CallSession {
    this.#session ??= new CallSession(this.#share.calls, this.context, this.#log, (answer) =>
      this.#vm?.link.answerCall(this.id, answer),
    );
    return this.#session;
  }

  onCallAborted(call: number): void {
    this.#session?.abort(call);
  }

  onWaits(): void {
    this.#share.owner.onWaits(this);
  }

  onComputes(): void {
    this.#share.owner.onComputes(this);
  }

  onSettled(message: SettledMessage): void {
    this.#log.close(message.droppedLogs);
    this.#countCompilation(message);
    const { outcome } = message;
    const { wallMs, cpuMs, heapBytes } = message.usage;
    const usage = this.#usage(wallMs, cpuMs, heapBytes);
    const isShort = this.#session?.hasCallsAhead === true && endedByItself(outcome);
    const breach = this.#callBreach ?? (isShort ? 'diverged' : undefined);
    if (breach !== undefined) {
      this.#failByBreach(breach, usage);
    } else if (outcome.status === 'completed') {
      // Anything but a map throws to the link's reader, which ends the worker.
      this.#complete(parseOutput(outcome.output), usage);
    } else {
      this.#fail(this.#toError(outcome, usage), usage);
    }
    const isClean = message.healthy && outcome.status === 'completed';
    this.#leaveAfter(message.usage.cpuMs, message, isClean);
  }

  onCompleted(
    [, output, wallMs, cpuMs]: CompletedRun,
    { heapBytes, healthy }: Pick<CompletedMessage, 'heapBytes' | 'healthy'>,
  ): void {
    // It was to repeat calls.
    if (this.#session !== undefined) {
      const outcome = { status: 'completed', output: JSON.stringify(output) } as const;
      const usage = { wallMs, cpuMs, heapBytes };
      return this.onSettled({
        type: 'settled',
        run: this.id,
        outcome,
        usage,
        ...straight(cpuMs),
        healthy,
      });
    }
    this.#log.close(0);
    this.#tier = 'vm';
    this.#share.cache.served(this.source, 'vm', false);
    this.#complete(output as Record<string, Json>, this.#usage(wallMs, cpuMs, heapBytes));
    this.#leaveAfter(cpuMs, { healthy, waited: false, longestTurnMs: cpuMs }, healthy);
  }

  #leaveAfter(
    cpuMs: number,
    went: Pick<SettledMessage, 'healthy' | 'waited' | 'longestTurnMs'>,
    isClean: boolean,
  ): void {
    this.history.took(cpuMs);
    if (isClean) {
      this.history.ranCleanly(went.longestTurnMs, went.waited);
      if (this.#vm !== undefined) noteScript(this.#vm, this.source.id);
    }
    this.#leave(this.#endOfVm(went.healthy));
  }

  onLost(loss: WorkerLoss): void {
    if (this.#state !== 'running') return;
    if (loss.kind === 'closed') {
      return this.#end('pool_closed', 'the runtime was shut down before the run ended');
    }
    if (loss.culprit === this || this.#isUnwanted()) return this.#end(...this.#overdueEnd());
    const isSuspect = loss.kind !== 'killed' && isAmong(loss.suspects, this.id);
    if (isSuspect && (this.#isSuspect || (loss.outOfMemory && loss.suspects?.size === 1))) {
      this.#share.owner.onCulprit(this);
      if (loss.outOfMemory) return this.#end('memory_limit', this.#memoryMessage());
      return this.#endCrashed(loss.reason, true);
    }
    if (++this.#losses >= maxAttempts) return this.#endCrashed(loss.reason, true);
    if (this.#session?.rewind() === false)
      return this.#end('worker_crashed', tooManyCalls, undefined, false);
    this.#displace(isSuspect);
  }

  /** Once in its life; else it could be sent to and fro for ever. */
  get mayBeReturned(): boolean {
    return !this.#isReturned;
  }

  onReturned(begun: boolean): void {
    if (this.#state !== 'running') return;
    const vm = this.#vm;
    this.#isReturned = true;
    if (!begun) this.#attempts--;
    if (this.#session?.rewind() === false) {
      return this.#end('worker_crashed', tooManyCalls, undefined, false);
    }
    this.#requeue();
    this.#share.owner.onReturned(this, vm, begun);
  }

  /** Whether its worker may execute it itself if the script is quick: nothing is unusual about it. */
  get mayBeQuick(): boolean {
    const isUsual = !this.#isReturned && !this.#isSuspect;
    return isUsual && this.purpose === 'execute' && this.context.realm === 'hardened';
  }

  /** Whether it was cancelled, or its time is over: there is no use in beginning again. */
  #isUnwanted(): boolean {
    if (this.context.signal?.aborted === true) this.#overdue = 'cancelled';
    const spent = this.#spentMs + performance.now() - this.startedAt;
    return this.#overdue === 'cancelled' || spent >= this.context.limits.timeoutMs;
  }

  onBlamed(): void {
    this.#share.owner.onCulprit(this);
  }

  /** Whether it was being executed when a worker died; it is then tried once more, alone. */
  get isSuspect(): boolean {
    return this.#isSuspect;
  }

  /** Whether, as it waits now, it has lost workers so often that it is to be among such runs alone. */
  get isOftenDisplaced(): boolean {
    return this.#losses >= lossesAmongOthers;
  }

  #endCrashed(reason: string, retryable: boolean): void {
    const message = `the worker process that held the run died (${reason})`;
    this.#end('worker_crashed', message, undefined, retryable);
  }

  /** Ends a run that never got a VM, or whose worker did not answer. */
  abandon(code: Exclude<ErrorCode, 'script_error'>, message: string, cause?: unknown): void {
    if (this.#state !== 'settled') this.#end(code, message, cause);
  }

  /** Asks the worker to end the run; the answer comes as `onSettled`. */
  cancel(): void {
    this.#vm?.link.cancelRun(this.id, 'cancelled');
  }

  /** Kills the worker, which did not end the run when it was time. */
  killWorker(): void {
    if (this.context.signal?.aborted === true) this.#overdue = 'cancelled';
    this.#vm?.link.kill(this, 'it did not end a run in time');
  }

  #countCompilation({ compiled, outcome, healthy }: SettledMessage): void {
    if (this.purpose === 'check') return;
    const refused = compiled === 'refused';
    this.#tier = { kept: 'vm', code: this.#prepared.tier, source: 'miss', refused: 'miss' }[
      compiled
    ] as CacheTier;
    this.#share.cache.served(this.source, this.#tier, refused);
    if (refused) this.#refused(healthy);
    if (outcome.status === 'failed' && outcome.code === 'compilation_error') {
      this.#share.cache.fail(this.source, outcome);
    } else if (healthy && this.#prepared.codeWanted) {
      this.#share.cache.expect(this.source);
    }
  }

  /** A worker in which V8 refused the host's code sends other code, as if it had been asked for it. */
  #refused(healthy: boolean): void {
    this.#vm?.link.dropSource(this.source);
    if (!healthy || this.#prepared.code === undefined) return;
    this.#vm?.link.wantCode(this.source);
    this.#share.cache.expect(this.source);
  }

  /** A VM in which a source was checked has read it in nobody's name, and serves nobody else. */
  #endOfVm(healthy: boolean): VmEnd | undefined {
    if (!healthy) return 'unhealthy';
    return this.purpose === 'check' ? 'syntax_check' : undefined;
  }

  #displace(isSuspect: boolean): void {
    this.#isSuspect ||= isSuspect;
    this.#requeue();
    this.#share.owner.onDisplaced(this);
  }

  /** Forgets the attempt that it was on. */
  #requeue(): void {
    this.#spentMs += performance.now() - this.startedAt;
    this.queuedSince = performance.now();
    this.startedAt = 0;
    this.#state = 'queued';
    this.#vm = undefined;
    this.#log.restart();
    this.#callBreach = undefined;
  }

  #end(
    code: Exclude<ErrorCode, 'script_error'>,
    message: string,
    cause?: unknown,
    retryable?: boolean,
  ): void {
    this.#log.close(0);
    const wallMs = this.startedAt === 0 ? 0 : performance.now() - this.startedAt;
    const usage = this.#usage(wallMs, 0, 0);
    const { executionId } = this.context;
    this.#fail(
      createError(code, message, {
        executionId,
        logs: this.#log.entries,
        usage,
        cause,
        retryable,
      }),
      usage,
    );
    this.#leave('unhealthy');
  }

  #complete(output: Record<string, Json>, usage: Usage): void {
    this.#publishEnd('completed', usage);
    const { executionId } = this.context;
    const result = { output, logs: this.#log.entries, usage, executionId };
    this.#conclude(true, result);
  }

  #fail(error: CloisterError, usage: Usage): void {
    this.#publishEnd(error.code, usage);
    this.#conclude(false, error);
  }

  #conclude(completed: boolean, end: RunResult | CloisterError): void {
    const ending = this.#session?.close(completed);
    if (ending === undefined) this.#handOver(end);
    else void ending.then(() => this.#handOver(end));
  }

  /** From here on handlers that still go on do not write into the log. */
  #handOver(end: RunResult | CloisterError): void {
    this.#log.seal();
    if (end instanceof Error) this.#settle.reject(end);
    else this.#settle.resolve(end);
  }

  #failByBreach(breach: CallBreach, usage: Usage): void {
    const { executionId, limits } = this.context;
    const details = { executionId, logs: this.#log.entries, usage };
    const error =
      breach === 'api_call_limit'
        ? createError('api_call_limit', callLimitMessage(limits.apiCalls), details)
        : createError('worker_crashed', divergedMessage, { ...details, retryable: false });
    this.#fail(error, usage);
  }

  #leave(end: VmEnd | undefined): void {
    const vm = this.#vm;
    this.#state = 'settled';
    this.#vm = undefined;
    this.#share.owner.onFinished(this, vm, end);
  }

  get #queueMs(): number {
    const waiting = this.startedAt === 0 ? performance.now() - this.queuedSince : 0;
    return this.#queuedMs + waiting;
  }

  #usage(wallMs: number, cpuMs: number, heapBytes: number): Usage {
    return {
      wallMs: wallMs + this.#spentMs,
      cpuMs,
      heapBytes,
      apiCalls: this.#session?.spent ?? 0,
      queueMs: this.#queueMs,
      queueCause: this.queueCause ?? null,
      attempts: this.#attempts,
      cache: this.#tier,
    };
  }

  #publishStart(worker: number): void {
    const { executionId, tenantId } = this.context;
    const queueMs = this.#queueMs;
    publish('cloister:run:start', () => ({ executionId, tenantId, queueMs, worker }));
  }

  #publishEnd(code: 'completed' | ErrorCode, usage: Usage): void {
    if (this.purpose === 'execute') {
      const { counts } = this.#share;
      counts[code] = (counts[code] ?? 0) + 1;
    }
    if (!isHeard('cloister:run:end')) return;
    publish('cloister:run:end', () => ({
      executionId: this.context.executionId,
      tenantId: this.context.tenantId,
      code,
      usage,
    }));
  }

  #toError(outcome: Extract<Outcome, { status: 'failed' }>, usage: Usage): CloisterError {
    const details = {
      executionId: this.context.executionId,
      logs: this.#log.entries,
      usage,
      line: outcome.line ?? outcome.thrown?.line,
      column: outcome.column ?? outcome.thrown?.column,
    };
    if (outcome.code === 'script_error') {
      const thrown = outcome.thrown ?? plainThrown(outcome.message);
      const { name, message, stack, cause } = this.#masked(thrown);
      return new ScriptError(message, {
        ...details,
        name,
        stack: stack === '' ? `${name}: ${message}` : stack,
        cause: cause === undefined ? undefined : toCause(cause),
      });
    }
    const message = this.#messageOf(outcome);
    const signal = outcome.code === 'cancelled' ? this.context.signal : undefined;
    return createError(outcome.code, message, { ...details, cause: signal?.reason as unknown });
  }

  /** A secret that the run was given does not leave it by way of an error. */
  #masked(thrown: ThrownReport): ThrownReport {
    return {
      ...thrown,
      name: this.#log.masked(thrown.name),
      message: this.#log.masked(thrown.message),
      stack: this.#log.masked(thrown.stack),
      ...(thrown.cause === undefined ? {} : { cause: this.#masked(thrown.cause) }),
    };
  }

  #messageOf(outcome: Extract<Outcome, { status: 'failed' }>): string {
    const { limits } = this.context;
    switch (outcome.code) {
      case 'timeout':
        return this.#timeoutMessage(outcome.message === 'idle');
      case 'cpu_limit':
        return `the run used more than ${limits.cpuMs} ms on a core (cpuMs)`;
      case 'memory_limit':
        return this.#memoryMessage();
      case 'api_call_limit':
        return callLimitMessage(limits.apiCalls);
      case 'output_limit':
        return `the output is larger than ${limits.outputBytes} bytes as JSON (outputBytes)`;
      case 'output_invalid':
        return `the output cannot be written as JSON: ${this.#log.masked(outcome.message)}`;
      case 'cancelled':
        return 'the signal of the run was aborted';
      case 'compilation_error':
        return outcome.message;
      case 'script_error':
      case 'internal_error':
        return `the run could not be carried out: ${outcome.message}`;
    }
  }

  #overdueEnd(): [code: 'timeout' | 'cancelled', message: string, cause?: unknown] {
    if (this.#overdue === 'timeout') return ['timeout', this.#timeoutMessage(false)];
    return ['cancelled', 'the signal of the run was aborted', this.context.signal?.reason];
  }

  #timeoutMessage(idle: boolean): string {
    const waiting = idle ? '; it was waiting for a promise that nothing could settle any more' : '';
    return `the run took longer than ${this.context.limits.timeoutMs} ms (timeoutMs)${waiting}`;
  }

  #memoryMessage(): string {
    return `the run needed more than ${this.context.limits.memoryMb} MiB of memory (memoryMb)`;
  }
}

/** Whether the script came to its end, as opposed to having been ended before it made all of its calls. */
function endedByItself(outcome: Outcome): boolean {
  return outcome.status === 'completed' || ownFailures.has(outcome.code);
}

const ownFailures: ReadonlySet<ErrorCode> = new Set([
  'script_error',
  'output_invalid',
  'output_limit',
]);

/** Where nobody is known to have been executed, all may have been. */
function isAmong(suspects: ReadonlySet<number> | undefined, run: number): boolean {
  return suspects === undefined || suspects.size === 0 || suspects.has(run);
}

const divergedMessage =
  'the run lost its worker over another run, and did not make the same host calls again when it was repeated';
const tooManyCalls =
  'the run lost its worker over another run, and had exchanged too much with host calls to be repeated';

function callLimitMessage(apiCalls: number): string {
  return `the run made more than ${apiCalls} host calls (apiCalls)`;
}

/** The error of a source that is known not to compile. */
export function compilationError(failure: CompilationFailure, executionId: string): CloisterError {
  const { message, line, column } = failure;
  return createError('compilation_error', message, { executionId, line, column });
}

function parseOutput(text: string): Record<string, Json> {
  const output: unknown = JSON.parse(text);
  if (typeof output === 'object' && output !== null && !Array.isArray(output)) {
    return output as Record<string, Json>;
  }
  throw new TypeError('the output is no map');
}

/** What a `settled` message would say of a run of a lane. */
function straight(
  cpuMs: number,
): Pick<SettledMessage, 'waited' | 'longestTurnMs' | 'droppedLogs' | 'compiled'> {
  return { waited: false, longestTurnMs: cpuMs, droppedLogs: 0, compiled: 'kept' };
}

function plainThrown(message: string): ThrownReport {
  return { name: 'Error', message, stack: '' };
}

function toCause(report: ThrownReport): Error {
  const options = report.cause === undefined ? undefined : { cause: toCause(report.cause) };
  const error = new Error(report.message, options);
  error.name = report.name;
  error.stack = report.stack === '' ? `${report.name}: ${report.message}` : report.stack;
  return error;
}

import type { Compiled, LogLine, Outcome, RunMessage, WorkerUsage } from '../protocol/messages.ts';
import { compilationFailure, compileScript, scriptName } from './compile.ts';
import { readGuestState, readPosted, unhandledRejectionLine } from './guest-report.ts';
import type { Cell, LoadedScript, RunRealm, WorkerSource } from './cell.ts';
import type { Realm } from './realm.ts';
import type { Vm } from './vm.ts';
import type { Breach, Watchdog, Watched } from './watchdog.ts';

/** What the worker tells the host of a run that ended. */
export interface Settlement {
  readonly outcome: Outcome;
  readonly usage: WorkerUsage;
  readonly droppedLogs: number;
  readonly compiled: Compiled;
  readonly healthy: boolean;
}

const mebi = 1024 * 1024;

/**
 * One run inside one VM. `execute` settles as soon as the run's end is known; a VM that is not
 * healthy then is closed already, though its thread may still have to stop.
 */
export class Run implements Watched {
  readonly #cell: Cell;
  readonly #vm: Vm;
  readonly #message: RunMessage;
  readonly #source: WorkerSource;
  readonly #watchdog: Watchdog;
  readonly #sendLog: (line: LogLine) => void;
  readonly #started = performance.now();
  #cpuBefore: number;
  readonly #ended = Promise.withResolvers<Outcome>();
  #over = false;
  #executing = true;
  #droppedLogs = 0;
  #heapBytes = 0;
  #compiled: Compiled = 'source';
  /** Why the run still waits, when it does; told if its time runs out. */
  #idle = false;
  cpuMs = 0;

  constructor(
    cell: Cell,
    message: RunMessage,
    source: WorkerSource,
    watchdog: Watchdog,
    sendLog: (line: LogLine) => void,
  ) {
    this.#cell = cell;
    this.#vm = cell.vm;
    this.#message = message;
    this.#source = source;
    this.#watchdog = watchdog;
    this.#sendLog = sendLog;
    this.#cpuBefore = cell.vm.cpuMs;
  }

  get deadline(): number {
    return this.#started + this.#message.limits.timeoutMs;
  }
  get cpuLimitMs(): number {
    return this.#message.limits.cpuMs;
  }
  get memoryBytes(): number {
    return this.#message.limits.memoryMb * mebi;
  }
  get executing(): boolean {
    return this.#executing;
  }

  /** Runs to the end, or to the first breach. Never rejects. */
  async execute(): Promise<Settlement> {
    this.#watchdog.watch(this);
    this.#vm.onCatastrophe = () => this.breach('memory_limit');
    void this.#live().then(
      (outcome) => this.#end(outcome),
      (error: unknown) => this.#end(this.#explain(error)),
    );
    const outcome = await this.#ended.promise;
    this.cpuMs += this.#watchdog.unwatch(this);
    return {
      outcome,
      usage: {
        wallMs: performance.now() - this.#started,
        cpuMs: this.cpuMs,
        heapBytes: this.#vm.isClosed ? 0 : this.#heapBytes,
      },
      droppedLogs: this.#droppedLogs,
      compiled: this.#compiled,
      healthy: !this.#vm.isClosed,
    };
  }

  /** Ends the run at once: the VM is given up, since what it was doing cannot be undone. */
  breach(limit: Breach): void {
    this.#abandon({ status: 'failed', code: limit, message: this.#idle ? 'idle' : '' });
  }

  cancel(): void {
    this.#abandon({ status: 'failed', code: 'cancelled', message: '' });
  }

  #abandon(outcome: Outcome): void {
    if (this.#over) return;
    this.#vm.close();
    this.#end(outcome);
  }

  #end(outcome: Outcome): void {
    this.#over = true;
    this.#ended.resolve(outcome);
  }

  async #live(): Promise<Outcome> {
    const { purpose, realm: kind } = this.#message;
    await this.#cell.wake();
    this.#cpuBefore = this.#vm.cpuMs;
    if (purpose === 'check') return this.#check();
    const opened = await this.#cell.openRealm(kind, this.#source, (text) => this.#receive(text));
    try {
      const loaded = await this.#load(opened);
      if ('status' in loaded) return loaded;
      this.#compiled = loaded.compiled;
      const { context, input } = this.#message;
      const args = [loaded.wrapper, context, input, this.#settings()];
      let state = await this.#turn(opened.realm, 'start', args);
      while (state.kind === 'waiting') {
        await this.#wait(state.timerMs);
        state = await this.#turn(opened.realm, 'timers', []);
      }
      this.#droppedLogs = state.droppedLogs;
      if ((kind === 'hardened' && !state.intact) || this.#isNearlyFull()) this.#vm.close();
      return this.#bounded(state.outcome);
    } finally {
      opened.close();
    }
  }

  /** What the guest needs to know of the run beside its context and input. */
  #settings(): string {
    const { outputBytes, logEntries, logBytes } = this.#message.limits;
    const [seedLow, seedHigh] = crypto.getRandomValues(new Uint32Array(2));
    return JSON.stringify({ outputBytes, logEntries, logBytes, seedLow, seedHigh });
  }

  async #check(): Promise<Outcome> {
    try {
      (await compileScript(this.#vm, this.#source.text, undefined)).script.release();
      return { status: 'completed', output: '{}' };
    } catch (error) {
      return this.#notCompiled(error);
    }
  }

  async #load(opened: RunRealm): Promise<LoadedScript | Outcome> {
    try {
      return await opened.load();
    } catch (error) {
      return this.#notCompiled(error);
    }
  }

  #notCompiled(error: unknown): Outcome {
    return this.#vm.isClosed ? this.#explain(error) : compilationFailure(error, this.#source.text);
  }

  async #turn(realm: Realm, operation: 'start' | 'timers', args: Parameters<Realm['turn']>[1]) {
    this.#executing = true;
    this.#idle = false;
    const turn = await realm.turn(operation, args);
    this.#executing = false;
    this.cpuMs = this.#vm.cpuMs - this.#cpuBefore;
    this.#watchdog.turnEnded(this);
    this.#heapBytes = turn.heapBytes;
    if (turn.unhandled !== undefined && !this.#vm.isClosed) {
      this.#sendLog(unhandledRejectionLine(turn.unhandled.reason, scriptName));
    }
    return readGuestState(turn.state);
  }

  /** Waits for the next timer, or for ever: the watchdog ends what nothing else can. */
  async #wait(timerMs: number | undefined): Promise<void> {
    this.#idle = timerMs === undefined;
    if (timerMs === 0) return;
    await new Promise<void>((resolve) => {
      if (timerMs !== undefined) setTimeout(resolve, Math.ceil(timerMs)).unref();
    });
  }

  #receive(text: string): void {
    if (this.#over) return;
    const posted = readPosted(text);
    if (posted.kind === 'dropped') this.#droppedLogs = posted.count;
    else this.#sendLog(posted.line);
  }

  /** The guest counts characters; what counts is bytes. */
  #bounded(outcome: Outcome): Outcome {
    if (outcome.status !== 'completed') return outcome;
    if (Buffer.byteLength(outcome.output) <= this.#message.limits.outputBytes) return outcome;
    return { status: 'failed', code: 'output_limit', message: '' };
  }

  /** What a call that V8 did not carry out means for the run. */
  #explain(error: unknown): Outcome {
    if (this.#vm.ranOutOfMemory) return { status: 'failed', code: 'memory_limit', message: '' };
    this.#vm.close();
    const message = error instanceof Error ? error.message : 'unknown';
    return { status: 'failed', code: 'internal_error', message };
  }

  /** A VM whose memory is nearly used up is not worth keeping for the next run. */
  #isNearlyFull(): boolean {
    return this.#heapBytes > 0.75 * this.#vm.memoryMb * mebi;
  }
}

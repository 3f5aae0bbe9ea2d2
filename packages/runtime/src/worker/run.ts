import type {
  Compiled,
  HostMessage,
  LogLine,
  Outcome,
  RunMessage,
  WorkerMessage,
  WorkerUsage,
} from '../protocol/messages.ts';
import { turnBegins, turnEnded } from './turn-log.ts';
import { compilationFailure, compileScript, scriptName } from './compile.ts';
import {
  readGuestState,
  readPosted,
  unhandledRejectionLine,
  type GuestState,
} from './guest-report.ts';
import type { Cell, LoadedScript, RunRealm, WorkerSource } from './cell.ts';
import type { Realm, Turn } from './realm.ts';
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

type Waiting = Extract<GuestState, { kind: 'waiting' }>;
type CancelCode = Extract<HostMessage, { type: 'cancel' }>['code'];

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
  readonly #send: (message: WorkerMessage) => void;
  readonly #started = performance.now();
  #cpuBefore: number;
  readonly #ended = Promise.withResolvers<Outcome>();
  #over = false;
  #executing = true;
  #droppedLogs = 0;
  #heapBytes = 0;
  /** Numbers of host calls, their answers and when those came, in turn, since the last turn. */
  readonly #answers: (number | string)[] = [];
  #wake: (() => void) | undefined;
  /** In the turn of answers that is going on, or was last: whether the script called the host. */
  #hasCalled = false;
  /** Whether something has changed that the guest has to be asked for. */
  #isToAsk = false;
  /** Where it is noted that this run is being executed. */
  #slot = -1;
  #compiled: Compiled = 'source';
  /** What the host was told last of where the run is: it takes it to be on a core from the start. */
  #told: 'starts' | 'waits' | 'computes' = 'starts';
  /** Why the run still waits, when it does; told if its time runs out. */
  #idle = false;
  cpuMs = 0;

  constructor(
    cell: Cell,
    message: RunMessage,
    source: WorkerSource,
    watchdog: Watchdog,
    send: (message: WorkerMessage) => void,
  ) {
    this.#cell = cell;
    this.#vm = cell.vm;
    this.#message = message;
    this.#source = source;
    this.#watchdog = watchdog;
    this.#send = send;
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

  computes(): void {
    this.#tell('computes');
  }

  waits(): void {
    this.#tell('waits');
  }

  /** Ends the run because the host says so. */
  cancel(code: CancelCode): void {
    this.#abandon({ status: 'failed', code, message: '' });
  }

  /** Takes the answer of a host call, which goes in with the next turn. */
  answer(call: number, answer: string, at: number): void {
    if (this.#over) return;
    this.#answers.push(call, answer, at);
    this.#wake?.();
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
    this.#slot = turnBegins(this.#message.run);
    try {
      return await this.#carryOut();
    } finally {
      turnEnded(this.#slot);
    }
  }

  async #carryOut(): Promise<Outcome> {
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
        if (this.#answers.length === 0 && !this.#isToAsk) await this.#rest(state);
        state = await this.#next(opened.realm, state);
      }
      this.#heapBytes = this.#cell.heapBytesAfter(this.cpuMs);
      this.#droppedLogs = state.droppedLogs;
      if ((kind === 'hardened' && !state.intact) || this.#isNearlyFull()) this.#vm.close();
      return this.#bounded(state.outcome);
    } finally {
      opened.close();
    }
  }

  /** What the guest needs to know of the run beside its context and input. */
  #settings(): string {
    const { apiCalls, outputBytes, logEntries, logBytes } = this.#message.limits;
    const { startedAt } = this.#message;
    const [seedLow, seedHigh] = this.#message.seed;
    return JSON.stringify({
      startedAt,
      apiCalls,
      outputBytes,
      logEntries,
      logBytes,
      seedLow,
      seedHigh,
    });
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

  /** The turn after a wait: of the answers that have come, or else of a timer. */
  async #next(realm: Realm, before: Waiting): Promise<GuestState> {
    if (this.#answers.length === 0) return this.#turn(realm, 'timers', []);
    const answers = this.#answers.splice(0);
    this.#isToAsk = before.timerMs !== undefined;
    this.#hasCalled = false;
    await this.#execute(() => realm.answer(answers));
    // It has called the host again, and no more than that has happened.
    if (this.#hasCalled && !this.#isToAsk) return before;
    return this.#turn(realm, 'timers', []);
  }

  async #turn(realm: Realm, ...[operation, args]: Parameters<Realm['turn']>): Promise<GuestState> {
    this.#isToAsk = false;
    return readGuestState((await this.#execute(() => realm.turn(operation, args))).state);
  }

  async #execute<Some extends Partial<Turn>>(enter: () => Promise<Some>): Promise<Some> {
    this.#executing = true;
    this.#idle = false;
    const turn = await enter();
    this.#executing = false;
    this.cpuMs = this.#vm.cpuMs - this.#cpuBefore;
    this.#watchdog.turnEnded(this);
    if (turn.unhandled !== undefined && !this.#vm.isClosed) {
      this.#sendLog(unhandledRejectionLine(turn.unhandled.reason, scriptName));
    }
    return turn;
  }

  async #rest(state: Waiting): Promise<void> {
    turnEnded(this.#slot);
    this.#slot = -1;
    // After later turns the watchdog says it, if they were long: there may be many short ones.
    if (this.#told === 'starts' && state.timerMs !== 0) this.waits();
    await this.#wait(state);
    this.#slot = turnBegins(this.#message.run);
  }

  /** Waits for an answer or the next timer, or for ever: the watchdog ends what nothing else can. */
  async #wait({ timerMs, calling }: Waiting): Promise<void> {
    this.#idle = timerMs === undefined && !calling;
    if (timerMs === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (timerMs !== undefined) timer = setTimeout(resolve, Math.ceil(timerMs)).unref();
    });
    this.#wake = undefined;
    clearTimeout(timer);
  }

  #receive(text: string): void {
    if (this.#over) return;
    const posted = readPosted(text);
    const { run } = this.#message;
    switch (posted.kind) {
      case 'dropped':
        this.#droppedLogs = posted.count;
        return;
      case 'line':
        return this.#sendLog(posted.line);
      case 'ask':
        this.#isToAsk = true;
        this.#wake?.();
        return;
      case 'calls':
        this.#hasCalled = true;
        return this.#send({ type: 'calls', run, calls: posted.calls });
      case 'abort-call':
        return this.#send({ type: 'abort-call', run, call: posted.call });
      case 'over-limit':
        return this.#abandon({ status: 'failed', code: 'api_call_limit', message: '' });
      default:
        posted satisfies never;
    }
  }

  #tell(what: 'waits' | 'computes'): void {
    if (this.#over || this.#told === what) return;
    this.#told = what;
    this.#send({ type: what, run: this.#message.run });
  }

  #sendLog(line: LogLine): void {
    this.#send({ type: 'log', run: this.#message.run, lines: [line] });
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

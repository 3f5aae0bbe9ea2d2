import type {
  Compiled,
  HostMessage,
  LogLine,
  Outcome,
  RunMessage,
  WorkerMessage,
  WorkerUsage,
} from '../protocol/messages.ts';
import { residentBound } from '../protocol/resident-bound.ts';
import { ownTurnsBegin, turnBegins, turnEnded } from './turn-log.ts';
import { compilationFailure, compileScript, scriptName } from './compile.ts';
import {
  readGuestState,
  readPosted,
  splitHeld,
  unhandledRejectionLine,
  type GuestState,
} from './guest-report.ts';
import { adviseOnImport } from './import-advice.ts';
import { leavesRoomForTurnNow, maxTurnNowMs } from './turn-now.ts';
import type { Cell, LoadedScript, RunRealm, WorkerSource } from './cell.ts';
import { CutShort, type Realm, type Turn, type TurnOperation } from './realm.ts';
import type { Vm, VmArgument, VmFunction } from './vm.ts';
import type { Breach, Watchdog, Watched } from './watchdog.ts';

/** What the worker tells the host of a run that ended. */
export interface Settlement {
  readonly outcome: Outcome;
  readonly usage: WorkerUsage;
  readonly waited: boolean;
  readonly longestTurnMs: number;
  readonly droppedLogs: number;
  readonly compiled: Compiled;
  readonly healthy: boolean;
}

/** The first turn of a run that is executed among others. */
export interface AdoptedTurn {
  readonly turn: Turn;
  /** As `performance.now` counts. */
  readonly startedAt: number;
  readonly wallMs: number;
  readonly cpuMs: number;
}

type Waiting = Extract<GuestState, { kind: 'waiting' }>;
type CancelCode = Extract<HostMessage, { type: 'cancel' }>['code'];

const mebi = 1024 * 1024;
/** What a short turn takes at most, in milliseconds, and how many make a run a quick one. */
const shortTurnMs = 0.5;
const quickAfter = 20;
/** A run that is cut short is repeated, and what was said to the host and back is kept only so far. */
const maxExchanged = 1024 * 1024;

/**
 * One run inside one VM. A VM that is not healthy when it ends is closed already, though its thread may
 * still have to stop.
 */
export class Run implements Watched {
  readonly #cell: Cell;
  readonly #vm: Vm;
  readonly #message: RunMessage;
  readonly #source: WorkerSource;
  readonly #watchdog: Watchdog;
  readonly #send: (message: WorkerMessage) => void;
  #started = performance.now();
  #cpuBefore: number;
  #ended: (settlement: Settlement | undefined) => void = () => {};
  #over = false;
  #executing = true;
  #waited = false;
  #longestTurnMs = 0;
  #quick: boolean;
  /** Short turns in a row. */
  #shortTurns = 0;
  #droppedLogs = 0;
  #heapBytes = 0;
  /** Numbers of host calls, their answers and when those came, in turn, since the last turn. */
  readonly #answers: (number | string)[] = [];
  /** Characters of its calls and their answers. */
  #exchanged = 0;
  /** Characters of the longest text that goes in or out. */
  #longestText: number;
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
    this.#quick = message.pace === 'quick';
    this.#cpuBefore = cell.vm.cpuMs;
    this.#longestText = Math.max(message.input.length, message.limits.outputBytes);
  }

  get vm(): number {
    return this.#vm.id;
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
  get residentBytes(): number {
    // What goes in or out is there twice for a moment.
    return residentBound(this.#message.limits.memoryMb) + 2 * this.#longestText;
  }
  get executing(): boolean {
    return this.#executing;
  }
  get stopping(): boolean {
    return this.#over && this.#vm.isClosed && this.#vm.callsUnderWay > 0;
  }

  /**
   * Begins. `ended` is called once, as soon as the run's end is known, which for a quick one is most
   * likely before this returns; with nothing when it was cut short and has to be begun again elsewhere.
   */
  begin(ended: (settlement: Settlement | undefined) => void): void {
    this.#ended = ended;
    this.#vm.onCatastrophe = () => this.breach('memory_limit');
    const wrapper = this.#mayBeNow() ? this.#cell.readyWrapper(this.#source.id) : undefined;
    if (wrapper !== undefined) return this.#beginNow(wrapper);
    this.#slot = turnBegins(this.#message.run);
    this.#watchdog.watch(this);
    void this.#live(() => this.#carryOut());
  }

  /**
   * Instead of `begin`, for a run whose first turn this thread has executed among others.
   * @param startedAt - as `performance.now` counts
   */
  adopt(
    { turn, startedAt, cpuMs }: AdoptedTurn,
    ended: (settlement: Settlement | undefined) => void,
  ): void {
    this.#ended = ended;
    this.#vm.onCatastrophe = () => this.breach('memory_limit');
    this.#started = startedAt;
    this.#cpuBefore = this.#vm.cpuMs - cpuMs;
    this.#goOnNow(() => this.#took(turn, cpuMs));
  }

  /** Executes the script up to its end or its first wait, while this thread waits. */
  #beginNow(wrapper: VmFunction): void {
    this.#goOnNow(({ realm }) => this.#turnNow(realm, 'start', this.#arguments(wrapper)));
  }

  #goOnNow(takeTurn: (opened: Pick<RunRealm, 'realm'>) => GuestState): void {
    this.#executing = false;
    this.#compiled = 'kept';
    const opened = this.#cell.openHardened((text) => this.#receive(text));
    let state: GuestState;
    try {
      state = takeTurn(opened);
    } catch (error) {
      return this.#conclude(opened, this.#outcomeOf(error));
    }
    if (state.kind === 'settled') return this.#conclude(opened, this.#settled(state));
    // Given up over a run before it, there is nothing to go on in.
    if (this.#vm.isClosed) return this.#conclude(opened, undefined);
    this.#watchdog.watch(this);
    const waiting = state;
    void this.#live(async () => {
      try {
        return await this.#goOn(opened.realm, waiting);
      } finally {
        opened.close();
      }
    });
  }

  #conclude(opened: Pick<RunRealm, 'close'>, outcome: Outcome | undefined): void {
    opened.close();
    this.#end(outcome);
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
    this.#exchanged += answer.length;
    this.#longestText = Math.max(this.#longestText, answer.length);
    this.#wake?.();
  }

  #abandon(outcome: Outcome): void {
    if (this.#over) return;
    this.#vm.close();
    this.#end(outcome);
  }

  /** @param outcome - undefined when the run was cut short. */
  #end(outcome: Outcome | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.cpuMs += this.#watchdog.unwatch(this);
    if (outcome === undefined) {
      this.#vm.close();
      return this.#ended(undefined);
    }
    this.#ended({
      outcome,
      usage: {
        wallMs: performance.now() - this.#started,
        cpuMs: this.cpuMs,
        heapBytes: this.#vm.isClosed ? 0 : this.#heapBytes,
      },
      waited: this.#waited,
      longestTurnMs: this.#longestTurnMs,
      droppedLogs: this.#droppedLogs,
      compiled: this.#compiled,
      healthy: !this.#vm.isClosed,
    });
  }

  async #live(work: () => Promise<Outcome>): Promise<void> {
    let outcome: Outcome | undefined;
    try {
      outcome = await work();
    } catch (error) {
      outcome = this.#outcomeOf(error);
    } finally {
      turnEnded(this.#slot);
    }
    this.#end(outcome);
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
      const { realm } = opened;
      return await this.#goOn(
        realm,
        await this.#turn(realm, 'start', this.#arguments(loaded.wrapper)),
      );
    } finally {
      opened.close();
    }
  }

  async #goOn(realm: Realm, first: GuestState): Promise<Outcome> {
    let state = first;
    while (state.kind === 'waiting') {
      this.#waited = true;
      if (this.#answers.length === 0 && !this.#isToAsk) await this.#rest(state);
      state = await this.#next(realm, state);
    }
    return this.#settled(state);
  }

  #settled(state: Extract<GuestState, { kind: 'settled' }>): Outcome {
    this.#heapBytes = this.#cell.heapBytesAfter(this.cpuMs);
    this.#droppedLogs = state.droppedLogs;
    const isSpoiled = this.#message.realm === 'hardened' && !state.intact;
    if (isSpoiled || this.#cell.isNearlyFull) this.#vm.close();
    return this.#bounded(adviseOnImport(state.outcome, this.#source.text));
  }

  /** What `start` of guest/run.js takes, in its order. */
  #arguments(wrapper: VmFunction): VmArgument[] {
    const { context, input, startedAt, seed, limits } = this.#message;
    const { apiCalls, outputBytes, logEntries, logBytes } = limits;
    return [
      wrapper,
      context,
      input,
      startedAt,
      seed[0],
      seed[1],
      apiCalls,
      outputBytes,
      logEntries,
      logBytes,
    ];
  }

  async #check(): Promise<Outcome> {
    try {
      (await compileScript(this.#vm, this.#source, undefined)).script.release();
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
    if (this.#mayBeNow()) return this.#turnNow(realm, 'answers', answers);
    this.#isToAsk = before.timerMs !== undefined;
    this.#hasCalled = false;
    await this.#execute(() => realm.answer(answers));
    // It has called the host again, and no more than that has happened.
    if (this.#hasCalled && !this.#isToAsk) return before;
    return this.#turn(realm, 'timers', []);
  }

  async #turn(realm: Realm, ...[operation, args]: Parameters<Realm['turn']>): Promise<GuestState> {
    if (this.#mayBeNow()) return this.#turnNow(realm, operation, args);
    this.#isToAsk = false;
    return readGuestState((await this.#execute(() => realm.turn(operation, args))).state);
  }

  /** Whether this thread may wait for the next turn: not when that could be too long for a limit. */
  #mayBeNow(): boolean {
    const { limits } = this.#message;
    return (
      this.#quick &&
      this.#exchanged < maxExchanged &&
      leavesRoomForTurnNow(this.deadline - performance.now(), limits.cpuMs - this.cpuMs)
    );
  }

  /** @throws {CutShort} */
  #turnNow(realm: Realm, operation: TurnOperation, args: readonly VmArgument[]): GuestState {
    this.#isToAsk = false;
    this.#idle = false;
    ownTurnsBegin([this.#message.run]);
    const turn = realm.turnNow(operation, args, maxTurnNowMs);
    const took = this.#vm.cpuMs - this.#cpuBefore - this.cpuMs;
    this.#watchdog.discount(took);
    return this.#took(turn, took);
  }

  /** A turn is over that was waited for, and took so much time on a core. */
  #took(turn: Turn, cpuMs: number): GuestState {
    const { posted, state } = splitHeld(turn.state);
    for (const text of posted) this.#receive(text);
    this.cpuMs += cpuMs;
    this.#tookTurn(cpuMs);
    this.#tellUnhandled(turn.unhandled);
    return readGuestState(state);
  }

  async #execute<Some extends Partial<Turn>>(enter: () => Promise<Some>): Promise<Some> {
    if (this.#slot < 0) this.#slot = turnBegins(this.#message.run);
    this.#executing = true;
    this.#idle = false;
    const turn = await enter();
    this.#executing = false;
    this.#account(turn);
    this.#watchdog.turnEnded(this);
    return turn;
  }

  #tookTurn(ms: number): void {
    this.#longestTurnMs = Math.max(this.#longestTurnMs, ms);
    this.#shortTurns = ms <= shortTurnMs ? this.#shortTurns + 1 : 0;
    if (this.#message.pace !== 'open' || this.#quick || this.#over) return;
    if (this.#shortTurns < quickAfter) return;
    this.#quick = true;
    this.#send({ type: 'quick', run: this.#message.run });
  }

  #account(turn: Partial<Turn>): void {
    const before = this.cpuMs;
    this.cpuMs = this.#vm.cpuMs - this.#cpuBefore;
    this.#tookTurn(this.cpuMs - before);
    // What fails in a VM that was closed says so in the same way.
    if (!this.#vm.isClosed) this.#tellUnhandled(turn.unhandled);
  }

  #tellUnhandled(unhandled: Turn['unhandled']): void {
    if (unhandled === undefined) return;
    this.#sendLog(unhandledRejectionLine(unhandled.reason, scriptName));
  }

  async #rest(state: Waiting): Promise<void> {
    turnEnded(this.#slot);
    this.#slot = -1;
    // After later turns the watchdog says it, if they were long: there may be many short ones.
    if (this.#told === 'starts' && state.timerMs !== 0) this.waits();
    await this.#wait(state);
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
        this.#exchanged += text.length;
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

  /** @returns undefined when the run was cut short. */
  #outcomeOf(error: unknown): Outcome | undefined {
    return error instanceof CutShort ? undefined : this.#explain(error);
  }

  /** What a call that V8 did not carry out means for the run. */
  #explain(error: unknown): Outcome {
    if (this.#vm.ranOutOfMemory) return { status: 'failed', code: 'memory_limit', message: '' };
    this.#vm.close();
    const message = error instanceof Error ? error.message : 'unknown';
    return { status: 'failed', code: 'internal_error', message };
  }
}

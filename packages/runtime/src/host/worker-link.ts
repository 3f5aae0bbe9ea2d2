import { LRUCache } from 'lru-cache';
import { encodeParts, FrameReader, SurroundedText } from '../protocol/frames.ts';
import type {
  BindingShape,
  CompletedMessage,
  CompletedRun,
  GuestCall,
  HostMessage,
  LogLine,
  RunLimits,
  SettledMessage,
  WorkerMessage,
  WorkerVersions,
} from '../protocol/messages.ts';
import { parseWorkerMessage, ProtocolError } from '../protocol/parse-worker-message.ts';
import { residentBound } from '../protocol/resident-bound.ts';
import { Lookout } from '../protocol/lookout.ts';
import { scriptPrefix, scriptSuffix } from '../protocol/script-wrapper.ts';
import type { DatedAnswer } from './call-record.ts';
import type { Source } from './compilation-cache.ts';
import { OpenLanes } from './open-lanes.ts';
import { RunsUnderWay } from './runs-under-way.ts';
import { TurnMemory, type TurnTaker } from './turn-memory.ts';
import type { StartWorker, WorkerChannel, WorkerExit } from './worker-process.ts';

/** A run as the link sees it: who wants to hear of it. */
export interface LinkedRun {
  readonly id: number;
  onLog(lines: readonly LogLine[]): void;
  onCalls(calls: readonly GuestCall[]): void;
  onCallAborted(call: number): void;
  /** It is not on a core any more. */
  onWaits(): void;
  /** It has been on a core for a while. */
  onComputes(): void;
  onSettled(message: SettledMessage): void;
  /** Instead of `onSettled`, of a run in a lane that has waited for nothing and written nothing. */
  onCompleted(end: CompletedRun, lane: Pick<CompletedMessage, 'heapBytes' | 'healthy'>): void;
  /** The worker did not carry it out, and says whether it had begun to. Comes instead of `onSettled`. */
  onReturned(begun: boolean): void;
  readonly mayBeReturned: boolean;
  /** A worker had to be killed over it, perhaps after it was settled. */
  onBlamed(): void;
  /** The worker is gone. Comes instead of `onSettled`. */
  onLost(loss: WorkerLoss): void;
}

type Outgoing =
  | HostMessage
  | { readonly type: 'add-source'; readonly source: number; readonly text: SurroundedText };

/** Why a worker is gone, and who is to blame. */
export interface WorkerLoss {
  /**
   * - `killed`: by us, over a run or VM that could not be stopped; `culprit` is that run.
   * - `fatal`: V8 gave up the process over something that a run in it did.
   * - `crashed`: anything else, such as a signal from outside.
   */
  readonly kind: 'killed' | 'fatal' | 'crashed' | 'closed';
  readonly culprit: LinkedRun | undefined;
  /** The runs that it may have died of: those that it was executing. Undefined when all may be. */
  readonly suspects: ReadonlySet<number> | undefined;
  readonly outOfMemory: boolean;
  readonly reason: string;
  /** The last words of the process, for the embedder only: they may name paths. */
  readonly lastWords: string;
}

/** What the owner of a link is told. It throws a `ProtocolError` over a VM that the worker may not speak of. */
export interface WorkerLinkEvents {
  onReady(versions: WorkerVersions): void;
  onVmReady(vm: number): void;
  onVmFailed(vm: number, reason: string): void;
  onVmGone(vm: number): void;
  /** @returns the run that was in it. */
  onVmOutgrown(vm: number): LinkedRun;
  /** V8's code of a source, as this worker made it for a run that was to send it. */
  onCode(source: Source, code: Uint8Array): void;
  /** It is dead: nothing is to be sent to it any more. Its runs are told next. */
  onDead(): void;
  /** The last event, and always one; every run has been told before. */
  onLost(loss: WorkerLoss): void;
}

/** What V8 and isolated-vm write before they abort for want of memory. */
const outOfMemoryWords =
  /out of memory|is_heap_oom = 1|allocation failed|invalid (array|table) (size|length)/i;
/** As a frame, as a text and on its way into the VM, of two bytes each perhaps. */
const copiesOfText = 8;
/** In milliseconds; each is asked every second. */
const muteMs = 500;
const maxFrameBytes = 256 * 1024 * 1024;
const maxSourceCharacters = 64 * 1024 * 1024;

/**
 * The host's end of one worker: frames, messages and the runs under way in it. What the worker says
 * is checked; a message that breaks the protocol ends it. Owned by the pool.
 */
export class WorkerLink implements TurnTaker {
  readonly id: number;
  readonly #events: WorkerLinkEvents;
  readonly #process: WorkerChannel;
  readonly #reader = new FrameReader(maxFrameBytes);
  readonly #runs = new RunsUnderWay();
  readonly #turnMemory = new TurnMemory(this);
  /** The largest limit of memory of its VMs. */
  #memoryMb = 0;
  /** Pieces that it has sent. */
  #heard = 0;
  /** Sources that the worker has, and whether it has V8's code of them, too. */
  readonly #sources: LRUCache<number, { readonly length: number; hasCode: boolean }>;
  /** Sources whose code the worker was asked for, and how often it may still send it. */
  readonly #codeWanted = new Map<number, { readonly source: Source; times: number }>();
  /** When the first ping went out that nothing has come after; 0 when there is none. */
  #askedAt = 0;
  #tooLarge = false;
  readonly #lookout = new Lookout();
  #outgoing: Outgoing[] = [];
  readonly #lanes = new OpenLanes();
  #state: 'starting' | 'ready' | 'dead' = 'starting';
  #isReferenced = true;
  #isReleasing = false;
  #killed: Pick<WorkerLoss, 'kind' | 'culprit' | 'reason'> | undefined;

  constructor(
    id: number,
    given: {
      readonly startWorker: StartWorker;
      readonly sourcesKept: number;
      readonly bindings: readonly BindingShape[];
    },
    events: WorkerLinkEvents,
  ) {
    this.id = id;
    this.#events = events;
    this.#sources = new LRUCache({
      max: given.sourcesKept,
      maxSize: maxSourceCharacters,
      sizeCalculation: ({ length }) => length + 1,
      dispose: (_kept, source) => this.#send({ type: 'drop-source', source }),
    });
    this.#process = given.startWorker({
      onData: (piece) => this.#read(piece),
      onExit: (exit) => this.#lost(exit),
    });
    this.#send({ type: 'bindings', bindings: given.bindings });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Of a process of the worker's session, also while it starts. */
  get sessionPid(): number | undefined {
    return this.#process.sessionPid;
  }

  get isReady(): boolean {
    return this.#state === 'ready';
  }

  get runCount(): number {
    return this.#runs.size;
  }

  /** Runs in it that are on a core, or on their way there, as opposed to waiting. */
  get busyCount(): number {
    return this.#runs.busyCount;
  }

  /** Runs in it that have been on a core for a while. */
  get computingCount(): number {
    return this.#runs.computingCount;
  }

  createVm(vm: number, memoryMb: number): void {
    this.#memoryMb = Math.max(this.#memoryMb, memoryMb);
    this.#send({ type: 'create-vm', vm, memoryMb });
  }

  destroyVm(vm: number): void {
    this.#send({ type: 'destroy-vm', vm });
  }

  /**
   * Sends a source ahead of a run that is likely to come here, unless this worker has it. At once,
   * so that it is on its way while the host is busy with the rest.
   */
  sendSource(source: Source): void {
    this.#kept(source);
    this.#flush();
  }

  /** Starts a run; source and code travel only when this worker does not have them. */
  startRun(
    run: LinkedRun,
    source: Source,
    code: Uint8Array | undefined,
    message: Omit<Extract<HostMessage, { type: 'run' }>, 'type' | 'run' | 'source'>,
  ): void {
    this.#prepare(run, source, code, message.pace === 'quick', message.input.length);
    if (message.codeWanted) this.wantCode(source);
    this.#send({ ...message, type: 'run', run: run.id, source: source.id });
  }

  /** Starts a run that is likely to be over at once, in a VM that has its script, among others like it. */
  startInLane(
    run: LinkedRun,
    source: Source,
    code: Uint8Array | undefined,
    vm: number,
    context: string,
    limits: RunLimits,
    line: string,
  ): void {
    this.#prepare(run, source, code, true, line.length);
    const head = { vm, source: source.id, context, limits };
    if (!this.#lanes.join(head, run.id, line)) this.#send(this.#lanes.open(head, run.id, line));
  }

  #prepare(
    run: LinkedRun,
    source: Source,
    code: Uint8Array | undefined,
    isQuick: boolean,
    characters: number,
  ): void {
    const kept = this.#kept(source);
    if (code !== undefined && !kept.hasCode) {
      this.#send({ type: 'add-code', source: source.id, bytes: code });
      kept.hasCode = true;
    }
    this.#reference();
    this.#runs.add(run, characters);
    if (isQuick) this.#becameQuick(run.id);
  }

  /** Lets the worker send V8's code of a source once more. */
  wantCode(source: Source): void {
    const wanted = this.#codeWanted.get(source.id);
    if (wanted === undefined) this.#codeWanted.set(source.id, { source, times: 1 });
    else wanted.times++;
  }

  /** Makes the worker forget a source whose code V8 refused. */
  dropSource(source: Source): void {
    this.#sources.delete(source.id);
  }

  answerCall(run: number, { call, answer, at }: DatedAnswer): void {
    this.#runs.addCharacters(run, answer.length);
    this.#send({ type: 'answer', run, call, answer, at });
  }

  /** Has a run ended from outside; the worker settles it with `code`. */
  cancelRun(run: number, code: 'cancelled' | 'api_call_limit' | 'internal_error'): void {
    this.#send({ type: 'cancel', run, code });
  }

  /** Kills the process, because `culprit` could not be stopped in any other way. */
  kill(culprit: LinkedRun | undefined, reason: string): void {
    this.#end('killed', reason, culprit);
  }

  /** Kills the process because it has grown too large; what it executes is to blame. */
  killForMemory(maxMb: number): void {
    this.#tooLarge = true;
    this.#end('fatal', `it took more than ${maxMb} MiB (maxWorkerMb)`);
  }

  /** Kills the process, whose own thread does not come back from a run that it executes. */
  killForSilence(ms: number): void {
    this.#end('fatal', `a turn that it waited for went on for more than ${ms} ms`);
  }

  /** Whether its own thread may be executing a script. */
  get mayBeWaiting(): boolean {
    return this.#runs.quickCount > 0;
  }

  get heard(): number {
    return this.#heard;
  }

  /** Of a quick run, and of those that are on a core besides, and for what was sent to them. */
  get turnBytes(): number {
    const { busyCount, quickCount, quickCharacters } = this.#runs;
    const others = Math.max(0, busyCount - quickCount);
    return (1 + others) * residentBound(this.#memoryMb) + copiesOfText * quickCharacters;
  }

  /** What it executes is tried once more where it is watched closely, which also brings back its logs. */
  outgrew(): void {
    this.#end('fatal', 'a turn that it waited for took too much memory');
  }

  /** Asks for a sign of life, unless there was one lately. */
  ping(): void {
    if (this.#askedAt === 0) this.#askedAt = performance.now();
    this.#send({ type: 'ping' });
  }

  /** How long it has left a ping unanswered and said nothing else, in milliseconds. */
  get silentMs(): number {
    return this.#askedAt === 0 ? 0 : performance.now() - this.#askedAt;
  }

  /** Whether it has not answered for so long that runs go to it only when no other worker has room. */
  get isMute(): boolean {
    return this.silentMs > muteMs;
  }

  /** Ends the worker at the end of the runtime's life. */
  close(): void {
    this.#reference();
    this.#end('closed', 'the runtime was shut down');
  }

  /** Kills the process; the first reason to do so is the one that is told. */
  #end(kind: WorkerLoss['kind'], reason: string, culprit?: LinkedRun): void {
    this.#killed ??= { kind, culprit, reason };
    this.#process.kill();
  }

  #kept({ id, text }: Source): { hasCode: boolean } {
    let kept = this.#sources.get(id);
    if (kept === undefined) {
      kept = { length: text.length, hasCode: false };
      const wrapped = new SurroundedText(scriptPrefix, text, scriptSuffix);
      this.#send({ type: 'add-source', source: id, text: wrapped });
      this.#sources.set(id, kept);
    }
    return kept;
  }

  #send(message: Outgoing): void {
    if (this.#state === 'dead') return;
    if (this.#outgoing.length === 0) setImmediate(() => this.#flush());
    this.#outgoing.push(message);
  }

  #flush(): void {
    const messages = this.#outgoing;
    this.#outgoing = [];
    this.#lanes.clear();
    this.#process.write(encodeParts(messages));
    if (this.#runs.size > 0) this.#lookout.expect(this.#runs.size);
  }

  #read(piece: Buffer): void {
    if (this.#killed !== undefined) return;
    this.#askedAt = 0;
    this.#heard++;
    this.#lookout.heard();
    try {
      for (const message of this.#reader.read(piece)) this.#handle(parseWorkerMessage(message));
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unreadable';
      // Some run in it did that; the others are carried on elsewhere.
      this.#end('fatal', `it broke the protocol: ${reason}`);
    }
  }

  #handle(message: WorkerMessage): void {
    switch (message.type) {
      case 'ready':
        if (this.isReady) throw new ProtocolError('it was ready already');
        this.#state = 'ready';
        this.#isReferenced = false;
        this.#process.setReferenced(false);
        return this.#events.onReady(message.versions);
      case 'unusable':
        return this.#end('crashed', message.reason);
      case 'pong':
        return;
      case 'vm-ready':
        return this.#events.onVmReady(message.vm);
      case 'vm-failed':
        return this.#events.onVmFailed(message.vm, message.reason);
      case 'vm-gone':
        return this.#events.onVmGone(message.vm);
      case 'vm-outgrown':
        return this.#vmOutgrown(message.vm);
      case 'outgrown':
        return this.#end('fatal', 'its runs took too much memory together');
      case 'code':
        return this.#events.onCode(this.#wantedSource(message.source), message.bytes);
      case 'log':
        return this.#runs.get(message.run)?.onLog(message.lines);
      case 'calls':
        return this.#runs.get(message.run)?.onCalls(message.calls);
      case 'waits':
        return this.#runs.move(message.run, 'rest')?.onWaits();
      case 'computes':
        return this.#runs.move(message.run, 'work')?.onComputes();
      case 'abort-call':
        return this.#runs.get(message.run)?.onCallAborted(message.call);
      case 'quick':
        return this.#becameQuick(message.run);
      case 'returned': {
        const run = this.#runOf(message.run);
        if (!run.mayBeReturned) throw new ProtocolError('a run came back twice');
        this.#forget(message.run);
        return run.onReturned(message.begun);
      }
      case 'settled': {
        // Forgotten only when it has taken the message: one that it refuses ends the worker, and then
        // it hears of the loss.
        this.#runOf(message.run).onSettled(message);
        return this.#forget(message.run);
      }
      case 'completed':
        return this.#completed(message);
      default:
        message satisfies never;
    }
  }

  #completed(message: CompletedMessage): void {
    for (const end of message.runs) {
      const [id] = end;
      this.#runOf(id).onCompleted(end, message);
      this.#forget(id);
    }
  }

  /** A run that is to end is one that was sent here and has not ended; other words of one may be late. */
  #runOf(id: number): LinkedRun {
    const run = this.#runs.get(id);
    if (run === undefined) throw new ProtocolError('the end of a run that it does not have');
    return run;
  }

  /** It kills itself, but it may be a while until that is known. */
  #vmOutgrown(vm: number): void {
    const culprit = this.#events.onVmOutgrown(vm);
    this.kill(culprit, 'a VM in it took more and more memory and could not be stopped');
  }

  /** Code is taken only of a source that this worker was asked for: it will be run by others. */
  #wantedSource(id: number): Source {
    const wanted = this.#codeWanted.get(id);
    if (wanted === undefined) throw new ProtocolError('code that nobody asked for');
    if (--wanted.times === 0) this.#codeWanted.delete(id);
    return wanted.source;
  }

  #becameQuick(id: number): void {
    if (this.#runs.becameQuick(id)) this.#turnMemory.begin();
  }

  #forget(id: number): void {
    this.#runs.delete(id);
    if (this.#runs.size === 0) this.#releaseSoon();
  }

  /** A worker with a run in it keeps the process of the embedder alive. */
  #reference(): void {
    if (this.#isReferenced) return;
    this.#isReferenced = true;
    this.#process.setReferenced(true);
  }

  /** Not before it is seen whether another run follows at once. */
  #releaseSoon(): void {
    if (this.#isReleasing) return;
    this.#isReleasing = true;
    setImmediate(() => {
      this.#isReleasing = false;
      // Whoever has it ended waits for its end.
      if (this.#runs.size > 0 || this.#state !== 'ready' || this.#killed !== undefined) return;
      this.#isReferenced = false;
      this.#process.setReferenced(false);
    });
  }

  #lost(exit: WorkerExit): void {
    this.#state = 'dead';
    this.#turnMemory.close();
    const runs = this.#runs.clear();
    const loss: WorkerLoss = {
      ...(this.#killed ?? describeExit(exit)),
      lastWords: exit.lastWords.trim(),
      suspects: exit.executing,
      outOfMemory: this.#tooLarge || exit.outOfMemory || outOfMemoryWords.test(exit.lastWords),
    };
    // First, so that no run that ends now makes room for another in this very worker.
    this.#events.onDead();
    loss.culprit?.onBlamed();
    for (const run of runs) run.onLost(loss);
    this.#events.onLost(loss);
  }
}

function describeExit(exit: WorkerExit): Pick<WorkerLoss, 'kind' | 'culprit' | 'reason'> {
  if (exit.outOfMemory) {
    const reason = 'the kernel ended it, for it took far more memory than maxWorkerMb';
    return { kind: 'fatal', culprit: undefined, reason };
  }
  // V8 and Node write before they abort; a signal from outside leaves no words.
  const fatal = exit.signal !== 'SIGKILL' && exit.lastWords.trim() !== '';
  const how = exit.signal === null ? `exit status ${exit.code}` : `signal ${exit.signal}`;
  return { kind: fatal ? 'fatal' : 'crashed', culprit: undefined, reason: how };
}

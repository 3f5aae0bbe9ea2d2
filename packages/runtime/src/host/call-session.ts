import { BindingError, type Binding, type BindingCall, type BindingRun } from '../bindings.ts';
import { contextText, type ResolvedContext } from '../context.ts';
import { ProtocolError } from '../protocol/fields.ts';
import { maxArgumentCharacters, maxOpenCalls, type GuestCall } from '../protocol/messages.ts';
import type { BindingTable, TableMethod } from './binding-table.ts';
import { readArguments, requireHarmless } from './call-arguments.ts';
import { CallGate } from './call-gate.ts';
import { CallRecord, type DatedAnswer, type RecordTotal } from './call-record.ts';
import { answerCall, failureAnswer } from './call-handling.ts';
import type { Deadlines } from './deadlines.ts';
import { publish } from './events.ts';
import type { FairTurns } from './fair-turns.ts';
import type { RunLog } from './run-log.ts';
import { waitWithin } from './wait-within.ts';

/** What the runtime counts of the calls of all runs. */
export interface CallCounts {
  made: number;
  failed: number;
  running: number;
}

/** What the sessions of a runtime have in common. */
export interface CallSessionShare {
  readonly table: BindingTable;
  readonly deadlines: Deadlines;
  readonly counts: CallCounts;
  readonly recorded: RecordTotal;
  readonly turns: FairTurns;
  /** What `onRunEnd` of the bindings is still doing for runs that are over. */
  readonly ending: Set<Promise<void>>;
}

/** Why a run cannot go on after a call. */
export type CallBreach = 'api_call_limit' | 'diverged';

const maxRunEndMs = 10_000;
/** Handlers of one run that go on at a time, those that were given up and do not end included. */
const maxHandlers = 2 * maxOpenCalls;

/**
 * The host calls of one run, through all its attempts: counts them, has them answered and remembers
 * them. Owned by the execution, which closes it.
 */
export class CallSession {
  readonly #shared: CallSessionShare;
  readonly #table: BindingTable;
  readonly #context: ResolvedContext;
  readonly #log: RunLog;
  readonly #deadlines: Deadlines;
  readonly #counts: CallCounts;
  readonly #deliver: (answer: DatedAnswer) => void;
  readonly #record: CallRecord;
  readonly #open = new Map<number, AbortController>();
  readonly #places = new CallGate(maxHandlers);
  readonly #made = new Map<Binding, number>();
  #run: BindingRun | undefined;
  #spent = 0;
  #lastCall = 0;

  constructor(
    shared: CallSessionShare,
    context: ResolvedContext,
    log: RunLog,
    deliver: (answer: DatedAnswer) => void,
  ) {
    this.#shared = shared;
    this.#record = new CallRecord(shared.recorded);
    this.#table = shared.table;
    this.#deadlines = shared.deadlines;
    this.#counts = shared.counts;
    this.#context = context;
    this.#log = log;
    this.#deliver = deliver;
  }

  /** What the calls came to, as `apiCalls` counts. */
  get spent(): number {
    return this.#spent;
  }

  /**
   * Takes a call in; its answer is delivered later.
   * @throws {ProtocolError} for a call that no guest of ours makes.
   */
  begin({ call, binding, method, args }: GuestCall): CallBreach | undefined {
    const target = this.#table.find(binding, method);
    if (target === undefined) throw new ProtocolError('call of a method that does not exist');
    if (args.length > maxArgumentCharacters) throw new ProtocolError('arguments are too long');
    const list = readArguments(args);
    const key = `${binding},${method},${args}`;
    if (this.#record.isReplaying) return this.#replay(call, key);
    if (call <= this.#lastCall) throw new ProtocolError('call number was used before');
    if (this.#open.size >= maxOpenCalls) throw new ProtocolError('too many open calls');
    this.#lastCall = call;
    const cost = target.method.cost ?? 1;
    if (this.#spent + cost > this.#context.limits.apiCalls) return 'api_call_limit';
    this.#spent += cost;
    this.#record.add(call, key);
    void this.#answer(call, target, list);
    return undefined;
  }

  /** A line of the log that a method of a binding wrote. */
  onLine(binding: number, method: number, message: string, data: readonly unknown[]): void {
    const target = this.#table.find(binding, method);
    if (target?.method.logLevel === undefined) throw new ProtocolError('line of no log method');
    void this.#tell(target, message, data);
  }

  async #tell(target: TableMethod, message: string, data: readonly unknown[]): Promise<void> {
    const { signal } = new AbortController();
    try {
      await target.method.handler({ ...this.run, signal }, message, ...data);
    } catch (error) {
      this.#report(target.binding, target.name, error);
    }
  }

  /**
   * The script does not want the answer any more. It gets an empty one, at once: only then may it
   * make another call in the place of this one, so that it cannot make calls faster than they are read.
   */
  abort(call: number): void {
    const controller = this.#open.get(call);
    // Otherwise its answer is on its way, or will be when the replay comes to it.
    if (controller === undefined && !this.#record.isUnanswered(call)) return;
    this.#open.delete(call);
    controller?.abort(new DOMException('the script gave the call up', 'AbortError'));
    this.#deliver({ call, answer: '+', at: Date.now() });
  }

  /** The run is to begin again in another VM. @returns false when that is not possible. */
  rewind(): boolean {
    return this.#record.rewind();
  }

  /** Whether the script ended without a call that an earlier attempt had made. */
  get hasCallsAhead(): boolean {
    return this.#record.hasCallsAhead;
  }

  /** Ends what is still going on. @returns what has to be waited for, if there is anything. */
  close(completed: boolean): Promise<void> | undefined {
    this.#record.close();
    if (this.#lastCall === 0) return undefined;
    this.#abortAll();
    const hooks = [...this.#made.keys()].filter((binding) => 'onRunEnd' in binding);
    if (hooks.length === 0) return undefined;
    const { ending } = this.#shared;
    const ended = this.#runHooks(hooks, completed).finally(() => ending.delete(ended));
    ending.add(ended);
    return ended;
  }

  #abortAll(): void {
    if (this.#open.size === 0) return;
    const reason = new DOMException('the run is over', 'AbortError');
    for (const controller of this.#open.values()) controller.abort(reason);
    this.#open.clear();
  }

  get run(): BindingRun {
    this.#run ??= this.#describeRun();
    return this.#run;
  }

  #replay(call: number, key: string): CallBreach | undefined {
    const due = this.#record.meet(call, key);
    if (due === undefined) return 'diverged';
    for (const answer of due) this.#deliver(answer);
    return undefined;
  }

  async #answer(id: number, target: TableMethod, args: readonly unknown[]): Promise<void> {
    const controller = new AbortController();
    this.#open.set(id, controller);
    const made = (this.#made.get(target.binding) ?? 0) + 1;
    this.#made.set(target.binding, made);
    this.#counts.made++;
    this.#counts.running++;
    let answer: string;
    try {
      requireHarmless(args, target.path);
      const call: BindingCall = { ...this.run, signal: controller.signal };
      const places = this.#places;
      const { turns } = this.#shared;
      const under = { target, args, call, made, controller, places, turns };
      answer = await answerCall(under, this.#deadlines);
    } catch (error) {
      this.#counts.failed++;
      // What was given up, by script or run, is no failure of the handler's.
      if (hasHiddenPart(error) && !controller.signal.aborted) {
        this.#report(target.binding, target.name, error);
      }
      answer = failureAnswer(target, error);
    }
    this.#counts.running--;
    if (!this.#open.delete(id)) return;
    const dated = { call: id, answer, at: Date.now() };
    if (this.#record.answered(dated)) this.#deliver(dated);
  }

  async #runHooks(bindings: readonly Binding[], completed: boolean): Promise<void> {
    const ended = bindings.map(async (binding) => {
      try {
        await binding.onRunEnd?.(this.run, completed);
      } catch (error) {
        this.#report(binding, undefined, error);
      }
    });
    await waitWithin(maxRunEndMs, Promise.all(ended));
  }

  /** Tells the host, and nobody else. `method` is undefined for `onRunEnd`. */
  #report({ name: binding }: Binding, method: string | undefined, error: unknown): void {
    const { executionId, tenantId } = this.#context;
    publish('cloister:binding:error', () => ({ executionId, tenantId, binding, method, error }));
  }

  #describeRun(): BindingRun {
    const { limits, depth } = this.#context;
    const { tenant, user, execution } = JSON.parse(contextText(this.#context)) as Pick<
      BindingRun,
      'tenant' | 'user' | 'execution'
    >;
    return Object.freeze({
      tenant: Object.freeze(tenant),
      user,
      execution: Object.freeze({ ...execution, depth }),
      limits,
      log: this.#log.writer,
      mask: (secret: string) => this.#log.mask(secret),
    });
  }
}

/** Whether there is more to an error than what the script gets to see of it. */
function hasHiddenPart(error: unknown): boolean {
  return !(error instanceof BindingError) || error.cause !== undefined;
}

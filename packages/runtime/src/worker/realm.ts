import type { RealmKind } from '../protocol/messages.ts';
import { readGuest, type GuestProgram } from './guest-program.ts';
import { guestName } from './guest-text.ts';
import { webServices } from './web-services.ts';
import {
  codeBytes,
  toCode,
  type Code,
  type CompiledScript,
  type Context,
  type Vm,
  type VmArgument,
  type VmFunction,
} from './vm.ts';

const guest = readGuest();
const guestOrigin = { filename: guestName };
/** V8's code of the guest, made in a VM where it had run: the first of this process, or one of the build. */
let guestCode: Code | undefined = guest.code === undefined ? undefined : toCode(guest.code);
let isBuilt = guestCode !== undefined;
/** The ways to all intrinsics with the bindings of this process, found by its first VM. */
let hardenPlan = '';

/** Makes V8's code of the guest anew, with the functions that have run in this VM by now, unless it came so. */
export async function rememberGuest(vm: Vm): Promise<void> {
  if (isBuilt) return;
  guestCode = await vm.codeOf(guest.text, guestOrigin);
}

/** The guest, and what the VMs of this process have found out about it. */
export function guestKept(): GuestProgram {
  const kept = { text: guest.text, plan: hardenPlan };
  return guestCode === undefined ? kept : { ...kept, code: codeBytes(guestCode) };
}

/** What isolated-vm throws when a call has taken its time. A script may throw the same, to its own harm. */
const timedOut = 'Script execution timed out.';

/** Of what a heap may take: enough for V8 to act, and less than it may. */
const compactingShare = 0.6;

/** The ways into the guest that execute code of the script. */
export type TurnOperation = 'start' | 'first' | 'answers' | 'timers';

/** A turn for which the process waited was not as short as it had to be, or cost the VM. */
export class CutShort extends Error {}

/** What the guest's `drain` said, and the reason of a promise that nobody handled. */
export interface Turn {
  readonly state: string;
  /** Present when there was one; it may have been rejected with undefined. */
  readonly unhandled?: { readonly reason: unknown } | undefined;
}

/**
 * A global environment with the guest in it: the hardened one of a VM, which lives as long as the
 * VM does, or a fresh one, which is closed after its run.
 * `post` is called with each line that the guest sends; what it sends is not to be trusted.
 */
export class Realm {
  readonly #vm: Vm;
  readonly #context: Context;
  readonly #dispatch: VmFunction;

  private constructor(vm: Vm, context: Context, dispatch: VmFunction) {
    this.#vm = vm;
    this.#context = context;
    this.#dispatch = dispatch;
  }

  /** @param bindings - shapes of the bindings, as JSON: the same for all realms of a process. */
  static async open(
    vm: Vm,
    kind: RealmKind,
    bindings: string,
    post: (text: string) => void,
  ): Promise<Realm> {
    const context = await vm.createContext();
    const boot = await vm.compile(
      guest.text,
      guestCode === undefined ? guestOrigin : { ...guestOrigin, cachedData: guestCode },
    );
    // Of another V8 than this one, or of other flags.
    if (boot.cachedDataRejected === true) {
      guestCode = undefined;
      isBuilt = false;
    }
    // What a built guest says of realms without bindings is true of no others.
    if (hardenPlan === '' && bindings === '[]') hardenPlan = guest.plan ?? '';
    const install = await vm.evaluate(boot, context);
    boot.release();
    const dispatch = await vm.callForFunction(install, [
      { post },
      { ask: webServices() },
      kind,
      hardenPlan,
      bindings,
    ]);
    install.release();
    if (guestCode === undefined) await rememberGuest(vm);
    if (kind === 'hardened' && hardenPlan === '') {
      hardenPlan = String(await vm.call(dispatch, ['plan', 0, 0]));
    }
    return new Realm(vm, context, dispatch);
  }

  /** Evaluates a script's wrapper, which runs nothing of the script yet. */
  evaluate(script: CompiledScript): Promise<VmFunction> {
    return this.#vm.evaluate(script, this.#context);
  }

  /** The same while this thread waits. */
  evaluateNow(script: CompiledScript): VmFunction {
    return this.#vm.evaluateNow(script, this.#context);
  }

  /**
   * One turn: enters the guest, lets the microtasks run, and asks what became of the run.
   * The calls travel together and run back to back in the VM's thread.
   */
  async turn(operation: 'start' | 'timers', args: readonly VmArgument[]): Promise<Turn> {
    const now = performance.now();
    const [entered, drained] = await Promise.allSettled([
      this.#vm.call(this.#dispatch, [operation, now, 0, ...args]),
      this.#vm.call(this.#dispatch, ['drain', now, 0]),
    ]);
    if (drained.status === 'rejected') throw drained.reason;
    if (typeof drained.value !== 'string') throw new TypeError('guest drained no string');
    const state = drained.value;
    if (entered.status === 'fulfilled') return { state };
    return { state, unhandled: { reason: entered.reason as unknown } };
  }

  /**
   * One turn, for which the process waits.
   * @throws {CutShort} when it did not come to its end within `maxMs`; the VM is of no use then.
   */
  turnNow(operation: TurnOperation, args: readonly VmArgument[], maxMs: number): Turn {
    const now = performance.now();
    const unhandled = this.enterNow(operation, now, args, maxMs);
    return { state: this.drainNow(now), unhandled };
  }

  /**
   * Enters the guest and lets the microtasks run, while the process waits.
   * @returns what nobody handled.
   * @throws {CutShort}
   */
  enterNow(
    operation: TurnOperation,
    now: number,
    args: readonly VmArgument[],
    maxMs: number,
  ): Turn['unhandled'] {
    try {
      this.#vm.callNow(this.#dispatch, [operation, now, 1, ...args], maxMs);
      return undefined;
    } catch (error) {
      return this.#unhandledOf(error);
    }
  }

  /**
   * Ends the turn of a run and begins another run of the same script, if the one before is over in every
   * respect.
   * @returns what became of the run before, and what nobody handled of the other, if that was begun.
   * @throws {CutShort} of which of the two is not known.
   */
  nextNow(
    now: number,
    run: string,
    maxMs: number,
  ): { readonly state: string; readonly begun: boolean; readonly unhandled: Turn['unhandled'] } {
    let answer: unknown;
    try {
      answer = this.#vm.callNow(this.#dispatch, ['next', now, 1, run], maxMs);
    } catch (error) {
      const unhandled = this.#unhandledOf(error);
      return { state: this.#askNow('kept', now), begun: true, unhandled };
    }
    const state = toText(answer);
    const begun = state[0] !== '!';
    return { state: begun ? state : state.slice(1), begun, unhandled: undefined };
  }

  /**
   * Executes runs of a script that has no word for anything that waits, all in one entry.
   * @param args - as guest/together.js takes them.
   * @returns what the guest says of those that came to their end; undefined when one of them left something
   *   behind that was rejected, so that nothing is known of any.
   * @throws {CutShort} of which of them is not known.
   */
  togetherNow(args: readonly VmArgument[], maxMs: number): string | undefined {
    let answer: unknown;
    try {
      answer = this.#vm.callNow(this.#dispatch, ['together', performance.now(), 1, ...args], maxMs);
    } catch (error) {
      this.#unhandledOf(error);
      return undefined;
    }
    return toText(answer);
  }

  /** What became of a run after a turn that the process waited for. @throws {CutShort} */
  drainNow(now: number): string {
    return this.#askNow('drain', now);
  }

  #unhandledOf(error: unknown): { readonly reason: unknown } {
    if (this.#vm.isClosed || (error as Partial<Error> | undefined)?.message === timedOut) {
      throw new CutShort();
    }
    return { reason: error };
  }

  #askNow(operation: 'drain' | 'kept', now: number): string {
    let state: unknown;
    try {
      state = this.#vm.callNow(this.#dispatch, [operation, now, 1], 0);
    } catch {
      throw new CutShort();
    }
    return toText(state);
  }

  /**
   * A turn of answers to host calls, after which the run most likely waits for the next: what became
   * of it is not asked. The guest posts `?` when it is to be asked after all.
   */
  async answer(args: readonly VmArgument[]): Promise<Partial<Turn>> {
    try {
      await this.#vm.call(this.#dispatch, ['answers', performance.now(), 0, ...args]);
      return {};
    } catch (error) {
      if (this.#vm.isClosed) throw error;
      return { unhandled: { reason: error } };
    }
  }

  /**
   * Gives back what V8 took while the realm was made, which is nearly half of it. isolated-vm has
   * nothing to ask V8 for that, but V8 does it by itself when buffers take more than half of what the
   * heap may. So the guest makes one, and lets it go unused: a resizable one, whose pages are
   * reserved and never touched. Takes some milliseconds.
   * @throws when there is no room for it, which leaves everything as it was.
   */
  async compact(): Promise<void> {
    const bytes = Math.round(this.#vm.memoryMb * 1024 * 1024 * compactingShare);
    await this.#vm.call(this.#dispatch, ['compact', 0, 0, bytes]);
  }

  close(): void {
    if (this.#vm.isClosed) return;
    this.#dispatch.release();
    this.#context.release();
  }
}

/** @throws {CutShort} when it is no state: nobody knows then what has happened to the run. */
function toText(state: unknown): string {
  if (typeof state !== 'string' || state === '') throw new CutShort();
  return state;
}

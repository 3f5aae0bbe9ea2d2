import { readFileSync } from 'node:fs';
import type { RealmKind } from '../protocol/messages.ts';
import { scriptName } from './compile.ts';
import { withoutComments } from './guest-source.ts';
import { webServices } from './web-services.ts';
import type { Code, CompiledScript, Context, Vm, VmArgument, VmFunction } from './vm.ts';

/** Guest files in the order in which they are run; each may use those before it. */
const guestFiles: readonly string[] = [
  'primordials',
  'outbox',
  'globals',
  'clock',
  'stack',
  'json',
  'format-intrinsics',
  'format-text',
  'format-identity',
  'format-base',
  'format-collections',
  'format-error',
  'format-layout',
  'format-kinds',
  'format-shape',
  'format-inspect',
  'format',
  'thrown',
  'console',
  'timers',
  'math-random',
  'web/intrinsics',
  'web/list',
  'web/web-idl',
  'web/services',
  'web/uncaught',
  'web/performance',
  'web/dom-exception',
  'web/microtask',
  'web/event',
  'web/event-target',
  'web/abort-signal',
  'web/bytes',
  'web/code-units',
  'web/utf8',
  'web/utf16',
  'web/windows-1252',
  'web/encoding-labels',
  'web/text-encoder',
  'web/text-decoder',
  'web/base64',
  'web/random',
  'web/form-urlencoded',
  'web/search-pairs',
  'web/search-iterator',
  'web/url-search-params',
  'web/url',
  'web/structured-brand',
  'web/structured-buffer',
  'web/structured-read',
  'web/structured-serialize',
  'web/structured-deserialize',
  'web/structured-clone',
  'sdk',
  // From here on there are no new globals.
  'intrinsics',
  'overrides',
  'harden',
  'run',
];

/**
 * One function around the guest files, whose code is not changed, so that what is audited is what runs.
 * @see {@link file://../../guest/primordials.js}
 */
const guestOrigin = { filename: 'cloister:guest' };
const guestText: string = readGuest();
/** V8's code of the guest, made in the first VM of this process, where it had run. */
let guestCode: Code | undefined;
/** The ways to all intrinsics, found by the first VM of this process. */
let hardenPlan = '';

function readGuest(): string {
  const files = guestFiles.map((name) =>
    withoutComments(readFileSync(new URL(`../../guest/${name}.js`, import.meta.url), 'utf8')),
  );
  const names = { scriptName, guestName: guestOrigin.filename };
  const settings = `{...${JSON.stringify(names)},realm,plan,bindings}`;
  return `(function (post, ask, realm, plan, bindings) {'use strict';const guest={__proto__:null,post,ask,settings:${settings}};\n${files.join('\n')}\nreturn guest.dispatch})`;
}

/** Makes V8's code of the guest anew, with the functions that have run in this VM by now. */
export async function rememberGuest(vm: Vm): Promise<void> {
  guestCode = await vm.codeOf(guestText, guestOrigin);
}

/** What isolated-vm throws when a call has taken its time. A script may throw the same, to its own harm. */
const timedOut = 'Script execution timed out.';

/** Of what a heap may take: enough for V8 to act, and less than it may. */
const compactingShare = 0.6;

/** The ways into the guest that execute code of the script. */
export type TurnOperation = 'start' | 'answers' | 'timers';

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
      guestText,
      guestCode === undefined ? guestOrigin : { ...guestOrigin, cachedData: guestCode },
    );
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
    args: readonly VmArgument[],
    maxMs: number,
  ): { readonly state: string; readonly begun: boolean; readonly unhandled: Turn['unhandled'] } {
    let answer: unknown;
    try {
      answer = this.#vm.callNow(this.#dispatch, ['next', now, 1, ...args], maxMs);
    } catch (error) {
      const unhandled = this.#unhandledOf(error);
      return { state: this.#askNow('kept', now), begun: true, unhandled };
    }
    const state = toText(answer);
    const begun = state[0] !== '!';
    return { state: begun ? state : state.slice(1), begun, unhandled: undefined };
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

import { readFileSync } from 'node:fs';
import { compileScript, scriptName } from './compile.ts';
import { webServices } from './web-services.ts';
import type { Context, Script, Vm, VmFunction } from './vm.ts';

/** Guest files in the order in which they are run; each may use those before it. */
export const guestFiles = [
  'primordials',
  'globals',
  'stack',
  'json',
  'format-intrinsics',
  'format-text',
  'format-identity',
  'format-base',
  'format-collections',
  'format-error',
  'format-layout',
  'format-shape',
  'format-inspect',
  'format',
  'thrown',
  'console',
  'timers',
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
  'run',
] as const;

const guestText = readGuest();

/**
 * One function around the guest files as they are, so that what is audited is what runs.
 * @see {@link file://../../guest/primordials.js}
 */
function readGuest(): string {
  const files = guestFiles.map((name) =>
    readFileSync(new URL(`../../guest/${name}.js`, import.meta.url), 'utf8'),
  );
  const settings = JSON.stringify({ scriptName });
  return `(function (post, ask) {'use strict';const guest={__proto__:null,post,ask,settings:${settings}};\n${files.join('\n')}\nreturn guest.dispatch})`;
}

/**
 * A global environment with the guest in it, made for one run and closed after it.
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

  static async open(vm: Vm, boot: Script, post: (text: string) => void): Promise<Realm> {
    const context = await vm.createContext();
    const install = await vm.evaluate(boot, context);
    const dispatch = await vm.callForFunction(install, [{ post }, { ask: webServices() }]);
    install.release();
    return new Realm(vm, context, dispatch);
  }

  /** Compiles a script and evaluates its wrapper, which runs nothing of the script yet. */
  async load(source: string): Promise<VmFunction> {
    const script = await compileScript(this.#vm, source);
    const wrapper = await this.#vm.evaluate(script, this.#context);
    script.release();
    return wrapper;
  }

  /**
   * One turn: enters the guest, lets the microtasks run, and asks what became of the run.
   * The two calls travel together and run back to back in the VM's thread.
   * @returns what the guest's `drain` says, and the reason of a promise that nobody handled.
   */
  async turn(operation: 'start' | 'timers', args: readonly (string | VmFunction)[]): Promise<Turn> {
    const now = performance.now();
    const [entered, drained] = await Promise.allSettled([
      this.#vm.call(this.#dispatch, [operation, now, ...args]),
      this.#vm.call(this.#dispatch, ['drain', now]),
    ]);
    if (drained.status === 'rejected') throw drained.reason;
    if (typeof drained.value !== 'string') throw new TypeError('guest drained no string');
    return {
      state: drained.value,
      unhandled: entered.status === 'rejected' ? (entered.reason as unknown) : undefined,
    };
  }

  close(): void {
    if (this.#vm.isClosed) return;
    this.#dispatch.release();
    this.#context.release();
  }
}

export interface Turn {
  readonly state: string;
  readonly unhandled: unknown;
}

/** Compiles the guest for a VM, once. */
export function compileGuest(vm: Vm): Promise<Script> {
  return vm.compile(guestText, { filename: 'cloister:guest' });
}

/** What the guest files hand one another. Each file sets the property of its own name. */
interface Guest {
  /** Set by the worker. One line of text to the worker; for `outbox` alone. */
  readonly post: (text: string) => void;
  /** Set by the worker. */
  readonly settings: {
    readonly scriptName: string;
    readonly guestName: string;
    readonly realm: 'hardened' | 'fresh';
    /** Ways to the intrinsics, found in another VM of this process; or empty. */
    readonly plan: string;
    /** Shapes of the bindings, as JSON (src/protocol/messages.ts, BindingShape). */
    readonly bindings: string;
  };
  primordials: {
    readonly bare: <Class extends Function>(Class: Class) => Class;
    readonly beginning: (text: string, length: number) => string;
    readonly isHuge: (text: string) => boolean;
    readonly uncurryThis: <Self, Args extends unknown[], Result>(
      method: (this: Self, ...args: Args) => Result,
    ) => (self: Self, ...args: Args) => Result;
  };
  outbox: {
    readonly post: (text: string) => void;
    readonly hold: () => void;
    readonly release: () => string;
    readonly held: () => string;
    readonly hasHeldOther: () => boolean;
  };
  clock: {
    readonly now: () => number;
    readonly real: () => number;
    readonly set: (time: number) => void;
    readonly start: (time: number) => void;
  };
  globals: { readonly addGlobal: (name: string, value: unknown) => void };
  stack: {
    readonly clean: (stack: string) => string;
    readonly position: (stack: string) => { line: number; column: number } | undefined;
  };
  format: {
    readonly formatLine: (
      args: readonly unknown[],
      maxLength: number,
      clean: (stack: string) => string,
    ) => string;
    readonly inspect: (
      value: unknown,
      maxLength: number,
      clean: (stack: string) => string,
    ) => string;
  };
  // The files of the formatter among themselves; what the others use is `format`, typed above.
  formatBase: any;
  formatCollections: any;
  formatError: any;
  formatIdentity: any;
  formatInspect: any;
  formatIntrinsics: any;
  formatLayout: any;
  formatKinds: any;
  formatShape: any;
  formatText: any;
  json: {
    readonly parse: (text: string) => any;
    readonly stringify: (value: unknown) => string;
    readonly stringifyWithin: (value: unknown, budget: number) => string | undefined;
    readonly overBudget: object;
  };
  thrown: { readonly describe: (value: unknown) => GuestThrown };
  console: {
    readonly console: object;
    readonly write: (level: string, args: readonly unknown[], source?: string) => void;
    readonly open: (entries: number, characters: number) => void;
    readonly droppedCount: () => number;
  };
  timers: {
    readonly enter: (time: number, unasked: boolean) => void;
    readonly untilNext: () => number;
    readonly fire: () => void;
    readonly clear: () => void;
  };
  sdk: {
    readonly answers: (args: any[]) => void;
    readonly clear: () => void;
    readonly flush: () => void;
    readonly open: (calls: number) => void;
    readonly isUsed: () => boolean;
    readonly isWaiting: () => boolean;
  };
  /** Whether a run has used it. */
  fromAsync: { readonly isUsed: () => boolean; readonly clear: () => void };
  outcome: {
    readonly failWith: (error: unknown) => void;
    readonly finish: (value: unknown) => void;
    readonly isReached: () => boolean;
    readonly open: (maxOutputBytes: number) => void;
    readonly setUnasked: (unasked: boolean) => void;
    readonly text: (isFit: boolean) => string;
  };
  reset: {
    readonly reset: (
      startedAt: number,
      low: number,
      high: number,
      apiCalls: number,
      outputBytes: number,
      logEntries: number,
      logBytes: number,
    ) => void;
  };
  together: { readonly together: (time: number, args: any[]) => string };
  mathRandom: { readonly reset: (low: number, high: number) => void };
  intrinsics: {
    readonly all: (more: object[], plan: string) => { objects: object[]; plan: string };
  };
  overrides: { readonly allow: () => object[] };
  harden: { readonly plan: string; readonly isIntact: () => boolean };
  /** The one function that the worker calls. */
  dispatch: (
    operation:
      | 'start'
      | 'first'
      | 'next'
      | 'kept'
      | 'together'
      | 'answers'
      | 'timers'
      | 'drain'
      | 'plan'
      | 'compact',
    time: number,
    awaited: 0 | 1,
    ...args: any[]
  ) => string | undefined;
}

interface GuestThrown {
  name: string;
  message: string;
  stack: string;
  line?: number;
  column?: number;
  cause?: GuestThrown;
}

interface GuestFailure {
  code: 'script_error' | 'memory_limit' | 'output_limit' | 'output_invalid';
  message: string;
  thrown?: GuestThrown;
}

declare const guest: Guest;

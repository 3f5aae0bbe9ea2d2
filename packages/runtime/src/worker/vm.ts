import ivm from 'isolated-vm';

/** How V8 sees a piece of code: the name in stack frames, and where its first line begins. */
export interface CodeOrigin {
  readonly filename: string;
  readonly columnOffset?: number;
  readonly cachedData?: Code;
}

/** V8's code of a script, outside of any isolate. */
export type Code = ivm.ExternalCopy<ArrayBuffer>;

/** Takes code in, out of its buffer when it fills that. It must be authentic: V8 runs it. */
export function toCode(bytes: Uint8Array): Code {
  const isWhole = bytes.length === bytes.buffer.byteLength;
  const { buffer } = isWhole && bytes.buffer instanceof ArrayBuffer ? bytes : new Uint8Array(bytes);
  return new ivm.ExternalCopy(buffer as ArrayBuffer, { transferOut: true });
}

export function codeBytes(code: Code): Uint8Array {
  return new Uint8Array(code.copy());
}

/** A function inside a VM. Called with strings, numbers and functions of the same VM only. */
export type VmFunction = ivm.Reference<(...args: unknown[]) => unknown>;

/**
 * One V8 isolate. The only class that knows isolated-vm; nothing of it is handed to code inside.
 * Owned by the worker's VM table, which closes it. After `close()` every pending call rejects, as
 * soon as V8 has let go of the thread: for some native loops that is never, and then only the host
 * can help, by killing the process.
 */
export class Vm {
  /** What the host calls it. */
  id: number;
  readonly memoryMb: number;
  readonly #isolate: ivm.Isolate;
  /** Called when V8 ran out of memory in a way that leaves this VM's thread stuck for ever. */
  onCatastrophe: () => void = () => {};
  #closed = false;
  #calls = 0;
  #cpuMs = 0;

  constructor(id: number, memoryMb: number) {
    this.id = id;
    this.memoryMb = memoryMb;
    this.#isolate = new ivm.Isolate({
      memoryLimit: memoryMb,
      // V8 cannot go on. isolated-vm parks the thread, and the process has to go; but it tells us
      // before whose VM it was.
      onCatastrophicError: () => this.onCatastrophe(),
    });
  }

  /** Whether `close` was called, or V8 gave the isolate up because its memory ran out. */
  get isClosed(): boolean {
    return this.#closed || this.#isolate.isDisposed;
  }

  /** True when V8 gave the isolate up by itself, which it does for want of memory only. */
  get ranOutOfMemory(): boolean {
    return !this.#closed && this.#isolate.isDisposed;
  }

  /** Calls that have not come back, among them those that V8 cannot stop. */
  get callsUnderWay(): number {
    return this.#calls;
  }

  /**
   * Time on a core so far, in milliseconds. Exact between turns; within one, isolated-vm 7.0.1 adds
   * the wall time of the turn (src/isolate/executor.cc, CpuTimer::Delta).
   */
  get cpuMs(): number {
    try {
      this.#cpuMs = Number(this.#isolate.cpuTime) / 1e6;
    } catch {
      // V8 may give the isolate up at any moment, for want of memory; the last figure stays.
    }
    return this.#cpuMs;
  }

  /** Makes a new global environment. The caller releases it. */
  createContext(): Promise<ivm.Context> {
    return this.#track(this.#isolate.createContext());
  }

  compile(text: string, origin: CodeOrigin): Promise<CompiledScript> {
    return this.#track(this.#isolate.compileScript(text, origin));
  }

  /** Compiles while this thread waits: for what is small. */
  compileNow(text: string, origin: CodeOrigin): CompiledScript {
    return this.#isolate.compileScriptSync(text, origin);
  }

  /** V8's code of a script that has been compiled here, with the functions that have run since. */
  async codeOf(text: string, origin: CodeOrigin): Promise<Code | undefined> {
    // V8 finds the script in its own cache of compilations, lazily compiled functions and all.
    const script: CompiledScript = await this.#track(
      this.#isolate.compileScript(text, { ...origin, produceCachedData: true }),
    );
    script.release();
    return script.cachedData;
  }

  /** Runs a script whose value is a function. */
  async evaluate(script: ivm.Script, context: ivm.Context): Promise<VmFunction> {
    return (await this.#track(script.run(context, { reference: true }))) as VmFunction;
  }

  /** Runs a script whose value is a function, while this thread waits. */
  evaluateNow(script: ivm.Script, context: ivm.Context): VmFunction {
    return script.runSync(context, { reference: true }) as VmFunction;
  }

  /** Calls a function inside and hands its string (or nothing) back. */
  call(fn: VmFunction, args: readonly VmArgument[]): Promise<unknown> {
    return this.#track(fn.apply(undefined, args.map(toTransferable)));
  }

  /**
   * Calls a function inside while this thread waits, which saves two changes of threads. Nothing else
   * of the process goes on meanwhile, so it is for calls that are known to be short.
   * @param maxMs - after which the call, and the microtasks that follow it, are ended; 0 for never.
   * @throws what it throws, or the first rejection that nobody handled; and when its time is over.
   */
  callNow(fn: VmFunction, args: readonly VmArgument[], maxMs: number): unknown {
    const options = maxMs === 0 ? undefined : { timeout: maxMs };
    return fn.applySync(undefined, args.map(toTransferable), options);
  }

  /** Calls a function inside that gives back a function. */
  async callForFunction(fn: VmFunction, args: readonly VmArgument[]): Promise<VmFunction> {
    const options = { result: { reference: true } } as const;
    return (await this.#track(
      fn.apply(undefined, args.map(toTransferable), options),
    )) as unknown as VmFunction;
  }

  /** V8 heap and buffers in use, in bytes; 0 when V8 has given it up. To be asked when nothing goes on in it. */
  get heapBytes(): number {
    if (this.isClosed) return 0;
    const heap = this.#isolate.getHeapStatisticsSync();
    return heap.used_heap_size + heap.externally_allocated_size;
  }

  /** Terminates whatever runs inside and gives the isolate back. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#isolate.isDisposed) this.#isolate.dispose();
  }

  async #track<T>(call: Promise<T>): Promise<T> {
    this.#calls++;
    try {
      return await call;
    } finally {
      this.#calls--;
    }
  }
}

/**
 * What may go into a VM. `post` becomes a function that sends strings out and waits for nothing.
 * `ask` becomes one that waits for the answer; it must not throw, since what it throws would carry
 * stack frames of this process into the VM.
 */
export type VmArgument =
  | string
  | number
  | VmFunction
  | { readonly post: (text: string) => void }
  | { readonly ask: (operation: string, text: string) => string };

function toTransferable(argument: VmArgument): ivm.Transferable {
  if (typeof argument === 'string' || typeof argument === 'number') return argument;
  if ('post' in argument) return new ivm.Callback(argument.post, { ignored: true });
  if ('ask' in argument) return new ivm.Callback(argument.ask, { sync: true });
  return argument.derefInto();
}

export type Context = ivm.Context;

/** A script, and what V8 said of the code that came with it. */
export type CompiledScript = ivm.Script & {
  readonly cachedData?: Code;
  readonly cachedDataRejected?: boolean;
};

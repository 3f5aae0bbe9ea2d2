import { limits, load, type Peer } from './peer.ts';

/** What is used of the package. */
interface Package {
  getQuickJS(): Promise<{ newRuntime(): Runtime }>;
  shouldInterruptAfterDeadline(at: number): () => boolean;
}
interface Handle {
  dispose(): void;
}
interface Runtime extends Handle {
  setMemoryLimit(bytes: number): void;
  setMaxStackSize(bytes: number): void;
  setInterruptHandler(handler: () => boolean): void;
  newContext(): Context;
  executePendingJobs(): { error?: Handle; dispose(): void };
}
interface Context extends Handle {
  readonly global: Handle;
  readonly runtime: Runtime;
  newString(text: string): Handle;
  newNumber(value: number): Handle;
  newFunction(name: string, fn: (a: Handle, b: Handle) => Handle): Handle;
  newPromise(): {
    readonly handle: Handle;
    readonly settled: Promise<unknown>;
    resolve(value: Handle): void;
  };
  setProp(target: Handle, name: string, value: Handle): void;
  getNumber(handle: Handle): number;
  getString(handle: Handle): string;
  evalCode(source: string): unknown;
  unwrapResult(result: unknown): Handle;
  resolvePromise(promise: Handle): Promise<unknown>;
}

/** A runtime and a context for each run, in the one module of the process. */
export const quickjsEmscripten: Peer = {
  name: 'quickjs-emscripten',
  guarantees: {
    ownProcess: 'no',
    memoryLimit: 'yes',
    cpuLimit: 'yes',
    asyncTimeout: 'no',
    stateReset: 'yes',
  },
  note: 'an interpreter in WebAssembly, in the thread of the host, which it blocks; the embedder runs its jobs',
  async open(needs = {}) {
    const { getQuickJS, shouldInterruptAfterDeadline } = await load<Package>('quickjs-emscripten');
    const quickjs = await getQuickJS();
    const make = (): { runtime: Runtime; context: Context } => {
      const runtime = quickjs.newRuntime();
      runtime.setMemoryLimit(limits.memoryMb * 1024 * 1024);
      runtime.setMaxStackSize(1024 * 1024);
      runtime.setInterruptHandler(shouldInterruptAfterDeadline(Date.now() + limits.timeoutMs));
      return { runtime, context: runtime.newContext() };
    };
    return {
      async run(source, input) {
        const { runtime, context } = make();
        try {
          define(context, 'input', context.newString(JSON.stringify(input)));
          if (needs.hostCalls) define(context, 'add', addOf(context));
          const promise = context.unwrapResult(
            context.evalCode(
              `(async (ctx) => { 'use strict'; ${source} })({ input: JSON.parse(input) }).then((value) => JSON.stringify(value))`,
            ),
          );
          const settled = context.resolvePromise(promise);
          promise.dispose();
          runtime.executePendingJobs().dispose();
          const result = context.unwrapResult(await settled);
          const output = JSON.parse(context.getString(result)) as unknown;
          result.dispose();
          return { output };
        } finally {
          context.dispose();
          runtime.dispose();
        }
      },
      makeVm() {
        const { runtime, context } = make();
        return Promise.resolve({
          close() {
            context.dispose();
            runtime.dispose();
            return Promise.resolve();
          },
        });
      },
      close: () => Promise.resolve(),
    };
  },
};

function define(context: Context, name: string, value: Handle): void {
  context.setProp(context.global, name, value);
  value.dispose();
}

function addOf(context: Context): Handle {
  return context.newFunction('add', (a, b) => {
    const sum = context.getNumber(a) + context.getNumber(b);
    const promise = context.newPromise();
    void Promise.resolve().then(() => {
      const handle = context.newNumber(sum);
      promise.resolve(handle);
      handle.dispose();
    });
    void promise.settled.then(() => context.runtime.executePendingJobs().dispose());
    return promise.handle;
  });
}

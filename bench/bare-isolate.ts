import ivm from 'isolated-vm';

const memoryLimit = 128;
const timeout = 30_000;

/** A function of the host for bare isolates: takes its arguments as JSON, and answers in JSON. */
export type JsonFunction = ivm.Reference<(args: string) => Promise<string>>;

/** The baseline: isolated-vm used directly, with a fresh isolate for each run. @returns JSON. */
export async function runInFreshIsolate(
  source: string,
  input: string,
  add?: JsonFunction,
): Promise<unknown> {
  const isolate = new ivm.Isolate({ memoryLimit });
  try {
    return await runInFreshContext(isolate, source, input, add);
  } finally {
    isolate.dispose();
  }
}

/**
 * A run in a new context of an isolate that goes on living, if the caller lets it.
 * @param add - what the script sees as the async function `add`.
 * @returns JSON.
 */
export async function runInFreshContext(
  isolate: ivm.Isolate,
  source: string,
  input: string,
  add?: JsonFunction,
): Promise<unknown> {
  const context = await isolate.createContext();
  try {
    const result = { promise: true, copy: true } as const;
    if (add === undefined) {
      return await context.evalClosure(asyncBody(source), [input], { result, timeout });
    }
    return await context.evalClosure(
      `const add = async (...args) =>
         JSON.parse(await $1.apply(undefined, [JSON.stringify(args)], { result: { promise: true } }));
       ${asyncBody(source)}`,
      [input, add],
      { result, timeout },
    );
  } finally {
    context.release();
  }
}

/** One bare isolate and context, in which a compiled script is called again and again. */
export class BareIsolate implements Disposable {
  readonly #isolate = new ivm.Isolate({ memoryLimit });

  async prepare(source: string): Promise<() => Promise<unknown>> {
    const context = await this.#isolate.createContext();
    const script = await this.#isolate.compileScript(`(function($0){${asyncBody(source)}})`);
    const fn = await script.run(context, { reference: true });
    return () => fn.apply(undefined, ['{}'], { result: { promise: true, copy: true } });
  }

  /** Time on a core so far, in milliseconds. */
  get cpuMs(): number {
    return Number(this.#isolate.cpuTime) / 1e6;
  }

  [Symbol.dispose](): void {
    this.#isolate.dispose();
  }
}

function asyncBody(source: string): string {
  return `const ctx = { input: JSON.parse($0) };
    return (async function () { 'use strict'; ${source} })().then((value) => JSON.stringify(value));`;
}

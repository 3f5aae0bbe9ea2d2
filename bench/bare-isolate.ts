import ivm from 'isolated-vm';

const memoryLimit = 128;

/** The baseline: isolated-vm used directly, with a fresh isolate for each run. */
export async function runInFreshIsolate(source: string, input: string): Promise<unknown> {
  const isolate = new ivm.Isolate({ memoryLimit });
  try {
    const context = await isolate.createContext();
    return await context.evalClosure(asyncBody(source), [input], {
      result: { promise: true, copy: true },
      timeout: 30_000,
    });
  } finally {
    isolate.dispose();
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

/**
 * Plain V8: each test in an isolate and a context of its own, with nothing in it but what V8 puts
 * there. Started by {@link file://./baseline.ts}.
 */
import ivm from 'isolated-vm';
import type { BaselineRequest } from './baseline.ts';
import type { Outcome } from './outcome.ts';

const memoryMb = 128;

// Starts the test and says afterwards what became of it; captures what it needs beforehand.
const driver = `(() => {
  'use strict';
  const { then } = Promise.prototype;
  const { apply, defineProperty } = Reflect;
  const { stringify } = JSON;
  const { String } = globalThis;
  let state = '';
  const read = (fn) => { try { return String(fn()); } catch { return ''; } };
  const threw = (value) => {
    const isObject = typeof value === 'object' && value !== null;
    const name = isObject ? read(() => value.name ?? value.constructor.name) : typeof value;
    const message = read(() => isObject ? value.message : value);
    state = '{"kind":"threw","name":' + stringify(name) + ',"message":' + stringify(message) + '}';
  };
  return (operation, test) => {
    if (operation === 'state') return state;
    const run = test();
    // A test may have put a property of descriptors on Object.prototype.
    defineProperty(run, 'constructor', { __proto__: null, value: undefined });
    apply(then, run, [() => { state = '{"kind":"completed"}'; }, threw]);
  };
})()`;

process.on('message', (request: BaselineRequest) => {
  void runTest(request).then((outcome) => process.send?.(outcome));
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

async function runTest({ source, limitMs, as }: BaselineRequest): Promise<Outcome> {
  const isolate = new ivm.Isolate({ memoryLimit: memoryMb });
  try {
    const context = await isolate.createContext();
    if (as === 'script') return await runScript(isolate, context, source, limitMs);
    const drive = (await (
      await isolate.compileScript(driver)
    ).run(context, { reference: true })) as ivm.Reference<
      (operation: string, test?: unknown) => unknown
    >;
    const test = await load(isolate, context, source);
    if ('kind' in test) return test;
    // A rejection that nobody handled surfaces here; the suite does not mind those.
    const turn = { timeout: limitMs };
    const started = await drive.apply(undefined, ['start', test.derefInto()], turn).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const state = await drive.apply(undefined, ['state'], turn);
    if (typeof state === 'string' && state !== '') return JSON.parse(state) as Outcome;
    return { kind: 'ended', code: 'never settled', message: started ?? '' };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'ended', code: 'stopped', message };
  } finally {
    if (!isolate.isDisposed) isolate.dispose();
  }
}

/** Runs a script to the end of its microtasks; the line that it printed, if any, decides. */
async function runScript(
  isolate: ivm.Isolate,
  context: ivm.Context,
  source: string,
  timeout: number,
): Promise<Outcome> {
  let script: ivm.Script;
  try {
    script = await isolate.compileScript(source);
  } catch (error) {
    return { kind: 'unparsable', message: error instanceof Error ? error.message : String(error) };
  }
  try {
    await script.run(context, { timeout });
  } catch (error) {
    return error instanceof Error
      ? { kind: 'threw', name: error.name, message: error.message }
      : { kind: 'threw', name: '', message: String(error) };
  }
  const read = 'typeof $host262 === "object" ? String($host262.line) : ""';
  const line = (await context.eval(read, { timeout, copy: true })) as string;
  if (line === '' || line === 'Test262:AsyncTestComplete') return { kind: 'completed' };
  return { kind: 'ended', code: 'never settled', message: line };
}

async function load(
  isolate: ivm.Isolate,
  context: ivm.Context,
  source: string,
): Promise<ivm.Reference<() => unknown> | Outcome> {
  try {
    const text = `(function(){'use strict';return async function(){${source}\n}})()`;
    const script = await isolate.compileScript(text);
    return (await script.run(context, { reference: true })) as ivm.Reference<() => unknown>;
  } catch (error) {
    return { kind: 'unparsable', message: error instanceof Error ? error.message : String(error) };
  }
}

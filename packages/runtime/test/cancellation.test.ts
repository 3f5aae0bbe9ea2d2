import { describe, expect, test } from 'vitest';
import { CancelledError, type RunContext } from '../src/index.ts';
import { expectHealthy, failure, realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('aborting the signal of a run, in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm, maxConcurrencyPerTenant: 1 });
  const tenant = { id: 'cancelling' };

  /** Starts a run; once it has logged its first line, gives the promise of its end. */
  const start = async (source: string, context: RunContext) => {
    const begun = Promise.withResolvers<unknown>();
    const ended = failure(
      runtime().execute(
        `console.log('begun'); ${source}`,
        {},
        { ...context, onLog: begun.resolve },
      ),
    );
    await begun.promise;
    return { ended };
  };

  test('before it is asked for', async () => {
    const reason = new Error('not wanted any more');
    const signal = AbortSignal.abort(reason);
    const error = await failure(runtime().execute('console.log(1); return 1', {}, { signal }));
    expect(error).toBeInstanceOf(CancelledError);
    expect(error).toMatchObject({ code: 'cancelled', fault: 'caller', cause: reason, logs: [] });
    expect(error.usage).toMatchObject({ wallMs: 0, cpuMs: 0 });
  });

  test('right after it is asked for', async () => {
    const abort = new AbortController();
    const ended = failure(runtime().execute('for (;;);', {}, { signal: abort.signal }));
    abort.abort();
    expect((await ended).code).toBe('cancelled');
  });

  test('while it is queued', async () => {
    const first = new AbortController();
    const blocking = await start('await new Promise(() => {})', { tenant, signal: first.signal });
    const second = new AbortController();
    const queued = failure(runtime().execute('return 1', {}, { tenant, signal: second.signal }));
    expect(runtime().stats().queue).toMatchObject({ queued: 1, running: 1 });
    second.abort('changed my mind');
    expect(await queued).toMatchObject({
      code: 'cancelled',
      cause: 'changed my mind',
      usage: { wallMs: 0 },
    });
    expect(runtime().stats().queue).toMatchObject({ queued: 0, running: 1 });
    first.abort();
    expect((await blocking.ended).code).toBe('cancelled');
  });

  test.each([
    ['in a loop', 'for (;;);'],
    ['in microtasks without end', 'for (;;) await null'],
    ['waiting for a timer', 'await new Promise((resolve) => setTimeout(resolve, 25_000))'],
    ['waiting for nothing', 'await new Promise(() => {})'],
    ['between timers', 'for (;;) await new Promise((resolve) => setTimeout(resolve, 1))'],
    [
      'catching what it can',
      'for (;;) { try { for (;;); } catch { console.log("seen") } finally { continue } }',
    ],
  ])('while it is %s', async (_, source) => {
    const abort = new AbortController();
    const { ended } = await start(source, { tenant, signal: abort.signal });
    abort.abort();
    const error = await ended;
    expect(error).toMatchObject({ code: 'cancelled', name: 'CancelledError', retryable: false });
    expect(error.cause).toBe(abort.signal.reason);
    expect(error.logs.map(({ message }) => message)).toEqual(['begun']);
    expect(error.usage.wallMs).toBeGreaterThan(0);
    await expectHealthy(runtime());
  });

  test('after it has ended changes nothing', async () => {
    const abort = new AbortController();
    const { output } = await runtime().execute('return 1', {}, { signal: abort.signal });
    abort.abort();
    expect(output).toEqual({ value: 1 });
    await expectHealthy(runtime());
  });

  test('ends every run that has it, and no other', async () => {
    const abort = new AbortController();
    const runs = await Promise.all(
      ['a', 'b', 'c'].map(async (id) =>
        start('await new Promise(() => {})', { tenant: { id }, signal: abort.signal }),
      ),
    );
    const other = runtime().execute(
      'await new Promise((r) => setTimeout(r, 200)); return 1',
      {},
      {
        tenant: { id: 'other' },
      },
    );
    abort.abort();
    for (const { ended } of runs) expect((await ended).code).toBe('cancelled');
    expect((await other).output).toEqual({ value: 1 });
  });

  test('by a timeout of its own is cancelled, with that as the cause', async () => {
    const signal = AbortSignal.timeout(100);
    const error = await failure(runtime().execute('await new Promise(() => {})', {}, { signal }));
    expect(error.code).toBe('cancelled');
    expect((error.cause as Error).name).toBe('TimeoutError');
  });

  test('leaves no listener on a signal that many runs share', async () => {
    const { getEventListeners } = await import('node:events');
    const abort = new AbortController();
    for (let i = 0; i < 5; i++) await runtime().execute('return 1', {}, { signal: abort.signal });
    await failure(runtime().execute('throw 1', {}, { signal: abort.signal }));
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
  });
});

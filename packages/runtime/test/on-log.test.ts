import { describe, expect, onTestFinished, test } from 'vitest';
import type { LogEntry } from '../src/index.ts';
import { failure, realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });
  describe('onLog', () => {
    test('gets each entry while the run is still going', async () => {
      const first = Promise.withResolvers<LogEntry>();
      const end = new AbortController();
      let settled = false;
      const run = failure(
        runtime().execute(
          'console.log("started"); await new Promise(() => {})',
          {},
          {
            signal: end.signal,
            onLog: first.resolve,
          },
        ),
      ).finally(() => (settled = true));
      expect((await first.promise).message).toBe('started');
      expect(settled).toBe(false);
      end.abort();
      expect(await run).toMatchObject({ code: 'cancelled', logs: [{ message: 'started' }] });
    });

    test('gets entries out of a loop that does not yield', async () => {
      const first = Promise.withResolvers<LogEntry>();
      const end = new AbortController();
      const run = failure(
        runtime().execute(
          'console.log("looping"); for (;;);',
          {},
          {
            signal: end.signal,
            onLog: first.resolve,
          },
        ),
      );
      expect((await first.promise).message).toBe('looping');
      end.abort();
      expect((await run).code).toBe('cancelled');
    });

    test('gets the entries of the result, in order', async () => {
      const seen: LogEntry[] = [];
      const { logs } = await runtime().execute(
        'for (let i = 0; i < 50; i++) console.log(i)',
        {},
        {
          onLog: (entry) => seen.push(entry),
        },
      );
      expect(seen).toEqual(logs);
    });

    test('may reject, and neither the run nor the host ends', async () => {
      const unhandled: unknown[] = [];
      const listener = (error: unknown) => unhandled.push(error);
      process.on('unhandledRejection', listener);
      onTestFinished(() => void process.off('unhandledRejection', listener));
      const onLog = (): unknown => Promise.reject(new Error('listener'));
      const { logs } = await runtime().execute('console.log(1); return 3', {}, { onLog });
      expect(logs).toHaveLength(1);
      // Node tells of a rejection before it goes on with its timers.
      await new Promise((resolve) => setTimeout(resolve));
      expect(unhandled).toEqual([]);
    });

    test('may throw, and the run goes on', async () => {
      const { output, logs } = await runtime().execute(
        'console.log(1); console.log(2); return 3',
        {},
        {
          onLog: () => {
            throw new Error('listener');
          },
        },
      );
      expect(output).toEqual({ value: 3 });
      expect(logs).toHaveLength(2);
    });
  });
});

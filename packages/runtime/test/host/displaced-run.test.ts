import { describe, expect, test, vi } from 'vitest';
import { recordEvents } from '../support/channels.ts';
import {
  as,
  codeOf,
  forever,
  runUntilLog,
  sleeper,
  startRuntime,
  unstoppable,
} from '../support/runs.ts';

const soon = { timeout: 20_000, interval: 5 };

describe('a run that shares a worker with one that has to be killed', () => {
  test('is carried on elsewhere, and its listener is not told twice', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 2, workers: 1 });
    const source = `console.log('one'); console.log('two');
      await new Promise((resolve) => setTimeout(resolve, 3000)); console.log('three'); return 'done'`;
    const innocent = await runUntilLog(runtime, source, as('good'));
    const evil = await runUntilLog(
      runtime,
      unstoppable,
      as('evil', { limits: { timeoutMs: 300 } }),
    );
    expect(await evil.code).toBe('timeout');
    const { output, logs } = await innocent.result;
    expect(output).toEqual({ value: 'done' });
    expect(logs.map(({ message }) => message)).toEqual(['one', 'two', 'three']);
    expect(innocent.heard).toEqual(['one', 'two', 'three']);
    expect(events.of('cloister:worker:exit')).toHaveLength(1);
  });

  test('ends once and says so once, though it started twice', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 2, workers: 1 });
    const innocent = await runUntilLog(
      runtime,
      sleeper(3000),
      as('good', { execution: { id: 'good' } }),
    );
    const evil = await runUntilLog(
      runtime,
      unstoppable,
      as('evil', { limits: { timeoutMs: 300 } }),
    );
    await evil.code;
    await innocent.result;
    const ends = events.of('cloister:run:end').filter(({ executionId }) => executionId === 'good');
    expect(ends.map(({ code }) => code)).toEqual(['completed']);
    expect(runtime.stats()).toMatchObject({
      runs: { completed: 1, timeout: 1 },
      queue: { queued: 0, running: 0, tenants: 0 },
    });
  });

  test('can still be cancelled after it was moved', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ poolSize: 2, workers: 1 });
    const innocent = await runUntilLog(runtime, forever, as('good', { execution: { id: 'good' } }));
    const evil = await runUntilLog(
      runtime,
      unstoppable,
      as('evil', { limits: { timeoutMs: 300 } }),
    );
    await evil.code;
    await vi.waitUntil(
      () =>
        events.of('cloister:run:start').filter(({ executionId }) => executionId === 'good')
          .length === 2,
      soon,
    );
    innocent.cancel();
    expect(await innocent.code).toBe('cancelled');
  });

  test('is kept from such runs when it has lost two workers, and completes', async () => {
    const runtime = await startRuntime({ poolSize: 2, workers: 1 });
    const innocent = await runUntilLog(runtime, sleeper(4000), as('good'));
    for (let i = 0; i < 6; i++) {
      const evil = as(`evil${i}`, { limits: { timeoutMs: 200 } });
      expect(await codeOf(runtime.execute(unstoppable, {}, evil))).toBe('timeout');
    }
    expect((await innocent.result).usage.attempts).toBe(3);
  });
});

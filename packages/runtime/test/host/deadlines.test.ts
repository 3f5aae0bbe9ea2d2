import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Deadlines } from '../../src/host/deadlines.ts';
import { startHost } from '../support/processes.ts';

/** Resolves when a deadline of so many milliseconds has come. */
function passed(deadlines: Deadlines, ms: number): Promise<void> {
  return new Promise((resolve) => deadlines.after(ms, resolve));
}

describe('Deadlines', () => {
  test('come in the order of their times, whatever the order in which they were set', async () => {
    const delays = [40, 5, 25, 1, 60, 15, 10, 33];
    const deadlines = new Deadlines();
    const seen: number[] = [];
    for (const ms of delays) deadlines.after(ms, () => seen.push(ms));
    await passed(deadlines, 61);
    expect(seen).toEqual(delays.toSorted((a, b) => a - b));
  });

  test('come in the order of setting when their time is the same', async () => {
    const deadlines = new Deadlines();
    const seen: number[] = [];
    for (let i = 0; i < 50; i++) deadlines.after(10 + i, () => seen.push(i));
    await passed(deadlines, 70);
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  test('do not come early', async () => {
    const deadlines = new Deadlines();
    for (const ms of [1, 3, 20, 21]) {
      const start = performance.now();
      await passed(deadlines, ms);
      expect(performance.now() - start).toBeGreaterThanOrEqual(ms);
    }
  });

  test('do not come when they were cleared, and may be cleared again and after they came', async () => {
    const deadlines = new Deadlines();
    const seen: string[] = [];
    const cleared = deadlines.after(5, () => seen.push('cleared'));
    const kept = deadlines.after(6, () => seen.push('kept'));
    cleared.clear();
    cleared.clear();
    await passed(deadlines, 10);
    kept.clear();
    kept.clear();
    await passed(deadlines, 10);
    expect(seen).toEqual(['kept']);
  });

  test('may be set and cleared by one that comes', async () => {
    const deadlines = new Deadlines();
    const seen: string[] = [];
    const last = Promise.withResolvers<void>();
    deadlines.after(5, () => {
      seen.push('first');
      victim.clear();
      deadlines.after(1, () => {
        seen.push('second');
        last.resolve();
      });
    });
    const victim = deadlines.after(5.001, () => seen.push('victim'));
    await last.promise;
    expect(seen).toEqual(['first', 'second']);
  });

  test('set sooner than the one that is waited for come first', async () => {
    const deadlines = new Deadlines();
    const late = deadlines.after(60_000, () => {});
    await passed(deadlines, 5);
    late.clear();
  });

  test('all come, each once, but for those that were cleared', async () => {
    const plans = fc.array(fc.record({ ms: fc.nat(30), clear: fc.boolean() }), { maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const deadlines = new Deadlines();
        const seen: number[] = [];
        const set = plan.map(({ ms }, index) => deadlines.after(ms, () => seen.push(index)));
        plan.forEach(({ clear }, index) => clear && set[index]!.clear());
        await passed(deadlines, 31);
        const kept = plan.flatMap(({ clear }, index) => (clear ? [] : [index]));
        expect(seen.toSorted((a, b) => a - b)).toEqual(kept);
        expect(seen.map((index) => plan[index]!.ms)).toEqual(
          kept.map((index) => plan[index]!.ms).toSorted((a, b) => a - b),
        );
      }),
      { numRuns: 20 },
    );
  });

  test('are forgotten by close', async () => {
    const deadlines = new Deadlines();
    const seen: string[] = [];
    deadlines.after(5, () => seen.push('forgotten'));
    deadlines.close();
    await passed(new Deadlines(), 20);
    expect(seen).toEqual([]);
  });

  test('keep the process alive until they come or are cleared, and no longer', async () => {
    const file = new URL('../../src/host/deadlines.ts', import.meta.url).href;
    const host = startHost(`
      const { Deadlines } = await import(${JSON.stringify(file)});
      const deadlines = new Deadlines();
      deadlines.after(20, () => console.log('came'));
      const cleared = deadlines.after(1e6, () => {});
      deadlines.after(30, () => cleared.clear());
      const forgotten = new Deadlines();
      forgotten.after(1e6, () => {});
      forgotten.close();
    `);
    expect(await host.end).toMatchObject({ status: 0, lines: ['came'] });
  });

  test('that were forgotten may be cleared, and later ones then still let the process end', async () => {
    const file = new URL('../../src/host/deadlines.ts', import.meta.url).href;
    const start = performance.now();
    const host = startHost(`
      const { Deadlines } = await import(${JSON.stringify(file)});
      const deadlines = new Deadlines();
      const forgotten = deadlines.after(1e6, () => {});
      deadlines.close();
      forgotten.clear();
      deadlines.after(20_000, () => console.log('came')).clear();
    `);
    expect(await host.end).toMatchObject({ status: 0, lines: [] });
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});

test.each([1, -1])(
  'a clock of the machine that jumps by %d days changes none of them',
  async (days) => {
    const deadlines = new Deadlines();
    const came: string[] = [];
    deadlines.after(30, () => came.push('near'));
    deadlines.after(900, () => came.push('later'));
    deadlines.after(20_000, () => came.push('far'));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + days * 24 * 60 * 60 * 1000 });
    onTestFinished(() => void vi.useRealTimers());
    await vi.waitUntil(() => came.length > 0, { timeout: 5000 });
    expect(came).toEqual(['near']);
    await vi.waitUntil(() => came.length > 1, { timeout: 5000 });
    expect(came).toEqual(['near', 'later']);
    deadlines.close();
  },
);

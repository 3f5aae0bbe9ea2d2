import { describe, expect, test } from 'vitest';
import type { Runtime } from '../src/index.ts';
import { as, codeOf, startRuntime } from './support/runs.ts';

const count = 1000;
const source = `await new Promise((resolve) => setTimeout(resolve, ctx.input)); return ctx.execution.id`;

/** Starts all runs at once; how many of them gave back their own id, and the rest by their codes. */
async function flood(
  runtime: Runtime,
  tenants: number,
  ms: number,
): Promise<Record<string, number>> {
  const runs = Array.from({ length: count }, async (_, index) => {
    const id = `run-${index}`;
    const run = runtime.execute(source, ms, as(`t${index % tenants}`, { execution: { id } }));
    const code = await codeOf(run);
    return code === 'completed' && (await run).output['value'] === id ? 'own id' : code;
  });
  const ends = await Promise.all(runs);
  return Object.fromEntries(
    Map.groupBy(ends, (end) => end)
      .entries()
      .map(([end, all]) => [end, all.length]),
  );
}

describe('a thousand runs in flight, each waiting on a timer', () => {
  test('all settle with the defaults, taking turns', { timeout: 120_000 }, async () => {
    const runtime = await startRuntime();
    expect(await flood(runtime, 10, 100)).toEqual({ 'own id': count });
    expect(runtime.stats()).toMatchObject({
      runs: { completed: count },
      queue: { queued: 0, running: 0 },
    });
  });

  test(
    'all settle with the defaults when they are of one tenant',
    { timeout: 120_000 },
    async () => {
      const runtime = await startRuntime();
      expect(await flood(runtime, 1, 100)).toEqual({ 'own id': count });
    },
  );

  test('all settle when each has a VM of its own', { timeout: 180_000 }, async () => {
    const runtime = await startRuntime({
      maxVms: count,
      maxConcurrencyPerTenant: count,
      acquireTimeoutMs: 120_000,
      limits: { timeoutMs: 120_000 },
    });
    const all = flood(runtime, 1, 15_000);
    let most = 0;
    const look = setInterval(() => (most = Math.max(most, runtime.stats().queue.running)), 20);
    expect(await all).toEqual({ 'own id': count });
    clearInterval(look);
    // On a machine that takes longer than the timers to make the VMs, the first have gone before.
    expect(most).toBeGreaterThan(count / 2);
  });
});

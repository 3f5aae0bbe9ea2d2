import { expect, test } from 'vitest';
import { as, codeOf, startRuntime } from '../support/runs.ts';

const size = 4 * 1024 * 1024 - 100;

test(
  'many runs with the largest input, all asked for in one tick, complete',
  { timeout: 120_000 },
  async () => {
    const runtime = await startRuntime({
      poolSize: 80,
      workers: 1,
      acquireTimeoutMs: 100_000,
      limits: { timeoutMs: 100_000 },
    });
    // 80 times 4 MiB is more than a frame may hold, and more than the pipe takes at once.
    const input = 'x'.repeat(size);
    const runs = Array.from({ length: 80 }, (_, index) =>
      codeOf(runtime.execute('return ctx.input.length', input, as(`t${index}`))),
    );
    expect(new Set(await Promise.all(runs))).toEqual(new Set(['completed']));
    expect(runtime.stats().pool.workers).toBe(1);
  },
);

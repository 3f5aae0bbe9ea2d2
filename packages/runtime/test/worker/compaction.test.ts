import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Compaction } from '../../src/worker/compaction.ts';
import { recordEvents } from '../support/channels.ts';
import { startRuntime } from '../support/runs.ts';

/** Resident memory of a process, in MiB; Linux only. */
function residentMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

describe.runIf(process.platform === 'linux')('idle VMs', () => {
  test.each([8, 128, 1024])(
    'with a limit of %i MiB take less than 2.75 MiB each, and run scripts',
    async (memoryMb) => {
      const count = 30;
      const limits = { memoryMb };
      const events = recordEvents();
      await startRuntime({ workers: 1, poolSize: 1, limits });
      const runtime = await startRuntime({ workers: 1, poolSize: 1 + count, limits });
      const [one, many] = events.workerPids();
      const each = (): number => (residentMib(many!) - residentMib(one!)) / count;
      await expect.poll(each, { timeout: 20_000, interval: 50 }).toBeLessThan(2.75);
      const { output } = await runtime.execute('return 6 * ctx.input', 7);
      expect(output).toEqual({ value: 42 });
    },
  );
});

describe('a VM', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('that is used at once is left as it is', async () => {
    const compact = vi.fn<() => Promise<void>>();
    const compaction = new Compaction(compact);
    await compaction.end();
    await vi.runAllTimersAsync();
    expect(compact).not.toHaveBeenCalled();
  });

  test('that is being made small is used afterwards', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const compaction = new Compaction(() => promise);
    await vi.runAllTimersAsync();
    const used = vi.fn<() => void>();
    const end = compaction.end().then(used);
    await vi.runAllTimersAsync();
    expect(used).not.toHaveBeenCalled();
    resolve();
    await end;
  });

  test('that cannot be made small does not hold up the next one', async () => {
    const failing = new Compaction(() => Promise.reject(new Error('closed')));
    const compact = vi.fn<() => Promise<void>>(async () => {});
    const next = new Compaction(compact);
    await vi.runAllTimersAsync();
    expect(compact).toHaveBeenCalledOnce();
    await Promise.all([failing.end(), next.end()]);
  });
});

import { expect, test } from 'vitest';
import { recordEvents } from '../support/channels.ts';
import { as, startRuntime } from '../support/runs.ts';

test('a worker that is always in use is replaced when it is old, and no run notices', async () => {
  const events = recordEvents();
  const runtime = await startRuntime({ workers: 1, spareWorkers: 0, maxWorkerAgeMs: 1000 });
  const first = events.of('cloister:worker:start')[0]!.worker;
  const until = performance.now() + 20_000;
  const isGone = (): boolean =>
    events.of('cloister:worker:exit').some(({ worker }) => worker === first);
  const lane = async (id: string): Promise<void> => {
    while (!isGone() && performance.now() < until) {
      const { usage } = await runtime.execute(
        'await new Promise((done) => setTimeout(done, 30)); return 1',
        {},
        as(id),
      );
      expect(usage.attempts).toBe(1);
    }
  };
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map(lane));
  expect(isGone()).toBe(true);
  expect(events.of('cloister:vm:destroy').map(({ reason }) => reason)).toContain('recycled');
});

import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Watchdog } from '../../src/worker/watchdog.ts';

test('no run is said to have taken less than nothing, however much is discounted', async () => {
  const watchdog = new Watchdog();
  const run = {
    deadline: Infinity,
    cpuLimitMs: Infinity,
    memoryBytes: Infinity,
    cpuMs: 0,
    executing: true,
    breach: () => {},
    computes: () => {},
    waits: () => {},
  };
  watchdog.watch(run);
  watchdog.discount(1000);
  await setTimeout(50);
  expect(watchdog.unwatch(run)).toBeGreaterThanOrEqual(0);
});

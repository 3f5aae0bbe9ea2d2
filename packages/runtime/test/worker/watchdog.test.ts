import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { memoryUsage } from '../support/memory-usage.ts';
import { Watchdog, type Watched } from '../../src/worker/watchdog.ts';

const mebi = 1024 * 1024;
const soon = { timeout: 5000, interval: 1 };

/** A run that goes on for ever and may take as much as it likes, but for what is given. */
function someRun(given: Partial<Record<keyof Watched, unknown>> = {}): Watched {
  return {
    vm: 1,
    deadline: Infinity,
    cpuLimitMs: Infinity,
    memoryBytes: Infinity,
    residentBytes: Infinity,
    cpuMs: 0,
    executing: true,
    stopping: false,
    breach: () => {},
    computes: () => {},
    waits: () => {},
    ...given,
  } as Watched;
}

/** Makes the process grow as a VM does, beside Node's heap. */
function grow(mib: number): void {
  vi.spyOn(process, 'memoryUsage').mockReturnValue(memoryUsage((resident += mib * mebi)));
}
let resident = 100 * mebi;

test('no run is said to have taken less than nothing, however much is discounted', async () => {
  const watchdog = new Watchdog(() => {});
  const run = someRun();
  watchdog.watch(run);
  watchdog.discount(1000);
  await setTimeout(50);
  expect(watchdog.unwatch(run)).toBeGreaterThanOrEqual(0);
});

test('a run that alone was executed is told of its growth, and not before its bound', async () => {
  const outgrown = vi.fn();
  const watchdog = new Watchdog(outgrown);
  const breach = vi.fn(() => void watchdog.unwatch(run));
  const run = someRun({ memoryBytes: 64 * mebi, residentBytes: 76 * mebi, breach });
  grow(0);
  watchdog.watch(run);
  grow(75);
  await setTimeout(50);
  expect(breach).not.toHaveBeenCalled();
  grow(2);
  await vi.waitUntil(() => breach.mock.calls.length > 0, soon);
  expect(breach.mock.calls).toEqual([['memory_limit']]);
  expect(outgrown).not.toHaveBeenCalled();
});

test('it looks more often the nearer a run comes to its bound', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const looks = (grown: number): number => {
    const watchdog = new Watchdog(() => {});
    const run = someRun({ memoryBytes: 64 * mebi, residentBytes: 76 * mebi });
    grow(0);
    watchdog.watch(run);
    grow(grown);
    vi.advanceTimersByTime(20);
    const before = vi.mocked(process.memoryUsage).mock.calls.length;
    vi.advanceTimersByTime(100);
    const count = vi.mocked(process.memoryUsage).mock.calls.length - before;
    watchdog.unwatch(run);
    // It looks on for a second.
    vi.advanceTimersByTime(2000);
    return count;
  };
  expect(looks(5)).toBe(10);
  expect(looks(56)).toBe(20);
  expect(looks(75)).toBe(100);
});

test('of runs that are executed together none is blamed, and none before all could have used their own', async () => {
  const outgrown = vi.fn(() => runs.forEach((run) => watchdog.unwatch(run)));
  const watchdog = new Watchdog(outgrown);
  const breach = vi.fn();
  const given = { memoryBytes: 64 * mebi, residentBytes: 76 * mebi, breach };
  const runs = [someRun(given), someRun({ ...given, vm: 2 })];
  grow(0);
  runs.forEach((run) => watchdog.watch(run));
  grow(150);
  await setTimeout(50);
  expect(outgrown).not.toHaveBeenCalled();
  grow(3);
  await vi.waitUntil(() => outgrown.mock.calls.length > 0, soon);
  expect(outgrown.mock.calls).toEqual([[undefined]]);
  expect(breach).not.toHaveBeenCalled();
});

test('a run that is over and goes on growing is told of by its VM; one that only takes its time is not', async () => {
  const outgrown = vi.fn(() => void (state.stopping = false));
  const watchdog = new Watchdog(outgrown);
  const state = { stopping: false };
  const run = Object.defineProperty(
    someRun({ vm: 7, memoryBytes: 64 * mebi, residentBytes: 76 * mebi }),
    'stopping',
    { get: () => state.stopping },
  );
  grow(0);
  watchdog.watch(run);
  grow(70);
  await setTimeout(30);
  state.stopping = true;
  watchdog.unwatch(run);
  grow(5);
  await setTimeout(50);
  expect(outgrown).not.toHaveBeenCalled();
  grow(5);
  await vi.waitUntil(() => outgrown.mock.calls.length > 0, soon);
  expect(outgrown.mock.calls).toEqual([[7]]);
});

test.each([
  ['goes on growing is told of at once', 0.5, [[7]]],
  ['has stopped to grow is not', 0, []],
])('a run that took too much and %s', (_what, mibPerLook, expected) => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const outgrown = vi.fn();
  const watchdog = new Watchdog(outgrown);
  const state = { stopping: false };
  const breach = (): void => {
    state.stopping = true;
    watchdog.unwatch(run);
    vi.spyOn(process, 'memoryUsage').mockImplementation(() =>
      memoryUsage((resident += mibPerLook * mebi)),
    );
  };
  const limits = { vm: 7, memoryBytes: 64 * mebi, residentBytes: 76 * mebi };
  const run: Watched = Object.defineProperty(someRun({ ...limits, breach }), 'stopping', {
    get: () => state.stopping,
  });
  grow(0);
  watchdog.watch(run);
  grow(77);
  // The look that finds it, and none after that.
  vi.advanceTimersByTime(10);
  expect(state.stopping).toBe(true);
  expect(outgrown.mock.calls).toEqual(expected);
});

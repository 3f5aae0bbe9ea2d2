import { beforeEach, expect, test, vi } from 'vitest';
import { memoryUsage } from '../support/memory-usage.ts';
import { bytesOf, MemoryShares, type MemoryShare } from '../../src/worker/memory-shares.ts';

const mebi = 1024 * 1024;
let resident = 0;

/** Makes the process grow as a VM does, beside Node's heap. */
function grow(mib: number): void {
  resident += mib * mebi;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  resident = 100 * mebi;
  const usage = vi.spyOn(process, 'memoryUsage');
  usage.mockImplementation(() => memoryUsage(resident));
  return () => {
    usage.mockRestore();
    vi.useRealTimers();
  };
});

function begin(): [MemoryShares, MemoryShare] {
  const shares = new MemoryShares();
  shares.begin();
  return [shares, { ownBytes: 0, sharedBytes: 0 }];
}

test('what the process was to grow by is no share of a run', () => {
  const [shares, run] = begin();
  shares.expect(8 * mebi);
  grow(10);
  shares.divide([run]);
  expect(bytesOf(run)).toBe(2 * mebi);
});

test('what it was to grow by while nobody was executed is gone when it has grown', () => {
  const [shares, run] = begin();
  shares.expect(8 * mebi);
  grow(8);
  shares.divide([]);
  grow(8);
  shares.divide([run]);
  expect(bytesOf(run)).toBe(8 * mebi);
});

test('what it was to grow by and has not is not there for a run to take later', () => {
  const [shares, run] = begin();
  for (let i = 0; i < 10; i++) shares.expect(8 * mebi);
  vi.advanceTimersByTime(300);
  grow(40);
  shares.divide([run]);
  expect(bytesOf(run)).toBe(40 * mebi);
});

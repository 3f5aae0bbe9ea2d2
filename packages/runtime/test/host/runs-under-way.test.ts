import { expect, test } from 'vitest';
import { RunsUnderWay } from '../../src/host/runs-under-way.ts';
import type { LinkedRun } from '../../src/host/worker-link.ts';

const runOf = (id: number): LinkedRun => ({ id }) as LinkedRun;

test('keeps runs apart that were asked for long after one another', () => {
  const runs = new RunsUnderWay();
  const ids = [1, 2, 4096, 4097, 8193, 1_000_000_001];
  for (const id of ids) runs.add(runOf(id), 10);
  for (const id of ids) expect(runs.get(id)?.id).toBe(id);
  expect([runs.size, runs.get(3), runs.get(8192), runs.get(1.5), runs.get(-1)]).toEqual([
    6,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  for (const id of [4097, 1]) runs.delete(id);
  runs.delete(4097);
  runs.add(runOf(12_289), 0);
  const left = [2, 4096, 8193, 12_289, 1_000_000_001];
  for (const id of left) expect(runs.get(id)?.id).toBe(id);
  expect([runs.get(1), runs.get(4097), runs.size]).toEqual([undefined, undefined, 5]);
  expect(
    runs
      .clear()
      .map(({ id }) => id)
      .toSorted((a, b) => a - b),
  ).toEqual(left);
  expect([runs.size, runs.busyCount, runs.get(2)]).toEqual([0, 0, undefined]);
});

test('counts what they do', () => {
  const runs = new RunsUnderWay();
  for (const id of [1, 2, 4097]) runs.add(runOf(id), 10);
  expect([runs.becameQuick(1), runs.becameQuick(1), runs.becameQuick(9)]).toEqual([
    true,
    false,
    false,
  ]);
  runs.addCharacters(1, 5);
  runs.addCharacters(2, 5);
  expect([runs.quickCount, runs.quickCharacters]).toEqual([1, 15]);
  expect(runs.move(2, 'rest')?.id).toBe(2);
  runs.move(4097, 'work');
  expect([runs.busyCount, runs.computingCount]).toEqual([2, 1]);
  runs.move(4097, 'rest');
  expect([runs.busyCount, runs.computingCount]).toEqual([1, 0]);
  for (const id of [1, 2, 4097]) runs.delete(id);
  expect([runs.size, runs.busyCount, runs.quickCount, runs.quickCharacters]).toEqual([0, 0, 0, 0]);
});

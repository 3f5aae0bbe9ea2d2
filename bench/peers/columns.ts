import { microseconds, mebibytes, times } from '../measure.ts';
import { computeNames, type ComputeName } from './jobs.ts';

/** What is measured of each peer: one column of the table. */
export interface Column {
  readonly key: string;
  readonly unit: 'ms' | 'runs/s' | 'bytes';
  readonly meaning: string;
}

/** Columns that one process measures, which does nothing else. */
export type Group = 'runs' | 'vms' | 'memory' | 'call' | 'compute' | 'first';

/** Runs in flight. */
export const levels = [1, 16, 256, 2048] as const;

const computeMeanings: Readonly<Record<ComputeName, string>> = {
  fib: 'recursive Fibonacci of 30, as time inside the VM, like those that follow',
  json: 'JSON of 2 000 rows there and back, 20 times',
  sort: 'making and sorting 100 000 objects, 3 times',
  regexp: 'five regular expressions over 10 KB of text, 100 times',
  mustache: 'mustache 4.2.0 and a table of 100 rows rendered with it, 50 times',
};

export const columns: Readonly<Record<Group, readonly Column[]>> = {
  runs: [
    { key: 'p50', unit: 'ms', meaning: 'a tiny run, one at a time' },
    { key: 'p99', unit: 'ms', meaning: 'the same' },
    ...levels.map((level) => ({
      key: `${level} at once`,
      unit: 'runs/s' as const,
      meaning: `tiny runs, ${level} in flight`,
    })),
    {
      key: 'tenants',
      unit: 'runs/s',
      meaning: 'tiny runs of 500 tenants in turn, 64 in flight',
    },
  ],
  first: [
    {
      key: 'first',
      unit: 'ms',
      meaning: 'from the start of a Node process to the first result of a tiny run',
    },
  ],
  vms: [
    {
      key: 'VM',
      unit: 'ms',
      meaning: 'making a VM, or until its script begins where it cannot be had alone',
    },
  ],
  memory: [
    { key: 'memory', unit: 'bytes', meaning: 'resident memory of one more VM that does nothing' },
  ],
  call: [
    {
      key: 'call',
      unit: 'ms',
      meaning: 'a call of a host function there and back, one after the other',
    },
  ],
  compute: computeNames.map((key) => ({ key, unit: 'ms', meaning: computeMeanings[key] })),
};

export const groups: readonly Group[] = Object.keys(columns) as Group[];

/** One cell: a figure in the unit of its column, or why there is none. */
export type Cell =
  | { readonly key: string; readonly value: number }
  | { readonly key: string; readonly reason: string };

/** How many times better than the baseline. */
export function ratioOf({ unit }: Column, value: number, base: number): string {
  return times(unit === 'runs/s' ? value / base : base / value);
}

export function figureOf({ unit }: Column, value: number): string {
  switch (unit) {
    case 'ms':
      return value < 100 ? microseconds(value) : `${value.toFixed(0)} ms`;
    case 'runs/s':
      return `${value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en')}/s`;
    case 'bytes':
      return mebibytes(value);
  }
}

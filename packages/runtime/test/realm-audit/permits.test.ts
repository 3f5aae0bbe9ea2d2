import { beforeAll, describe, expect, test } from 'vitest';
import { oneVm, snapshotSource } from '../support/realm-audit.ts';
import {
  compareWithPermits,
  type Comparison,
  type Permits,
  type SharedObject,
} from '../support/realm-permits.ts';
import { flatPermits, sesPermits } from '../support/realm-ses-permits.ts';
import { useRuntime } from '../support/runtime.ts';
import { knownIntrinsics } from './known-intrinsics.ts';

const runtime = useRuntime(oneVm);
let graph: readonly SharedObject[];
beforeAll(async () => {
  const { output } = await runtime().execute(snapshotSource, { graph: true });
  graph = output['graph'] as unknown as SharedObject[];
});

/** The entry of ours that covers a path. */
function entryFor(path: string): string | undefined {
  const plain = path.replace(/^[gs]et /, '');
  return Object.keys(knownIntrinsics).find(
    (entry) => plain === entry || plain.startsWith(`${entry}.`),
  );
}

const flat = flatPermits();

const sources: [name: string, load: () => Promise<Permits>][] = [
  ['of the ses package', sesPermits],
];
if (flat !== undefined) sources.push(['of the flat list', async () => flat]);

describe.each(sources)('against the permits %s,', (_, load) => {
  let comparison: Comparison;
  beforeAll(async () => {
    comparison = compareWithPermits(graph, await load());
  });

  test('nothing that they know as shared is mutable here, but for RegExp.prototype', () => {
    expect(comparison.known.size).toBeGreaterThan(1000);
    const mutable = [...comparison.known].filter(([, { isFrozen }]) => !isFrozen);
    expect(mutable.map(([path]) => path)).toEqual(['RegExp.prototype']);
  });

  test('nothing is here that neither they nor our own list know', () => {
    expect(comparison.unknown.filter((path) => entryFor(path) === undefined)).toEqual([]);
  });

  test('each entry of our own list is here and is not in theirs', () => {
    const used = new Set(comparison.unknown.map(entryFor));
    expect(Object.keys(knownIntrinsics).filter((entry) => !used.has(entry))).toEqual([]);
  });

  test('an object that nobody knows would be found', async () => {
    const planted: SharedObject = { path: 'x', isFrozen: true, parent: -1, fields: [] };
    const field = { key: 'planted', type: 'object', value: graph.length, get: -1, set: -1 };
    const [global, ...rest] = graph;
    const altered = [{ ...global!, fields: [...global!.fields, field] }, ...rest, planted];
    expect(compareWithPermits(altered, await load()).unknown).toContain('planted');
  });
});

test.skipIf(flat !== undefined)(
  '(../shared/cases has no flat list on this machine)',
  ({ skip }) => {
    skip('the permits of the ses package were used alone');
  },
);

import { beforeAll, expect, test } from 'vitest';
import { recordEvents } from '../support/channels.ts';
import { differences, oneVm, takeSnapshot, type RealmSnapshot } from '../support/realm-audit.ts';
import { libraryRuns } from '../support/realm-libraries.ts';
import { useRuntime } from '../support/runtime.ts';

const runtime = useRuntime(oneVm);
let before: RealmSnapshot;
beforeAll(async () => {
  before = await takeSnapshot(runtime());
});

test.each(libraryRuns.map((run) => [run.name, run] as const))(
  '%s works in a hardened realm and leaves it as it was',
  async (_, { source, expected }) => {
    const events = recordEvents();
    // Twice: the second run finds what the first left behind, if it did.
    for (let round = 0; round < 2; round++) {
      expect((await runtime().execute(source)).output['value']).toEqual(expected);
    }
    expect(differences(before, await takeSnapshot(runtime()))).toEqual([]);
    expect(events.of('cloister:vm:destroy')).toEqual([]);
  },
);

test.each(libraryRuns.map((run) => [run.name, run] as const))(
  '%s gives the same result in a fresh realm',
  async (_, { source, expected }) => {
    const { output } = await runtime().execute(source, {}, { realm: 'fresh' });
    expect(output['value']).toEqual(expected);
  },
);

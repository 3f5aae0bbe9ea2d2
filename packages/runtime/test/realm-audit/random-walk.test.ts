import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { differences, oneVm, takeSnapshot, type RealmSnapshot } from '../support/realm-audit.ts';
import { reachSource } from '../support/realm-vandalism.ts';
import { codeOf } from '../support/runs.ts';
import { expectHealthy, useRuntime } from '../support/runtime.ts';

const isFull = process.env['CLOISTER_FULL'] === '1';
/** Each is some hundreds of calls, and a snapshot. */
const numRuns = isFull ? 1000 : 15;

const runtime = useRuntime({ ...oneVm, limits: { memoryMb: 64, timeoutMs: 1000 } });
const source = `${reachSource}${readFileSync(new URL('../fixtures/realm-random-walk.js', import.meta.url), 'utf8')}`;

/** A snapshot takes longer than a walk may on a loaded machine; time is not what is looked at. */
let before: RealmSnapshot;
const snapshot = async (): Promise<RealmSnapshot> => {
  for (let attempt = 0; ; attempt++) {
    try {
      return await takeSnapshot(runtime());
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
};
beforeAll(async () => {
  before = await snapshot();
});

const pick = fc.nat(100_000);
const step = fc.record({
  how: fc.oneof(
    { weight: 6, arbitrary: fc.constant('call') },
    { weight: 3, arbitrary: fc.constant('construct') },
    { weight: 1, arbitrary: fc.constantFrom('set', 'define', 'delete', 'proto') },
  ),
  which: pick,
  self: pick,
  args: fc.array(pick, { maxLength: 4 }),
  wait: fc.boolean(),
});
const walk = fc.array(step, { minLength: 40, maxLength: 80, size: 'max' });

test(
  'whatever a script calls with whatever it has, the next run finds the realm as it was',
  async () => {
    const ends = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(walk, { minLength: 4, maxLength: 8, size: 'max' }),
        async (walks) => {
          for (const steps of walks) {
            const code = await codeOf(runtime().execute(source, { steps }));
            ends.set(code, (ends.get(code) ?? 0) + 1);
          }
          expect(differences(before, await snapshot())).toEqual([]);
        },
      ),
      { numRuns },
    );
    await expectHealthy(runtime());
    // What the script itself did not survive ended by a limit; most of the walks came to their end.
    const known = [
      'completed',
      'script_error',
      'timeout',
      'cpu_limit',
      'memory_limit',
      'worker_crashed',
    ];
    expect(known).toEqual(expect.arrayContaining([...ends.keys()]));
    expect(ends.get('completed')).toBeGreaterThan(10);
  },
  60_000 + numRuns * 4000,
);

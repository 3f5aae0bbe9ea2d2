import { describe, expect, test } from 'vitest';
import {
  bridge,
  hasPublicCases,
  probe,
  publicCases,
  publicOracle,
  type PublicCase,
} from './support/public-cases.ts';
import { realms, useRuntime } from './support/runtime.ts';

/** One in so many rows; `npm run escapes` runs them all. */
const share = process.env['CLOISTER_FULL'] === '1' ? 1 : 6;
const atATime = 3;
const secret = 'CANARY-of-the-host';
const limits = { timeoutMs: 1500, memoryMb: 64, apiCalls: 1000 };

/** Idioms that throw, and why they must. */
const refused: Readonly<Record<string, RegExp>> = {
  // The constructor of all generators is read-only in the language itself, so strict code cannot assign to it.
  'ses/property-override:52': /hardened|fresh/,
  // `constructor` of promises stays data where it is frozen: docs/realms.md says so, and why.
  'ses/property-override:113': /hardened/,
};

const surroundings = realms.flatMap((realm) =>
  [false, true].map((isBridged) => ({ realm, isBridged, bindings: isBridged ? bridge : [] })),
);

describe.skipIf(!hasPublicCases)('rows of the public suites', () => {
  describe.each(surroundings)(
    'in a $realm realm, with host functions: $isBridged',
    ({ realm, isBridged, bindings }) => {
      const runtime = useRuntime({ realm, bindings, limits });

      const judged = async (row: PublicCase): Promise<string | undefined> => {
        const { buildSource, judge } = await publicOracle();
        const seen = await probe(runtime(), buildSource(row, { bridge: isBridged }));
        const { pass, why } = judge(seen);
        if (!pass) return `${row.id}: ${why}`;
        // Idioms of libraries are to work, not only to do no harm.
        const isIdiom = row.kind.startsWith('compat') && !refused[row.id]?.test(realm);
        if (isIdiom && !('value' in seen && seen.value.outcome === 'value')) {
          return `${row.id}: ${JSON.stringify(seen)}`;
        }
        const { output } = await runtime().execute('return 2');
        return output['value'] === 2 ? undefined : `${row.id}: the next run is not well`;
      };

      test('reach nothing, and the next run is well', async () => {
        process.env['CLOISTER_CANARY'] = secret;
        const hostKeys = Reflect.ownKeys(Object.prototype);
        const rows = publicCases()
          .filter(({ kind }, at) => at % share === 0 || kind.startsWith('compat'))
          .values();
        const findings: (string | undefined)[] = [];
        const work = async (): Promise<void> => {
          for (const row of rows) findings.push(await judged(row));
        };
        await Promise.all(Array.from({ length: atATime }, work));
        delete process.env['CLOISTER_CANARY'];
        expect(findings.length).toBeGreaterThan(80);
        expect(findings.filter((finding) => finding !== undefined)).toEqual([]);
        expect(Reflect.ownKeys(Object.prototype)).toEqual(hostKeys);
      }, 180_000);
    },
  );

  test('would be found to reach something', async () => {
    const { judge } = await publicOracle();
    const found = { outcome: 'value', text: '', escaped: 'x -> Function sees object', seen: 1 };
    expect(judge({ value: found }).pass).toBe(false);
  });
});

test.skipIf(hasPublicCases)('(../shared/cases is not on this machine)', ({ skip }) => {
  skip('the rows of the public suites were not run');
});

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Runtime } from '../../src/index.ts';
import { bridge } from './public-cases.ts';
import { realms, useRuntime } from './runtime.ts';

const probe = readFileSync(new URL('../fixtures/reach.js', import.meta.url), 'utf8');

/** Where attempts are made: in each kind of realm, with functions of the host and without. */
const surroundings = realms.flatMap((realm) => [
  { realm, host: 'with', bindings: bridge },
  { realm, host: 'without', bindings: [] },
]);

/**
 * Tests that none of some attempts gets hold of anything that does not belong to the realm.
 * @param attempts - by what they try; each hands what it gets hold of to `keep`.
 */
export function describeAttempts(attempts: Readonly<Record<string, string>>): void {
  describe.each(surroundings)(
    'in a $realm realm $host functions of the host, nothing foreign is reached by',
    ({ realm, bindings }) => {
      const runtime = useRuntime({ realm, bindings, limits: { apiCalls: 1000, timeoutMs: 5000 } });
      test.each(Object.entries(attempts))('%s', async (_, source) => {
        expect(await findingsOf(runtime(), source)).toEqual([]);
      });
    },
  );
}

/** What an attempt finds: a function, an error and a value of ours, from as far out as there are. */
const given = `
  const { hostFunction, hostError, hostValue } = await (async () => {
    const hasHost = typeof sdk === 'object' && sdk.cache !== undefined;
    const hostFunction = hasHost ? sdk.cache.get : console.log;
    const hostError = await (hasHost ? sdk.http.get('http://127.0.0.1:1/') : import('x')).catch((error) => error);
    return { hostFunction, hostError, hostValue: hasHost ? await sdk.cache.get('k') : ctx.input };
  })();`;

/** Makes an attempt. @returns what it got hold of that does not belong to the realm. */
export async function findingsOf(runtime: Runtime, source: string): Promise<string[]> {
  const { output } = await runtime.execute(
    `${probe}${given}
    try { keep(await (async () => { ${source}\n })()) } catch (error) { keep(error) }
    keep(hostFunction, hostError, hostValue);
    return { __proto__: null, findings: probe.reached() }`,
    { given: [1, { a: 1 }] },
  );
  return (output['findings'] as string).split('\n').filter((line) => line !== '');
}

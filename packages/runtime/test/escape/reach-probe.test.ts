import { describe, expect, test } from 'vitest';
import { findingsOf } from '../support/reach.ts';
import { realms, useRuntime } from '../support/runtime.ts';

describe.each(realms)('the probe of these tests, in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });

  test.each([
    [
      'an object of another realm',
      `keep({ a: [Object.create(Object.create(null, { __lookupGetter__: { value: 1 } }))] })`,
      'kept 1.a.0 is of another realm',
    ],
    [
      'a handle of isolated-vm',
      `return { deep: { applySync() {} } }`,
      'kept 1.deep belongs to isolated-vm',
    ],
    [
      'a function whose constructor makes code',
      `keep(Object.setPrototypeOf(() => {}, { constructor: () => () => 'made-code' }))`,
      'kept 1 makes code',
    ],
    [
      'what a getter is',
      `keep({ get a() { return 1 } }); throw Object.assign(new Error('x'), { deep: { copyInto: 1 } })`,
      'kept 2.deep belongs to isolated-vm',
    ],
    [
      'what a proxy throws',
      `keep(new Proxy({}, { ownKeys() { throw { applySync: 1 } } }))`,
      'kept 1, thrown belongs to isolated-vm',
    ],
    [
      'what hangs on the global object',
      `try { globalThis.x = { applySync: 1 } } catch { keep({ x: { applySync: 1 } }) }`,
      'belongs to isolated-vm',
    ],
  ])('finds %s', async (_what, source, finding) => {
    expect((await findingsOf(runtime(), source)).join('\n')).toContain(finding);
  });

  test('finds nothing where there is nothing', async () => {
    expect(await findingsOf(runtime(), 'keep(globalThis, [1], new Map(), class {})')).toEqual([]);
  });
});

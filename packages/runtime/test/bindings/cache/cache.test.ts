import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { cache, type CacheOptions } from '../../../src/bindings/index.ts';
import { createRuntime, type Runtime } from '../../../src/index.ts';
import { hasRedis, startRedis, type RedisServer } from '../../support/redis.ts';
import { as } from '../../support/runs.ts';
import { expectHealthy } from '../../support/runtime.ts';

/** Tenants and keys that a careless way of joining the two would take for one another. */
const confusable: readonly (readonly [tenant: string, key: string])[] = [
  ['a', 'b:c'],
  ['a:b', 'c'],
  ['a\0b', 'c'],
  ['a', 'b\0c'],
  ['a', 'c'],
  ['A', 'c'],
  ['a}', 'c'],
  ['{a}', 'c'],
  ['a*', 'c'],
  ['__proto__', 'c'],
  ['a', '__proto__'],
  ['constructor', 'prototype'],
  ['a', 'constructor'],
  ['entries', 'uses'],
  ['a:entries', 'c'],
  ['a', 'é'],
  ['a', 'e\u0301'],
  ['\ud800', 'c'],
  ['\ud801', 'c'],
  ['\ufffd', 'c'],
  ['a', '\ud800'],
  ['a', '\ud801'],
  ['a', '\ufffd'],
  ['a', ''],
  ['a', ' '],
  ['a', '"c"'],
];

describe.each([
  ['memory', true],
  ['Redis', hasRedis],
] as const)('the cache in %s', (where, isThere) => {
  let redis: RedisServer | undefined;
  let shared: Runtime | undefined;
  let places = 0;

  /** A runtime with a cache that nobody else has. */
  async function create(options: CacheOptions): Promise<Runtime> {
    const place = redis && { url: redis.url, prefix: `test${++places}:`, timeoutMs: 5_000 };
    return createRuntime({
      workers: 1,
      poolSize: 2,
      limits: { apiCalls: 10_000 },
      bindings: [cache({ ...place, ...options })],
    });
  }
  beforeAll(async () => {
    if (!isThere) return;
    if (where === 'Redis') redis = await startRedis();
    shared = await create({});
  });
  afterAll(async () => {
    if (shared !== undefined) await expectHealthy(shared);
    await shared?.shutdown({ graceMs: 0 });
    await redis?.[Symbol.asyncDispose]();
  });

  type Value = (source: string, tenant?: string, input?: unknown) => Promise<unknown>;

  /** What a script gives: with options in a cache of its own, without in the name of a new tenant. */
  async function start(options?: CacheOptions): Promise<{ value: Value }> {
    const runtime = options === undefined ? shared! : await create(options);
    if (options !== undefined) onTestFinished(() => runtime.shutdown({ graceMs: 0 }));
    const own = `tenant ${++places}`;
    return {
      value: async (source, tenant = own, input = {}) =>
        (await runtime.execute(source, input, as(tenant))).output['value'],
    };
  }

  const codeOf = (call: string): string => `try { await ${call} } catch (e) { return e.code }`;

  test.runIf(isThere)('keeps what one run sets for the next', async () => {
    const { value } = await start();
    await value(`await sdk.cache.set('k', { list: [1, null, 'é\\u2028'], __proto__x: true })`);
    expect(await value(`return [await sdk.cache.get('k')]`)).toEqual([
      { list: [1, null, 'é\u2028'], __proto__x: true },
    ]);
    expect(
      await value(`return [await sdk.cache.has('k'), await sdk.cache.delete('k'),
        await sdk.cache.delete('k'), await sdk.cache.has('k'), typeof await sdk.cache.get('k')]`),
    ).toEqual([true, true, false, false, 'undefined']);
  });

  test.runIf(isThere)('keeps null, false, 0 and an empty text as they are', async () => {
    const { value } = await start();
    expect(
      await value(`const values = [null, false, 0, '', [], {}];
        for (const [i, v] of values.entries()) await sdk.cache.set('k' + i, v);
        return await Promise.all(values.map((_, i) => sdk.cache.get('k' + i)))`),
    ).toEqual([null, false, 0, '', [], {}]);
  });

  test.runIf(isThere)('keeps every pair of tenant and key apart', async () => {
    const { value } = await start({});
    for (const [index, [tenant, key]] of confusable.entries()) {
      const before = await value(
        `const { key, index } = ctx.input;
         const before = [await sdk.cache.has(key), await sdk.cache.get(key)];
         await sdk.cache.set(key, index);
         return before`,
        tenant,
        { key, index },
      );
      expect(before, JSON.stringify([tenant, key])).toEqual([false, null]);
    }
    for (const [index, [tenant, key]] of confusable.entries()) {
      expect(
        await value(`return await sdk.cache.get(ctx.input.key)`, tenant, { key }),
        JSON.stringify([tenant, key]),
      ).toBe(index);
    }
  });

  test.runIf(isThere)('forgets an entry when its time is over', async () => {
    const { value } = await start({ defaultTtlMs: 30 });
    await value(
      `await sdk.cache.set('short', 1); await sdk.cache.set('long', 1, { ttlMs: 60000 })`,
    );
    await vi.waitUntil(async () => !(await value(`return await sdk.cache.has('short')`)));
    expect(await value(`return await sdk.cache.get('long')`)).toBe(1);
  });

  test.runIf(isThere)('counts, without losing any, from many runs at once', async () => {
    const { value } = await start();
    const counted = `return await Promise.all(Array.from({ length: 50 }, () => sdk.cache.increment('n')))`;
    const numbers = (await Promise.all([1, 2, 3, 4].map(() => value(counted)))).flat() as number[];
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    expect(await value(`return await sdk.cache.get('n')`)).toBe(200);
  });

  test.runIf(isThere)('adds what it is told, to the last bit', async () => {
    const { value } = await start();
    expect(
      await value(`const { increment, set } = sdk.cache;
        await set('max', Number.MAX_SAFE_INTEGER - 1);
        return [await increment('x', 0.1), await increment('x', 0.2), await increment('x', -5),
          await increment('max'), await increment('y', null), await increment('big', 1e300)]`),
    ).toEqual([0.1, 0.1 + 0.2, 0.1 + 0.2 - 5, Number.MAX_SAFE_INTEGER, 1, 1e300]);
  });

  test.runIf(isThere)('does not make a counter live longer by counting', async () => {
    const { value } = await start();
    await value(`await sdk.cache.increment('n', 1, { ttlMs: 150 })`);
    await vi.waitUntil(
      async () => (await value(`return await sdk.cache.increment('n', 0, { ttlMs: 60000 })`)) === 0,
    );
  });

  test
    .runIf(isThere)
    .each(['"12"', 'true', 'null', '[]', '{}', '"0x10"', '" 1"', '"nan"', '"inf"', '1.7e308'])(
    'refuses to count on from %s and leaves it as it is',
    async (json) => {
      const { value } = await start();
      const by = json === '1.7e308' ? 1e308 : 1;
      expect(
        await value(
          `await sdk.cache.set('k', ${json}); ${codeOf(`sdk.cache.increment('k', ${by})`)}`,
        ),
      ).toBe('not_a_number');
      expect(await value(`return [await sdk.cache.get('k')]`)).toEqual([JSON.parse(json)]);
    },
  );

  test.runIf(isThere)('gives all who set the same absent key at once one value', async () => {
    const { value } = await start();
    const answers = (await value(
      `return await Promise.all(Array.from({ length: 50 }, (_, i) => sdk.cache.getOrSet('k', { i })))`,
    )) as { i: number }[];
    expect(new Set(answers.map(({ i }) => i)).size).toBe(1);
    expect(await value(`return [await sdk.cache.getOrSet('k', 'other')]`)).toEqual([answers[0]]);
  });

  test.runIf(isThere).each([
    [`get('x'.repeat(513))`, 'key_too_long'],
    [`get('é'.repeat(257))`, 'key_too_long'],
    [`increment('x'.repeat(513))`, 'key_too_long'],
    [`set('k', 'x'.repeat(262143))`, 'value_too_large'],
    [`getOrSet('k', 'é'.repeat(131072))`, 'value_too_large'],
    [`set('k', 1, { ttlMs: 86400001 })`, 'ttl_too_long'],
    [`increment('k', 1, { ttlMs: 86400001 })`, 'ttl_too_long'],
    [`set('k', 1, { ttlMs: 0 })`, 'invalid_arguments'],
    [`set('k', 1, { ttlSeconds: 5 })`, 'invalid_arguments'],
    [`set('k')`, 'invalid_arguments'],
    [`get(1)`, 'invalid_arguments'],
    [`increment('k', '1')`, 'invalid_arguments'],
  ])('refuses %s as %s', async (call, code) => {
    const { value } = await start();
    expect(await value(codeOf(`sdk.cache.${call}`))).toBe(code);
    expect(await value(`return await sdk.cache.has('k')`)).toBe(false);
  });

  test.runIf(isThere)('takes keys and values up to their bounds', async () => {
    const { value } = await start();
    expect(
      await value(`const key = 'é'.repeat(256), text = 'x'.repeat(262142);
        await sdk.cache.set(key, text); return await sdk.cache.get(key) === text`),
    ).toBe(true);
  });

  test.runIf(isThere)(
    'drops what was unused for longest when a tenant has too many keys',
    async () => {
      const { value } = await start({ perTenant: { maxKeys: 3 } });
      await value(`await sdk.cache.set('theirs', 1)`, 'b');
      expect(
        await value(`const { set, get, has } = sdk.cache;
        for (const key of ['k1', 'k2', 'k3']) await set(key, key);
        await get('k1');
        await set('k4', 1);
        await set('k4', 2);
        return [await has('k1'), await has('k2'), await has('k3'), await has('k4')]`),
      ).toEqual([true, false, true, true]);
      expect(await value(`return await sdk.cache.has('theirs')`, 'b')).toBe(true);
    },
  );

  test.runIf(isThere)('bounds the bytes of a tenant', async () => {
    const { value } = await start({ perTenant: { maxBytes: 40_000 } });
    await value(`await sdk.cache.set('theirs', 1)`, 'b');
    expect(
      await value(`const { set, has, increment } = sdk.cache;
        for (let i = 0; i < 50; i++) await set('k' + i, 'x'.repeat(5000));
        await set('k49', 'y'.repeat(9000));
        await increment('n');
        const kept = [];
        for (let i = 0; i < 50; i++) if (await has('k' + i)) kept.push(i);
        return [kept, await has('n')]`),
    ).toEqual([[44, 45, 46, 47, 48, 49], true]);
    expect(await value(`return await sdk.cache.has('theirs')`, 'b')).toBe(true);
  });

  test.runIf(isThere)(
    'shows no value of one tenant to another that hammers the same keys',
    async () => {
      const { value } = await start({ perTenant: { maxKeys: 7 } });
      const source = `const { get, set, getOrSet, increment, delete: remove } = sdk.cache;
      const me = ctx.tenant.id, seen = new Set();
      for (let round = 0; round < 30; round++) {
        const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => i).flatMap((i) => [
          set('k' + i, me), get('k' + i), getOrSet('k' + (i + 1), me), i % 3 ? get('k1') : remove('k1'),
        ]));
        for (const answer of answers) if (typeof answer === 'string') seen.add(answer);
      }
      return [...seen]`;
      const tenants = ['a', 'b', 'c'];
      expect(await Promise.all(tenants.map((id) => value(source, id)))).toEqual([
        ['a'],
        ['b'],
        ['c'],
      ]);
    },
  );
});

test.each<[CacheOptions, RegExp]>([
  [{ maxTtlMs: 0 }, /cache\.maxTtlMs must be a whole number from 1/],
  [{ maxTtlMs: 10, defaultTtlMs: 11 }, /cache\.defaultTtlMs .* to 10/],
  [{ perTenant: { maxBytes: 1000 }, maxValueBytes: 251 }, /cache\.maxValueBytes .* to 250/],
  [{ url: 'http://secret:word@host/' }, /^cache\.url must be a URL that begins with redis:/],
  [{ prefix: 'a{b}' }, /cache\.prefix/],
  [{ ttl: 1 } as CacheOptions, /cache\.ttl is not an option/],
  [{ perTenant: { keys: 1 } as never }, /cache\.perTenant\.keys is not an option/],
])('refuses the options %o', (options, message) => {
  expect(() => cache(options)).toThrow(message);
});

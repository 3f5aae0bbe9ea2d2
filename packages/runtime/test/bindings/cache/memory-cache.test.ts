import { expect, test } from 'vitest';
import { MemoryCache } from '../../../src/bindings/cache/memory-cache.ts';

const value = JSON.stringify('x'.repeat(868)); // an entry of 1000 bytes with a key of two

test('when all tenants hold too much, those who hold most give way', async () => {
  const store = new MemoryCache({ maxKeys: 1_000, maxBytes: 1_000_000 }, 100_000);
  for (let i = 10; i < 20; i++) await store.set('small', `${i}`, value, 60_000);
  for (let i = 0; i < 500; i++) await store.set('large', `${(i % 90) + 10}`, value, 60_000);
  for (let i = 10; i < 60; i++) await store.set('second', `${i}`, value, 60_000);
  const keys = Array.from({ length: 90 }, (_, i) => `${i + 10}`);
  const kept = async (tenant: string): Promise<number> => {
    const found = await Promise.all(keys.map((key) => store.has(tenant, key)));
    return found.filter(Boolean).length;
  };
  expect(await kept('small')).toBe(10);
  const [large, second] = [await kept('large'), await kept('second')];
  expect(large + second).toBeGreaterThanOrEqual(87);
  expect(large + second).toBeLessThanOrEqual(90);
  expect(Math.abs(large - second)).toBeLessThanOrEqual(4);
});

test('forgets everything when it is closed', async () => {
  const store = new MemoryCache({ maxKeys: 10, maxBytes: 10_000 }, 10_000);
  await store.set('a', 'k', '1', 60_000);
  await store.close();
  await store.close();
  expect(await store.has('a', 'k')).toBe(false);
});

test('makes room among very many tenants without a stall', async () => {
  const store = new MemoryCache({ maxKeys: 1_000, maxBytes: 1_000_000 }, 20_000_000);
  let longest = 0;
  for (let i = 0; i < 60_000; i++) {
    const began = performance.now();
    await store.set(`tenant ${i % 20_000}`, `${i}`, value, 60_000);
    longest = Math.max(longest, performance.now() - began);
  }
  expect(await store.has('tenant 19999', '59999')).toBe(true);
  expect(longest).toBeLessThan(1_000);
});

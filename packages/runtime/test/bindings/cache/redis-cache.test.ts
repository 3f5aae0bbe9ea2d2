import diagnostics from 'node:diagnostics_channel';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { cache } from '../../../src/bindings/index.ts';
import type { Runtime } from '../../../src/index.ts';
import { hasRedis, startRedis, type RedisServer } from '../../support/redis.ts';
import { startRuntime } from '../../support/runs.ts';

const get = `try { return [await sdk.cache.get('k')] } catch (e) { return [e.code, e.message, e.name] }`;

describe.runIf(hasRedis)('the cache in Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => (redis = await startRedis()));
  afterAll(() => redis[Symbol.asyncDispose]());

  const start = (prefix: string, timeoutMs: number): Promise<Runtime> =>
    startRuntime({
      workers: 1,
      poolSize: 1,
      bindings: [cache({ url: redis.url, prefix, timeoutMs })],
    });
  const value = async (runtime: Runtime, source: string): Promise<unknown> =>
    (await runtime.execute(source)).output['value'];

  test('is unavailable to scripts, without a name of a host, while Redis is down, and works again after', async () => {
    const runtime = await start('down:', 2_000);
    await value(runtime, `await sdk.cache.set('k', 1)`);
    const causes: string[] = [];
    const onError = (message: unknown): void => {
      const { error } = message as { error: Error };
      causes.push(String(error.cause));
    };
    diagnostics.subscribe('cloister:binding:error', onError);
    onTestFinished(() => void diagnostics.unsubscribe('cloister:binding:error', onError));
    await redis.stop();
    const down = ['cache_unavailable', 'the cache cannot be reached', 'BindingError'];
    expect(await value(runtime, get)).toEqual(down);
    expect(await value(runtime, get)).toEqual(down);
    expect(causes).toHaveLength(2);
    await redis.start();
    await vi.waitUntil(async () => {
      const [answer] = (await value(runtime, get)) as unknown[];
      return answer === null;
    });
  });

  test('gives a Redis that does not answer up in time, and does not repeat what it had sent', async () => {
    const runtime = await start('paused:', 1_000);
    const add = `try { return await sdk.cache.increment('n', ctx.input.by) } catch (e) { return e.code }`;
    const increment = async (by: number): Promise<unknown> =>
      (await runtime.execute(add, { by })).output['value'];
    expect(await increment(1)).toBe(1);
    redis.pause();
    const began = performance.now();
    expect(await increment(1)).toBe('cache_unavailable');
    expect(performance.now() - began).toBeLessThan(3_000);
    await redis.stop();
    await redis.start();
    const n = await vi.waitUntil(
      async () => {
        const answer = await increment(0);
        return typeof answer === 'number' && [answer];
      },
      { timeout: 10_000 },
    );
    expect(n).toEqual([0]);
  });

  test('leaves nothing in Redis that lives longer than maxTtlMs, and nothing outside its prefix', async () => {
    const runtime = await start('lifetime:', 5_000);
    const client = new Redis(redis.url, { keyPrefix: '' });
    onTestFinished(() => client.disconnect());
    await client.flushall();
    await value(
      runtime,
      `await sdk.cache.set('k', 1, { ttlMs: 5 }); await sdk.cache.increment('n')`,
    );
    const keys = await client.keys('*');
    expect(keys).toHaveLength(3);
    for (const key of keys) {
      expect(key).toMatch(/^lifetime:\{[\w-]{43}\}:(entries|uses|counts)$/);
      expect(await client.pttl(key)).toBeGreaterThan(86_000_000);
      expect(await client.pttl(key)).toBeLessThanOrEqual(86_400_000);
    }
  });

  test.each(['entries', 'uses', 'counts'])(
    'begins anew when Redis has dropped its %s',
    async (part) => {
      const runtime = await start(`evicted-${part}:`, 5_000);
      const client = new Redis(redis.url);
      onTestFinished(() => client.disconnect());
      await value(runtime, `await sdk.cache.set('k', 1); await sdk.cache.set('l', 1)`);
      await client.del(await client.keys(`evicted-${part}:*:${part}`));
      expect(
        await value(
          runtime,
          `await sdk.cache.set('m', 2); return [await sdk.cache.has('k'), await sdk.cache.get('m')]`,
        ),
      ).toEqual([false, 2]);
      const counts = await client.hgetall((await client.keys(`evicted-${part}:*:counts`))[0]!);
      expect(Number(counts['bytes'])).toBeLessThan(200);
    },
  );
});

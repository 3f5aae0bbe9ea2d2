import { describe, expect, test } from 'vitest';
import type { Usage } from '../src/index.ts';
import { failure, realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('usage, in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm, maxConcurrencyPerTenant: 1 });
  const busy = (ms: number) => `{ const end = Date.now() + ${ms}; while (Date.now() < end); }`;
  const wait = (ms: number) => `await new Promise((resolve) => setTimeout(resolve, ${ms}));`;
  const plausible = ({ cache, queueCause, ...usage }: Usage) => {
    expect(['vm', 'memory', 'store', 'miss']).toContain(cache);
    for (const value of Object.values(usage)) {
      expect(Number.isFinite(value)).toBe(true);
      expect(value).toBeGreaterThanOrEqual(0);
    }
    expect([null, 'pool_full', 'tenant_cap', 'starting']).toContain(queueCause);
    expect(Object.keys(usage).toSorted()).toEqual([
      'apiCalls',
      'attempts',
      'cpuMs',
      'heapBytes',
      'queueMs',
      'wallMs',
    ]);
    expect(usage.apiCalls).toBe(0);
    expect(usage.wallMs).toBeLessThan(25_000);
  };

  test('of a tiny run is small, and complete', async () => {
    const { usage } = await runtime().execute('return 1');
    plausible(usage);
    expect(usage.wallMs).toBeGreaterThan(0);
    expect(usage.heapBytes).toBeGreaterThan(100_000);
    expect(usage.heapBytes).toBeLessThan(64 * 1024 * 1024);
  });

  test('counts waiting as wall clock and not as time on a core', async () => {
    const { usage } = await runtime().execute(`${wait(400)} return 1`);
    plausible(usage);
    expect(usage.wallMs).toBeGreaterThanOrEqual(390);
    expect(usage.cpuMs).toBeLessThan(300);
  });

  test('counts work as both', async () => {
    const { usage } = await runtime().execute(`${busy(300)} return 1`);
    plausible(usage);
    expect(usage.wallMs).toBeGreaterThanOrEqual(299);
    // The loop runs by the clock, and other processes may have had the core for much of it.
    expect(usage.cpuMs).toBeGreaterThan(50);
    expect(usage.cpuMs).toBeLessThanOrEqual(usage.wallMs + 50);
  });

  test('of one run holds nothing of the run before it in the same VM', async () => {
    const tenant = { id: 'same' };
    await runtime().execute(`${busy(400)} return 1`, {}, { tenant });
    const { usage } = await runtime().execute('return 1', {}, { tenant });
    expect(usage.cpuMs).toBeLessThan(200);
  });

  test('says that a script is compiled once in a VM', async () => {
    const tenant = { id: 'again' };
    const tiers = [];
    for (let round = 0; round < 3; round++) {
      const { usage } = await runtime().execute('return "again"', {}, { tenant });
      tiers.push(usage.cache);
    }
    expect(tiers).toEqual(['miss', 'vm', 'vm']);
  });

  test('shows what a run kept in memory', async () => {
    const { usage } = await runtime().execute(
      'const kept = new Array(2_000_000).fill(1.5); await null; return kept.length',
    );
    expect(usage.heapBytes).toBeGreaterThan(10_000_000);
  });

  test('counts the wait in the queue apart', async () => {
    const tenant = { id: 'queueing' };
    const [, second] = await Promise.all([
      runtime().execute(`${wait(300)} return 1`, {}, { tenant }),
      runtime().execute('return 2', {}, { tenant }),
    ]);
    plausible(second.usage);
    expect(second.usage.queueMs).toBeGreaterThanOrEqual(280);
    expect(second.usage.wallMs).toBeLessThan(second.usage.queueMs + 5000);
  });

  test.each([
    ['a throw', `${busy(100)} throw 1`, {}, 'script_error'],
    ['a timeout while working', 'for (;;);', { timeoutMs: 300 }, 'timeout'],
    ['a cpu limit', 'for (;;);', { cpuMs: 200 }, 'cpu_limit'],
    ['an output limit', `${busy(100)} return "xxxx"`, { outputBytes: 2 }, 'output_limit'],
    ['no JSON', `${busy(100)} return 1n`, {}, 'output_invalid'],
  ])('comes with the error of %s', async (_, source, limits, code) => {
    const error = await failure(runtime().execute(source, {}, { limits }));
    expect(error.code).toBe(code);
    plausible(error.usage);
    expect(error.usage.wallMs).toBeGreaterThanOrEqual(99);
    expect(error.usage.cpuMs).toBeGreaterThan(20);
  });

  test('of a timeout while waiting has hardly any time on a core', async () => {
    const error = await failure(
      runtime().execute('await new Promise(() => {})', {}, { limits: { timeoutMs: 400 } }),
    );
    plausible(error.usage);
    expect(error.usage.wallMs).toBeGreaterThanOrEqual(399);
    expect(error.usage.cpuMs).toBeLessThan(300);
  });

  test('of a compilation error, and of a memory limit, is complete too', async () => {
    plausible((await failure(runtime().execute(')'))).usage);
    const memory = runtime().execute(
      'const a = []; for (;;) a.push({})',
      {},
      { limits: { memoryMb: 16 } },
    );
    const { usage } = await failure(memory);
    plausible(usage);
    expect(usage.cpuMs).toBeGreaterThan(0);
  });
});

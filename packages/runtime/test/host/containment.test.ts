import { availableParallelism } from 'node:os';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { defineBinding, type Runtime } from '../../src/index.ts';
import { recordEvents } from '../support/channels.ts';
import { as, codeOf, failureOf, runUntilLog, sleeper, startRuntime } from '../support/runs.ts';

const places = 2 * availableParallelism();
const loop = `for (;;);`;

/** Starts as many runs as are asked for, and waits until as many compute as are let. */
async function flood(
  runtime: Runtime,
  count: number,
  source: string,
): Promise<{ readonly codes: Promise<string>[]; stop(): void }> {
  const abort = new AbortController();
  const context = as('bad', { signal: abort.signal });
  const codes = Array.from({ length: count }, () => codeOf(runtime.execute(source, {}, context)));
  await vi.waitUntil(() => runtime.stats().queue.running >= places, { timeout: 20_000 });
  return { codes, stop: () => abort.abort() };
}

describe('a tenant with fifty endless loops', () => {
  test('has a few at a time on the cores, and the runs of others go through', async () => {
    const runtime = await startRuntime({ maxVms: 120 });
    const { codes, stop } = await flood(runtime, 50, loop);
    for (let i = 0; i < 20; i++) {
      await runtime.execute('return 1', {}, as(`good${i % 4}`));
      expect(runtime.stats().queue).toMatchObject({ queued: 50 - places, running: places });
    }
    stop();
    expect(new Set(await Promise.all(codes))).toEqual(new Set(['cancelled']));
    expect(runtime.stats().queue).toEqual({ queued: 0, running: 0, tenants: 0 });
    expect(await codeOf(runtime.execute('return 1', {}, as('bad')))).toBe('completed');
  });

  test('has no VMs made for those that wait', async () => {
    const runtime = await startRuntime({ poolSize: 0, maxVms: 120 });
    const { stop } = await flood(runtime, 50, loop);
    await runtime.execute('return 1', {}, as('good'));
    expect(runtime.stats().pool.vms).toBeLessThanOrEqual(places + 1);
    stop();
  });

  test('is let go in the queue by its signal, and by a shutdown', async () => {
    const runtime = await startRuntime({ maxVms: 120 });
    const { codes } = await flood(runtime, places, loop);
    const abort = new AbortController();
    const one = codeOf(runtime.execute('return 1', {}, as('bad', { signal: abort.signal })));
    const other = codeOf(runtime.execute('return 1', {}, as('bad')));
    expect(runtime.stats().queue).toMatchObject({ queued: 2 });
    abort.abort();
    expect(await one).toBe('cancelled');
    await runtime.shutdown({ graceMs: 0 });
    expect(await other).toBe('pool_closed');
    expect(new Set(await Promise.all(codes))).toEqual(new Set(['pool_closed']));
  });

  test('waits in its queue, and not on the time of its scripts', async () => {
    const runtime = await startRuntime({ maxVms: 120 });
    const { stop } = await flood(runtime, places, loop);
    const held = runtime.execute(
      'return 1',
      {},
      as('bad', { limits: { timeoutMs: 300, cpuMs: 300 } }),
    );
    await runtime.execute(sleeper(600), {}, as('good'));
    stop();
    const { usage } = await held;
    expect(usage.queueCause).toBe('tenant_cap');
    expect(usage.queueMs).toBeGreaterThan(500);
    expect(usage.wallMs).toBeLessThan(300);
  });
});

describe('runs that wait', () => {
  test('take no place on the cores', async () => {
    const runtime = await startRuntime({ poolSize: 0, maxVms: 100 });
    const count = 3 * places;
    const runs = await Promise.all(
      Array.from({ length: count }, () => runUntilLog(runtime, sleeper(100_000), as('a'))),
    );
    expect(runtime.stats().queue).toMatchObject({ queued: 0, running: count });
    for (const run of runs) run.cancel();
  });

  test('take one when they compute after all, and give it back when they wait again', async () => {
    const open = Promise.withResolvers<void>();
    const gate = defineBinding('gate', {
      pass: { params: z.tuple([]), handler: () => open.promise },
    });
    const runtime = await startRuntime({ maxVms: 100, bindings: [gate] });
    const source = `console.log('up'); await sdk.gate.pass();
      const until = Date.now() + 1500; while (Date.now() < until);
      console.log('done'); await new Promise(() => {});`;
    const runs = await Promise.all(
      Array.from({ length: places }, () => runUntilLog(runtime, source, as('bad'))),
    );
    const isCapped = async (): Promise<boolean> => {
      const { usage } = await runtime.execute('return 1', {}, as('bad'));
      return usage.queueCause === 'tenant_cap';
    };
    expect(await isCapped()).toBe(false);
    open.resolve();
    await vi.waitUntil(isCapped, { timeout: 20_000, interval: 1 });
    await vi.waitUntil(() => runs.every(({ heard }) => heard.includes('done')), 20_000);
    expect(runtime.stats().queue).toMatchObject({ queued: 0, running: places });
    expect(await codeOf(runtime.execute('return 1', {}, as('bad')))).toBe('completed');
    for (const run of runs) run.cancel();
  });
});

describe('a run that V8 cannot stop', () => {
  test('is on its core until its worker is killed', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ maxVms: 50, graceMs: 1500 });
    const endless = (index: number): string =>
      `return [].indexOf.call({ length: 2 ** 53 - ${index + 1} }, 9)`;
    const limits = { timeoutMs: 300 };
    const codes = Array.from({ length: places }, (_, index) =>
      codeOf(runtime.execute(endless(index), {}, as('bad', { limits }))),
    );
    expect(new Set(await Promise.all(codes))).toEqual(new Set(['timeout']));
    expect(events.of('cloister:worker:exit')).toEqual([]);
    const next = await runtime.execute('return 1', {}, as('bad'));
    expect(next.usage.queueCause).toBe('tenant_cap');
    expect(events.of('cloister:worker:exit')).not.toEqual([]);
  });
});

describe('a script that has not proven itself', () => {
  test('leaves the worker alone that proven ones use, though none is in it at the moment', async () => {
    const events = recordEvents();
    const runtime = await startRuntime({ workers: 2, maxVms: 50 });
    for (let i = 0; i < 60; i++) await runtime.execute('return 1', {}, as('good'));
    for (let i = 0; i < 5; i++) {
      await runtime.execute('return 1', {}, as('good'));
      await runtime.execute('return 1', {}, as(`new${i}`));
      const [good, other] = events
        .of('cloister:run:start')
        .slice(-2)
        .map(({ worker }) => worker);
      expect(other).not.toBe(good);
    }
  });

  test('has any worker when there is no other', async () => {
    const runtime = await startRuntime({ workers: 1, maxVms: 50 });
    for (let i = 0; i < 60; i++) await runtime.execute('return 1', {}, as('good'));
    const { workers } = runtime.stats().pool;
    const other = failureOf(runtime.execute('throw 1', {}, as('bad')));
    expect(await other).toMatchObject({ code: 'script_error' });
    expect(runtime.stats().pool.workers).toBe(workers);
  });
});

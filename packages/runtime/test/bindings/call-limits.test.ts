import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineBinding, type BindingRun } from '../../src/index.ts';
import { failure, realms, useRuntime } from '../support/runtime.ts';

const anything = z.array(z.unknown());

/** How many handlers go on at a time, and the most that there were. */
const together = { now: 0, most: 0, byTenant: new Map<string, number>(), order: [] as string[] };
const busyMs = 15;

async function beBusy(call: BindingRun): Promise<number> {
  const { id } = call.tenant;
  together.order.push(id);
  together.now++;
  together.most = Math.max(together.most, together.now);
  await new Promise((resolve) => setTimeout(resolve, busyMs));
  together.now--;
  return 1;
}

const handled: string[] = [];
const ended: [string, boolean][] = [];
const work = { params: anything, handler: beBusy };
const bindings = [
  defineBinding('api', {
    call: { params: anything, handler: () => handled.push('call') },
    costly: { params: anything, cost: 60, handler: () => handled.push('costly') },
  }),
  defineBinding('gate', { two: { ...work, maxConcurrent: 2 }, open: work }),
  defineBinding('narrow', { call: work }, { maxConcurrent: 3 }),
  defineBinding('fair', { call: work }, { perTenant: { maxConcurrent: 1 } }),
  defineBinding('quota', { call: work }, { maxCalls: 2 }),
  defineBinding('rated', { call: work }, { perTenant: { rate: { perSecond: 0.01, burst: 3 } } }),
  defineBinding(
    'watched',
    { call: work },
    { onRunEnd: (run, completed) => void ended.push([run.tenant.id, completed]) },
  ),
  defineBinding('slow', {
    stubborn: { params: anything, timeoutMs: 60, handler: () => new Promise(() => {}) },
    forever: { params: anything, handler: () => new Promise(() => {}) },
  }),
];

describe.each(realms)('apiCalls in a %s realm', (realm) => {
  const runtime = useRuntime({ bindings, realm, limits: { apiCalls: 100 } });

  test.each([
    ['one after the other', `for (;;) await sdk.api.call()`],
    ['without waiting', `for (;;) sdk.api.call()`],
    ['all together', `await Promise.all(Array.from({ length: 101 }, () => sdk.api.call()))`],
    [
      'from timers',
      `const go = () => { sdk.api.call(); setTimeout(go, 1) }; go(); await new Promise(() => {})`,
    ],
    [
      'from microtasks',
      `const go = async () => { for (;;) { sdk.api.call(); await 1 } }; await go()`,
    ],
  ])('past the limit, %s, end the run', async (_how, source) => {
    handled.length = 0;
    const error = await failure(
      runtime().execute(`try { ${source} } catch { return 'caught' } finally { await 1 }`),
    );
    expect(error).toMatchObject({ code: 'api_call_limit', fault: 'script', retryable: false });
    expect(error.message).toContain('100');
    expect(error.usage.apiCalls).toBeLessThanOrEqual(100);
    expect(handled.length).toBeLessThanOrEqual(100);
  });

  test('up to the limit are made', async () => {
    const { usage } = await runtime().execute(`for (let i = 0; i < 100; i++) await sdk.api.call()`);
    expect(usage.apiCalls).toBe(100);
  });

  test('a call that was not made fails the run, even if that ends at once', async () => {
    const error = await failure(
      runtime().execute(`sdk.api.costly(); sdk.api.costly(); return 'done'`),
    );
    expect(error.code).toBe('api_call_limit');
    expect(error.usage.apiCalls).toBe(60);
  });

  test('none are allowed by a limit of zero', async () => {
    handled.length = 0;
    const error = await failure(
      runtime().execute(`await sdk.api.call()`, {}, { limits: { apiCalls: 0 } }),
    );
    expect(error.code).toBe('api_call_limit');
    expect(handled).toEqual([]);
  });

  test('are counted anew for each run', async () => {
    for (let run = 0; run < 3; run++) {
      const { usage } = await runtime().execute(
        `for (let i = 0; i < 60; i++) await sdk.api.call()`,
      );
      expect(usage.apiCalls).toBe(60);
    }
  });
});

describe('what bounds a binding', () => {
  const runtime = useRuntime({ bindings });
  const calls = (name: string, count = 8): string =>
    `return await Promise.all(Array.from({ length: ${count} }, () => sdk.${name}().then(() => 'ok', (e) => e.code)))`;

  test.each([
    ['gate.two', 2],
    ['gate.open', 8],
    ['narrow.call', 3],
    ['fair.call', 1],
  ])('%s has at most %d calls handled at a time', async (name, most) => {
    together.most = 0;
    const { output } = await runtime().execute(calls(name));
    expect(output['value']).toEqual(Array(8).fill('ok'));
    expect(together.most).toBe(most);
  });

  test('those that wait are served tenant by tenant', async () => {
    together.order.length = 0;
    const greedy = runtime().execute(calls('gate.two', 20), {}, { tenant: { id: 'greedy' } });
    while (together.order.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    await runtime().execute(calls('gate.two', 2), {}, { tenant: { id: 'modest' } });
    const served = together.order.lastIndexOf('modest');
    await greedy;
    expect(served).toBeLessThan(14);
  });

  test('a quota ends in an error of its own', async () => {
    const { output } = await runtime().execute(calls('quota.call', 4));
    expect(output['value']).toEqual(['ok', 'ok', 'quota_exceeded', 'quota_exceeded']);
  });

  test('a rate ends in an error of its own, for each tenant by itself', async () => {
    const wanted = ['ok', 'ok', 'ok', 'rate_limited', 'rate_limited'];
    for (const id of ['t1', 't2']) {
      const { output } = await runtime().execute(calls('rated.call', 5), {}, { tenant: { id } });
      expect(output['value']).toEqual(wanted);
    }
  });

  test('a handler that takes too long is given up', async () => {
    const { output } = await runtime().execute(
      `try { await sdk.slow.stubborn() } catch (e) { return [e.name, e.code] }`,
    );
    expect(output['value']).toEqual(['TimeoutError', 'binding_timeout']);
  });

  test('a handler that ignores the end of the run keeps neither run nor VM', async () => {
    const error = await failure(
      runtime().execute(`await sdk.slow.forever()`, {}, { limits: { timeoutMs: 150 } }),
    );
    expect(error.code).toBe('timeout');
    expect(error.message).not.toContain('nothing could settle');
    const left = await runtime().execute(`sdk.slow.forever(); return 'left'`);
    expect(left.output).toEqual({ value: 'left' });
    expect(runtime().stats().pool.busy).toBe(0);
  });

  test('onRunEnd tells of the runs that used the binding, before their promise settles', async () => {
    ended.length = 0;
    await runtime().execute(`await sdk.watched.call()`, {}, { tenant: { id: 'a' } });
    await runtime().execute(`return 1`, {}, { tenant: { id: 'b' } });
    await failure(
      runtime().execute(`await sdk.watched.call(); throw 1`, {}, { tenant: { id: 'c' } }),
    );
    expect(ended).toEqual([
      ['a', true],
      ['c', false],
    ]);
  });
});

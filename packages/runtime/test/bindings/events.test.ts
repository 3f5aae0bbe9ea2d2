import { describe, expect, test, vi } from 'vitest';
import { events, memoryBus, type ScriptEvent } from '../../src/bindings/index.ts';
import { createRuntime, type Runtime } from '../../src/index.ts';
import { failure, realms, useRuntime } from '../support/runtime.ts';
import { startRuntime } from '../support/runs.ts';

const published: ScriptEvent[] = [];
const bus = {
  publish: async (event: ScriptEvent) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    published.push(event);
  },
};
const types = (): string[] => published.map(({ type }) => type);

describe.each(realms)('events.publish in a %s realm', (realm) => {
  const runtime = useRuntime({ bindings: [events({ bus, maxEvents: 5 })], realm });
  const run = (source: string, id = 't'): ReturnType<Runtime['execute']> => {
    published.length = 0;
    return runtime().execute(source, {}, { tenant: { id }, execution: { scriptId: 's1' } });
  };

  test('gives the events of a run that completed to the bus, in order', async () => {
    const { output, executionId } = await run(
      `const id = await events.publish('order.paid', { cents: 5 });
       events.publish('order.second'); sdk.events.publish('order.third', [null]); return id`,
    );
    expect(types()).toEqual(['order.paid', 'order.second', 'order.third']);
    expect(published[0]).toEqual({
      id: output['value'],
      type: 'order.paid',
      payload: { cents: 5 },
      tenantId: 't',
      executionId,
      scriptId: 's1',
      depth: 1,
      publishedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(published.map(({ payload }) => payload)).toEqual([{ cents: 5 }, null, [null]]);
  });

  test.each([
    ['throws', `throw new Error('no')`],
    ['takes too long', `for (;;);`],
    ['gives what is no output', `return 1n`],
  ])('publishes nothing of a run that %s, but what is immediate', async (_how, end) => {
    await failure(
      runtime().execute(
        `await events.publish('a'); await events.publish('b', 1, { immediate: true }); ${end}`,
        (published.length = 0),
        { limits: { timeoutMs: 400 } },
      ),
    );
    expect(types()).toEqual(['b']);
  });

  test.each([
    [`events.publish('')`, 'invalid_arguments'],
    [`events.publish('a b')`, 'invalid_arguments'],
    [`events.publish()`, 'invalid_arguments'],
    [`events.publish('a', 1, { later: true })`, 'invalid_arguments'],
    [`events.publish('a', 'x'.repeat(65536))`, 'payload_too_large'],
  ])('refuses %s', async (call, code) => {
    const { output } = await run(`try { await ${call} } catch (e) { return e.code }`);
    expect(output['value']).toBe(code);
    expect(published).toEqual([]);
  });

  test('bounds how many a run may publish', async () => {
    const { output } = await run(
      `const ends = []; for (let i = 0; i < 7; i++) ends.push(await events.publish('e' + i).then(() => 'ok', (e) => e.code)); return ends`,
    );
    expect(output['value']).toEqual([...Array(5).fill('ok'), 'quota_exceeded', 'quota_exceeded']);
    expect(published).toHaveLength(5);
  });

  test('keeps the events of runs apart', async () => {
    published.length = 0;
    const source = `for (let i = 0; i < 5; i++) { await events.publish('e' + i, ctx.tenant.id) } return 1`;
    await Promise.all(
      ['a', 'b', 'c', 'd'].map((id) => runtime().execute(source, {}, { tenant: { id } })),
    );
    for (const id of ['a', 'b', 'c', 'd']) {
      const own = published.filter(({ tenantId }) => tenantId === id);
      expect(own.map(({ type }) => type)).toEqual(['e0', 'e1', 'e2', 'e3', 'e4']);
      expect(own.every(({ payload }) => payload === id)).toBe(true);
    }
  });
});

describe('scripts that set each other off', () => {
  test('stop at the depth that is allowed, even if nobody passes it on', async () => {
    const local = memoryBus();
    const depths: number[] = [];
    const refused: string[] = [];
    const runtime = await startRuntime({
      workers: 1,
      poolSize: 1,
      bindings: [events({ bus: local, maxDepth: 4 })],
    });
    local.subscribe('again', async (event) => {
      depths.push(event.depth);
      const { output } = await runtime.execute(
        `return await events.publish('again').catch((e) => e.code)`,
      );
      if (output['value'] === 'event_depth') refused.push(event.id);
    });
    await runtime.execute(`await events.publish('again')`);
    await vi.waitUntil(() => refused.length > 0, { timeout: 10_000 });
    await local.idle();
    expect(depths).toEqual([1, 2, 3, 4]);
    expect(refused).toHaveLength(1);
  });

  test('are told the depth that the embedder passes on', async () => {
    const runtime = await startRuntime({ workers: 1, poolSize: 1, bindings: [events({ bus })] });
    const { output } = await runtime.execute(
      `return await events.publish('a').catch((e) => e.code)`,
      {},
      { execution: { depth: 8 } },
    );
    expect(output['value']).toBe('event_depth');
  });
});

describe('a bus that fails', () => {
  test('does not fail the run, and the host is told', async () => {
    const broken = { publish: () => Promise.reject(new Error('the bus is down')) };
    const { subscribe, unsubscribe } = await import('node:diagnostics_channel');
    const failures: unknown[] = [];
    const listen = (message: unknown): void => void failures.push(message);
    subscribe('cloister:binding:error', listen);
    try {
      const runtime = await startRuntime({
        workers: 1,
        poolSize: 1,
        bindings: [events({ bus: broken })],
      });
      const { output } = await runtime.execute(`await events.publish('a'); return 1`);
      expect(output).toEqual({ value: 1 });
    } finally {
      unsubscribe('cloister:binding:error', listen);
    }
    expect(failures).toEqual([
      expect.objectContaining({
        binding: 'events',
        error: expect.objectContaining({ message: 'the bus is down' }),
      }),
    ]);
  });
});

describe('memoryBus', () => {
  const event = (type: string): ScriptEvent => ({
    id: type,
    type,
    payload: null,
    tenantId: 't',
    executionId: 'e',
    scriptId: null,
    depth: 1,
    publishedAt: '',
  });

  test('calls the listeners of a type and of all, one event after the other', async () => {
    const heard: string[] = [];
    const local = memoryBus();
    local.subscribe('a', async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      heard.push('a');
    });
    local.subscribe('*', ({ type }) => void heard.push(`*${type}`));
    for (const type of ['a', 'b', 'a']) void local.publish(event(type));
    await local.idle();
    expect(heard).toEqual(['a', '*a', '*b', 'a', '*a']);
  });

  test('goes on after a listener that fails, and tells of it', async () => {
    const errors: unknown[] = [];
    const heard: string[] = [];
    const local = memoryBus({ onError: (error) => errors.push(error) });
    local.subscribe('a', () => {
      throw new Error('mine');
    });
    const leave = local.subscribe('a', () => void heard.push('second'));
    void local.publish(event('a'));
    await local.idle();
    leave();
    void local.publish(event('a'));
    await local.idle();
    expect(heard).toEqual(['second']);
    expect(errors).toHaveLength(2);
  });
});

test('a runtime without the binding says so by an ordinary error', async () => {
  const runtime = await createRuntime({ workers: 1, poolSize: 1 });
  try {
    expect(await failure(runtime.execute(`events.publish('a')`))).toMatchObject({
      name: 'ReferenceError',
    });
  } finally {
    await runtime.shutdown();
  }
});

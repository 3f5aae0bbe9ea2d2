import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { BindingError, defineBinding, type Binding, type BindingCall } from '../../src/index.ts';
import { failure, realms, useRuntime } from '../support/runtime.ts';

const anything = z.array(z.unknown());
const seen: BindingCall[] = [];

const crm: Binding = defineBinding('crm', {
  find: { params: z.tuple([z.string()]), handler: (_call, id) => ({ id }) },
  echo: { params: anything, handler: (_call, ...args) => args },
  later: {
    params: z.tuple([z.number(), z.unknown()]),
    handler: async (_call, ms, value) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return value;
    },
  },
  nothing: { params: anything, handler: () => {} },
  look: {
    params: anything,
    handler: (call) => {
      seen.push(call);
    },
  },
  address: {
    params: z.tuple([z.object({ lines: z.array(z.object({ zip: z.string() })) })]),
    handler: () => 1,
  },
  valibot: { params: v.tuple([v.number()]), handler: (_call, n) => n + 1 },
  arktype: { params: type(['number', 'string']), handler: (_call, n, text) => text.repeat(n) },
  refuse: {
    params: anything,
    handler: () => {
      throw new BindingError('no such customer', { code: 'not_found', name: 'NotFoundError' });
    },
  },
  fail: {
    params: anything,
    handler: () => {
      throw new Error('connect ECONNREFUSED 10.1.2.3:5432 /srv/app/db.js');
    },
  },
  wrongResult: { params: anything, result: z.number(), handler: () => 'text' },
  noJson: { params: anything, handler: () => 10n },
  huge: { params: anything, handler: () => 'x'.repeat(5 * 1024 * 1024) },
  expensive: { params: anything, cost: 40, handler: () => 1 },
  free: { params: anything, cost: 0, handler: () => 1 },
});

describe.each(realms)('a host call in a %s realm', (realm) => {
  const runtime = useRuntime({ bindings: [crm], realm });
  const value = async (source: string): Promise<unknown> =>
    (await runtime().execute(source)).output['value'];

  test('gives what the handler gives', async () => {
    expect(await value(`return [await sdk.crm.find('17'), await sdk.crm.nothing()]`)).toEqual([
      { id: '17' },
      null,
    ]);
  });

  test('carries JSON in both directions', async () => {
    const sent = `[null, true, -1.5, 'text \\u2028 \\ud800 "', [1, [2]], { a: { b: [] } }, '\\n 1 2 3']`;
    expect(await value(`return await sdk.crm.echo(...${sent})`)).toEqual([
      null,
      true,
      -1.5,
      'text \u2028 \ud800 "',
      [1, [2]],
      { a: { b: [] } },
      '\n 1 2 3',
    ]);
  });

  test('is counted', async () => {
    const { usage } = await runtime().execute(
      `await sdk.crm.find('1'); await sdk.crm.expensive(); await sdk.crm.free()`,
    );
    expect(usage.apiCalls).toBe(41);
  });

  test('tells the handler whose it is', async () => {
    seen.length = 0;
    const { executionId } = await runtime().execute(`await sdk.crm.look()`, 1, {
      tenant: { id: 't1', plan: 'gold', limits: { apiCalls: 5 } },
      user: { name: 'Ada' },
      execution: { scriptId: 's1', trigger: 'webhook' },
    });
    expect(seen[0]).toMatchObject({
      tenant: { id: 't1', plan: 'gold' },
      user: { name: 'Ada' },
      execution: { id: executionId, scriptId: 's1', trigger: 'webhook', depth: 0 },
      limits: { apiCalls: 5 },
    });
    expect(seen[0]!.signal.aborted).toBe(false);
  });

  test.each([
    [`sdk.crm.find(17)`, /^sdk\.crm\.find: argument 1: .*string/],
    [`sdk.crm.find()`, /^sdk\.crm\.find: argument/],
    [
      `sdk.crm.address({ lines: [{ zip: 1 }] })`,
      /^sdk\.crm\.address: argument 1\.lines\[0\]\.zip: .*string/,
    ],
    [`sdk.crm.valibot('1')`, /^sdk\.crm\.valibot: argument 1: .*number/],
    [`sdk.crm.arktype(1, 2)`, /^sdk\.crm\.arktype: argument 2: .*string/],
  ])('%s is a TypeError that names the place', async (call, message) => {
    const error = await value(
      `try { await ${call} } catch (e) { return [e instanceof TypeError, e.code, e.message] }`,
    );
    expect(error).toEqual([true, 'invalid_arguments', expect.stringMatching(message)]);
  });

  test('takes schemas of several libraries', async () => {
    expect(
      await value(`return [await sdk.crm.valibot(1), await sdk.crm.arktype(2, 'ab')]`),
    ).toEqual([2, 'abab']);
  });

  test.each([
    [`sdk.crm.echo(10n)`, 'TypeError'],
    [`(() => { const a = []; a.push(a); return sdk.crm.echo(a); })()`, 'TypeError'],
    [`sdk.crm.echo('x'.repeat(2 ** 21))`, 'RangeError'],
    [`sdk.crm.echo({ get x() { throw new EvalError('mine') } })`, 'EvalError'],
  ])('rejects for %s', async (call, name) => {
    expect(await value(`try { await ${call} } catch (e) { return e.name }`)).toBe(name);
  });

  test('shows the name, message and code of an error that is public', async () => {
    expect(
      await value(
        `try { await sdk.crm.refuse() } catch (e) { return [e instanceof Error, e.name, e.message, e.code] }`,
      ),
    ).toEqual([true, 'NotFoundError', 'no such customer', 'not_found']);
  });

  test.each(['fail', 'wrongResult', 'noJson'])('shows nothing of another (%s)', async (method) => {
    expect(
      await value(
        `try { await sdk.crm.${method}() } catch (e) { return [e.name, e.message, e.code, Object.keys(e), e.cause ?? 0] }`,
      ),
    ).toEqual(['Error', `sdk.crm.${method} failed`, 'binding_failed', [], 0]);
  });

  test('bounds an answer', async () => {
    expect(await value(`try { await sdk.crm.huge() } catch (e) { return e.code }`)).toBe(
      'answer_too_large',
    );
  });

  test('that nobody catches fails the run at the line of the call', async () => {
    const error = await failure(runtime().execute(`const a = 1;\n  await sdk.crm.refuse(a);`));
    expect(error).toMatchObject({
      code: 'script_error',
      name: 'NotFoundError',
      message: 'no such customer',
      line: 2,
      column: 17,
    });
    expect(error.stack).not.toContain('guest');
  });

  test('goes on beside others', async () => {
    const started = performance.now();
    const values = await value(
      `return await Promise.all([30, 20, 10, 300, 300, 300].map((ms) => sdk.crm.later(ms, ms)))`,
    );
    expect(values).toEqual([30, 20, 10, 300, 300, 300]);
    expect(performance.now() - started).toBeLessThan(850);
  });

  test('a thousand at once are all answered', async () => {
    const { output, usage } = await runtime().execute(
      `const all = await Promise.all(Array.from({ length: 90 }, (_, i) => sdk.crm.echo(i)));
       const free = await Promise.all(Array.from({ length: 1000 }, () => sdk.crm.free()));
       return [all.map(([i]) => i).join() === [...all.keys()].join(), free.length]`,
    );
    expect(output['value']).toEqual([true, 1000]);
    expect(usage.apiCalls).toBe(90);
  });

  test('is made even if nobody waits for it', async () => {
    seen.length = 0;
    await runtime().execute(`sdk.crm.look('unawaited'); return 1`);
    expect(seen).toHaveLength(1);
  });

  test('can be made from a timer, and beside one', async () => {
    expect(
      await value(`
        const order = [];
        setTimeout(() => order.push('timer'), 20);
        await sdk.crm.later(80, 0);
        order.push('answer');
        await new Promise((resolve) => setTimeout(async () => resolve(await sdk.crm.find('x')), 1));
        return order;`),
    ).toEqual(['timer', 'answer']);
  });
});

describe('a call that the script gives up', () => {
  const runtime = useRuntime({ bindings: [crm], limits: { apiCalls: 1000 } });

  test.each([
    ['before', `const s = AbortSignal.abort(new RangeError('mine'));`],
    [
      'meanwhile',
      `const c = new AbortController(); setTimeout(() => c.abort(new RangeError('mine')), 10); const s = c.signal;`,
    ],
  ])('%s rejects with the reason of its signal', async (_when, setUp) => {
    const { output } = await runtime().execute(
      `${setUp} try { await sdk.crm.look({ signal: s }); await sdk.crm.later(5000, { signal: s }); } catch (e) { return [e.name, e.message] }`,
    );
    expect(output['value']).toEqual(['RangeError', 'mine']);
  });

  test('has its place given to those that wait', async () => {
    const { output } = await runtime().execute(
      `const c = new AbortController();
       const held = Array.from({ length: 256 }, () => sdk.crm.later(20_000, { signal: c.signal }).catch(() => 'given up'));
       const waiting = sdk.crm.find('x');
       setTimeout(() => c.abort(), 20);
       return [await waiting, (await Promise.all(held)).length]`,
      {},
      { limits: { timeoutMs: 10_000 } },
    );
    expect(output['value']).toEqual([{ id: 'x' }, 256]);
  });

  test('leaves what is no signal among the arguments', async () => {
    const { output } = await runtime().execute(
      `return await sdk.crm.echo({ signal: 'text', a: 1 }, { signal: new AbortController().signal, b: 2 })`,
    );
    expect(output['value']).toEqual([{ signal: 'text', a: 1 }, { b: 2 }]);
  });
});

import { describe, expect, test } from 'vitest';
import type { Limits, RunContext } from '../src/index.ts';
import { limitNames, limitRules } from '../src/limits.ts';
import { expectHealthy, failure, useRuntime } from './support/runtime.ts';

const runtime = useRuntime();
const tenantOf = async (id: string) =>
  (await runtime().execute('globalThis.seen; return ctx.tenant', {}, { tenant: { id } })).output;
const refusalOf = async (context: unknown) =>
  failure(runtime().execute('return 1', {}, context as RunContext));

describe('a tenant id', () => {
  test.each([
    't1',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    ' ',
    '漢字',
    '\0',
    '\ud800',
    '../../etc',
    'x'.repeat(256),
    'default',
  ])('may be %j', async (id) => {
    expect(await tenantOf(id)).toEqual({ id });
    expect(await tenantOf(id)).toEqual({ id });
  });

  test.each([
    ['empty', ''],
    ['of 300 characters', 'x'.repeat(300)],
    ['a number', 5],
    ['null', null],
    ['undefined', undefined],
    ['an object', { toString: () => 't1' }],
    ['an array', ['t1']],
  ])('cannot be %s', async (_, id) => {
    const error = await refusalOf({ tenant: { id } });
    expect(error).toMatchObject({ code: 'invalid_context', fault: 'caller', retryable: false });
    expect(error.message).toMatch(/tenant\.id/);
  });

  test('that is the name of a prototype binds its VMs as any other does', async () => {
    const leave = { tenant: { id: '__proto__' } };
    await runtime().execute('try { globalThis.left = 1 } catch {}', {}, leave);
    for (const id of ['constructor', 'toString', '__proto__']) {
      const { output } = await runtime().execute('return typeof left', {}, { tenant: { id } });
      expect(output).toEqual({ value: 'undefined' });
    }
  });
});

describe('a run context', () => {
  test.each<[what: string, context: unknown, says: RegExp]>([
    ['a string', 'context', /context/],
    ['an array', [], /context/],
    ['a number', 5, /context/],
    ['a tenant that is a string', { tenant: 't1' }, /tenant/],
    ['a tenant that is null', { tenant: [] }, /tenant/],
    ['a tenant without an id', { tenant: {} }, /tenant\.id/],
    [
      'a user that is circular',
      {
        user: (() => {
          const a: { a?: unknown } = {};
          a.a = a;
          return a;
        })(),
      },
      /user/,
    ],
    ['a user that is a BigInt', { user: 1n }, /user.*BigInt/],
    ['a user that is a function', { user: () => 1 }, /user.*function/],
    [
      'a user whose toJSON throws',
      {
        user: {
          toJSON() {
            throw new Error('no json');
          },
        },
      },
      /user.*no json/,
    ],
    ['a user of a megabyte', { user: 'x'.repeat(1_000_000) }, /bytes/],
    ['a tenant field that is a BigInt', { tenant: { id: 't', n: 1n } }, /tenant.*BigInt/],
    ['an execution that is a string', { execution: 'x' }, /execution/],
    ['an execution id that is a number', { execution: { id: 5 } }, /execution\.id/],
    ['an execution id that is empty', { execution: { id: '' } }, /execution\.id/],
    ['an execution id of 300 characters', { execution: { id: 'x'.repeat(300) } }, /execution\.id/],
    ['a script id that is an object', { execution: { scriptId: {} } }, /scriptId/],
    ['a trigger that is a number', { execution: { trigger: 1 } }, /trigger/],
    ['a signal that is none', { signal: { aborted: false } }, /signal/],
    ['an onLog that is no function', { onLog: 'log' }, /onLog/],
    ['a field that does not exist', { timeoutMs: 5 }, /timeoutMs/],
    ['a realm that does not exist', { realm: 'shared' }, /realm/],
  ])('with %s is refused by name', async (_, context, says) => {
    const error = await refusalOf(context);
    expect(['invalid_context', 'invalid_options']).toContain(error.code);
    expect(error.fault).toBe('caller');
    expect(error.message).toMatch(says);
  });

  test('whose getter throws is refused too', async () => {
    const hostile = {
      id: 't',
      get plan() {
        throw new Error('getter');
      },
    };
    expect((await refusalOf({ tenant: hostile })).fault).toBe('caller');
  });

  test('may be left out, and so may each of its fields', async () => {
    for (const context of [
      undefined,
      {},
      { tenant: undefined, user: undefined, execution: {}, limits: {} },
    ]) {
      const { output } = await runtime().execute(
        'return ctx.user === null',
        {},
        context as RunContext,
      );
      expect(output).toEqual({ value: true });
    }
  });

  test('leaves nothing behind when it is refused', async () => {
    await refusalOf({ tenant: { id: '' } });
    await refusalOf({ limits: { timeoutMs: -1 } });
    await expectHealthy(runtime());
  });
});

describe('a limit of a run or a tenant', () => {
  const wrong: [what: string, value: unknown][] = [
    ['negative', -1],
    ['NaN', Number.NaN],
    ['a string', '1000'],
    ['infinite', Infinity],
    ['huge', Number.MAX_SAFE_INTEGER],
    ['no whole number', 1.5],
    ['null', null],
    ['true', true],
    ['an object', { valueOf: () => 5 }],
    ['an object without prototype', Object.create(null)],
    ['a BigInt', 5n],
    ['a symbol', Symbol('s')],
  ];

  test.each(wrong)('cannot be %s', async (_, value) => {
    for (const name of limitNames) {
      for (const [where, context] of [
        ['limits', { limits: { [name]: value } }],
        ['tenant.limits', { tenant: { id: 't', limits: { [name]: value } } }],
      ] as const) {
        const error = await refusalOf(context);
        expect(error).toMatchObject({ code: 'invalid_options', fault: 'caller' });
        expect(error.message).toContain(
          `${where}.${name} must be a whole number from ${limitRules[name].min}`,
        );
      }
    }
  });

  test.each(['unknown', 'timeout', '__proto__', 'constructor', 'TIMEOUTMS'])(
    'cannot be called %s',
    async (name) => {
      const limits = JSON.parse(`{"${name}":5}`) as Partial<Limits>;
      const error = await refusalOf({ limits });
      expect(error.code).toBe('invalid_options');
      expect(error.message).toContain(`limits.${name} is not a limit`);
    },
  );

  test.each([
    ['a string', 'fast'],
    ['an array', []],
    ['null', null],
  ])('cannot stand in %s', async (_, limits) => {
    expect((await refusalOf({ limits })).code).toBe('invalid_options');
  });

  test('may be undefined, which is not given', async () => {
    const limits = { timeoutMs: undefined } as unknown as Partial<Limits>;
    expect((await runtime().execute('return 1', {}, { limits })).output).toEqual({ value: 1 });
  });
});

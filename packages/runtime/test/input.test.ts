import { describe, expect, test } from 'vitest';
import { endOf, expectHealthy, failure, realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('an input, in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });
  const inputOf = async (input: unknown, source = 'return { input: ctx.input }') =>
    (await runtime().execute(source, input)).output;

  test.each<[what: string, input: unknown, seen: unknown]>([
    ['a map', { a: [1, { b: 'c' }] }, { a: [1, { b: 'c' }] }],
    ['an array', [1, 2], [1, 2]],
    ['a string', 'text', 'text'],
    ['a number', 4.5, 4.5],
    ['a boolean', false, false],
    ['null', null, null],
    ['undefined, which is the empty map', undefined, {}],
    [
      'NaN and the infinities, which are null',
      [Number.NaN, Infinity, -Infinity],
      [null, null, null],
    ],
    ['minus zero, which is zero', [-0], [0]],
    ['a date, which is its ISO form', { at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
    [
      'undefined and functions inside, which are left out or null',
      { a: undefined, b: () => 1, c: [undefined, () => 1, Symbol('s')] },
      { c: [null, null, null] },
    ],
    [
      'a map and a set, which JSON takes as empty',
      { map: new Map([[1, 2]]), set: new Set([1]) },
      { map: {}, set: {} },
    ],
    [
      'a class instance',
      new (class Point {
        readonly x = 1;
        readonly #y = 2;
        y() {
          return this.#y;
        }
      })(),
      { x: 1 },
    ],
    ['a toJSON', { toJSON: () => 'mine' }, 'mine'],
    ['lone surrogates and NUL', ['\ud800', 'a\udfffb', '\0'], ['\ud800', 'a\udfffb', '\0']],
    [
      'line separators and closing tags',
      ['\u2028\u2029</script>', "');//"],
      ['\u2028\u2029</script>', "');//"],
    ],
    [
      'large numbers',
      [Number.MAX_SAFE_INTEGER, 1e308, 5e-324],
      [Number.MAX_SAFE_INTEGER, 1e308, 5e-324],
    ],
    ['a null prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ])('may be %s', async (_, input, seen) => {
    expect(await inputOf(input)).toEqual({ input: seen });
  });

  test('may hold keys like __proto__, which change no prototype', async () => {
    const input: unknown = JSON.parse('{"__proto__":{"admin":true},"constructor":1,"toString":2}');
    const source = `return [ctx.input.admin === undefined, Object.keys(ctx.input),
      Object.getPrototypeOf(ctx.input) === Object.prototype, ({}).admin === undefined]`;
    expect(await inputOf(input, source)).toEqual({
      value: [true, ['__proto__', 'constructor', 'toString'], true, true],
    });
  });

  test.each<[what: string, make: () => unknown, says: RegExp]>([
    ['a BigInt', () => 1n, /BigInt/],
    ['a nested BigInt', () => ({ a: [1n] }), /BigInt/],
    [
      'circular',
      () => {
        const a: Record<string, unknown> = {};
        a['a'] = a;
        return a;
      },
      /circular/,
    ],
    ['a function', () => () => 1, /function/],
    ['a symbol', () => Symbol('s'), /symbol/],
    [
      'something whose toJSON throws',
      () => ({
        toJSON() {
          throw new Error('no json');
        },
      }),
      /no json/,
    ],
    [
      'something whose toJSON throws no error',
      () => ({
        toJSON() {
          throw Object.create(null);
        },
      }),
      /./,
    ],
    [
      'something whose toJSON throws a proxy that throws',
      () => ({
        toJSON() {
          const trap = () => {
            throw new Error('trap');
          };
          throw new Proxy(new Error('proxy'), { get: trap, getPrototypeOf: trap });
        },
      }),
      /conversion threw/,
    ],
    [
      'something whose getter throws',
      () => ({
        get a() {
          throw new Error('getter');
        },
      }),
      /getter/,
    ],
    [
      'a revoked proxy',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return { proxy };
      },
      /revoked/,
    ],
    ['something whose toJSON gives nothing', () => ({ toJSON() {} }), /JSON/],
  ])('is refused when it is %s', async (_, make, says) => {
    const error = await failure(runtime().execute('return 1', make()));
    expect(error).toMatchObject({ code: 'input_invalid', fault: 'caller', retryable: false });
    expect(error.message).toMatch(says);
  });

  test('of 100 000 nested levels arrives, or is refused as such', async () => {
    let input: unknown = [];
    for (let i = 0; i < 100_000; i++) input = [input];
    const source = 'let n = 0; for (let a = ctx.input; a; a = a[0]) n++; return n';
    const values: unknown[] = [];
    const run = runtime().execute(source, input);
    const end = await endOf(run.then(({ output }) => values.push(output['value'])));
    expect([['completed', 100_001], ['input_invalid']]).toContainEqual([end, ...values]);
    await expectHealthy(runtime());
  });

  test('of 100 MB is refused before a VM is taken', async () => {
    const error = await failure(runtime().execute('return 1', 'x'.repeat(100_000_000)));
    expect(error).toMatchObject({ code: 'input_limit', fault: 'caller' });
    expect(error.message).toMatch(/100000002 bytes.*inputBytes allows 4194304/);
    expect(error.usage).toMatchObject({ wallMs: 0, cpuMs: 0 });
    await expectHealthy(runtime());
  });

  test('is bounded in bytes of UTF-8, exactly', async () => {
    const limits = { inputBytes: 8 };
    const fits = await runtime().execute('return ctx.input', '漢漢', { limits });
    expect(fits.output).toEqual({ value: '漢漢' });
    const error = await failure(runtime().execute('return ctx.input', '漢漢!', { limits }));
    expect(error.code).toBe('input_limit');
  });

  test('is a copy: neither side sees what the other does to it', async () => {
    const input = { list: [1] };
    const running = runtime().execute('ctx.input.list.push(3); return ctx.input', input);
    input.list.push(2);
    expect((await running).output).toEqual({ list: [1, 3] });
    expect(input).toEqual({ list: [1, 2] });
  });
});

import { describe, expect, test } from 'vitest';
import { expectHealthy, failure, realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('a result, in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm, limits: { timeoutMs: 20_000 } });
  const outputOf = async (source: string) => (await runtime().execute(source)).output;

  test.each<[source: string, output: unknown]>([
    ['', {}],
    ['return', {}],
    ['return undefined', {}],
    ['return null', {}],
    ['return {}', {}],
    [
      'return { a: 1, b: [null, undefined], c: undefined, d: null }',
      { a: 1, b: [null, null], d: null },
    ],
    ['return [1, 2]', { value: [1, 2] }],
    ['return []', { value: [] }],
    ['return new Array(3)', { value: [null, null, null] }],
    ['return 0', { value: 0 }],
    ['return -0', { value: 0 }],
    ['return NaN', { value: null }],
    ['return "text"', { value: 'text' }],
    ['return ""', { value: '' }],
    ['return "{}"', { value: '{}' }],
    ['return false', { value: false }],
    ['return new Date(0)', { value: '1970-01-01T00:00:00.000Z' }],
    ['return new Map([[1, 2]])', {}],
    ['return new Set([1])', {}],
    ['return /x/', {}],
    ['return new Error("as a value")', {}],
    ['return new Uint8Array([7, 8])', { 0: 7, 1: 8 }],
    ['return new String("boxed")', { value: 'boxed' }],
    ['class Point { x = 1; #y = 2; get z() { return 3 } } return new Point()', { x: 1 }],
    ['return Object.create({ inherited: 1 }, { hidden: { value: 2 } })', {}],
    ['return { [Symbol("s")]: 1, f() {} }', {}],
    ['return { toJSON: () => ({ mine: 1 }) }', { mine: 1 }],
    ['return { toJSON: () => [1] }', { value: [1] }],
    ['return { toJSON: 5 }', { toJSON: 5 }],
    ['return new Proxy({ a: 1 }, {})', { a: 1 }],
    ['return Promise.resolve(Promise.resolve({ a: 1 }))', { a: 1 }],
    ['return { then(resolve) { resolve({ a: 1 }) } }', { a: 1 }],
    ['return { then: 1 }', JSON.parse('{"then":1}')],
    ['return "\\ud800 \\0 \\u2028"', { value: '\ud800 \0 \u2028' }],
    ['return { value: 1 }', { value: 1 }],
    ['const shared = {}; return [shared, shared]', { value: [{}, {}] }],
  ])('of %j is as documented', async (source, output) => {
    expect(await outputOf(source)).toEqual(output);
  });

  test('may have keys like __proto__, which change no prototype here', async () => {
    const output = await outputOf('return JSON.parse(\'{"__proto__":{"admin":true}}\')');
    expect(Object.keys(output)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(output)).toBe(Object.prototype);
    expect(output['admin']).toBeUndefined();
  });

  test.each<[what: string, source: string, says: RegExp]>([
    ['a function', 'return () => 1', /function/],
    ['a class', 'return class A {}', /function/],
    ['a symbol', 'return Symbol("s")', /symbol/],
    ['a BigInt', 'return 10n', /BigInt/],
    ['a nested BigInt', 'return { a: [{ price: 10n }] }', /BigInt/],
    ['a boxed BigInt', 'return Object(10n)', /BigInt/],
    ['circular', 'const a = {}; a.self = a; return a', /circular/],
    [
      'something whose toJSON throws',
      'return { toJSON() { throw new Error("no json") } }',
      /no json/,
    ],
    ['something whose toJSON throws null', 'return { toJSON() { throw null } }', /null/],
    ['something whose toJSON gives nothing', 'return { toJSON() {} }', /./],
    ['something whose getter throws', 'return { get a() { throw new Error("getter") } }', /getter/],
    [
      'a proxy whose traps throw',
      'return new Proxy({}, { ownKeys() { throw new Error("trap") } })',
      /trap/,
    ],
    [
      'a nested proxy whose traps throw',
      'return [new Proxy({}, { get() { throw new Error("trap") } })]',
      /trap/,
    ],
    [
      'a nested revoked proxy',
      'const { proxy, revoke } = Proxy.revocable([], {}); revoke(); return [proxy]',
      /revoked/,
    ],
    [
      'nested 100 000 levels deep',
      'let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a',
      /./,
    ],
    [
      'a proxy that is deeper each time',
      'const deep = () => new Proxy({}, { ownKeys: () => ["a"], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }), get: (_, k) => k === "a" ? deep() : undefined }); return [deep()]',
      /./,
    ],
  ])('cannot be %s', async (_, source, says) => {
    const error = await failure(runtime().execute(`console.log("before"); ${source}`));
    expect(error).toMatchObject({ code: 'output_invalid', fault: 'script', name: 'OutputError' });
    expect(error.message).toMatch(/^the output cannot be written as JSON: /);
    expect(error.message.split(': ').slice(1).join()).toMatch(says);
    expect(error.logs).toHaveLength(1);
  });

  test.each<[what: string, source: string]>([
    [
      'a revoked proxy',
      'const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy',
    ],
    [
      'a proxy all of whose traps throw',
      'return new Proxy({}, new Proxy({}, { get() { throw new Error("trap") } }))',
    ],
  ])('that fails when it is awaited already is what the script threw: %s', async (_, source) => {
    expect((await failure(runtime().execute(source))).code).toBe('script_error');
  });

  test.each<[what: string, source: string]>([
    ['a huge string', 'return "x".repeat(2 ** 29 - 24)'],
    ['a huge nested string', 'return { a: ["x".repeat(2 ** 29 - 24)] }'],
    ['a huge string of characters that JSON escapes', 'return "\\0".repeat(2 ** 27)'],
    ['a huge boxed string', 'return [new String("x".repeat(2 ** 28))]'],
    [
      'an array of a billion leaves that share one',
      'let a = [1]; for (let i = 0; i < 30; i++) a = [a, a]; return a',
    ],
    [
      'a map of a billion leaves',
      'let a = {}; for (let i = 0; i < 30; i++) a = { a, b: a }; return a',
    ],
    [
      'keys beyond all bounds',
      'const o = { ["k".repeat(2 ** 20)]: 1 }; return Array(2000).fill(o)',
    ],
    ['a sparse array of 4 billion', 'return new Array(2 ** 32 - 1)'],
    // V8 looks for circles in a time that grows with the square of the depth.
    ['circular by toJSON', 'const a = { toJSON() { return { a } } }; return a'],
    ['an array of a million holes', 'return new Array(1e6)'],
    [
      'a proxy that says it is endless',
      'return new Proxy([], { get: (t, k) => k === "length" ? 2 ** 53 - 1 : k === "toJSON" ? undefined : 1 })',
    ],
    [
      'a toJSON that makes more each time',
      'const make = () => ({ toJSON: () => [make(), make()] }); return make()',
    ],
  ])('is bounded when it is %s', async (_, source) => {
    const error = await failure(
      runtime().execute(source, {}, { limits: { timeoutMs: 5000, memoryMb: 64 } }),
    );
    // Deeper than the stack, or beyond the heap, before it is beyond the bound of bytes: as good.
    expect(['output_limit', 'memory_limit', 'output_invalid', 'timeout']).toContain(error.code);
    expect(error.fault).toBe('script');
    await expectHealthy(runtime());
  });

  test('is counted on the clock of the run while it is written', async () => {
    const error = await failure(
      runtime().execute('return { toJSON() { for (;;); } }', {}, { limits: { timeoutMs: 300 } }),
    );
    expect(error.code).toBe('timeout');
  });
});

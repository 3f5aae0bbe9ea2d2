import { describe, expect, test } from 'vitest';
import { describeAttempts } from '../support/reach.ts';
import { expectHealthy, realms, useRuntime } from '../support/runtime.ts';
import { codeOf } from '../support/runs.ts';

describeAttempts({
  'toJSON of an argument and of a console line': `
    const odd = { toJSON(key) { keep(this, arguments, key); return { toJSON: odd.toJSON, hostFunction } } };
    await hostFunction(odd, [odd], { a: odd }); console.log(odd, [odd], 'x', odd);`,
  'conversions of what the console formats': `
    const note = (name) => function (...args) { keep(this, ...args, name); return name === 'valueOf' ? 1 : 'x' };
    const odd = { toString: note('toString'), valueOf: note('valueOf'), [Symbol.toPrimitive]: note('primitive'), get [Symbol.toStringTag]() { keep(this); return 'T' }, [Symbol.for('nodejs.util.inspect.custom')]: note('inspect'), inspect: note('old'), get constructor() { keep(this); return { get name() { keep(this); return 'N' } } } };
    console.log(odd); console.log('%s %d %i %f %j %o %O %c', odd, odd, odd, odd, odd, odd, odd, odd);`,
  'getters of collections and typed arrays that the console formats': `
    class M extends Map { get size() { keep(this); return 1 } *[Symbol.iterator]() { keep(this) } entries() { keep(this); return [] } }
    class A extends Array { get length() { keep(this); return 1 } static get [Symbol.species]() { keep(this); return A } }
    class U extends Uint8Array { get buffer() { keep(this); return hostValue } get length() { keep(this); return 2 ** 40 } }
    class D extends Date { toISOString() { keep(this); return 'x' } getTime() { keep(this); return 0 } }
    for (const odd of [new M([[1, 2]]), new A(1), new U(2), new D(), new Proxy(new M(), {})]) console.log(odd, '%o', odd);`,
  'raw JSON': `
    const raw = JSON.rawJSON('"x"');
    keep(raw, await hostFunction(raw, { raw })); console.log('x', raw, { raw });`,
});

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });

  /** What a run gives or throws, and how it then ends. */
  const ends: [what: string, source: string, code: RegExp][] = [
    [
      'an output whose toJSON gives itself',
      `const o = { toJSON() { return o } }; o.o = o; return o`,
      /output_invalid/,
    ],
    [
      'an output whose toJSON throws an error of the engine',
      `return { toJSON() { return null.x } }`,
      /output_invalid/,
    ],
    [
      'an output that is a proxy which throws',
      `return new Proxy({}, { ownKeys() { throw 1 } })`,
      /output_invalid/,
    ],
    [
      'an output that is a revoked proxy',
      `const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy`,
      /output_invalid|script_error/,
    ],
    [
      'an output with __proto__ as a key',
      `return JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')`,
      /completed/,
    ],
    [
      'an output of raw JSON',
      `return { a: JSON.rawJSON('1e999'), b: JSON.rawJSON('"\\\\u0000"') }`,
      /completed/,
    ],
    [
      'a thrown proxy',
      `throw new Proxy(new Error('x'), { get() { throw new Error('y') }, getPrototypeOf() { throw 1 } })`,
      /script_error/,
    ],
    [
      'a thrown function with getters',
      `throw Object.defineProperty(() => {}, 'name', { get() { throw 1 } })`,
      /script_error/,
    ],
    [
      'a thrown error that is its own cause',
      `const e = new Error('x'); e.cause = e; throw e`,
      /script_error/,
    ],
    [
      'a thrown error with texts that are objects',
      `const e = new Error('x'); e.message = { toString() { throw 1 } }; e.name = []; e.stack = {}; throw e`,
      /script_error/,
    ],
    [
      'a thrown error with a code of ours',
      `throw Object.assign(new Error('x'), { code: 'internal_error', fault: 'system', retryable: true, line: -1, column: {} })`,
      /script_error/,
    ],
    ['a thrown thenable', `throw { then(resolve) { resolve(1) } }`, /script_error/],
    [
      'a thrown document.all-like',
      `throw Object.create(null, { [Symbol.toPrimitive]: { value: () => { throw 1 } } })`,
      /script_error/,
    ],
    ['an output with a then that never answers', `return { a: 1, then: 1 }`, /completed/],
  ];

  test.each(ends)('%s ends the run in its own way and no other', async (_what, source, code) => {
    const keys = Reflect.ownKeys(Object.prototype);
    expect(await codeOf(runtime().execute(source))).toMatch(code);
    expect(Reflect.ownKeys(Object.prototype)).toEqual(keys);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    await expectHealthy(runtime());
  });

  test('what code of the script does while its output is written stays within the run', async () => {
    await runtime().execute(
      `return { toJSON() { setTimeout(() => { throw 1 }, 0); Promise.reject(2); queueMicrotask(() => console.log('late')); (async () => { await 1; throw 3 })(); return {} } }`,
    );
    const { output, logs } = await runtime().execute(
      'await new Promise((resolve) => setTimeout(resolve, 10)); return 4',
    );
    expect([output, logs]).toEqual([{ value: 4 }, []]);
  });
});

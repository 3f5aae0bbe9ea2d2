import { runInContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { createRealm, nodeLine, rows } from './format-realm.ts';

const HOSTILE = rows(String.raw`
  { get a() { throw 1 } }
  Object.defineProperty([1, 2], 0, { get() { throw 1 }, enumerable: true })
  new Proxy({}, { get() { throw 1 }, ownKeys() { throw 1 } })
  new Proxy({}, { getPrototypeOf() { throw 1 } })
  new Proxy([], { get() { throw 1 } })
  new Proxy([1, 2], { getOwnPropertyDescriptor() { throw 1 } })
  new Proxy(() => {}, { getOwnPropertyDescriptor() { throw 1 } })
  new Proxy(class {}, { getPrototypeOf() { throw 1 } })
  [new Proxy({}, new Proxy({}, { get() { throw new Error('trap') } })), 'after']
  (() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return [proxy, proxy] })()
  (() => { const { proxy, revoke } = Proxy.revocable([], {}); revoke(); return proxy })()
  (() => { const { proxy, revoke } = Proxy.revocable(() => {}, {}); revoke(); return { proxy } })()
  '%s', (() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })()
  '%d %i %f %j %o %O', ...Array(6).fill(new Proxy({}, new Proxy({}, { get() { throw 1 } })))
  (() => { const h = { getPrototypeOf: () => new Proxy({}, h) }; return new Proxy({}, h) })()
  (() => { const h = { get: (t, k) => new Proxy({}, h), getOwnPropertyDescriptor: (t, k) => ({ value: new Proxy({}, h), configurable: true, enumerable: true }), ownKeys: () => Array.from({ length: 150 }, (_, i) => 'k' + i) }; return new Proxy({}, h) })()
  (() => { const h = { get: (t, k) => k === 'length' ? 2 ** 53 : new Proxy([], h), getOwnPropertyDescriptor: (t, k) => ({ value: 1, configurable: true, enumerable: true }), has: () => true }; return new Proxy([], h) })()
  new Proxy([], { get: (t, k) => k === 'length' ? { valueOf() { throw 1 } } : 1 })
  new Proxy([], { get: (t, k) => k === 'length' ? NaN : 1 }), new Proxy([], { get: (t, k) => k === 'length' ? -5 : 1 })
  new Proxy([], { get: (t, k) => k === 'length' ? 1.5 : 1 }), new Proxy([], { get: (t, k) => k === 'length' ? Infinity : 1 })
  new Proxy({}, { ownKeys: () => ['a', 'b'], getOwnPropertyDescriptor: () => undefined })
  { get constructor() { throw 1 } }
  Object.create({ get constructor() { throw 1 } })
  Object.create({ constructor: new Proxy(function () {}, new Proxy({}, { get() { throw 1 } })) })
  { get [Symbol.toStringTag]() { throw 1 } }
  Object.create({ get [Symbol.toStringTag]() { throw 1 } })
  '%s', { toString() { throw 1 } }
  '%s', { [Symbol.toPrimitive]() { throw 1 } }
  '%s', { toString() { return {} }, valueOf() { return {} } }
  '%s', Object.assign(() => 1, { toString() { throw 1 } })
  '%d %i %f', { valueOf() { throw 1 } }, { toString() { throw 1 } }, { toString() { throw 1 } }
  '%j', { toJSON() { throw 1 } }
  '%j', { toJSON() { throw { get message() { throw 1 } } } }
  '%j', { toJSON() { throw new Proxy({}, new Proxy({}, { get() { throw 1 } })) } }
  Object.defineProperty(new Error('x'), 'stack', { get() { throw 1 } })
  Object.defineProperty(new Error('x'), 'message', { get() { throw 1 } })
  Object.defineProperty(new Error('x'), 'name', { get() { throw 1 } })
  new (class extends Error { get name() { throw 1 } get message() { throw 1 } })('x')
  new (class extends Error { get stack() { throw 1 } get cause() { throw 1 } })('x')
  Object.assign(new Error('x'), { stack: Symbol(), message: Symbol(), name: {} })
  Object.assign(new Error('x'), { stack: {}, message: null, name: 5 })
  Object.assign(new Error('x'), { name: Object.create(null), message: new Proxy({}, new Proxy({}, { get() { throw 1 } })) })
  Object.assign(new Error('x'), { cause: { get cause() { throw 1 } }, errors: [1] })
  (() => { Error.prepareStackTrace = () => { throw 1 }; const e = new Error('x'); return e })()
  (() => { Error.prepareStackTrace = () => ({ toString() { throw 1 } }); const e = new Error('x'); return e })()
  (() => { delete Error.prepareStackTrace; return 1 })()
  Object.defineProperty(new Map([[{ get a() { throw 1 } }, 1]]), 'size', { get() { throw 1 } })
  new (class extends Map { get size() { throw 1 } entries() { throw 1 } [Symbol.iterator]() { throw 1 } })([[1, 2]])
  new (class extends Date { getTime() { throw 1 } toISOString() { throw 1 } })(0)
  new (class extends RegExp { get source() { throw 1 } get flags() { throw 1 } toString() { throw 1 } })('a')
  new (class extends Uint8Array { get length() { throw 1 } get [Symbol.toStringTag]() { throw 1 } })(3)
  Object.setPrototypeOf(Object(1), Map.prototype), Object.create(Map.prototype), Object.create(Date.prototype)
  Object.create(Promise.prototype), Object.create(ArrayBuffer.prototype), Object.create(DataView.prototype)
  { [Symbol.hasInstance]() { throw 1 }, constructor: { [Symbol.hasInstance]() { throw 1 } } }
  (() => { let deep = {}; for (let i = 0; i < 1e5; i++) deep = { deep }; return deep })()
  '%j', (() => { let deep = {}; for (let i = 0; i < 1e5; i++) deep = { deep }; return deep })()
  (() => { let deep = []; for (let i = 0; i < 1e5; i++) deep = [deep]; return deep })()
  (() => { let error = new Error('x'); for (let i = 0; i < 1e4; i++) error = new Error('x', { cause: error }); return error })()
  'x'.repeat(2 ** 28)
  ['x'.repeat(2 ** 28)]
  '%s', 'x'.repeat(2 ** 28)
  '%j', 'x'.repeat(2 ** 28)
  '%s'.repeat(2 ** 20), 1
  '%'.repeat(2 ** 24), 1
  { ['k'.repeat(2 ** 24)]: 1 }
  Symbol('s'.repeat(2 ** 24)), { [Symbol('s'.repeat(2 ** 24))]: 1 }
  Object.assign(new Error('m'.repeat(2 ** 24)))
  Object.assign(new Error('x'), { stack: '\n'.repeat(2 ** 24) })
  [[[Object.assign(new Error('x'), { stack: '\n    at '.repeat(2 ** 20) })]]]
  Object.defineProperty(() => {}, 'name', { value: 'n'.repeat(2 ** 24) })
  Object.create({ [Symbol.toStringTag]: 't'.repeat(2 ** 24) })
  new RegExp('r'.repeat(2 ** 20))
  Object('s'.repeat(2 ** 24))
  Array(1e9), [Array(4294967295)]
  '%j', Array(1e7)
  '%o', Array(1e9)
  Array(1e7).fill(0)
  new Uint8Array(1e8), new Float64Array(1e7), new ArrayBuffer(1e8)
  '%o', new Uint8Array(1e7)
  (() => { const o = {}; for (let i = 0; i < 1e6; i++) o['k' + i] = i; return o })()
  (() => { const o = {}; for (let i = 0; i < 1e6; i++) o['k' + i] = i; return Array(100).fill(o) })()
  (() => { let o = { leaf: 'x' }; for (let i = 0; i < 30; i++) o = [o, o, o, o, o, o, o, o, o, o]; return o })()
  '%o', (() => { let o = { leaf: 'x' }; for (let i = 0; i < 30; i++) o = Array(100).fill(o); return o })()
  '%j', (() => { let o = { leaf: 'x' }; for (let i = 0; i < 30; i++) o = Array(100).fill(o); return o })()
  new Set(numbers(1e5)), new Map(numbers(1e5).map((n) => [n, n]))
  1n << 20000000n, [1n << 20000000n], Object(1n << 20000000n)
  '%s %d %i %f %o %O', ...Array(6).fill(1n << 20000000n)
  ...Array(1e5).fill('')
  ...Array(1e5).fill({ a: 1 })
  (function () { return arguments })(...Array(1e5).fill(1))
  document = undefined, globalThis
`);

describe('a hostile value', () => {
  test.each(HOSTILE)('prints within its length and time: %j', (args) => {
    const { line } = createRealm();
    for (const maxLength of [20_000, 50]) {
      // The limit stops runaway code; creating the value itself takes its share.
      const text = line(args, maxLength);
      expect(text.length).toBeLessThanOrEqual(maxLength);
      expect(text).not.toBe('');
    }
  });

  test.each(['new Proxy({}, { ownKeys() { throw 1 } })', '{ a: Object.create(null) }'])(
    'does not change what is printed after it: %s',
    (args) => {
      const { line } = createRealm();
      expect(line(`[${args}], { a: { b: 1 } }`)).toMatch(/ \{ a: \{ b: 1 \} \}$/);
    },
  );

  test('prints near the end of the stack', () => {
    const { context } = createRealm();
    const text = runInContext(
      `let last = ''; const dive = () => { try { dive(); } catch {} last ||= tryPrint(); };
       const tryPrint = () => { try { return guest.format.formatLine([{ a: [1, new Error('x')] }], 500, (s) => s); } catch { return ''; } };
       dive(); last`,
      context,
    ) as string;
    expect(text).not.toBe('');
  });
});

const THROW_EVERYWHERE = `
  const owners = [Object, Array, String, Number, Boolean, Symbol, BigInt, Function, Map, Set, WeakMap, WeakSet, Date,
    RegExp, Error, TypeError, ArrayBuffer, DataView, Uint8Array, Object.getPrototypeOf(Uint8Array), Promise, Iterator]
    .flatMap((owner) => [owner, owner.prototype])
    .concat([Math, JSON, Reflect, Object.getPrototypeOf(new Map().entries()), Object.getPrototypeOf([].values()),
      Object.getPrototypeOf(new Set().values()), Object.getPrototypeOf(''.matchAll(/x/g)), Object.getPrototypeOf(function* () {}).prototype]);
  const { ownKeys, getOwnPropertyDescriptor, defineProperty } = Reflect;
  const boom = () => { throw new EvalError('tampered'); };
  for (let i = 0; i < owners.length; i++) {
    const keys = ownKeys(owners[i]);
    for (let j = 0; j < keys.length; j++) {
      const descriptor = getOwnPropertyDescriptor(owners[i], keys[j]);
      if (!descriptor.configurable || keys[j] === 'constructor' || keys[j] === Symbol.toStringTag || keys[j] === 'name') continue;
      if (descriptor.get) defineProperty(owners[i], keys[j], { get: boom, set: boom });
      else if (typeof descriptor.value === 'function') defineProperty(owners[i], keys[j], { value: boom });
    }
  }
`;

describe('after a script tampered with its realm', () => {
  const VALUES = rows(String.raw`
    'a %s b %d', 'x', '5', { a: 1 }
    { a: [1, 2, { b: 'it\'s' }], c: null }
    [1, 2, 3, 4, 5, 6, 7, 8, 9]
    ['é', '漢', 'c', 'd', 'e', 'f', 'g']
    [1, , 3], () => 1, class A {}, async () => {}
    new Map([[1, { a: 2 }]]), new Set(['a'])
    new Date(0), /a/gi, Object('s'), Object(1), 10n, Symbol('x'), Object(2n)
    new Uint8Array([1, 2]), new ArrayBuffer(2), new DataView(new ArrayBuffer(1))
    framed(new Error('m', { cause: framed(new TypeError('c')) }))
    '%j', { a: [1, 'b'] }
    '%o', [1, { a: () => 1 }]
    '%s', { a: 1 }, -0
    '%i %f', '42.5', '1.5'
    new (class Foo { a = 1 }), Object.create(null)
    ['a'.repeat(40) + '\n' + 'b'.repeat(60)]
    (() => { const a = {}; a.a = a; return a })()
  `);

  const printPrepared = (tampering: string, args: string): string => {
    // The value is made first: the tampering would break the code that makes it.
    const { context } = createRealm({
      after: `globalThis.prepared = [${args}]; globalThis.keep = (s) => s;`,
    });
    return runInContext(
      `${tampering}; guest.format.formatLine(prepared, 100000, keep)`,
      context,
    ) as string;
  };

  test.each(VALUES)('whose built-in methods all throw: %j', (args) => {
    expect(printPrepared(THROW_EVERYWHERE, args)).toBe(nodeLine(args));
  });

  test.each(VALUES)('where Array.prototype and Object.prototype have index setters: %j', (args) => {
    const tampering = `
      for (let i = 0; i < 300; i++)
        for (const owner of [Array.prototype, Object.prototype])
          Object.defineProperty(owner, i, { __proto__: null, get() { throw 1 }, set() { throw 1 } });
      for (const key of ['value', 'get', 'set', 'enumerable', 'done', 'next', 'length', 'base', 'whole', 'stack', 'size'])
        Object.defineProperty(Object.prototype, key, { __proto__: null, get() { throw 1 }, set() { throw 1 } });
    `;
    expect(printPrepared(tampering, args)).toBe(nodeLine(args));
  });

  test('the built-in classes keep their names', () => {
    const tampering = `
      for (const owner of [Object, Array, Map, Function, Error]) {
        Object.defineProperty(owner.prototype, 'constructor', { value: function Fake() {} });
        Object.defineProperty(owner, 'name', { value: 'Fake' });
        Object.defineProperty(owner, Symbol.hasInstance, { value: () => { throw 1 } });
      }
    `;
    const args = '{ a: 1 }, [1], new Map(), () => 1, framed(new Error("m"))';
    expect(printPrepared(tampering, args)).toBe(nodeLine(args));
  });
});

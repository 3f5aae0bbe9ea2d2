import { describe } from 'vitest';
import { gives, sameAsNode, useRuntime } from './web-rows.ts';

const runtime = useRuntime();

describe('primitives and wrappers', () => {
  sameAsNode(runtime, [
    ...[
      'undefined',
      'null',
      'true',
      '0',
      '-0',
      'NaN',
      'Infinity',
      '"text"',
      '"\\ud800"',
      '12345678901234567890n',
      '2n ** 100n',
    ].map((value) => `structuredClone(${value})`),
    ...['true', 'false', '5', '-0', '"s"', '3n'].map(
      (value) =>
        `(() => { const c = structuredClone(Object(${value})); return [typeof c, Object.getPrototypeOf(c).constructor.name, c.valueOf()]; })()`,
    ),
    `structuredClone(Object.assign(Object('abc'), { extra: 1 }))`,
    `Object.keys(structuredClone(Object('abc')))`,
    `structuredClone()`,
  ]);
});

describe('built-in objects', () => {
  sameAsNode(runtime, [
    `structuredClone(new Date(1e12))`,
    `structuredClone(new Date(NaN))`,
    `structuredClone(/a\\/b/dgimsuy)`,
    `(() => { const r = /x/g; r.lastIndex = 3; return structuredClone(r); })()`,
    `structuredClone(new Map([[1, { a: 1 }], ['k', new Map()]]))`,
    `structuredClone(new Set([1, 'x', { a: [] }]))`,
    `(() => { const m = new Map(); m.set(m, m); const c = structuredClone(m); return [c.size, c.get(c) === c, c !== m]; })()`,
    `(() => { const s = new Set(); s.add(s); const c = structuredClone(s); return c.has(c); })()`,
    `structuredClone([1, , 3])`,
    `1 in structuredClone([1, , 3])`,
    `structuredClone(Object.assign([1, 2], { extra: 'kept', [-1]: 2 }))`,
    `structuredClone(new Array(5)).length`,
    `structuredClone(Object.assign([], { 100000: 1 })).length`,
    `structuredClone({ a: 1, b: { c: [] }, [Symbol('s')]: 1 })`,
    `Object.getPrototypeOf(structuredClone(Object.create(null, { x: { value: 1, enumerable: true } }))) === Object.prototype`,
    `structuredClone(Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true }, hidden: { value: 3 } }))`,
    `structuredClone(JSON.parse('{"__proto__": 1, "constructor": 2}'))`,
    `Object.hasOwn(structuredClone(JSON.parse('{"__proto__": 1}')), '__proto__')`,
    `structuredClone(new (class Foo { x = 1; #y = 2; get z() { return 3; } })())`,
    `structuredClone(new (class extends Array {})(3)) instanceof Array`,
    `structuredClone(new (class extends Iterator {})())`,
    `structuredClone(Math)`,
    `Object.getOwnPropertyDescriptor(structuredClone(Object.freeze({ a: 1 })), 'a')`,
    `Object.isFrozen(structuredClone(Object.freeze([1])))`,
    `(() => { const o = {}; o.self = o; o.list = [o]; const c = structuredClone(o); return [c.self === c, c.list[0] === c, c !== o]; })()`,
    `(() => { const x = {}; const c = structuredClone([x, x, { x }]); return [c[0] === c[1], c[2].x === c[0]]; })()`,
    `(() => { const d = new Date(5); const c = structuredClone({ a: d, b: d }); return c.a === c.b; })()`,
  ]);
});

describe('errors', () => {
  sameAsNode(runtime, [
    ...[
      'Error',
      'EvalError',
      'RangeError',
      'ReferenceError',
      'SyntaxError',
      'TypeError',
      'URIError',
    ].map(
      (name) =>
        `(() => { const c = structuredClone(new ${name}('m')); return [c, Object.getPrototypeOf(c) === ${name}.prototype, Object.keys(c), c.stack.split('\\n')[0]]; })()`,
    ),
    `structuredClone(new Error('m', { cause: { a: 1 } })).cause`,
    `'cause' in structuredClone(new Error('m'))`,
    `structuredClone(Object.assign(new Error('m'), { extra: 1 })).extra`,
    `(() => { const e = new Error('m'); e.name = 'Custom'; return [structuredClone(e).name, Object.getPrototypeOf(structuredClone(e)) === Error.prototype]; })()`,
    `(() => { const e = new Error('m'); e.name = 'RangeError'; return structuredClone(e) instanceof RangeError; })()`,
    `structuredClone(new (class Mine extends TypeError {})('m')).name`,
    `(() => { const e = new Error('m'); delete e.message; return Object.hasOwn(structuredClone(e), 'message'); })()`,
    `(() => { const e = new Error(); e.message = 5; return structuredClone(e).message; })()`,
    `(() => { const e = new Error('m'); e.cause = e; const c = structuredClone(e); return c.cause === c; })()`,
    `(() => { const c = structuredClone(new DOMException('m', 'AbortError')); return [c.name, c.message, c.code, c instanceof DOMException]; })()`,
    `structuredClone(new AggregateError([1], 'm')).errors`,
  ]);
});

describe('what cannot be cloned', () => {
  const values = [
    'function () {}',
    '() => 1',
    'class {}',
    'Symbol()',
    'Object(Symbol())',
    'Promise.resolve()',
    'new WeakMap()',
    'new WeakSet()',
    'new WeakRef({})',
    'new FinalizationRegistry(() => {})',
    '(function* () {})()',
    '(async function* () {})()',
    '[].values()',
    'new Map().keys()',
    'new Set().values()',
    '"x"[Symbol.iterator]()',
    '"x".matchAll(/x/g)',
    '[].values().map((x) => x)',
    'new Intl.Collator()',
    'new Intl.NumberFormat()',
    'new URL("x:")',
    'new URLSearchParams()',
  ];
  sameAsNode(
    runtime,
    values.flatMap((value) => [
      `structuredClone(${value})`,
      `structuredClone({ deep: [${value}] })`,
    ]),
  );
  sameAsNode(runtime, [
    `structuredClone({ get x() { throw new RangeError('mine'); } })`,
    `structuredClone({ get x() { delete this.y; return 1; }, y: 2 })`,
    `structuredClone({ get x() { this.z = 2; return 1; } })`,
    `(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); try { structuredClone(proxy); } catch { return 'refused'; } })()`,
  ]);
});

describe('what differs from Node', () => {
  const ours = [
    'TextDecoder()',
    'AbortController()',
    'AbortController().signal',
    'Event("x")',
    'EventTarget()',
  ];
  gives(runtime, [
    ...ours.map(
      (value) => [`structuredClone([new ${value}])`, 'throws DataCloneError 25'] as const,
    ),
    [`structuredClone(crypto)`, 'throws DataCloneError 25'],
    [`structuredClone(performance)`, 'throws DataCloneError 25'],
    [`[structuredClone.length, structuredClone.name].join()`, '"1,structuredClone"'],
    [
      `(() => { const b = bytes(1).buffer; return structuredClone({ get x() { b.transfer(); return 1; } }, { transfer: [b] }); })()`,
      'throws DataCloneError 25',
    ],
    [`structuredClone(new Proxy({ a: 1 }, {}))`, '{a:1}'],
    [`structuredClone(Object.setPrototypeOf(new Map([[1, 2]]), Object.prototype))`, '{}'],
    [`structuredClone(Object.create(Promise.prototype))`, 'throws DataCloneError 25'],
    [
      `(() => { let list = null; for (let i = 0; i < 100000; i++) list = { list }; let depth = 0; for (let c = structuredClone(list); c; c = c.list) depth++; return depth; })()`,
      '100000',
    ],
    [
      `(() => { let list = []; for (let i = 0; i < 100000; i++) list = [list]; return structuredClone(list).length; })()`,
      '1',
    ],
    [
      `(() => { let map = new Map(); for (let i = 0; i < 100000; i++) map = new Map([[map, 1]]); return structuredClone(map).size; })()`,
      '1',
    ],
    [
      `(() => { let e = new Error('x'); e.stack = ''; for (let i = 0; i < 10000; i++) { e = new Error('y', { cause: e }); e.stack = ''; } return structuredClone(e).message; })()`,
      '"y"',
    ],
  ]);
});

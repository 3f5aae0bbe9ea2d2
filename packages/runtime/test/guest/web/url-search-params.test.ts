import { describe } from 'vitest';
import { sameAsNode, useRuntime } from './web-rows.ts';

const runtime = useRuntime();
const queries = [
  '',
  '?',
  '??a=b',
  'a=b',
  'a',
  '=',
  '=b',
  'a=',
  '&&a=b&&',
  'a=b=c',
  'a+b=c+d',
  '%61=%62',
  '%',
  '%4',
  '%zz',
  'a=%F0%9F%92%A9',
  'a=%F0%9F%92',
  'a=%FF%FE',
  '%EF%BB%BFtest=%EF%BB%BF',
  'é=ü',
  'a=\ud83d',
  'a=\ud83d\udca9',
  'a\u0000b=c',
  'a=b&a=c&d=e',
  'x=%2B+%20',
  '\ufeffa=b',
  'a%26b=c%3Dd',
  'a;b=c',
];

describe('parsing and printing', () => {
  sameAsNode(
    runtime,
    queries.map(
      (query) =>
        `(() => { const p = new URLSearchParams(${JSON.stringify(query)}); return [[...p], p.toString(), p.size]; })()`,
    ),
  );
  sameAsNode(runtime, [
    `new URLSearchParams([['k', Array.from({ length: 400 }, (_, i) => String.fromCharCode(i)).join('')]]).toString()`,
    `new URLSearchParams([['k', '\\u{10FFFF}\\u{10000}\\uFFFF\\uD7FF\\uE000\\uDC00\\uD800x']]).toString()`,
    `[...new URLSearchParams('k=' + Array.from({ length: 256 }, (_, i) => '%' + i.toString(16).padStart(2, '0')).join(''))]`,
  ]);
});

describe('made of', () => {
  sameAsNode(runtime, [
    `[...new URLSearchParams()]`,
    `[...new URLSearchParams(undefined)]`,
    `[...new URLSearchParams(null)]`,
    `[...new URLSearchParams(5)]`,
    `[...new URLSearchParams(true)]`,
    `[...new URLSearchParams({ a: 1, b: null, c: undefined })]`,
    `[...new URLSearchParams({ a: 'x', 2: 'y', 1: 'z' })]`,
    `[...new URLSearchParams([['a', 1], ['a', 2]])]`,
    `[...new URLSearchParams(new Map([['a', 'b']]))]`,
    `[...new URLSearchParams(new URLSearchParams('q=1&q=2'))]`,
    `new URLSearchParams([['a']])`,
    `new URLSearchParams([['a', 'b', 'c']])`,
    `new URLSearchParams([1])`,
    `new URLSearchParams(['ab'])`,
    `new URLSearchParams([[]])`,
    `[...new URLSearchParams(function () {})]`,
    `[...new URLSearchParams((function* () { yield ['a', 'b']; yield new Set(['c', 'd']); })())]`,
    `[...new URLSearchParams({ [Symbol.iterator]: null, a: '1' })]`,
    `new URLSearchParams({ [Symbol.iterator]: 5 })`,
    `new URLSearchParams(Symbol())`,
    `[...new URLSearchParams({ '\\uD835x': '1', 'xx': '2', '\\uD83Dx': '3' })]`,
    `[...new URLSearchParams(Object.defineProperty({ a: 1 }, 'hidden', { value: 2 }))]`,
    `new URLSearchParams({ a: Symbol() })`,
    `new URLSearchParams({ get a() { throw new RangeError('mine'); } })`,
    `new URLSearchParams([['a', { toString() { throw new EvalError('mine'); } }]])`,
    `URLSearchParams('a')`,
  ]);
});

const of = (query: string, code: string): string =>
  `(() => { const p = new URLSearchParams(${JSON.stringify(query)}); ${code}; return p.toString(); })()`;
const on = (query: string, expression: string): string =>
  `((p) => ${expression})(new URLSearchParams(${JSON.stringify(query)}))`;

describe('methods', () => {
  sameAsNode(runtime, [
    of('a=1', `p.append('a', 2); p.append('\\uD800', null)`),
    of('a=1&b=2&a=3', `p.delete('a')`),
    of('a=1&b=2&a=3', `p.delete('a', '3')`),
    of('a=1&a=undefined', `p.delete('a', undefined)`),
    of('a=1&b=2&a=3', `p.set('a', 9)`),
    of('b=2', `p.set('a', 9)`),
    of('a=1&a=2&a=3&b=4', `p.set('a', 'x')`),
    of('z=1&a=2&z=0&a=1&ﬃ=&🌈=', `p.sort()`),
    of('é&e\u0301&e&f', `p.sort()`),
    of('', `p.sort()`),
    of('c=3&b=2&a=1&c=1&b=1&a=3&c=2', `p.sort()`),
    on('a=1&a=2', `[p.get('a'), p.get('b'), p.getAll('a'), p.getAll('b')]`),
    on(
      'a=1&b',
      `[p.has('a'), p.has('b'), p.has('c'), p.has('a', '1'), p.has('a', '2'), p.has('a', undefined)]`,
    ),
    on('a=1&b=2', `[[...p.entries()], [...p.keys()], [...p.values()], p.size]`),
    on(
      'a=1&b=2',
      `{ const seen = []; p.forEach(function (v, k, all) { seen.push(v, k, all === p, this); }, 7); return seen; }`.replace(
        /^\{(.*)\}$/,
        '(() => {$1})()',
      ),
    ),
    on('a=1', `p.append('b')`),
    on('a=1', `p.append()`),
    on('a=1', `p.get()`),
    on('a=1', `p.has()`),
    on('a=1', `p.set('x')`),
    on('a=1', `p.delete()`),
    on('a=1', `p.getAll()`),
    on('a=1', `p.forEach()`),
    on('a=1', `p.forEach(5)`),
    `URLSearchParams.prototype.get.call({}, 'a')`,
    `URLSearchParams.prototype.entries.call([])`,
    `URLSearchParams.prototype.size`,
    on('a=1', `p.get({ toString: () => 'a' })`),
    on('a=1', `p.get(Symbol())`),
  ]);
});

describe('iteration', () => {
  sameAsNode(runtime, [
    on(
      'a=1&b=2&c=3',
      `(() => { const seen = []; for (const [k] of p) { seen.push(k); p.delete(k); } return [seen, p.toString()]; })()`,
    ),
    on(
      'a=1&b=2',
      `(() => { const seen = []; for (const [k] of p) { seen.push(k); if (p.size < 5) p.append('n' + p.size, ''); } return seen; })()`,
    ),
    on(
      'a=1&b=2',
      `(() => { const seen = []; p.forEach((v, k) => { seen.push(k); p.delete('b'); }); return seen; })()`,
    ),
    on('a=1', `Object.prototype.toString.call(p.keys())`),
    on('a=1', `p.keys()[Symbol.iterator]() !== undefined`),
    on('a=1', `p[Symbol.iterator] === p.entries`),
    on('a=1', `[p.values().next().value, p.values().map((v) => v + v).toArray()]`),
    on('a=1', `Object.getPrototypeOf(p.keys()).next.call({})`),
    on('a=1', `Object.getOwnPropertyNames(Object.getPrototypeOf(p.keys()))`),
    on('a=1', `Object.getPrototypeOf(Object.getPrototypeOf(p.keys())) === Iterator.prototype`),
  ]);
});

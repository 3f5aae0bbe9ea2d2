import { expect, test } from 'vitest';
import { useRuntime } from './web-rows.ts';

const runtime = useRuntime();

/** What the script itself needs constructors for. */
const make = `const makeGiven = () => {
    const shared = { n: 1 };
    return { shared, map: new Map([[1, shared]]), set: new Set([shared]), date: new Date(5), pattern: /a/gi, error: new RangeError('m', { cause: shared }), bytes: new Uint8Array([1, 2]), big: Object(5n), wide: new Uint16Array([0x68, 0x20ac]), room: new Uint8Array(4), buffer: new ArrayBuffer(4) };
  };`;

/** Uses every one of the globals; gives texts only. */
const work = `(async (stringify, given) => {
  let out = '';
  const note = (value) => { out += stringify(value) + '|'; };
  note(new URL('/p?a=1#h', 'https://u:p@h.example:81').href);
  const url = new URL('https://a.example/?x=1&y=%C3%A9+z'); url.searchParams.append('n', 'é&'); url.searchParams.sort(); url.host = 'b.example:9';
  note(url.href); note(url.searchParams.get('y')); note(new URLSearchParams('a=1&b=ü').toString()); note(url.searchParams.size);
  const keys = url.searchParams.keys(); note(keys.next().value);
  note(new TextDecoder().decode(new TextEncoder().encode('hé€💩'))); note(new TextDecoder('utf-16le').decode(given.wide));
  note(atob(btoa('hello ÿ'))); note(crypto.randomUUID().length); note(crypto.getRandomValues(given.room) === given.room);
  const clone = structuredClone({ list: [1, , given.shared, given.shared], map: given.map, set: given.set, date: given.date, pattern: given.pattern, error: given.error, bytes: given.bytes, big: given.big });
  note(clone.list[2] === clone.list[3]); note(clone.list.length); note(clone.error !== given.error); note(clone.bytes[1]);
  const { buffer } = given; note(structuredClone(buffer, { transfer: [buffer] }) !== buffer); 
  try { structuredClone(() => {}); } catch (error) { note(error.name); note(error.code); }
  const controller = new AbortController(); const any = AbortSignal.any([controller.signal]); any.onabort = () => note('aborted'); any.addEventListener('abort', () => note('once'), { once: true }); controller.abort('why'); note(any.reason);
  const target = new EventTarget(); target.addEventListener('a', (event) => note(event.type)); target.dispatchEvent(new Event('a'));
  note(performance.now() >= 0);
  await new Promise((resolve) => queueMicrotask(resolve));
  await new Promise((resolve) => { AbortSignal.timeout(1).onabort = resolve; });
  return out;
})`;

/** Replaces every function that a script can reach, and sets traps for what looks up a prototype. */
const sabotage = `
  const { stringify } = JSON;
  const { ownKeys, getOwnPropertyDescriptor, defineProperty, getPrototypeOf, deleteProperty } = Reflect;
  let stolen = '';
  const work = ${work};
  const given = makeGiven();
  const spoil = (owner, path) => {
    const keys = ownKeys(owner);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      const d = getOwnPropertyDescriptor(owner, key);
      if (!d.configurable || key === 'constructor') continue;
      const trap = function () { stolen += path + '.' + (typeof key === 'symbol' ? 'symbol' : key) + ' '; throw 'tampered'; };
      if (typeof d.value === 'function') defineProperty(owner, key, { __proto__: null, value: trap, writable: true, configurable: true });
      else if (d.get) defineProperty(owner, key, { __proto__: null, get: trap, set: trap, configurable: true });
    }
  };
  const names = ['Object', 'Array', 'String', 'Number', 'Boolean', 'BigInt', 'Symbol', 'Function', 'Map', 'Set', 'WeakMap', 'Date', 'RegExp', 'Error', 'RangeError', 'TypeError', 'ArrayBuffer', 'DataView', 'Uint8Array', 'Promise', 'Math', 'JSON', 'Reflect', 'Iterator', 'EventTarget', 'Event', 'URLSearchParams', 'DOMException'];
  const owners = []; const paths = [];
  const add = (owner, path) => { owners[owners.length] = owner; paths[paths.length] = path; };
  for (let i = 0; i < names.length; i++) {
    const owner = globalThis[names[i]];
    // What this script itself calls stays.
    if (names[i] === 'Promise') continue;
    if (i < 23) add(owner, names[i]);
    if (owner.prototype && names[i] !== 'URLSearchParams' && i < 24) add(owner.prototype, names[i] + '.prototype');
  }
  add(getPrototypeOf(Uint8Array.prototype), 'TypedArray.prototype'); add(getPrototypeOf(Uint8Array), 'TypedArray');
  add(getPrototypeOf([].values()), 'ArrayIterator'); add(getPrototypeOf(new Map().keys()), 'MapIterator'); add(getPrototypeOf(new Set().keys()), 'SetIterator');
  // Web IDL lets an array be read by the iterator that it has.
  const arrayIterator = getPrototypeOf([].values()); const { next } = arrayIterator; const values = Array.prototype.values; const { iterator } = Symbol;
  const lookedUp = ['0', '1', '7', 'value', 'get', 'text', 'used', 'units', 'keys', 'items', 'kind', 'index', 'below', 'href', 'search', 'needed', 'started', 'signal', 'once', 'node', 'raw', 'target', 'maxByteLength', 'writable', 'offset', 'memory', 'callback'];
  const { prototype: objectPrototype } = Object; const { prototype: arrayPrototype } = Array;
  for (let i = 0; i < owners.length; i++) spoil(owners[i], paths[i]);
  defineProperty(arrayPrototype, iterator, { __proto__: null, value: values, configurable: true });
  defineProperty(arrayIterator, 'next', { __proto__: null, value: next, configurable: true });
  for (let i = 0; i < lookedUp.length; i++) {
    const set = () => { stolen += 'set ' + lookedUp[i] + ' '; };
    // Options of the script are ordinary objects, of which reading an inherited member is right.
    const get = () => undefined;
    defineProperty(objectPrototype, lookedUp[i], { __proto__: null, get, set, configurable: true });
    if (i > 3) defineProperty(arrayPrototype, lookedUp[i], { __proto__: null, get, set, configurable: true });
  }
  const text = await work(stringify, given);
  return stringify({ __proto__: null, text, stolen });
`;

test('everything works on in a realm that a script took apart', async () => {
  const plain = await runtime().execute(`${make} return (${work})(JSON.stringify, makeGiven())`);
  const spoilt = await runtime().execute(`${make} ${sabotage}`);
  const { text, stolen } = JSON.parse(spoilt.output['value'] as string) as Record<string, string>;
  expect(stolen).toBe('');
  expect(text).toBe(plain.output['value']);
  expect(text).toContain('"why"');
});

import { describe, expect, test } from 'vitest';
import { CloisterError, type RunContext } from '../../../src/index.ts';
import { gives, useRuntime } from './web-rows.ts';

const runtime = useRuntime();

describe('hostile arguments', () => {
  const hostile: Readonly<Record<string, string>> = {
    'a proxy that throws': `new Proxy({}, { get() { throw new EvalError('mine'); }, ownKeys() { throw new EvalError('mine'); }, getPrototypeOf() { throw new EvalError('mine'); } })`,
    'a revoked proxy': `(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; })()`,
    'a throwing toString': `{ toString() { throw new EvalError('mine'); }, valueOf() { throw new EvalError('mine'); } }`,
    'an object without a prototype': `Object.create(null)`,
    'a symbol': `Symbol('s')`,
    'a function of a proxy': `new Proxy(function () {}, {})`,
  };
  const calls = [
    'new URL(x)',
    'new URL("a:b", x)',
    'URL.parse(x)',
    'URL.canParse(x)',
    'new URL("a:b").href = x',
    'new URL("a:b").hash = x',
    'new URLSearchParams(x)',
    'new URLSearchParams([[x, 1]])',
    'new URLSearchParams([x])',
    'new URLSearchParams("a").get(x)',
    'new TextEncoder().encode(x)',
    'new TextEncoder().encodeInto("a", x)',
    'new TextDecoder(x)',
    'new TextDecoder("utf-8", x)',
    'new TextDecoder().decode(x)',
    'new TextDecoder().decode(new Uint8Array(1), x)',
    'atob(x)',
    'btoa(x)',
    'crypto.getRandomValues(x)',
    'new DOMException(x)',
    'new DOMException("m", x)',
    'new Event(x)',
    'new Event("e", x)',
    'new EventTarget().addEventListener("a", x)',
    'new EventTarget().addEventListener("a", () => {}, x)',
    'new EventTarget().dispatchEvent(x)',
    'new AbortController().abort(x)',
    'new AbortController().signal.onabort = x',
    'AbortSignal.timeout(x)',
    'AbortSignal.any(x)',
    'AbortSignal.any([x])',
    'structuredClone(x)',
    'structuredClone({}, x)',
    'structuredClone({}, { transfer: x })',
    'structuredClone({}, { transfer: [x] })',
    'queueMicrotask(x)',
  ];
  test.each(Object.entries(hostile))(
    '%s throws what the script or the standard throws, and no more',
    async (_name, value) => {
      const source = `const results = {}; const known = ['EvalError', 'TypeError', 'RangeError', 'DataCloneError', 'InvalidCharacterError', 'InvalidStateError'];
      for (const [name, call] of Object.entries({ ${calls.map((call) => `${JSON.stringify(call)}: (x) => { ${call}; }`).join(',\n')} })) {
        try { call(${value}); } catch (error) { if (!known.includes(error?.name) || /node:|\\/work|file:/.test(error.stack)) results[name] = String(error?.stack); }
      } return results`;
      // A callback that cannot be called may end the run; nothing else may.
      const result = await runtime()
        .execute(source)
        .catch((error: unknown) => error as CloisterError);
      if (result instanceof CloisterError) expect(result.code).toBe('script_error');
      else expect(result.output).toEqual({});
    },
  );
});

describe('a buffer pulled away while its owner is being asked', () => {
  gives(runtime, [
    [
      `(() => { const b = bytes(65, 66); return new TextDecoder().decode(b, { get stream() { b.buffer.transfer(); return false; } }); })()`,
      '""',
    ],
    [
      `(() => { const b = new ArrayBuffer(4, { maxByteLength: 8 }); const v = new Uint8Array(b); return new TextDecoder().decode(v, { get stream() { b.resize(1); return false; } }).length; })()`,
      '1',
    ],
    [
      `(() => { const to = new Uint8Array(4); const { written } = new TextEncoder().encodeInto({ toString() { to.buffer.transfer(); return 'abc'; } }, to); return written; })()`,
      '0',
    ],
    [
      `(() => { const b = new ArrayBuffer(8); return structuredClone({ get a() { b.transfer(); return 1; }, b }); })()`,
      'throws DataCloneError 25',
    ],
    [
      `(() => { const b = new ArrayBuffer(8, { maxByteLength: 8 }); const v = new Uint8Array(b, 4, 4); b.resize(2); return structuredClone(v); })()`,
      'throws DataCloneError 25',
    ],
    [
      `(() => { const p = new URLSearchParams('a=1&b=2&c=3'); p.forEach(() => { for (const key of ['a', 'b', 'c']) p.delete(key); }); return p.size; })()`,
      '0',
    ],
    [
      `(() => { const u = new URL('https://a/'); u.hash = { toString() { u.href = 'x://b/'; return 'h'; } }; return u.href; })()`,
      '"https://a/#h"',
    ],
    [
      `(() => { const t = new EventTarget(); let n = 0; const f = () => { n++; t.removeEventListener('a', f); if (n < 100) t.addEventListener('a', f); }; t.addEventListener('a', f); t.dispatchEvent(new Event('a')); return n; })()`,
      '1',
    ],
    [
      `(() => { const c = new AbortController(); let n = 0; c.signal.onabort = () => { n++; c.abort(); }; c.abort(); return n; })()`,
      '1',
    ],
    [
      `(() => { const list = []; list.push(list, new Proxy(list, {})); return structuredClone(list).length; })()`,
      '2',
    ],
  ]);
});

describe('huge work ends by the limits of the run', () => {
  const tight: RunContext = {
    tenant: { id: 'huge' },
    limits: { memoryMb: 96, cpuMs: 4000, timeoutMs: 8000 },
  };
  const sources = [
    `new URL('x'.repeat(2 ** 28))`,
    `new URL('https://a/').hash = 'é'.repeat(2 ** 27)`,
    `URL.canParse('a:b', 'é'.repeat(2 ** 28))`,
    `new URLSearchParams('a=%41&'.repeat(2 ** 25))`,
    `new TextEncoder().encode('é'.repeat(2 ** 28))`,
    `btoa('x'.repeat(2 ** 28))`,
    `atob('AAAA'.repeat(2 ** 26))`,
    `new TextDecoder('x'.repeat(2 ** 28))`,
    `new TextDecoder().decode(new Uint8Array(2 ** 28))`,
    `new DOMException('x'.repeat(2 ** 28)).stack`,
    `structuredClone('x'.repeat(2 ** 28).split(''))`,
    `structuredClone(new Array(2 ** 28).fill(0))`,
    `structuredClone(new ArrayBuffer(2 ** 26))`,
    `new URLSearchParams({ [Symbol.iterator]: () => ({ next: () => ({ value: ['a', 'b'] }) }) })`,
    `AbortSignal.any({ [Symbol.iterator]: () => ({ next: () => ({ value: AbortSignal.abort() }) }) })`,
    `const f = () => queueMicrotask(f); f(); await new Promise(() => {})`,
    `const all = []; for (;;) all.push(new AbortController().signal)`,
    `const root = new AbortController(); for (;;) AbortSignal.any([root.signal])`,
    `for (;;) AbortSignal.timeout(1e9)`,
    `const t = new EventTarget(); for (;;) t.addEventListener('a', () => {})`,
    `const p = new URLSearchParams(); for (;;) p.append('k', 'v'.repeat(1000))`,
    `let o = {}; for (;;) o = structuredClone({ o, p: o })`,
    `for (;;) crypto.getRandomValues(new Uint8Array(65536))`,
    `structuredClone(new Proxy({}, { ownKeys: () => Array.from({ length: 1e7 }, (_, i) => 'k' + i) }))`,
    `const o = {}; o.o = new Proxy({}, { get: () => new Proxy({}, {}), ownKeys: () => ['x'], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }) }); structuredClone(o)`,
    `let d = {}; const h = { ownKeys: () => ['x'], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }), get: () => new Proxy({}, h) }; structuredClone(new Proxy({}, h))`,
  ];
  test.each(sources)('%s', async (source) => {
    const outcome = await runtime()
      .execute(source, undefined, tight)
      .then(
        () => 'completed',
        (error: unknown) => (error as CloisterError).code,
      );
    expect([
      'completed',
      'script_error',
      'memory_limit',
      'cpu_limit',
      'timeout',
      'worker_crashed',
    ]).toContain(outcome);
    const after = await runtime().execute('return new URL("https://a/b").pathname', undefined, {
      tenant: { id: 'other' },
    });
    expect(after.output).toEqual({ value: '/b' });
  });
});

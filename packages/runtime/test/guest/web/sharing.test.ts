import { describe, expect, test } from 'vitest';
import { createRuntime, type CloisterError } from '../../../src/index.ts';
import { useRuntime } from './web-rows.ts';

const runtime = useRuntime();

describe('floods', () => {
  const floods = [
    `for (let i = 0; i < 1e5; i++) new URL('https://a.example/' + i); return 'done'`,
    `for (;;) URL.canParse('https://' + 'ü'.repeat(60000))`,
    `const u = new URL('https://a/'); for (;;) u.searchParams.append('k', 'v')`,
    `for (;;) crypto.randomUUID()`,
    `for (;;) crypto.getRandomValues(new Uint8Array(65536))`,
    `let chars = ''; for (let i = 0; i < 60000; i++) chars += String.fromCharCode(0x4e00 + i % 20000); for (;;) URL.canParse('http://' + chars)`,
  ];
  test.each(floods)('%s ends, and meanwhile the worker answers another tenant', async (source) => {
    const ended = runtime()
      .execute(source, undefined, {
        tenant: { id: 'flood' },
        limits: { cpuMs: 3000, timeoutMs: 3000 },
      })
      .then(
        ({ output }) => output['value'],
        (error: unknown) => (error as CloisterError).code,
      );
    const waits: number[] = [];
    for (let i = 0; i < 30; i++) {
      const begun = performance.now();
      await runtime().execute('return new URL("https://b/c").href', undefined, {
        tenant: { id: 'calm' },
      });
      waits.push(performance.now() - begun);
    }
    expect(waits.toSorted((a, b) => a - b)[15]).toBeLessThan(250);
    expect(['done', 'cpu_limit', 'timeout', 'script_error', 'memory_limit']).toContain(await ended);
  });

  test('of eight tenants at once end by their own limits and leave the worker responsive', async () => {
    await using many = await createRuntime({
      workers: 1,
      poolSize: 9,
      maxVms: 18,
      maxConcurrencyPerTenant: 2,
    });
    const limits = { cpuMs: 1500, timeoutMs: 3000 };
    const runs = Array.from({ length: 8 }, (_, i) =>
      many
        .execute(`for (;;) new URL('https://a.example/')`, undefined, {
          tenant: { id: `t${i}` },
          limits,
        })
        .catch((error: unknown) => error as CloisterError),
    );
    const begun = performance.now();
    await many.execute('return crypto.randomUUID()', undefined, { tenant: { id: 'calm' } });
    expect(performance.now() - begun).toBeLessThan(1500);
    for (const result of await Promise.all(runs))
      expect(['cpu_limit', 'timeout']).toContain((result as CloisterError).code);
  });
});

describe('two runs of a tenant', () => {
  test('share no decoder, signal, listener, clock or random number', async () => {
    const source = `const marks = [globalThis.mark, URL.mark, crypto.mark, performance.mark, EventTarget.prototype.mark, AbortSignal.mark];
      for (const owner of [globalThis, URL, crypto, performance, EventTarget.prototype, AbortSignal]) try { owner.mark = 1; } catch {}
      new TextDecoder().decode(new Uint8Array([0xf0, 0x9f]), { stream: true });
      AbortSignal.timeout(20).onabort = () => console.log('late');
      queueMicrotask(() => {}); const u = new URL('https://a/'); u.searchParams.append('x', '1');
      return { marks: marks.filter((mark) => mark !== undefined), uuid: crypto.randomUUID(), text: new TextDecoder().decode(new Uint8Array([0x92, 0xa9])), href: new URL('https://a/').href, now: performance.now() < 25 }`;
    const first = await runtime().execute(source);
    const second = await runtime().execute(source);
    expect(second.output).toEqual({ ...first.output, uuid: expect.any(String) as string });
    expect(second.output['uuid']).not.toBe(first.output['uuid']);
    expect(second.output).toMatchObject({
      marks: [],
      text: '\ufffd\ufffd',
      href: 'https://a/',
      now: true,
    });
    const third = await runtime().execute(
      `await new Promise((resolve) => setTimeout(resolve, 60)); return 1`,
    );
    expect(third.logs).toEqual([]);
  });
});

describe('nothing of isolated-vm', () => {
  test('can be reached from the globals or from what they give', async () => {
    const source = `const seen = new Set(); const found = []; const walk = (value, path) => {
        if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return;
        seen.add(value);
        if (typeof value === 'function' && !(value.name || Object.hasOwn(value, 'name'))) found.push(path);
        walk(Object.getPrototypeOf(value), path + '.__proto__');
        for (const key of Reflect.ownKeys(value)) { const d = Object.getOwnPropertyDescriptor(value, key); for (const part of ['value', 'get', 'set']) walk(d[part], path + '.' + String(key)); }
      };
      walk(globalThis, 'globalThis'); const made = { url: new URL('https://a/?b'), keys: new URLSearchParams('a').keys(), signal: AbortSignal.any([]), error: new DOMException('x'), event: new Event('x'), encoder: new TextEncoder(), decoder: new TextDecoder() };
      walk(made, 'made');
      try { new URL('x') } catch (error) { walk(error, 'error'); }
      return { found, ask: typeof ask, post: typeof post, guest: typeof guest }`;
    const { output } = await runtime().execute(source);
    expect(output).toEqual({ found: [], ask: 'undefined', post: 'undefined', guest: 'undefined' });
  });
});

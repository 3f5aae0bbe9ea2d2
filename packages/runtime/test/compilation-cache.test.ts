import { describe, expect, test, vi } from 'vitest';
import { openCode } from '../src/host/sealed-code.ts';
import { createRuntime, type CacheTier, type Runtime } from '../src/index.ts';
import {
  cached,
  largeSource,
  MapStore,
  secret,
  secretBytes,
  small,
  storeThat,
  tierOf,
} from './support/bytecode-stores.ts';
import { recordEvents } from './support/channels.ts';
import { as, codeOf, failureOf, runUntilLog, startRuntime } from './support/runs.ts';
import { realms } from './support/runtime.ts';

const soon = { timeout: 10_000, interval: 2 };
/** Runs a source for a tenant of its own and waits until its code has come to the host. */
async function compile(runtime: Runtime, source: string): Promise<void> {
  const { bytes } = runtime.stats().cache;
  await runtime.execute(source, {}, as(`compiler of ${source.length} ${source.slice(-20)}`));
  await vi.waitUntil(() => runtime.stats().cache.bytes !== bytes, soon);
}

describe.each(realms)('usage.cache, in a %s realm,', (realm) => {
  test('is vm in the VM that has the script, memory in another, and miss the first time', async () => {
    const runtime = await startRuntime({ workers: 2, poolSize: 4, realm });
    const source = largeSource('mine');
    expect(await tierOf(runtime, source, 'a')).toEqual(['mine', 'miss']);
    await vi.waitUntil(() => runtime.stats().cache.bytes > 1, soon);
    for (const tenant of ['a', 'a']) {
      expect(await tierOf(runtime, source, tenant)).toEqual(['mine', 'vm']);
    }
    // On either worker.
    for (const tenant of ['b', 'c', 'd', 'e']) {
      expect(await tierOf(runtime, source, tenant)).toEqual(['mine', 'memory']);
    }
    expect(runtime.stats().cache).toMatchObject({
      entries: 1,
      hits: { vm: 2, memory: 4, store: 0, failure: 0 },
      misses: 1,
      refused: 0,
      store: undefined,
    });
  });

  test('is store for the first run in a process that finds the code there', async () => {
    const store = new MapStore();
    const source = largeSource('kept');
    const first = await startRuntime({ ...cached(store), realm });
    expect(await tierOf(first, source)).toEqual(['kept', 'miss']);
    await store.holds(1);
    await first.shutdown();
    const second = await startRuntime({ ...cached(store), realm });
    expect(await tierOf(second, source, 'a')).toEqual(['kept', 'store']);
    expect(await tierOf(second, source, 'b')).toEqual(['kept', 'memory']);
    expect(await tierOf(second, source, 'b')).toEqual(['kept', 'vm']);
    expect(second.stats().cache).toMatchObject({
      hits: { vm: 1, memory: 1, store: 1 },
      misses: 0,
      refused: 0,
      store: { state: 'up', hits: 1, forged: 0, errors: 0 },
    });
    expect(store.calls.put).toBe(1);
  });
});

describe('the compilation cache', () => {
  test('leaves short scripts alone, which compile faster than they are looked up', async () => {
    const store = new MapStore();
    const runtime = await startRuntime(cached(store));
    const before = store.calls.get;
    expect(await tierOf(runtime, 'return "short"', 'a')).toEqual(['short', 'miss']);
    expect(await tierOf(runtime, 'return "short"', 'b')).toEqual(['short', 'miss']);
    expect(await tierOf(runtime, 'return "short"', 'b')).toEqual(['short', 'vm']);
    await runtime.shutdown();
    expect(store.calls).toMatchObject({ put: 0, get: before });
    expect(runtime.stats().cache).toMatchObject({ misses: 2, bytes: 0 });
  });

  test('shares the code of TypeScript scripts as well', async () => {
    const runtime = await startRuntime(small);
    const source = `${largeSource('typed')} as string`;
    const run = async (id: string): Promise<CacheTier> => {
      const { output, usage } = await runtime.execute(
        source,
        {},
        as(id, { language: 'typescript' }),
      );
      expect(output).toEqual({ value: 'typed' });
      return usage.cache;
    };
    expect(await run('a')).toBe('miss');
    await vi.waitUntil(() => runtime.stats().cache.bytes > 1, soon);
    expect(await run('b')).toBe('memory');
    expect(await run('b')).toBe('vm');
  });

  test('keeps the functions that the first run compiled, too', async () => {
    const runtime = await startRuntime(small);
    const body = Array.from({ length: 300 }, (_, i) => `total += input.x${i} ?? ${i};`).join('\n');
    const sizes = [];
    for (const called of [0, 1]) {
      const before = runtime.stats().cache.bytes;
      const source = `function work(input) { let total = 0; ${body} return total }
        return ${called} ? work({}) : 'not called'`;
      await compile(runtime, source);
      sizes.push(runtime.stats().cache.bytes - before);
    }
    expect(sizes[1]).toBeGreaterThan(2 * sizes[0]!);
  });

  test('keeps apart scripts that differ by a character', async () => {
    const store = new MapStore();
    const runtime = await startRuntime(cached(store));
    for (const round of [1, 2]) {
      for (const mark of ['a', 'b', 'c']) {
        expect((await tierOf(runtime, largeSource(mark), `t${round}`))[0]).toBe(mark);
      }
    }
    await store.holds(3);
  });
});

/** Texts whose characters tell in which encoding a script that holds them travels. */
const literals: Readonly<Record<string, string>> = {
  ASCII: 'a',
  'Latin 1': 'ÿ',
  'a character beyond Latin 1': '€',
  'a pair of surrogates': '😀',
  'a lone surrogate': '\ud800',
  'a pair the wrong way round': '\udc00\ud800',
};
const unitsOf = (text: string): number[] =>
  Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
const unitsSource = (text: string): string =>
  largeSource('').replace(
    /return .*/,
    `return Array.from({ length: ${text.length} }, (_, at) => "${text}".charCodeAt(at))`,
  );

describe('a script that holds', () => {
  test.each(Object.entries(literals))('%s runs alike from every tier', async (_what, text) => {
    const store = new MapStore();
    const source = unitsSource(text);
    const first = await startRuntime(cached(store));
    expect(await tierOf(first, source)).toEqual([unitsOf(text), 'miss']);
    await store.holds(1);
    await first.shutdown();
    const second = await startRuntime(cached(store));
    for (const [tenant, tier] of [
      ['a', 'store'],
      ['b', 'memory'],
      ['b', 'vm'],
    ] as const) {
      expect(await tierOf(second, source, tenant)).toEqual([unitsOf(text), tier]);
    }
  });

  test('one lone surrogate is not taken for one that holds another', async () => {
    const store = new MapStore();
    const texts = ['\ud800', '\udfff', '\ufffd'];
    for (const _round of [1, 2]) {
      const runtime = await startRuntime(cached(store));
      for (const text of texts) {
        expect((await tierOf(runtime, unitsSource(text)))[0]).toEqual(unitsOf(text));
      }
      await store.holds(texts.length);
      await runtime.shutdown();
    }
  });
});

describe('a missing script that several want at once', () => {
  test.each([
    ['a small one', 'return "shared"'],
    [
      'one that takes its time to compile',
      `function work(input) { ${'input.x ?? 1;'.repeat(5000)} } work({}); return "shared"`,
    ],
  ])('is compiled once, and the others are given its code from memory: %s', async (_what, body) => {
    const store = new MapStore();
    const runtime = await startRuntime({ ...cached(store), poolSize: 8, workers: 2 });
    const asked = store.calls.get;
    const source = `// ${'x'.repeat(6000)}\n${body}`;
    const tenants = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const ends = await Promise.all(tenants.map((tenant) => tierOf(runtime, source, tenant)));
    expect(ends.map(([value]) => value)).toEqual(tenants.map(() => 'shared'));
    expect(ends.map(([, tier]) => tier).toSorted()).toEqual([
      ...Array.from({ length: 7 }, () => 'memory'),
      'miss',
    ]);
    expect(runtime.stats().cache).toMatchObject({ misses: 1, hits: { memory: 7 } });
    await store.holds(1);
    expect(store.calls).toMatchObject({ put: 1, get: asked + 1 });
  });

  test('is read from the store once', async () => {
    const store = new MapStore();
    const source = largeSource('shared');
    const first = await startRuntime(cached(store));
    await first.execute(source);
    await store.holds(1);
    const runtime = await startRuntime({ ...cached(store), poolSize: 4 });
    const asked = store.calls.get;
    const tenants = ['a', 'b', 'c', 'd'];
    const ends = await Promise.all(tenants.map((tenant) => tierOf(runtime, source, tenant)));
    const tiers = ends.map(([, tier]) => tier).toSorted();
    expect(tiers).toEqual(['memory', 'memory', 'memory', 'store']);
    expect(store.calls.get).toBe(asked + 1);
  });

  test('holds up none of them for long when the one that compiles takes its time', async () => {
    const runtime = await startRuntime(small);
    const source = `${largeSource('')};`.replace(
      'return',
      'console.log(1); await new Promise((resolve) => setTimeout(resolve, ctx.input.ms)); return',
    );
    const begunSlow = Promise.withResolvers<void>();
    const slow = runtime.execute(
      source,
      { ms: 5000 },
      as('slow', { onLog: () => begunSlow.resolve() }),
    );
    await begunSlow.promise;
    const begun = performance.now();
    const { usage } = await runtime.execute(source, { ms: 0 }, as('quick'));
    // 250 ms, and what a busy machine adds.
    expect(performance.now() - begun).toBeLessThan(3000);
    expect(usage.cache).toBe('miss');
    await slow;
  });

  test.each([
    ['is cancelled', 'cancelled'],
    ['runs out of time', 'timeout'],
  ])('is compiled by another when the one that did %s', async (_what, code) => {
    const runtime = await startRuntime({ workers: 1, poolSize: 3 });
    const source = largeSource('done').replace(
      'return',
      'console.log(1); if (ctx.tenant.id === "first") await new Promise(() => {}); return',
    );
    const limits = { timeoutMs: code === 'timeout' ? 100 : 20_000 };
    const first = await runUntilLog(runtime, source, as('first', { limits }));
    const others = ['b', 'c'].map((tenant) => tierOf(runtime, source, tenant));
    if (code === 'cancelled') first.cancel();
    expect(await first.code).toBe(code);
    for (const [value] of await Promise.all(others)) expect(value).toBe('done');
    await vi.waitUntil(() => runtime.stats().cache.bytes > 1, soon);
    expect(await tierOf(runtime, source, 'd')).toEqual(['done', 'memory']);
  });
});

describe('a script that does not compile', () => {
  test.each([
    ['short', 'return ('],
    ['long', `// ${'x'.repeat(6000)}\nreturn (`],
  ])(
    'costs one compilation when it is triggered a thousand times (a %s one)',
    async (_what, source) => {
      const events = recordEvents();
      const runtime = await startRuntime(small);
      const first = await failureOf(runtime.execute(source, {}, as('a')));
      expect(first).toMatchObject({ code: 'compilation_error', name: 'CompilationError' });
      const { message, line, column } = first;
      const ids = new Set([first.executionId]);
      for (let round = 0; round < 1000; round++) {
        const error = await failureOf(runtime.execute(source, {}, as(`t${round % 7}`)));
        expect(error).toMatchObject({ code: 'compilation_error', message, line, column, logs: [] });
        ids.add(error.executionId);
      }
      expect(ids.size).toBe(1001);
      expect(events.of('cloister:run:start')).toHaveLength(1);
      expect(runtime.stats()).toMatchObject({
        cache: { hits: { failure: 1000 } },
        runs: { compilation_error: 1001 },
      });
      await expect(runtime.validateSyntax(source)).rejects.toThrow(message);
    },
  );

  test('is tried again after invalidate, and after clear', async () => {
    const events = recordEvents();
    const runtime = await startRuntime(small);
    const trigger = async (): Promise<number> => {
      expect(await codeOf(runtime.execute('return ('))).toBe('compilation_error');
      return events.of('cloister:run:start').length;
    };
    expect([await trigger(), await trigger()]).toEqual([1, 1]);
    await runtime.cache.invalidate('return (');
    expect([await trigger(), await trigger()]).toEqual([2, 2]);
    await runtime.cache.clear();
    expect([await trigger(), await trigger()]).toEqual([3, 3]);
  });

  test('is remembered among no more than a thousand', async () => {
    const events = recordEvents();
    const runtime = await startRuntime(small);
    for (let n = 0; n <= 1000; n++) {
      expect(await codeOf(runtime.execute(`return ( // ${n}`))).toBe('compilation_error');
    }
    await codeOf(runtime.execute('return ( // 1000'));
    expect(events.of('cloister:run:start')).toHaveLength(1001);
    await codeOf(runtime.execute('return ( // 0'));
    expect(events.of('cloister:run:start')).toHaveLength(1002);
  });

  test('leaves nothing in the store, and does not hold up the shutdown', async () => {
    const store = new MapStore();
    const runtime = await startRuntime(cached(store));
    expect(await codeOf(runtime.execute(`// ${'x'.repeat(6000)}\nreturn (`))).toBe(
      'compilation_error',
    );
    await runtime.shutdown();
    expect(store.calls.put).toBe(0);
  });

  test('is not one that ran and failed', async () => {
    const runtime = await startRuntime(small);
    const source = largeSource('x').replace('return', 'throw');
    expect(await codeOf(runtime.execute(source))).toBe('script_error');
    await runtime.execute('return 1');
    expect(await codeOf(runtime.execute(source))).toBe('script_error');
    expect(runtime.stats().cache.hits).toMatchObject({ failure: 0, vm: 1 });
  });
});

describe('invalidation', () => {
  test.each(['invalidate', 'clear'] as const)(
    'by %s reaches the VMs, the memory and the store',
    async (method) => {
      const store = new MapStore();
      const runtime = await startRuntime(cached(store));
      const source = largeSource('again');
      expect(await tierOf(runtime, source)).toEqual(['again', 'miss']);
      await store.holds(1);
      await runtime.cache[method](source);
      expect(store.entries.size).toBe(0);
      expect(runtime.stats().cache).toMatchObject({ entries: 0, bytes: 0 });
      expect(await tierOf(runtime, source, 'a')).toEqual(['again', 'miss']);
      await store.holds(1);
      expect(await tierOf(runtime, source, 'b')).toEqual(['again', 'memory']);
    },
  );

  test('of one script leaves the others', async () => {
    const store = new MapStore();
    const runtime = await startRuntime(cached(store));
    for (const mark of ['a', 'b']) await runtime.execute(largeSource(mark));
    await store.holds(2);
    await runtime.cache.invalidate(largeSource('a'));
    await runtime.cache.invalidate(largeSource('never seen'));
    expect(store.entries.size).toBe(1);
    expect(await tierOf(runtime, largeSource('b'), 'other')).toEqual(['b', 'memory']);
  });

  test('while the script is running keeps its code out of the cache', async () => {
    const store = new MapStore();
    const runtime = await startRuntime(cached(store));
    const source = largeSource('old').replace(
      'return',
      'console.log(1); await new Promise((resolve) => setTimeout(resolve, 100)); return',
    );
    const run = await runUntilLog(runtime, source);
    await runtime.cache.invalidate(source);
    expect(await run.code).toBe('completed');
    await runtime.shutdown();
    expect(store.entries.size).toBe(0);
    expect(runtime.stats().cache.bytes).toBe(0);
  });

  test('of a TypeScript script is by its own text', async () => {
    const store = new MapStore();
    const runtime = await startRuntime(cached(store));
    const source = `${largeSource('typed')} as string`;
    await runtime.execute(source, {}, as('a', { language: 'typescript' }));
    await store.holds(1);
    await runtime.cache.invalidate(source);
    expect(store.entries.size).toBe(0);
    const { usage } = await runtime.execute(source, {}, as('a', { language: 'typescript' }));
    expect(usage.cache).toBe('miss');
  });

  test('of what is no text is refused', async () => {
    const runtime = await startRuntime(small);
    for (const source of [undefined, null, 5, {}] as unknown as string[]) {
      expect(await codeOf(runtime.cache.invalidate(source))).toBe('invalid_context');
    }
  });

  test('says that a store could not be cleared', async () => {
    const store = storeThat(() => Promise.reject(new Error('no')), ['clear']);
    const runtime = await startRuntime({ ...small, cache: { store, secret } });
    await expect(runtime.cache.clear()).rejects.toThrow('no');
    expect(await codeOf(runtime.execute('return 1'))).toBe('completed');
  });
});

describe('the cache in memory', () => {
  test('keeps as many scripts as cache.size says, and forgets the least recently used', async () => {
    const runtime = await startRuntime({ ...small, cache: { size: 3 } });
    for (const mark of ['a', 'b', 'c', 'd', 'e']) {
      await runtime.execute(largeSource(mark), {}, as(mark));
      expect(runtime.stats().cache.entries).toBeLessThanOrEqual(3);
    }
    await vi.waitUntil(() => runtime.stats().cache.bytes > 1, soon);
    expect(await tierOf(runtime, largeSource('c'), 'other')).toEqual(['c', 'memory']);
    expect(await tierOf(runtime, largeSource('a'), 'other')).toEqual(['a', 'miss']);
    expect(await tierOf(runtime, largeSource('c'), 'another')).toEqual(['c', 'memory']);
    expect(runtime.stats().cache.entries).toBe(3);
  });

  test('keeps as many bytes as cache.bytes says', async () => {
    const measuring = await startRuntime(small);
    await compile(measuring, largeSource('a'));
    const one = measuring.stats().cache.bytes;
    const bytes = Math.floor(one * 2.5);
    const runtime = await startRuntime({ ...small, cache: { bytes } });
    for (const mark of ['a', 'b', 'c', 'd']) {
      await runtime.execute(largeSource(mark), {}, as(mark));
      await vi.waitUntil(async () => {
        // A tenant of its own each time, so that its VM does not have the script.
        const tenant = `seeker ${performance.now()}`;
        return (await tierOf(runtime, largeSource(mark), tenant))[1] === 'memory';
      }, soon);
      expect(runtime.stats().cache.bytes).toBeLessThanOrEqual(bytes);
    }
    expect(runtime.stats().cache.bytes).toBeGreaterThan(one);
    expect(await tierOf(runtime, largeSource('c'), 'last')).toEqual(['c', 'memory']);
    expect(await tierOf(runtime, largeSource('a'), 'last')).toEqual(['a', 'miss']);
  });

  test.each([0, 1, 100])('keeps no code at all when cache.bytes is %i', async (bytes) => {
    const runtime = await startRuntime({ ...small, cache: { bytes } });
    const source = largeSource('too large');
    expect(await tierOf(runtime, source, 'a')).toEqual(['too large', 'miss']);
    // Longer than its code takes to come.
    await runtime.execute('await new Promise((resolve) => setTimeout(resolve, 300))', {}, as('b'));
    expect(runtime.stats().cache.bytes).toBeLessThanOrEqual(bytes);
    expect(await tierOf(runtime, source, 'c')).toEqual(['too large', 'miss']);
    expect(await tierOf(runtime, source, 'c')).toEqual(['too large', 'vm']);
  });
});

describe('the secret of a store', () => {
  test('has to be there, in the options or in the store', async () => {
    const error = await failureOf(createRuntime({ ...small, cache: { store: new MapStore() } }));
    expect(error).toMatchObject({ code: 'invalid_options', fault: 'caller' });
    expect(error.message).toMatch(/cache\.secret.*SCRIPT_CACHE_SECRET/);
  });

  test('is not needed by a runtime that is switched off, nor without a store', async () => {
    await startRuntime({ enabled: false, cache: { store: new MapStore() } });
    await startRuntime({ ...small, cache: { size: 5 } });
  });

  test('is that of the store itself when none is configured', async () => {
    const store = Object.assign(new MapStore(), { defaultSecret: async () => secretBytes });
    const runtime = await startRuntime({ ...small, cache: { store } });
    await runtime.execute(largeSource('one'));
    await store.holds(1);
    const [key, bytes] = [...store.entries][0]!;
    expect(openCode(secretBytes, key, bytes)).toBeDefined();
  });

  test('is that of the options when both have one', async () => {
    const store = Object.assign(new MapStore(), { defaultSecret: async () => Buffer.alloc(32) });
    const runtime = await startRuntime(cached(store));
    await runtime.execute(largeSource('one'));
    await store.holds(1);
    const [key, bytes] = [...store.entries][0]!;
    expect(openCode(secretBytes, key, bytes)).toBeDefined();
  });
});

test('shutdown writes down what was compiled, and closes the store once', async () => {
  const store = new MapStore();
  const runtime = await startRuntime(cached(store));
  await runtime.execute(largeSource('last'));
  await runtime.shutdown();
  await runtime.shutdown();
  expect(store.entries.size).toBe(1);
  expect(store.calls.close).toBe(1);
});

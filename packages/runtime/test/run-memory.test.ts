import { describe, expect, test } from 'vitest';
import { expectHealthy, failure, realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('the memory of a run, in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });
  const failureOf = async (source: string, memoryMb = 32) =>
    failure(
      runtime().execute(source, {}, { limits: { memoryMb, timeoutMs: 20_000, cpuMs: 20_000 } }),
    );

  test.each([
    ['objects', 'const kept = []; for (;;) kept.push({ a: [kept.length] })'],
    ['arrays', 'const kept = []; for (;;) kept.push(new Array(10_000).fill(1.5))'],
    [
      'strings',
      'const kept = []; for (let i = 0; ; i++) kept.push(Array.from({ length: 1000 }, (_, n) => String(n + i)).join())',
    ],
    ['typed arrays', 'const kept = []; for (;;) kept.push(new Uint8Array(1e6).fill(1))'],
    ['one buffer beyond the limit', 'new ArrayBuffer(1e9)'],
    ['a map', 'const map = new Map(); for (let i = 0; ; i++) map.set(i, { i })'],
    [
      'closures',
      'const kept = []; for (;;) { const data = new Array(100).fill(0); kept.push(() => data) }',
    ],
    ['promises', 'const kept = []; for (;;) kept.push(new Promise(() => {}))'],
    ['timers', 'for (;;) setTimeout(() => {}, 1e6, new Array(100))'],
    [
      'objects, little by little',
      'const kept = []; for (;;) { for (let i = 0; i < 100_000; i++) kept.push({}); await null }',
    ],
    [
      'objects, between waits',
      'const kept = []; for (;;) { for (let i = 0; i < 100_000; i++) kept.push({}); await new Promise((r) => setTimeout(r, 1)) }',
    ],
  ])('is limited for %s', async (_, source) => {
    const error = await failureOf(`console.log("begun"); ${source}`);
    expect(error).toMatchObject({
      code: 'memory_limit',
      name: 'MemoryLimitError',
      fault: 'script',
    });
    expect(error.message).toContain('32 MiB of memory (memoryMb)');
    expect(error.logs).toHaveLength(1);
    await expectHealthy(runtime());
  });

  test('may be used up to the limit, and again by the next run', async () => {
    for (let round = 0; round < 4; round++) {
      const { output } = await runtime().execute(
        'const kept = []; for (let i = 0; i < 10; i++) kept.push(new Array(131_072).fill(1.5)); return kept.length',
        {},
        { limits: { memoryMb: 32 } },
      );
      expect(output).toEqual({ value: 10 });
    }
  });

  test('may be thrown away and used again without end', async () => {
    const { output } = await runtime().execute(
      'let sum = 0; for (let i = 0; i < 200; i++) sum += new Array(100_000).fill(1).length; return sum',
      {},
      { limits: { memoryMb: 32 } },
    );
    expect(output).toEqual({ value: 20_000_000 });
  });

  test('beyond the limit is not seen by a try, catch or finally of the script', async () => {
    const error = await failureOf(`
      console.log('begun');
      const kept = [];
      try { for (;;) kept.push(new Array(10_000).fill(1.5)) }
      catch { console.log('seen') } finally { console.log('seen') }
      return 'seen'`);
    expect(error.code).toBe('memory_limit');
    expect(error.logs.map(({ message }) => message)).toEqual(['begun']);
  });

  test('that a buffer would need and V8 refuses is a RangeError, which a script may catch', async () => {
    // Nothing was allocated, so nothing was breached; the run and its VM go on.
    const { output, logs } = await runtime().execute(
      `let seen;
       try { new ArrayBuffer(1e9) } catch (error) { seen = error }
       console.log(seen.name);
       return { isRangeError: seen instanceof RangeError, fits: new ArrayBuffer(1e6).byteLength }`,
      {},
      { limits: { memoryMb: 32 } },
    );
    expect(output).toEqual({ isRangeError: true, fits: 1e6 });
    expect(logs.map(({ message }) => message)).toEqual(['RangeError']);
  });

  test('that a script asked for, was refused and did not catch is reported as its limit', async () => {
    const error = await failureOf('console.log("begun"); return new ArrayBuffer(1e9).byteLength');
    expect(error).toMatchObject({ code: 'memory_limit', name: 'MemoryLimitError' });
    expect(error.message).toContain('32 MiB of memory (memoryMb)');
    expect(error.logs.map(({ message }) => message)).toEqual(['begun']);
    await expectHealthy(runtime());
  });

  test('is limited for buffers that are filled, whatever a script catches on the way', async () => {
    const error = await failureOf(`
      const kept = [];
      for (;;) try { kept.push(new Uint8Array(1e6).fill(1)) } catch { kept.push(new Array(1e4).fill(1.5)) }`);
    expect(error.code).toBe('memory_limit');
    await expectHealthy(runtime());
  });

  test('beyond the limit harms no other tenant', async () => {
    const started = Promise.withResolvers<unknown>();
    const neighbour = runtime().execute(
      'console.log(1); await new Promise((r) => setTimeout(r, 1000)); return "unharmed"',
      {},
      { tenant: { id: 'neighbour' }, onLog: started.resolve },
    );
    await started.promise;
    await failureOf('const kept = []; for (;;) kept.push(new Array(10_000).fill(1.5))');
    expect((await neighbour).output).toEqual({ value: 'unharmed' });
  });

  test('is limited by the lower of the tenant and the run', async () => {
    const tenant = { id: 'small', limits: { memoryMb: 16 } };
    const error = await failure(
      runtime().execute(
        'const kept = []; for (;;) kept.push({})',
        {},
        { tenant, limits: { memoryMb: 64 } },
      ),
    );
    expect(error.message).toContain('16 MiB of memory (memoryMb)');
  });
});

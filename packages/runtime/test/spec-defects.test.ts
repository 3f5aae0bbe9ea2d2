import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { createRuntime, defineBinding, type Binding } from '../src/index.ts';
import { sqliteBytecodeStore } from '../src/stores/index.ts';
import { largeSource } from './support/bytecode-stores.ts';
import { failure, useRuntime } from './support/runtime.ts';

/** Design, section 10: where the specification is wrong. A test for each row, which its number names. */
describe('what the specification gets wrong is right here:', () => {
  const runtime = useRuntime();
  const sleep = 'await new Promise((resolve) => setTimeout(resolve, ctx.input));';

  test('(1) a source that runs again gives the same answer, and a wrong one the same error', async () => {
    for (let round = 0; round < 3; round++) {
      const { output } = await runtime().execute('return ctx.input * 2', round);
      expect(output).toEqual({ value: round * 2 });
      const error = await failure(runtime().execute('return )'));
      expect(error).toMatchObject({ code: 'compilation_error', line: 1, column: 8 });
    }
  });

  test('(1) a script that has run is called again, not compiled again', async () => {
    const tenant = { id: 'compiles-once' };
    const tiers = [];
    for (let round = 0; round < 3; round++) {
      const { usage } = await runtime().execute('return "compiled once"', round, { tenant });
      tiers.push(usage.cache);
    }
    expect(tiers).toEqual(['miss', 'vm', 'vm']);
  });

  test.each(['same-tenant', 'another-tenant'])(
    '(2) a released VM keeps no globals, ctx, prototypes or logs for the next run (%s)',
    async (id) => {
      await runtime().execute(
        `ctx.tenant.id = 'tampered'; console.log('first');
         for (const leave of [() => { globalThis.kept = 1 }, () => { Object.prototype.polluted = 1 },
           () => { Array.prototype.map = () => 'stolen' }]) try { leave() } catch {}`,
        { secret: 1 },
        { tenant: { id: 'same-tenant' } },
      );
      const { output, logs } = await runtime().execute(
        'return [typeof kept, ctx.tenant.id, ctx.input, {}.polluted === undefined, [1].map((n) => n + 1)]',
        {},
        { tenant: { id } },
      );
      expect(output).toEqual({ value: ['undefined', id, {}, true, [2]] });
      expect(logs).toEqual([]);
    },
  );

  test('(3) the clock of a run that is over does not end the next one', async () => {
    const tenant = { id: 'clock' };
    await runtime().execute('return 1', 0, { tenant, limits: { timeoutMs: 500 } });
    // Sleeps past the moment at which the first run's time would have been up.
    const { output } = await runtime().execute(`${sleep} return 'slept'`, 700, { tenant });
    expect(output).toEqual({ value: 'slept' });
  });

  test('(4) memory is limited', async () => {
    const error = await failure(
      runtime().execute(
        'const kept = []; for (;;) kept.push(new Array(1000).fill({}))',
        {},
        { limits: { memoryMb: 16 } },
      ),
    );
    expect(error.code).toBe('memory_limit');
  });

  test('(4) host calls are counted, and the one past the limit is not made', async () => {
    let made = 0;
    const counter = defineBinding('counter', {
      call: { params: z.tuple([]), handler: () => ++made },
    });
    const own = await createRuntime({ workers: 1, poolSize: 1, bindings: [counter] });
    onTestFinished(() => own.shutdown({ graceMs: 0 }));
    const { usage } = await own.execute('return await sdk.counter.call()');
    expect(usage.apiCalls).toBe(1);
    const calls = 'for (let i = 0; i < 5; i++) try { await sdk.counter.call() } catch {}';
    const error = await failure(own.execute(calls, {}, { limits: { apiCalls: 3 } }));
    expect(error.code).toBe('api_call_limit');
    expect(made).toBe(1 + 3);
  });

  test('(5) Function is dead, also by way of .constructor', async () => {
    const { output } = await runtime().execute(`
      const reached = [];
      for (const take of [() => Function, () => (() => {}).constructor]) {
        try { reached.push(take()('return 1')()) } catch (error) { reached.push(error.name) }
      }
      return reached`);
    expect(output).toEqual({ value: ['TypeError', 'TypeError'] });
  });

  test('(6) a top-level return compiles and gives the output', async () => {
    const { output } = await runtime().execute(
      `const result = ctx.input.items.filter((item) => item.active);
       return { result: result };`,
      { items: [{ id: 1, active: true }, { id: 2 }] },
    );
    expect(output).toEqual({ result: [{ id: 1, active: true }] });
  });

  test('(7) bytecode goes to a database, and comes from it in another runtime', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cloister-spec-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const tiers = [];
    for (let round = 0; round < 2; round++) {
      const store = sqliteBytecodeStore(join(folder, 'bytecode.db'));
      const own = await createRuntime({ workers: 1, poolSize: 1, cache: { store } });
      const { output, usage } = await own.execute(largeSource('kept'));
      expect(output).toEqual({ value: 'kept' });
      tiers.push(usage.cache);
      await own.shutdown();
    }
    expect(tiers).toEqual(['miss', 'store']);
  });

  test('(8) after a shutdown, and during one, a run is refused as pool_closed', async () => {
    const own = await createRuntime({ workers: 1, poolSize: 1 });
    const underWay = own.execute(`${sleep} return 'done'`, 100);
    const closing = own.shutdown();
    expect((await failure(own.execute('return 1'))).code).toBe('pool_closed');
    expect((await underWay).output).toEqual({ value: 'done' });
    await closing;
    expect((await failure(own.execute('return 1'))).code).toBe('pool_closed');
    expect((await failure(own.validateSyntax('return 1'))).code).toBe('pool_closed');
  });

  test('(9) a binding that cannot be put in is an error, at once or in the run', async () => {
    const twice = defineBinding('twice', { call: { params: z.tuple([]), handler: () => 1 } });
    const wrong = { name: 'wrong' } as unknown as Binding;
    for (const bindings of [[twice, twice], [wrong]]) {
      const error = await failure(createRuntime({ bindings }));
      expect(error.code).toBe('invalid_options');
      expect(error.message).toMatch(/bindings\[\d\]/);
    }
    const error = await failure(runtime().execute('await sdk.absent.call()'));
    expect(error).toMatchObject({ code: 'script_error', name: 'TypeError' });
  });

  test('(10) console entries come back with the result and with the error', async () => {
    const { logs } = await runtime().execute('console.log("kept", 1)');
    expect(logs).toMatchObject([{ level: 'info', message: 'kept 1', data: [1] }]);
    const error = await failure(runtime().execute('console.warn("kept too"); throw 1'));
    expect(error.logs).toMatchObject([{ level: 'warn', message: 'kept too' }]);
  });
});

describe('(11) syntax is checked in a worker, where hostile source pins nobody else:', () => {
  // V8's parser cannot be interrupted, and takes four seconds or more for this.
  const hostile = Array.from({ length: 800_000 }, (_, i) => `class A${i}{#x;}`).join('');
  const runtime = useRuntime({
    workers: 2,
    limits: { timeoutMs: 2000, sourceBytes: 16 * 1024 * 1024 },
  });

  test('the parser is on the clock of its run, and other tenants go on meanwhile', async () => {
    const hostileRuns = Promise.all([
      failure(runtime().validateSyntax(hostile)),
      failure(runtime().execute(hostile, {}, { tenant: { id: 'hostile' } })),
    ]);
    // A host that parsed by itself would not get to its timers for seconds.
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 20);
    const { output } = await runtime().execute('return 1', {}, { tenant: { id: 'neighbour' } });
    expect(output).toEqual({ value: 1 });
    for (const { code } of await hostileRuns) {
      expect(['timeout', 'cpu_limit', 'memory_limit']).toContain(code);
    }
    clearInterval(ticking);
    expect(ticks).toBeGreaterThan(10);
  });

  test('the host loads no native addon', async () => {
    await runtime().execute('return 1');
    const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] };
    expect(sharedObjects.length).toBeGreaterThan(0);
    expect(sharedObjects.filter((path) => path.includes('isolated'))).toEqual([]);
  });
});

import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineBinding, type RunResult, type Runtime } from '../src/index.ts';
import { as, startRuntime } from './support/runs.ts';

// Runs of a script that has no word for anything that waits are executed in one entry into their VM: see
// `worker/together.ts`. All are short, so that they are said to have taken the same time.

const one = { workers: 1, poolSize: 1, maxVms: 1 } as const;

type End = PromiseSettledResult<RunResult>;

/** The ends of runs that were executed together, and of the same runs each by itself. */
async function bothWays(
  runtime: Runtime,
  source: string,
  inputs: readonly object[],
): Promise<{ readonly together: readonly End[]; readonly alone: readonly End[] }> {
  const run = (input: object, i: number): Promise<RunResult> =>
    runtime.execute(source, input, as('tenant', { execution: { id: `run ${i}` } }));
  const alone: End[] = [];
  for (const [i, input] of inputs.entries())
    alone.push(...(await Promise.allSettled([run(input, i)])));
  for (let i = 0; i < 60; i++) await runtime.execute(source, {}, as('tenant')).catch(() => {});
  return { together: await Promise.allSettled(inputs.map(run)), alone };
}

/** All that can be told of an end, but for the times that it took. */
function plainly(end: End): unknown {
  const logs = (all: RunResult['logs']): unknown =>
    all.map((entry) => ({ ...entry, timestamp: '' }));
  if (end.status === 'fulfilled') {
    const { output, executionId, usage } = end.value;
    return { output, executionId, calls: usage.apiCalls, logs: logs(end.value.logs) };
  }
  const { name, message, stack, code, line, column, logs: lines } = end.reason;
  return { name, message, stack, code, line, column, logs: logs(lines) };
}

const inputs = (count: number): { readonly i: number }[] =>
  Array.from({ length: count }, (_, i) => ({ i }));

describe('runs of a script that cannot wait', () => {
  test('are executed together, and each has its share of the time', async () => {
    const runtime = await startRuntime(one);
    const { together } = await bothWays(runtime, 'return ctx.input.i', inputs(32));
    const times = together.map((end) =>
      end.status === 'fulfilled' ? end.value.usage.wallMs : NaN,
    );
    expect(new Set(times).size).toBeLessThan(8);
    expect(Math.min(...times)).toBeGreaterThan(0);
  });

  test.each([
    ['an output', `return { i: ctx.input.i, id: ctx.execution.id }`],
    ['lines', `console.log(ctx.input.i); console.error({ i: ctx.input.i }, 'x'); return null`],
    ['an error', `if (ctx.input.i % 3 === 1) throw new RangeError('of ' + ctx.input.i); return 1`],
    [
      'an error that is thrown deep down',
      `const f = (n) => { if (n === 0) return [1].map(() => null.x); return f(n - 1) };\nreturn ctx.input.i % 4 ? 1 : f(20)`,
    ],
    ['a stack that the script looks at', `const f = () => new Error('x').stack; return f()`],
    ['what is no error', `if (ctx.input.i % 2) throw { i: ctx.input.i }; return 2`],
    ['no output', `if (ctx.input.i % 2) return () => {}`],
    ['a thenable', `return { ['th' + 'en'](go) { go(ctx.input.i * 2) } }`],
    [
      'a thenable that throws',
      `return { get ['th' + 'en']() { if (ctx.input.i % 2) throw new Error('no'); } }`,
    ],
    ['an endless recursion', `const f = () => f() + 1; if (ctx.input.i === 5) f(); return 1`],
    [
      'a toJSON that writes',
      `return { toJSON() { console.log('now', ctx.input.i); return ctx.input.i } }`,
    ],
    [
      'a promise that is come to by another way',
      `const from = []['const' + 'ructor']['from' + 'As' + 'ync'];
       const out = { i: ctx.input.i };
       if (ctx.input.i % 3) from([1, 2]).constructor.resolve()['th' + 'en'](() => { out.late = ctx.input.i; console.log('late', ctx.input.i); });
       return out`,
    ],
    [
      'what a promise does afterwards',
      `const out = { i: ctx.input.i }; Promise.resolve().then(() => { out.late = 1; console.log('late', ctx.input.i); }); return out`,
    ],
    ['a microtask', `queueMicrotask(() => console.log('late', ctx.input.i)); return ctx.input.i`],
    [
      'an async function that nobody waits for',
      `const out = {}; (async () => { out.i = ctx.input.i; })(); return out`,
    ],
    ['closures over what is around', `return String(this) + typeof arguments + arguments.length`],
    ['a generator', `function* g() { yield ctx.input.i; yield 2 } return [...g()]`],
  ])('end with %s as each would alone', async (_what, source) => {
    const runtime = await startRuntime(one);
    const { together, alone } = await bothWays(runtime, source, inputs(40));
    expect(together.map(plainly)).toEqual(alone.map(plainly));
  });

  test('make host calls as each would alone, by a name that is no word for it', async () => {
    const made: number[] = [];
    const host = defineBinding('host', {
      note: { params: z.tuple([z.number()]), handler: (_call, i: number) => void made.push(i) },
    });
    const runtime = await startRuntime({ ...one, bindings: [{ ...host, global: true }] });
    const source = `if (ctx.input.i % 3 === 1) host.note(ctx.input.i); return ctx.input.i ?? 0`;
    const { together, alone } = await bothWays(runtime, source, inputs(30));
    expect(together.map(plainly)).toEqual(alone.map(plainly));
    expect(made.toSorted((a, b) => a - b)).toEqual(
      inputs(30).flatMap(({ i }) => (i % 3 === 1 ? [i, i] : [])),
    );
  });

  test('find nothing that a neighbour has changed', async () => {
    const runtime = await startRuntime(one);
    const source = `const seen = [RegExp.prototype.mark, ctx.mark, console.mark, Object.mark, RegExp.lastMatch];
      try { RegExp.prototype.mark = ctx.input.i } catch {}
      try { ctx.mark = ctx.input.i; console.mark = 1; } catch {}
      try { Object.mark = 1 } catch {}
      /x/.exec('x' + ctx.input.i);
      return seen.map((value) => value ?? null)`;
    const { together, alone } = await bothWays(runtime, source, inputs(24));
    expect(together.map(plainly)).toEqual(alone.map(plainly));
  });

  test('have a clock and random numbers of their own', async () => {
    const runtime = await startRuntime(one);
    const source = `return { now: Date.now(), random: Math.random(), performance: performance.now() }`;
    const { together } = await bothWays(runtime, source, inputs(50));
    const outputs = together.map((end) => (end.status === 'fulfilled' ? end.value.output : {}));
    expect(new Set(outputs.map((output) => output['random'])).size).toBe(50);
    expect(outputs.every((output) => output['performance'] === 0)).toBe(true);
  });
});

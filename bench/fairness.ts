import { setTimeout } from 'node:timers/promises';
import { createRuntime, defineBinding, type Limits, type Runtime } from '@cloister/runtime';
import { z } from 'zod';
import { latencyOf, microseconds, printTable, times, type Latency, type Row } from './measure.ts';
import type { Extent } from './tiny-run.ts';

/** A tenant that takes all it can get. */
interface BadTenant {
  readonly what: string;
  /** Of each of its runs. */
  readonly limits: Partial<Limits>;
  /** Runs that it has under way or in the queue all the time. */
  readonly atOnce: number;
  source(number: number): string;
}

const bad: readonly BadTenant[] = [
  {
    what: 'eight endless loops',
    limits: { timeoutMs: 2000 },
    atOnce: 8,
    source: () => 'for (;;);',
  },
  {
    what: 'ten thousand queued runs',
    limits: {},
    atOnce: 10_000,
    source: () => 'let sum = 0; for (let i = 0; i < 1e6; i++) sum += i; return sum;',
  },
  {
    what: 'four memory hogs',
    limits: { timeoutMs: 2000, memoryMb: 64 },
    atOnce: 4,
    source: () => 'const kept = []; for (;;) kept.push(new Array(10_000).fill(1.5));',
  },
  {
    what: 'four log floods',
    limits: { timeoutMs: 2000 },
    atOnce: 4,
    source: () => `const line = 'x'.repeat(200); for (;;) console.log(line);`,
  },
  {
    what: 'a thousand host calls at once',
    limits: { apiCalls: 1000 },
    atOnce: 1,
    source: () => `await Promise.all(Array.from({ length: 1000 }, (_, i) => sdk.host.echo(i)));`,
  },
  {
    what: 'runs that end over a limit',
    limits: { apiCalls: 100 },
    atOnce: 1,
    source: () => `await Promise.all(Array.from({ length: 1000 }, (_, i) => sdk.host.echo(i)));`,
  },
  {
    what: 'two loops that only SIGKILL ends',
    limits: { timeoutMs: 300 },
    atOnce: 2,
    // Another script each time; the same one would be refused when it has cost two workers.
    source: (number) => `return [].indexOf.call({ length: 2 ** 53 - ${1 + number} }, 9);`,
  },
];

const echo = defineBinding('host', {
  echo: { params: z.tuple([z.number()]), handler: (_call, value) => value },
});
const goodTenants = ['a', 'b', 'c', 'd'];
const pauseMs = 5;
const source = 'return { sum: ctx.input.a + ctx.input.b };';

/**
 * Tiny runs of four tenants, each one at a time, alone and beside a bad tenant. Alone is measured
 * right before, in the same runtime.
 */
export async function fairness(extent: Extent): Promise<void> {
  const [roundMs, rounds] = extent === 'full' ? [2000, 5] : [200, 1];
  const rows: Row[] = [];
  for (const tenant of bad) rows.push(await beside(tenant, roundMs, rounds));
  const title = 'Tiny runs beside a bad tenant: p99 against alone, in the same runtime';
  printTable(title, rows);
}

async function beside(tenant: BadTenant, roundMs: number, rounds: number): Promise<Row> {
  await using runtime = await createRuntime({
    bindings: [echo],
    idleMs: 1000,
    limits: { apiCalls: 1000 },
  });
  // Their scripts are known to be harmless, as those of tenants are that have been there for a while.
  for (let i = 0; i < 60; i++) await Promise.all(goodTenants.map((id) => tiny(runtime, id)));
  const [alone, together]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    alone.push(...(await measure(runtime, roundMs)));
    const stop = new AbortController();
    const lanes = misbehave(runtime, tenant, stop.signal);
    await setTimeout(roundMs / 4);
    together.push(...(await measure(runtime, roundMs)));
    stop.abort();
    await lanes;
  }
  const [before, after] = [latencyOf(alone), latencyOf(together)];
  const show = ({ p50, p99 }: Latency): string =>
    `p50 ${microseconds(p50)}, p99 ${microseconds(p99)}`;
  return {
    what: tenant.what,
    ratio: times(after.p99 / before.p99),
    figures: `p50 ${times(after.p50 / before.p50)}  ${show(after)}  alone ${show(before)}`,
  };
}

async function misbehave(
  runtime: Runtime,
  { source: sourceOf, limits, atOnce }: BadTenant,
  signal: AbortSignal,
): Promise<void> {
  let number = 0;
  const lane = async (): Promise<void> => {
    while (!signal.aborted) {
      const context = { tenant: { id: 'bad' }, limits, signal };
      // How it ends is not what is measured here; what is refused at once is not asked for at once again.
      await runtime.execute(sourceOf(++number), {}, context).catch(() => setTimeout(1));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

/** How long each tiny run took, in milliseconds. */
async function measure(runtime: Runtime, forMs: number): Promise<number[]> {
  const until = performance.now() + forMs;
  const taken: number[] = [];
  const lane = async (id: string): Promise<void> => {
    while (performance.now() < until) {
      const begun = performance.now();
      await tiny(runtime, id);
      taken.push(performance.now() - begun);
      await setTimeout(pauseMs);
    }
  };
  await Promise.all(goodTenants.map(lane));
  return taken;
}

async function tiny(runtime: Runtime, id: string): Promise<void> {
  await runtime.execute(source, { a: 1, b: 2 }, { tenant: { id } });
}

import { isDeepStrictEqual } from 'node:util';
import type { Language } from '@cloister/runtime';
import type { Random } from './random.ts';

/** What every good script is given. */
export interface GoodInput {
  readonly run: string;
  readonly token: string;
  readonly [name: string]: unknown;
}

/** A script of a good tenant: it always completes, with an output that is known before. */
export interface GoodScript {
  readonly kind: string;
  readonly weight: number;
  readonly language?: Language;
  source(run: string): string;
  /** What it is given beyond its run, tenant and token. */
  draw(random: Random): { readonly [name: string]: unknown };
  isRight(output: unknown, input: GoodInput): boolean;
  /** Events that the bus must have seen when the run has completed. */
  eventsOf?(run: string): readonly string[];
}

const call = `const call = (index) =>
  sdk.counter.call({ id: ctx.input.run + '#' + index, token: ctx.input.token, ms: ctx.input.ms });`;
const sleep = `const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));`;

function equals(expected: (input: GoodInput) => unknown): GoodScript['isRight'] {
  return (output, input) => isDeepStrictEqual(output, expected(input));
}

function answers({ run, token, calls }: GoodInput): string[] {
  return Array.from({ length: calls as number }, (_, index) => `${token} ${run}#${index}`);
}

function slowly(random: Random): number {
  return random.chance(0.3) ? random.whole(50, 1500) : random.whole(0, 20);
}

/** What good tenants run. Each logs its token, and nothing else. */
export const goodScripts: readonly GoodScript[] = [
  {
    kind: 'tiny',
    weight: 40,
    source: () =>
      `console.log(ctx.input.token); return { token: ctx.input.token, tenant: ctx.tenant.id, sum: ctx.input.a + 1 };`,
    draw: (random) => ({ a: random.whole(0, 1e6) }),
    isRight: equals(({ token, tenant, a }) => ({ token, tenant, sum: (a as number) + 1 })),
  },
  {
    kind: 'busy',
    weight: 10,
    source: () =>
      `console.log(ctx.input.token); let sum = 0; for (let i = 0; i < ctx.input.n; i++) sum += i; return { token: ctx.input.token, sum };`,
    draw: (random) => ({ n: random.whole(1e5, 3e7) }),
    isRight: equals(({ token, n }) => ({ token, sum: ((n as number) * ((n as number) - 1)) / 2 })),
  },
  {
    kind: 'timers',
    weight: 10,
    source: () =>
      `console.log(ctx.input.token); ${sleep} for (const ms of ctx.input.waits) await sleep(ms); return ctx.input.token;`,
    draw: (random) => ({
      waits: Array.from({ length: random.whole(1, 6) }, () => random.whole(0, 500)),
    }),
    isRight: equals(({ token }) => ({ value: token })),
  },
  {
    kind: 'calls in turn',
    weight: 15,
    source: () => `console.log(ctx.input.token); ${call} const answers = [];
      for (let i = 0; i < ctx.input.calls; i++) answers.push(await call(i)); return { answers };`,
    draw: (random) => ({ calls: random.whole(1, 8), ms: slowly(random) }),
    isRight: equals((input) => ({ answers: answers(input) })),
  },
  {
    kind: 'calls at once',
    weight: 10,
    source: () => `console.log(ctx.input.token); ${call} const half = ctx.input.calls / 2;
      const pairs = Array.from({ length: half }, async (_, i) => [await call(i), await call(half + i)]);
      const all = await Promise.all(pairs);
      return { answers: [...all.map(([one]) => one), ...all.map(([, two]) => two)] };`,
    draw: (random) => ({ calls: 2 * random.whole(1, 20), ms: slowly(random) }),
    isRight: equals((input) => ({ answers: answers(input) })),
  },
  {
    kind: 'calls, timers and work',
    weight: 5,
    source: () => `console.log(ctx.input.token); ${call} ${sleep} const answers = [];
      for (let i = 0; i < ctx.input.calls; i++) {
        answers.push(await call(i));
        await sleep(100);
        for (let n = 0; n < 3e6; n++);
      }
      return { answers };`,
    draw: (random) => ({ calls: random.whole(4, 30), ms: random.whole(0, 100) }),
    isRight: equals((input) => ({ answers: answers(input) })),
  },
  {
    kind: 'events',
    weight: 5,
    source: () => `console.log(ctx.input.token); const { run, token } = ctx.input;
      await events.publish('chaos', { id: run + '#now', token }, { immediate: true });
      await events.publish('chaos', { id: run + '#end', token });
      return token;`,
    draw: () => ({}),
    isRight: equals(({ token }) => ({ value: token })),
    eventsOf: (run) => [`${run}#now`, `${run}#end`],
  },
  {
    kind: 'cache',
    weight: 8,
    source: () => `console.log(ctx.input.token); await sdk.cache.set('token', ctx.input.token);
      const count = await sdk.cache.increment('runs');
      return { token: await sdk.cache.get('token'), count };`,
    draw: () => ({}),
    isRight(output, { token }) {
      const { token: seen, count } = output as { token?: unknown; count?: unknown };
      return seen === token && typeof count === 'number';
    },
  },
  {
    kind: 'typescript',
    weight: 3,
    language: 'typescript',
    // Another text each time: erased anew, compiled anew.
    source: (run) =>
      `// ${run}\nconsole.log(ctx.input.token as string); const token: string = ctx.input.token; return token;`,
    draw: () => ({}),
    isRight: equals(({ token }) => ({ value: token })),
  },
];

import type { Limits } from '@cloister/runtime';
import { killers } from '../packages/runtime/test/fixtures/killers.ts';
import type { Random } from './random.ts';

/** What a hostile tenant does once. */
export interface Attack {
  readonly source: string;
  readonly limits: Partial<Limits>;
  /** How often it is asked for at once. Default: once. */
  readonly copies?: number;
  /** When it is cancelled, in milliseconds after it was asked for. Default: never. */
  readonly cancelAfterMs?: number;
}

/** A kind of attack, and how often it comes. */
export interface AttackKind {
  readonly name: string;
  readonly weight: number;
  draw(random: Random): Attack;
}

const memoryMb = 64;
const short = { timeoutMs: 400, memoryMb } as const;

/** Takes whatever is in reach and returns it; what is found in it is looked at. */
const snoop = `const found = [ctx, Object.getOwnPropertyNames(globalThis)];
  for (const key of ['token', 'runs']) found.push(await sdk.cache.get(key));
  try { globalThis.left = ctx; } catch {}
  try { found.push(globalThis.left, Object.prototype.left, Array.prototype.left); } catch {}
  return found;`;

const hogs = [
  'const kept = []; for (;;) kept.push(new Array(10_000).fill(1.5))',
  'const kept = []; for (;;) kept.push(new Uint8Array(4 * 1024 * 1024).fill(1))',
  `let text = 'x'; for (;;) { text += text + Math.random(); await null; }`,
  'const kept = new Map(); for (let i = 0; ; i++) kept.set(i, { i, text: String(i) })',
] as const;

/** Scripts that are ended at random moments, or by random limits. */
const restless = [
  'for (;;);',
  'for (;;) await null;',
  'await new Promise(() => {});',
  'await new Promise((resolve) => setTimeout(resolve, 100_000));',
  'for (;;) await sdk.counter.ping();',
  `for (;;) { console.log('x'); await new Promise((resolve) => setTimeout(resolve, 1)); }`,
  'return [].indexOf.call({ length: 2 ** 53 - 1 }, 9);',
  'const kept = []; for (;;) kept.push(new Array(1000).fill(1))',
  'return Array.from({ length: 1e5 }, (_, i) => i);',
] as const;

/** Another text each time, so that nothing is known of the script. */
function anew(random: Random, source: string): string {
  return random.chance(0.5) ? `${source}\n// ${random.whole(0, 1e9)}` : source;
}

/** What hostile tenants do. */
export const attacks: readonly AttackKind[] = [
  {
    name: 'killer',
    weight: 40,
    draw: (random) => ({ source: anew(random, random.pick(killers).source), limits: short }),
  },
  { name: 'snoop', weight: 10, draw: () => ({ source: snoop, limits: short }) },
  {
    name: 'memory hog',
    weight: 8,
    draw: (random) => ({ source: random.pick(hogs), limits: { timeoutMs: 3000, memoryMb } }),
  },
  {
    name: 'log flood',
    weight: 8,
    draw: (random) => ({
      source: `const line = 'x'.repeat(${random.whole(1, 5000)}); for (;;) console.log(line, { line });`,
      limits: { timeoutMs: random.whole(100, 2000) },
    }),
  },
  {
    name: 'call flood',
    weight: 8,
    draw: (random) => ({
      source: random.pick([
        'for (;;) sdk.counter.ping();',
        `const all = Array.from({ length: 1000 }, () => sdk.counter.ping('x'.repeat(1000))); return (await Promise.all(all)).length;`,
        `for (let i = 0; ; i++) await Promise.all([sdk.cache.set('k' + i, 'x'.repeat(1000)), events.publish('flood', i).catch(() => {})]);`,
      ]),
      limits: { timeoutMs: 1500, apiCalls: random.pick([10, 1000, 5000]) },
    }),
  },
  {
    name: 'queue flood',
    weight: 3,
    draw: (random) => ({
      source: 'let sum = 0; for (let i = 0; i < 1e5; i++) sum += i; return sum;',
      limits: { timeoutMs: 5000 },
      copies: random.pick([300, 1000, 4000]),
    }),
  },
  {
    name: 'cancelled',
    weight: 15,
    draw: (random) => ({
      source: random.pick(restless),
      limits: { timeoutMs: 2000, memoryMb },
      cancelAfterMs: random.whole(0, 500),
    }),
  },
  {
    name: 'small limits',
    weight: 15,
    draw: (random) => ({
      source: anew(random, random.pick(restless)),
      limits: {
        timeoutMs: random.whole(1, 300),
        cpuMs: random.whole(1, 100),
        memoryMb: random.pick([8, 16, 64]),
        apiCalls: random.whole(0, 20),
        outputBytes: random.whole(2, 1000),
        logEntries: random.whole(0, 10),
        logBytes: random.whole(0, 1000),
      },
    }),
  },
];

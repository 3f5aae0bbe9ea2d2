import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createRuntime, type CacheTier } from '@cloister/runtime';
import { sqliteBytecodeStore } from '@cloister/runtime/stores';
import { printTable, times, type Row } from './measure.ts';
import type { Extent } from './tiny-run.ts';

/** Sources of over a mebibyte are allowed here. */
const options = { poolSize: 2, limits: { sourceBytes: 2 * 1024 * 1024 } };

/** The first run of a script in a new runtime: from source, and from the code that each tier has. */
export async function firstRun(extent: Extent): Promise<void> {
  const rounds = extent === 'full' ? 7 : 1;
  const rows: Row[] = [];
  for (const { what, source } of await scripts()) {
    const taken = await firstRuns(source, rounds);
    const miss = taken.get('miss')!;
    for (const [tier, ms] of taken) {
      rows.push({
        what: `${what}, ${tier}`,
        ratio: times(miss / ms),
        figures: `${ms.toFixed(1)} ms`,
      });
    }
  }
  printTable('First result of a script: how many times faster than without cache', rows);
}

/** Least time of each tier, in milliseconds. A new runtime for each, so that nothing is warm. */
async function firstRuns(source: string, rounds: number): Promise<Map<CacheTier, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'cloister-bench-'));
  const best = new Map<CacheTier, number>();
  const run = async (runtime: Awaited<ReturnType<typeof createRuntime>>, tenant: string) => {
    const begun = performance.now();
    const { usage } = await runtime.execute(source, {}, { tenant: { id: tenant } });
    const ms = performance.now() - begun;
    best.set(usage.cache, Math.min(best.get(usage.cache) ?? Infinity, ms));
  };
  try {
    // The first round fills the store; every later one begins with it, and goes on with memory (for
    // another tenant) and with the VM itself.
    for (let round = 0; round <= rounds; round++) {
      const store = sqliteBytecodeStore(join(folder, 'code.db'));
      await using cached = await createRuntime({ cache: { store }, ...options });
      for (const tenant of ['a', 'b', 'b']) await run(cached, tenant);
      await using plain = await createRuntime(options);
      await run(plain, 'a');
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return new Map(
    (['miss', 'store', 'memory', 'vm'] as const)
      .filter((tier) => best.has(tier))
      .map((tier) => [tier, best.get(tier)!]),
  );
}

async function scripts(): Promise<{ what: string; source: string }[]> {
  const lodash = await library('lodash/lodash.js', 'module.exports.chunk([1, 2, 3], 2).length');
  const luxon = await library(
    'luxon/build/cjs-browser/luxon.js',
    'module.exports.DateTime.utc(2026, 1, 31).plus({ months: 1 }).toISODate()',
  );
  const immutable = await library(
    'immutable/dist/immutable.js',
    'module.exports.List([1, 2, 3]).push(4).size',
  );
  const smaller = await library(
    'immutable/dist/immutable.min.js',
    'module.exports.List([1, 2, 3]).push(4).size',
  );
  return [
    { what: 'own script', source: `${smallScript}\nreturn total;` },
    { what: 'immutable.min', source: `${smaller}\nreturn results;` },
    { what: 'lodash', source: `${lodash}\nreturn results;` },
    {
      what: 'lodash, luxon and immutable',
      source: `${lodash}\n{\n${luxon}\n}\n{\n${immutable}\n}\nreturn results;`,
    },
  ].map(({ what, source }) => ({
    what: `${what} (${Math.round(source.length / 1000)} KB)`,
    source,
  }));
}

/** A library as npm has it, and one use of it, as part of a script. */
async function library(file: string, use: string): Promise<string> {
  const [name, ...path] = file.split('/');
  const folder = dirname(findPackageJSON(name!, import.meta.url)!);
  const text = await readFile(join(folder, ...path), 'utf8');
  return `var results = globalThis.results ?? [];
{ const module = { exports: {} }, exports = module.exports, self = globalThis;
${text}
results.push(${use}); }`;
}

/** About 2 KB of ordinary script. */
const smallScript = [
  'let total = 0;',
  ...Array.from(
    { length: 16 },
    (_, i) =>
      `total += [{ price: ${i}, quantity: 2 }].reduce((sum, { price, quantity }) => sum + price * quantity, 0);`,
  ),
].join('\n');

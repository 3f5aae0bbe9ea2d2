import { createRuntime } from '@cloister/runtime';
import { BareIsolate } from './bare-isolate.ts';
import { median, printTable } from './measure.ts';
import type { Extent } from './tiny-run.ts';

/** Scripts that compute and do not wait; each returns a number, so that nothing is optimised away. */
export const jobs: Readonly<Record<string, string>> = {
  array: `let s = 0;
    for (let k = 0; k < 1000; k++) {
      const a = [];
      for (let i = 0; i < 1000; i++) a.push(i);
      s += a.map((x) => x * 2).filter((x) => x % 3).reduce((p, c) => p + c, 0);
      for (const v of a) s += v;
      const [x, y, ...rest] = a;
      s += x + y + rest.length;
    }
    return s;`,
  promise: `let s = 0;
    for (let i = 0; i < 100000; i++) s += await i;
    await Promise.all(Array.from({ length: 20000 }, async (_, i) => { await null; return i; }));
    return s;`,
  class: `class P { constructor(x) { this.x = x; } get double() { return this.x * 2; } add(o) { return new P(this.x + o.x); } }
    class Q extends P { constructor(x) { super(x); this.y = 1; } add(o) { return super.add(o); } }
    const p = new Q(0);
    let s = 0;
    for (let i = 0; i < 2000000; i++) s += p.add(new Q(i)).double;
    return s;`,
  json: `const rows = Array.from({ length: 2000 }, (_, i) => ({ id: i, name: 'n' + i, tags: ['a', 'b'], v: i / 3 }));
    let s = 0;
    for (let k = 0; k < 20; k++) s += JSON.parse(JSON.stringify(rows)).length;
    return s;`,
  string: `let s = 0;
    for (let i = 0; i < 200000; i++) {
      const t = 'row,' + i + ',value';
      s += t.split(',').join(';').toUpperCase().indexOf('V') + t.replace('row', 'x').length + t.slice(2).trim().length;
    }
    return s;`,
  'regular expression': `const text = 'The quick brown fox 123 jumps over 456 lazy dogs '.repeat(200);
    let s = 0;
    for (let i = 0; i < 100; i++) {
      s += text.replace(/(\\w+) (\\d+)/g, '$2 $1').length;
      for (const m of text.matchAll(/\\d+/g)) s += +m[0];
      s += text.split(/\\s+/).length + /dogs (\\w+)/.exec(text)[1].length + text.match(/o\\w/g).length;
    }
    return s;`,
  map: `let s = 0;
    for (let k = 0; k < 20; k++) {
      const m = new Map();
      for (let i = 0; i < 20000; i++) m.set(i, i);
      for (const [a, b] of m) s += a + b;
      s += new Set(m.keys()).size;
    }
    return s;`,
  sort: `let s = 0;
    for (let k = 0; k < 3; k++) {
      const a = Array.from({ length: 100000 }, (_, i) => ({ k: (i * 7919) % 100003 }));
      a.sort((x, y) => x.k - y.k);
      s += a[5].k;
    }
    return s;`,
  fibonacci: 'const f = (n) => (n < 2 ? n : f(n - 1) + f(n - 2)); return f(30);',
};

/**
 * Compute-bound scripts in the hardened realm against the same code in a bare isolate. How V8 lays out
 * and compiles a job differs from isolate to isolate by more than the two realms do, so several of each
 * are made, and the middle ones compared.
 */
export async function compute(extent: Extent): Promise<void> {
  const [isolates, rounds] = extent === 'full' ? [9, 8] : [1, 1];
  await using runtime = await createRuntime({ workers: 1, poolSize: 1 });
  const rows = [];
  for (const [what, source] of Object.entries(jobs)) {
    const hardened: number[] = [];
    const bare: number[] = [];

    for (let i = 0; i < isolates; i++) {
      // A tenant has a VM of its own.
      const tenant = { id: `${what} ${i}` };
      using isolate = new BareIsolate();
      const runBare = await isolate.prepare(source);
      let [best, bestBare] = [Infinity, Infinity];
      // Taken in turn, so that both see the same weather; the least disturbed round counts.
      for (let round = 0; round < rounds; round++) {
        const { usage } = await runtime.execute(source, {}, { tenant });
        best = Math.min(best, usage.cpuMs);
        const before = isolate.cpuMs;
        await runBare();
        bestBare = Math.min(bestBare, isolate.cpuMs - before);
      }
      hardened.push(best);
      bare.push(bestBare);
    }
    const [ours, theirs] = [median(hardened), median(bare)];
    const ratio = (ours / theirs).toFixed(2);
    rows.push({ what, ratio, figures: `${ours.toFixed(1)} ms, bare ${theirs.toFixed(1)} ms` });
  }
  printTable('Compute-bound: time on a core against the same code in a bare isolate', rows);
}

import { createRuntime, defineBinding } from '@cloister/runtime';
import ivm from 'isolated-vm';
import { z } from 'zod';
import { median, microseconds, printTable, times } from './measure.ts';
import type { Extent } from './tiny-run.ts';

const host = defineBinding('host', {
  add: { params: z.tuple([z.number(), z.number()]), handler: (_call, a, b) => a + b },
});

const oneByOne = (count: number): string =>
  `let sum = 0; for (let i = 0; i < ${count}; i++) sum = await add(sum, 1); return sum;`;
const together = (count: number): string =>
  `const all = await Promise.all(Array.from({ length: ${count} }, (_, i) => add(i, 1))); return all.length;`;

/** A call of a host function there and back, against one in a bare isolate in this process. */
export async function hostCall(extent: Extent): Promise<void> {
  const [count, rounds] = extent === 'full' ? [1000, 15] : [20, 2];
  await using runtime = await createRuntime({
    workers: 1,
    poolSize: 1,
    bindings: [host],
    limits: { apiCalls: 1_000_000 },
  });
  const bare = await bareIsolate();
  const rows = [
    { what: 'one after the other', source: oneByOne(count) },
    { what: `${count} at once`, source: together(count) },
  ];
  for (const { what, source } of rows) {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const script = `const { add } = sdk.host; ${source}`;
      ours.push((await runtime.execute(script)).usage.wallMs / count);
      theirs.push((await bare.run(source)) / count);
    }
    const [cloister, isolate] = [median(ours), median(theirs)];
    printTable(`A host call there and back, ${what}: how many times as long as in a bare isolate`, [
      { what: 'cloister', ratio: times(cloister / isolate), figures: microseconds(cloister) },
      { what: 'isolated-vm, in this process', ratio: times(1), figures: microseconds(isolate) },
    ]);
  }
  bare.close();
}

/** The same with isolated-vm alone, as its documentation shows it: JSON, and no check of anything. */
async function bareIsolate(): Promise<{
  run(source: string): Promise<number>;
  close(): void;
}> {
  const isolate = new ivm.Isolate();
  const context = await isolate.createContext();
  const add = new ivm.Reference((text: string): string => {
    const [a, b] = JSON.parse(text) as [number, number];
    return JSON.stringify(a + b);
  });
  await context.evalClosure(
    `globalThis.add = async (...args) =>
       JSON.parse(await $0.apply(undefined, [JSON.stringify(args)], { result: { promise: true } }))`,
    [add],
  );
  return {
    async run(source) {
      const begun = performance.now();
      await context.eval(`(async () => {${source}})()`, { promise: true });
      return performance.now() - begun;
    },
    close: () => isolate.dispose(),
  };
}

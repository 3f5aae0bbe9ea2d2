import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRuntime, type Runtime } from '../src/index.ts';
import { killers, type Killer } from './fixtures/killers.ts';
import { as, codeOf } from './support/runs.ts';

const memoryMb = 64;
/** Short for a row that its time ends; long enough on a loaded machine for one that ends otherwise. */
const timeoutFor = (codes: readonly string[]): number => (codes.includes('timeout') ? 400 : 5000);
const graceMs = 250;
/** For a loaded machine: the bound says that a run ends, not how fast this machine is. */
const allowanceMs = 5000;

/** How many rows of each kind `npm test` runs; `CLOISTER_FULL=1` runs them all. */
const share: Readonly<Record<Killer['kind'], number>> = {
  abort: 4,
  'native-loop': 12,
  loop: 4,
  memory: 6,
  async: 4,
  boundary: 4,
  flood: 3,
  stack: 2,
  other: 2,
};

/** The same rows each time, taken at even distances from each kind. */
function part(): Killer[] {
  return Object.entries(share).flatMap(([kind, wanted]) => {
    const rows = killers.filter((killer) => killer.kind === kind);
    const count = Math.min(wanted, rows.length);
    return Array.from(
      { length: count },
      (_, index) => rows[Math.floor((index * rows.length) / count)]!,
    );
  });
}

const rows = process.env['CLOISTER_FULL'] === '1' ? killers : part();

describe('against one runtime', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await createRuntime({
      workers: 2,
      poolSize: 2,
      graceMs,
      limits: { memoryMb },
    });
  });
  afterAll(() => runtime.shutdown({ graceMs: 0 }));

  /** An ordinary run of another tenant. */
  const ordinary = async (): Promise<unknown> =>
    (await runtime.execute('return 6 * 7', {}, as('good'))).output;

  test.each(rows.map((row) => [row.kind, row.name, row] as const))(
    '%s: %s ends in time with one of its codes, and another tenant notices nothing',
    async (_kind, _name, { source, codes }) => {
      expect(await ordinary(), 'before').toEqual({ value: 42 });
      const timeoutMs = timeoutFor(codes);
      const start = performance.now();
      const killer = codeOf(runtime.execute(source, {}, as('evil', { limits: { timeoutMs } })));
      const during = ordinary();
      expect(codes).toContain(await killer);
      expect(performance.now() - start).toBeLessThan(timeoutMs + graceMs + allowanceMs);
      expect(await during, 'during').toEqual({ value: 42 });
      expect(await ordinary(), 'after').toEqual({ value: 42 });
    },
  );

  test('they leave a runtime with all its workers and nothing under way', () => {
    expect(runtime.stats()).toMatchObject({
      state: 'running',
      queue: { queued: 0, running: 0, tenants: 0 },
    });
    expect(runtime.stats().runs.internal_error).toBeUndefined();
  });
});

test('the part for every day covers each kind, and the catalogue names each row once', () => {
  expect(new Set(part().map(({ kind }) => kind))).toEqual(new Set(killers.map(({ kind }) => kind)));
  expect(part().length).toBeGreaterThanOrEqual(40);
  expect(new Set(killers.map(({ name }) => name)).size).toBe(killers.length);
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRuntime, type RealmKind, type Runtime } from '../../../src/index.ts';

/** Turns what a row gives into text that tells apart what JSON does not. */
const prelude = `
  const show = (value, depth = 0) => {
    if (typeof value === 'string') return JSON.stringify(value);
    if (Object.is(value, -0)) return '-0';
    if (typeof value === 'bigint') return value + 'n';
    if (typeof value === 'function') return 'function ' + value.name + '/' + value.length;
    if (typeof value !== 'object' || value === null) return String(value);
    if (depth > 5) return '…';
    const inner = (item) => show(item, depth + 1);
    if (Error.isError(value)) return '<' + value.name + ': ' + value.message + '>';
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return value.constructor.name + '(' + value.join() + ')';
    if (value instanceof ArrayBuffer) return 'buffer(' + new Uint8Array(value).join() + ')';
    if (value instanceof Map) return 'Map(' + [...value].map(inner).join() + ')';
    if (value instanceof Set) return 'Set(' + [...value].map(inner).join() + ')';
    if (value instanceof Date) return 'Date(' + value.getTime() + ')';
    if (value instanceof RegExp) return String(value) + value.lastIndex;
    const keys = Object.keys(value).map((key) => key + ':' + inner(value[key])).join();
    return Array.isArray(value) ? '[' + value.length + '|' + keys + ']' : '{' + keys + '}';
  };
  const attempt = async (row) => {
    try {
      return show(await row());
    } catch (error) {
      return 'throws ' + (Error.isError(error) ? error.name + (error instanceof DOMException ? ' ' + error.code : '') : show(error));
    }
  };
  const bytes = (...values) => new Uint8Array(values);
  const decode = (label, values, options, more) => new TextDecoder(label, options).decode(new Uint8Array(values), more);
`;

const body = (rows: readonly string[]): string => `${prelude}
  const results = [];
  for (const row of [${rows.map((row) => `async () => (${row})`).join(',\n')}]) results.push(await attempt(row));
  return results;`;

/** What each row, an expression, gives inside a VM. */
async function inVm(runtime: Runtime, rows: readonly string[]): Promise<string[]> {
  const { output } = await runtime.execute(body(rows));
  return output['value'] as string[];
}

/** What each row gives in this process, with Node's own globals. */
async function inNode(rows: readonly string[]): Promise<string[]> {
  // oxlint-disable-next-line typescript/no-implied-eval -- Node evaluates the same rows as the VM
  const run = new Function(`return (async () => {'use strict'; ${body(rows)} })()`);
  return (await run()) as string[];
}

/** A runtime of one worker for the tests of a file. */
export function useRuntime(realm: RealmKind = 'hardened'): () => Runtime {
  let runtime: Runtime | undefined;
  beforeAll(async () => {
    runtime = await createRuntime({ workers: 1, poolSize: 1, realm });
  });
  afterAll(async () => {
    await runtime?.shutdown({ graceMs: 0 });
  });
  return () => runtime!;
}

/**
 * Computes once what the tests of a group share, when the first of them asks. What was rejected is
 * computed again for the next that asks: a test that is retried does retry, as a hook would not.
 */
function once<Result>(compute: () => Promise<Result>): () => Promise<Result> {
  let pending: Promise<Result> | undefined;
  return async () => {
    pending ??= compute();
    try {
      return await pending;
    } catch (error) {
      pending = undefined;
      throw error;
    }
  };
}

/** A test for each row: it gives in the VM what it gives in Node. */
export function sameAsNode(runtime: () => Runtime, rows: readonly string[]): void {
  const results = once(() => Promise.all([inVm(runtime(), rows), inNode(rows)]));
  test.each(rows.map((row, index) => [row, index] as const))(
    '%s is as in Node',
    async (_row, index) => {
      const [seen, wanted] = await results();
      expect(seen[index]).toBe(wanted[index]);
    },
  );
}

/** A test for each row that Node and the standard see differently, or that only a VM has. */
export function gives(
  runtime: () => Runtime,
  rows: readonly (readonly [row: string, wanted: string])[],
): void {
  const sources = rows.map(([row]) => row);
  const results = once(() => inVm(runtime(), sources));
  test.each(rows.map(([row, wanted], index) => [row, wanted, index] as const))(
    '%s gives %s',
    async (_row, wanted, index) => {
      const seen = await results();
      expect(seen[index]).toBe(wanted);
    },
  );
}

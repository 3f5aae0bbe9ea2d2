import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { http } from '../../src/bindings/index.ts';
import { CloisterError, defineBinding, type Binding, type Runtime } from '../../src/index.ts';

/** A row of the public suites. */
export interface PublicCase {
  readonly id: string;
  readonly kind: string;
  readonly script: string;
}

/** What a case saw, in the words of the folder's own oracle, or the error that refused it. */
export type Probe =
  | { readonly value: { readonly outcome: string; readonly text: string } }
  | { readonly error: string };

interface Oracle {
  buildSource(row: PublicCase, options: { readonly bridge: boolean }): string;
  judge(probe: Probe): { readonly pass: boolean; readonly why: string };
}

/** A folder of public cases that lies beside the repository on some machines. */
const folder = new URL('../../../../../shared/cases/', import.meta.url);
const files = ['vm2.jsonl', 'ses.jsonl'];

/** Whether the folder is there. */
export const hasPublicCases: boolean = [...files, 'oracle.mjs'].every((name) =>
  existsSync(new URL(name, folder)),
);

/** All rows, in the order of the files. */
export function publicCases(): PublicCase[] {
  return files.flatMap((name) =>
    readFileSync(new URL(name, folder), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as PublicCase),
  );
}

/** What says whether anything got out. */
export async function publicOracle(): Promise<Oracle> {
  const file = new URL('oracle.mjs', folder).href;
  return (await import(/* @vite-ignore */ file)) as Oracle;
}

/** The bindings that the rows take hold of: one that answers, and one that refuses. */
export const bridge: readonly Binding[] = [
  defineBinding('cache', {
    get: {
      params: z.array(z.unknown()),
      cost: 0,
      handler: () => ({ list: [1, { a: 1 }], map: { b: null } }),
    },
  }),
  http({ allow: ['example.com'] }),
];

/** Runs a source and tells what came of it in the form that the oracle judges. */
export async function probe(runtime: Runtime, source: string): Promise<Probe> {
  try {
    const { output } = await runtime.execute(source);
    return { value: output as unknown as { outcome: string; text: string } };
  } catch (error) {
    if (!(error instanceof CloisterError)) throw error;
    return { error: `${error.code}: ${error.message}` };
  }
}

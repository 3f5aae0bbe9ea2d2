import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

/** The realm of a pass. */
export type RealmName = 'fresh' | 'hardened';

/** What the command line asked for. */
export interface Options {
  /** The checkout of the suite. */
  readonly folder: string;
  /** One pass over the suite for each; undefined asks `execute` for none. */
  readonly realms: readonly (RealmName | undefined)[];
  /** Tests whose path below `test/` begins so; empty for all. */
  readonly filter: string;
  /** Of every `of` tests, the one in place `nth`, counted from 1. */
  readonly sample: { readonly nth: number; readonly of: number };
  /** Runs in flight. */
  readonly jobs: number;
  /** Where the report is written as JSON, if anywhere. */
  readonly json: string | undefined;
}

export const usage = `npm run conformance -- --test262 DIR [--realm hardened|fresh|both]
  [--filter PREFIX] [--sample N/M] [--jobs N] [--json FILE]`;

const realms: Readonly<Record<string, Options['realms']>> = {
  fresh: ['fresh'],
  hardened: ['hardened'],
  both: ['fresh', 'hardened'],
};

/**
 * Reads the command line.
 * @throws {TypeError} naming the argument that is wrong.
 */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      test262: { type: 'string' },
      realm: { type: 'string' },
      filter: { type: 'string', default: '' },
      sample: { type: 'string', default: '1/1' },
      jobs: { type: 'string', default: String(availableParallelism() * 2) },
      json: { type: 'string' },
    },
  });
  if (values.test262 === undefined) throw new TypeError('--test262 DIR is missing');
  const chosen = values.realm === undefined ? [undefined] : realms[values.realm];
  if (chosen === undefined) throw new TypeError('--realm takes hardened, fresh or both');
  return {
    folder: values.test262,
    realms: chosen,
    filter: values.filter.replace(/^(\.\/)?test\//, ''),
    sample: readSample(values.sample),
    jobs: readCount(values.jobs, '--jobs'),
    json: values.json,
  };
}

function readSample(text: string): Options['sample'] {
  const [nth = '', of = '', ...rest] = text.split('/');
  const sample = { nth: readCount(nth, '--sample N/M'), of: readCount(of, '--sample N/M') };
  if (rest.length > 0 || sample.nth > sample.of) {
    throw new TypeError('--sample takes N/M with N from 1 to M');
  }
  return sample;
}

function readCount(text: string, name: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new TypeError(`${name} takes whole numbers from 1, not ${JSON.stringify(text)}`);
}

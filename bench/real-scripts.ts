import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';

/** A script made of what npm has, in the size that counts for the cache. */
export interface RealScript {
  readonly what: string;
  readonly source: string;
}

/** Scripts of about 2, 50 and 500 KB and of 1 MB; those of 500 KB differ in what running them takes. */
export async function realScripts(): Promise<RealScript[]> {
  const utc = await library('dayjs/plugin/utc.js', 'typeof module.exports({}, class {}, {})');
  const papaparse = await library(
    'papaparse/papaparse.js',
    'module.exports.parse("a,b\\n1,2").data.length',
  );
  const lodash = await library('lodash/lodash.js', 'module.exports.chunk([1, 2, 3], 2).length');
  const luxon = await library(
    'luxon/build/cjs-browser/luxon.js',
    'module.exports.DateTime.utc(2026, 1, 31).plus({ months: 1 }).toISODate()',
  );
  const immutable = await library(
    'immutable/dist/immutable.js',
    'module.exports.List([1, 2, 3]).push(4).size',
  );
  return [
    script('dayjs/plugin/utc', [utc]),
    script('papaparse', [papaparse]),
    script('lodash', [lodash]),
    script('luxon, immutable', [luxon, immutable]),
    script('lodash, luxon, immutable', [lodash, luxon, immutable]),
  ];
}

function script(names: string, libraries: readonly string[]): RealScript {
  const source = `const results = [];\n${libraries.join('\n')}\nreturn results;`;
  return { what: `${names} (${Math.round(source.length / 1000)} KB)`, source };
}

/** A library as npm has it, and one use of it, as part of a script that has a list `results`. */
export async function library(file: string, use: string): Promise<string> {
  const [name, ...path] = file.split('/');
  const folder = dirname(findPackageJSON(name!, import.meta.url)!);
  const text = await readFile(join(folder, ...path), 'utf8');
  return `{ const module = { exports: {} }, exports = module.exports, self = globalThis;
${text}
results.push(${use}); }`;
}

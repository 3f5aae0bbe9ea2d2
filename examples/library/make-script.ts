import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** What a browser bundle looks for around itself: a script has neither `module` nor `self`. */
const SURROUNDINGS = `
const module = { exports: {} };
const exports = module.exports;
const self = globalThis;
`;

/**
 * Composes one script of about 550 KB: the whole of lodash, as npm has it, and the report of
 * {@link file://./report.js} that uses it. Rejects if lodash is not installed.
 */
export async function makeScript(): Promise<string> {
  const { resolve } = createRequire(import.meta.url);
  const library = await readFile(resolve('lodash/lodash.js'), 'utf8');
  const report = await readFile(new URL('report.js', import.meta.url), 'utf8');
  return [SURROUNDINGS, library, report].join('\n');
}

if (import.meta.main) process.stdout.write(await makeScript());

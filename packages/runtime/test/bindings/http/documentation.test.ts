import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { httpErrorCodes } from '../../../src/bindings/http/http-error.ts';
import { resolveOptions } from '../../../src/bindings/http/options.ts';

const text = readFileSync(new URL('../../../../../docs/http.md', import.meta.url), 'utf8');

/** The rows of the tables of a section. */
function rows(section: string): string[][] {
  const [, rest = ''] = text.split(`\n## ${section}\n`);
  const [part = ''] = rest.split('\n## ');
  return part
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
}

test('docs/http.md lists every code of an error, and no other', () => {
  expect(rows('Errors').map(([, code]) => code)).toEqual([...httpErrorCodes].toSorted());
});

test('docs/http.md lists every limit with its default', () => {
  const limits = Object.fromEntries(
    rows('Options of the embedder').map(([, name, value]) => [name, Number(value)]),
  );
  const defaults = resolveOptions({}).limits;
  const documented = Object.entries(limits).filter(([name]) => Object.hasOwn(defaults, name));
  expect(Object.fromEntries(documented)).toEqual(defaults);
});

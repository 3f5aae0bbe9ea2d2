import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type * as engine from '../../src/index.ts';
import { copyPackage, type PackageCopy } from '../support/package-copy.ts';
import { auditRealm, oneVm } from '../support/realm-audit.ts';

/** Takes one thing away from the hardening: in this file, this text becomes that one. */
type Mutation = readonly [what: string, file: string, text: string, replacement: string];

const freezing = 'if (object !== watched) freeze(object);';
const sparing = (object: string): string =>
  `if (object !== watched && object !== ${object}) freeze(object);`;

const mutations: readonly Mutation[] = [
  ['the freeze of Map.prototype', 'harden', freezing, sparing('Map.prototype')],
  ['the freeze of the global object', 'harden', freezing, sparing('globalThis')],
  ['the freeze of a function of ours', 'harden', freezing, sparing('URL.prototype.toJSON')],
  [
    'the freeze of what only syntax leads to',
    'harden',
    freezing,
    sparing('Object.getPrototypeOf(async function* () {})'),
  ],
  ['the freeze of what stands behind override accessors', 'harden', 'all(covered,', 'all([],'],
  ['the end of the statics of RegExp', 'harden', '    forgetMatches();\n', ''],
  [
    'the check of RegExp.prototype',
    'harden',
    'isIntact: isHardened ? isIntact : () => true',
    'isIntact: () => true',
  ],
  ['the accessors of `stack` as roots', 'intrinsics', '      stack?.get,\n      stack?.set,\n', ''],
  [
    'the iterator of URLSearchParams as a root',
    'intrinsics',
    '      parent(new global.URLSearchParams().entries()),\n',
    '',
  ],
  [
    'the segments of Intl as roots',
    'intrinsics',
    'found.push(parent(segments), parent(segments[Symbol.iterator]()));',
    '',
  ],
  ['every freeze', 'harden', freezing, ''],
];

/** What the audit says of a copy of the package. */
async function auditOf(copy: PackageCopy): Promise<string[]> {
  const { createRuntime } = (await import(/* @vite-ignore */ copy.index)) as typeof engine;
  await using runtime = await createRuntime(oneVm);
  return await auditRealm(runtime);
}

test('the audit finds nothing in a copy of the package as it is', async () => {
  expect(await auditOf(copyPackage())).toEqual([]);
});

test.each(mutations)('the audit misses %s', async (_, name, text, replacement) => {
  const file = `guest/${name}.js`;
  const original = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  expect(original.split(text)).toHaveLength(2);
  const copy = copyPackage();
  copy.write(
    file,
    original.replace(text, () => replacement),
  );
  expect((await auditOf(copy)).length).toBeGreaterThan(0);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scriptPrefix, scriptSuffix } from '../../src/protocol/script-wrapper.ts';
import { readWrapped, toBody, wrapScript } from '../../src/worker/script-body.ts';

/** What `toBody` does, in two expressions that take longer. */
const expected = (source: string): string =>
  source.replace(/^(\uFEFF?)#!/, '$1//').replace(/^([ \t]*\/\/[#@][ \t]+sourceURL)=/gm, '$1:');

test.each([
  ['', ''],
  ['sourceURL=', 'sourceURL='],
  ['//# sourceURL=a', '//# sourceURL:a'],
  ['//@\t sourceURL=a', '//@\t sourceURL:a'],
  ['x\n \t//# sourceURL=a\ny', 'x\n \t//# sourceURL:a\ny'],
  ['x\r//# sourceURL=a\u2028//# sourceURL=b', 'x\r//# sourceURL:a\u2028//# sourceURL:b'],
  ['x //# sourceURL=a', 'x //# sourceURL=a'],
  ['//#sourceURL=a', '//#sourceURL=a'],
  ['/# sourceURL=a', '/# sourceURL=a'],
  ['//# sourceURL=sourceURL=', '//# sourceURL:sourceURL='],
  ['#!/bin/x\n//# sourceURL=a', '///bin/x\n//# sourceURL:a'],
  ['\uFEFF//# sourceURL=a', '\uFEFF//# sourceURL=a'],
])('takes the name from a file in %j', (source, body) => {
  expect(toBody(source)).toBe(body);
});

test('does what two regular expressions do', () => {
  const parts = fc.constantFrom(
    'sourceURL',
    '=',
    '//',
    '/',
    '#',
    '@',
    ' ',
    '\t',
    '\n',
    '\r',
    '\u2029',
    '#!',
    '\uFEFF',
    'x',
    'URL=',
    '//# sourceURL=',
  );
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 30 }), (words) => {
      expect(toBody(words.join(''))).toBe(expected(words.join('')));
    }),
    { numRuns: 5000 },
  );
});

test('takes time in proportion to the length of its source, whatever that holds', () => {
  for (const part of [
    '//# sourceURL=',
    'URL=',
    ' sourceURL=',
    '# sourceURL=',
    `${' '.repeat(50)}//# `,
  ]) {
    const begun = performance.now();
    toBody(part.repeat(4_000_000 / part.length));
    // A machine that is busy with other things needs a fraction of this.
    expect(performance.now() - begun).toBeLessThan(5000);
  }
});

test.each([
  'return 1',
  '',
  '#!/bin/x\nreturn 1',
  '//# sourceURL=a\nreturn 1',
  'return 1 //# sourceURL=a',
  '\uFEFFreturn "é\u4e2d"',
])('is read from the wrapper that it comes in: %j', (source) => {
  const read = readWrapped(scriptPrefix + source + scriptSuffix);
  expect(read).toEqual(wrapScript(toBody(source)));
  expect(read.wrapped).toBe(scriptPrefix + read.text + scriptSuffix);
});

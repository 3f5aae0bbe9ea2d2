import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeFrame } from '../src/code-frame.ts';

/** The shown part of the line, and the place of the caret in it. */
function parts(frame: string): { shown: string; caret: number } {
  const [first, second, ...rest] = frame.split('\n');
  expect(rest).toEqual(['']);
  const margin = /^\d+ \| /.exec(first!)![0].length;
  expect(second).toMatch(/^[ \t]*\^$/);
  return { shown: first!.slice(margin), caret: second!.length - 1 - margin };
}

describe('codeFrame', () => {
  test('shows the line with its number, and a caret under the column', () => {
    expect(codeFrame('one\nconst two = ;\nthree', 2, 13)).toBe(
      '2 | const two = ;\n                ^\n',
    );
    expect(codeFrame('x', 1, 1)).toBe('1 | x\n    ^\n');
  });

  test('makes room for the digits of the line number', () => {
    expect(codeFrame(`${'\n'.repeat(99)}abc`, 100, 3)).toBe('100 | abc\n        ^\n');
  });

  test('keeps tabs before the column, so that the caret stands right whatever their width', () => {
    expect(codeFrame('\t\tif (a) b', 1, 7)).toBe('1 | \t\tif (a) b\n    \t\t    ^\n');
    expect(codeFrame('\ta\tb', 1, 4)).toBe('1 | \ta\tb\n    \t \t^\n');
    expect(codeFrame('\ta', 1, 1)).toBe('1 | \ta\n    ^\n');
  });

  test('may point behind the end of the line, where something is missing', () => {
    expect(codeFrame('return (', 1, 9)).toBe('1 | return (\n            ^\n');
    expect(codeFrame('', 1, 1)).toBe('1 | \n    ^\n');
  });

  test.each(['\n', '\r\n', '\r', '\u2028', '\u2029'])('counts lines that end with %j', (end) => {
    expect(codeFrame(['a', 'bc', 'd'].join(end), 2, 2)).toBe('2 | bc\n     ^\n');
  });

  test('is empty for a line that the script does not have', () => {
    expect(codeFrame('a\nb', 3, 1)).toBe('');
    expect(codeFrame('a\nb', 0, 1)).toBe('');
  });

  test('shows a very long line around the column only', () => {
    const line = `${'a'.repeat(100_000)}!${'b'.repeat(100_000)}`;
    const { shown, caret } = parts(codeFrame(line, 1, 100_001));
    expect(shown[caret]).toBe('!');
    expect(shown.length).toBeLessThanOrEqual(200);
    expect(shown.slice(0, caret)).toMatch(/a{40}$/);
    expect(shown.slice(caret)).toMatch(/^!b{40}/);
  });

  test('puts the caret under the character at the column, for any line and column', () => {
    const lines = fc.array(fc.constantFrom('a', ' ', '\t', 'é', '漢', '{', '\0'), {
      maxLength: 1000,
    });
    fc.assert(
      fc.property(lines, fc.nat(), (characters, at) => {
        const line = characters.join('');
        const column = (at % (line.length + 1)) + 1;
        const { shown, caret } = parts(codeFrame(line, 1, column));
        expect(shown[caret]).toBe(line[column - 1]);
        expect(shown.length).toBeLessThanOrEqual(200);
        expect(line).toContain(shown);
      }),
      { numRuns: 500 },
    );
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { withoutComments } from '../../src/worker/guest-source.ts';

const folder = new URL('../../guest/', import.meta.url);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.js'),
);

describe('the text of the guest', () => {
  test('loses lines that are comments, and no others', () => {
    const text = `a; // b\n  // c\n  /** d */\n/**\n * e\n */\n  /** @type {any} */ f;\n  g\n  * h;\n'//';`;
    expect(withoutComments(text)).toBe(`a; // b\n\n\n\n\n\n/** @type {any} */ f;\ng\n* h;\n'//';`);
  });

  test.each(files)('has each line of %s where it was, and parses', (file) => {
    const text = readFileSync(new URL(file, folder), 'utf8');
    const kept = withoutComments(text);
    expect(kept.split('\n')).toHaveLength(text.split('\n').length);
    const code = (source: string): string[] =>
      source
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => !/^(?:\/\/|\/\*\*|\*(?!\[|\w)|\*\/|$)/.test(line));
    expect(code(kept)).toEqual(code(text));
    // oxlint-disable-next-line typescript/no-implied-eval -- only parsed
    expect(() => new Function(kept)).not.toThrow();
  });

  test.each(files)('has no template literal over several lines in %s', (file) => {
    const lines = readFileSync(new URL(file, folder), 'utf8').split('\n');
    expect(lines.filter((line) => line.split('`').length % 2 === 0)).toEqual([]);
  });
});

import { describe, expect, test } from 'vitest';
import { endOf, expectHealthy, failure, realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('a source, in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });
  const bigSources = useRuntime({ realm, limits: { sourceBytes: 8 * 1024 * 1024 } });
  const outputOf = async (source: string) => (await runtime().execute(source)).output;

  test.each<[what: string, source: string, output: unknown]>([
    ['empty', '', {}],
    ['white space', ' \n\t\u00a0\ufeff\n', {}],
    ['a comment', '// nothing', {}],
    ['comments', '/* a */ // b\n/* c\n*/', {}],
    ['a directive', '"use strict"', {}],
    ['semicolons', ';;;', {}],
    ['ended by a comment', 'return 1 // the end', { value: 1 }],
    ['ended by a comment and a line break', 'return 1 // the end\n', { value: 1 }],
    ['in CRLF lines', 'const a = 1;\r\nconst b = 2;\r\nreturn a + b;\r\n', { value: 3 }],
    ['in CR lines', 'const a = 1;\r// comment\rreturn a;', { value: 1 }],
    ['begun by a BOM', '\ufeffreturn 1', { value: 1 }],
    ['begun by a #! line', '#!/usr/bin/env node\nreturn 1', { value: 1 }],
    ['only a #! line', '#!/usr/bin/env node', {}],
    ['begun by a BOM and a #! line', '\ufeff#!/usr/bin/env node\nreturn 1', { value: 1 }],
    [
      'with return in blocks',
      'for (const a of [1]) { if (a) { try { return "in" } finally { } } } return "out"',
      { value: 'in' },
    ],
    ['with a lone surrogate in a string', 'return "\ud800".length', { value: 1 }],
    ['with a lone surrogate in a comment', '// \udfff\nreturn 1', { value: 1 }],
    ['with NUL in a string', 'return "a\0b".length', { value: 3 }],
    ['with NUL in a comment', '// \0\nreturn 1', { value: 1 }],
    ['in many alphabets', 'const größe = "漢字👍"; return größe', { value: '漢字👍' }],
    [
      'with a label, and the names of keywords as keys',
      'a: for (;;) { break a } return { class: 1, await: 2 }',
      { class: 1, await: 2 },
    ],
    ['that ends in a template', 'return `a\n${1}`', { value: 'a\n1' }],
    [
      'with what looks like an import',
      'return "import x from \'y\'; export default 1"',
      { value: "import x from 'y'; export default 1" },
    ],
  ])('may be %s', async (_, source, output) => {
    await runtime().validateSyntax(source);
    expect(await outputOf(source)).toEqual(output);
  });

  test.each<[what: string, source: string, line: number, column: number]>([
    ['a NUL among the code', 'const a = 1;\n\0', 2, 1],
    ['a lone surrogate among the code', 'const a = 1;\n  \ud800', 2, 3],
    ['a comment that is not closed', 'return 1 /*', 1, 10],
    ['a string that is not closed', '\nreturn "abc', 2, 8],
    ['a bracket that is not closed', 'const x = [', 1, 12],
    ['an unexpected token', 'const a = 1;\n\n  return );', 3, 10],
    ['an error after CRLF lines', 'const a = 1;\r\n\r\n  return );', 3, 10],
    ['an error on the first line', 'let let = 1', 1, 5],
    ['a name declared twice', 'let a;\nlet a;', 2, 5],
    ['an error after a BOM', '\ufeff)', 1, 2],
    ['an error after a #! line', '#!/bin/x\n)', 2, 1],
    ['a #! line that is not the first', '\n#!/bin/x', 2, 1],
    ['a bad regular expression', 'return /(/', 1, 8],
    ['TypeScript', 'const a: number = 1', 1, 7],
  ])('with %s is refused with its place', async (_, source, line, column) => {
    for (const method of ['execute', 'validateSyntax'] as const) {
      const error = await failure(runtime()[method](source));
      expect(error).toMatchObject({
        code: 'compilation_error',
        name: 'CompilationError',
        fault: 'script',
      });
      expect(error.message).toMatch(/^compilation error: /);
      expect([error.line, error.column]).toEqual([line, column]);
    }
  });

  test.each([
    'import fs from "node:fs"',
    'import "x"',
    'import { a } from "x"; return a',
    'export default 1',
    'export const a = 1',
    'export { a } from "x"',
    'return import.meta.url',
  ])('is told that modules are not supported: %s', async (source) => {
    const error = await failure(runtime().execute(source));
    expect(error.code).toBe('compilation_error');
    expect(error.message).toMatch(/not modules.*import and export are not supported/);
  });

  test('of more than sourceBytes is refused before a VM is taken', async () => {
    const source = `return 1 // ${'x'.repeat(5_000_000)}`;
    for (const method of ['execute', 'validateSyntax'] as const) {
      const error = await failure(runtime()[method](source));
      expect(error).toMatchObject({ code: 'source_limit', fault: 'script' });
      expect(error.usage.wallMs).toBe(0);
    }
  });

  test('is bounded in bytes of UTF-8, exactly', async () => {
    const limits = { sourceBytes: 12 };
    const { output } = await runtime().execute('return "漢"', {}, { limits });
    expect(output).toEqual({ value: '漢' });
    const error = await failure(runtime().execute('return "漢";', {}, { limits }));
    expect(error.code).toBe('source_limit');
  });

  test('of five million characters runs where that is allowed', async () => {
    const big = bigSources();
    const { output } = await big.execute(
      `return 1\n// ${'漢'.repeat(100)}${'x'.repeat(5_000_000)}`,
    );
    expect(output).toEqual({ value: 1 });
    const error = await failure(big.execute(`${'\n'.repeat(5_000_000)})`));
    expect(error).toMatchObject({ code: 'compilation_error', line: 5_000_001, column: 1 });
  });

  test.each([
    ['deep brackets', '['.repeat(100_000)],
    ['deep functions', 'function f(){'.repeat(20_000)],
    ['deep templates', '`${'.repeat(100_000)],
    ['a deep expression', `return ${'('.repeat(50_000)}1${')'.repeat(50_000)}`],
    ['a long sum', `return ${'1+'.repeat(200_000)}1`],
    ['many names', `let ${Array.from({ length: 20_000 }, (_, i) => `a${i}`).join()}; return 1`],
  ])('that is hard to parse ends in a known way: %s', async (_, source) => {
    const outcome = await endOf(runtime().execute(source));
    expect(['completed', 'compilation_error', 'script_error', 'memory_limit', 'timeout']).toContain(
      outcome,
    );
    await expectHealthy(runtime());
  });

  test.each([undefined, null, 5, {}, ['return 1'], Buffer.from('return 1'), Symbol('s')])(
    'that is no string is refused: %s',
    async (source) => {
      const error = await failure(runtime().execute(source as string));
      expect(error).toMatchObject({ code: 'invalid_context', fault: 'caller' });
      expect(error.message).toMatch(/source must be a string/);
    },
  );
});

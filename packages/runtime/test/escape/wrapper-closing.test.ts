import { describe, expect, test } from 'vitest';
import { failure, realms, useRuntime } from '../support/runtime.ts';

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });

  /** Sources that are valid only where something of ours stands around them. */
  const closing = [
    '}',
    '})',
    '}})',
    '}}})',
    '} {',
    '}}{{',
    '}; {',
    '}}; x; {{',
    '}}) (',
    '}); (async function () {',
    '}); (async () => {',
    '}}); (() => { return async function () {',
    '}}); ({ async method() {',
    '}}); globalThis.outside = this; ({ async method() {',
    '}})({ async method() {',
    '}})\n({ async method() {',
    '}}), ({ async method() {',
    '}}) || ({ async method() {',
    '}}).x; ({ async method() {',
    '}})`${{ async method() {',
    '}, async function () {',
    '}, async method() {',
    '}, other() {',
    '}, clearTimeout()\n{',
    '}, setTimeout(ctx = globalThis.outside = 1)\n{',
    '}, [globalThis.outside = 1]()\n{',
    '}, get() {',
    '}, ...[function () {',
    '} + function () {',
    '}\n/x/; {',
    '}\nasync function other() {',
    '} finally {',
    '} catch {',
    '} else {',
    '}(); async function other() {',
    '} /* */ {',
    '} // \n {',
    '}<!--\n{',
    '}\n--> x\n{',
    '}\u2028{',
    '}\u2029, {',
    '`}`}{',
    '`${1}`}})({ async method() {`',
    '/}/}})({ async method() {',
    'if (1) {}}})({ async method() {',
    'return 1 }})({ async method() {',
    '/*', // would swallow what closes the function
    'return /*',
    '`',
    '`${',
    '"',
    '(',
    '[',
    '{',
    'x => {',
    'class A {',
    'return (',
  ];

  /** Sources that look as if they closed something, and do not. */
  const harmless: [source: string, value: unknown][] = [
    ['return 1 // })', 1],
    ['return 2 /* }) */', 2],
    ['return "})"', '})'],
    ['return `}) ${"}"}`', '}) }'],
    ['return /}\\)/.source', '}\\)'],
    ['{ { return 3 } }', 3],
    ['return 4 <!-- })', 4],
    ['const a = 5\n--> })\nreturn a', 5],
    ['return 6\u2028// })', 6],
    ['// })\nreturn 7', 7],
    ['return (function () { return 8 })()\n//', 8],
  ];

  describe('a source that closes its own wrapper', () => {
    test.each(closing)('is a compilation error: %j', async (source) => {
      const outcome = runtime().execute(source, {}, { limits: { timeoutMs: 2000 } });
      const error = await failure(outcome);
      expect(error.code).toBe('compilation_error');
      expect(error.message).toMatch(/^compilation error/);
      expect(error.line).toBeGreaterThanOrEqual(1);
      expect(error.line).toBeLessThanOrEqual(source.split(/[\n\u2028\u2029]/).length);
    });

    test.each(closing)('does not pass the syntax check either: %j', async (source) => {
      expect((await failure(runtime().validateSyntax(source))).code).toBe('compilation_error');
    });
  });

  test.each(harmless)('%j closes nothing and runs', async (source, value) => {
    await runtime().validateSyntax(source);
    expect((await runtime().execute(source)).output).toEqual({ value });
  });

  test('a script has neither the names nor the arguments of its wrapper', async () => {
    const { output } = await runtime().execute(`
    return [typeof method, typeof wrapper, typeof guest, new.target === undefined,
      Array.from(arguments).every((argument) => argument === undefined)]`);
    expect(output).toEqual({ value: ['undefined', 'undefined', 'undefined', true, true] });
  });

  test('super, which only a method has, is a compilation error', async () => {
    expect((await failure(runtime().execute('return super.x'))).code).toBe('compilation_error');
  });
});

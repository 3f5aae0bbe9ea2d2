import { describe, expect, test } from 'vitest';
import type { RunContext } from '../src/index.ts';
import { failure, realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });
  const failureOf = async (source: string, context?: RunContext) =>
    failure(runtime().execute(source, {}, context));

  describe('the stack of an error has the lines and columns of the script:', () => {
    test.each([
      ['on its first line', 'throw new Error("m")', ['script.js:1:7']],
      ['on its first line, indented', '   throw new Error("m")', ['script.js:1:10']],
      ['on a later line', '\n\n  throw new Error("m")', ['script.js:3:9']],
      ['after CRLF line ends', '\r\n\r\n  throw new Error("m")', ['script.js:3:9']],
      ['after a line separator', 'let a;\u2028  throw new Error("m")', ['script.js:2:9']],
      ['after a #! line', '#!/usr/bin/env cloister\nthrow new Error("m")', ['script.js:2:7']],
      [
        'in nested functions',
        'function inner() { throw new Error("m") }\nconst outer = () => inner();\nouter();',
        ['inner (script.js:1:26)', 'outer (script.js:2:21)', 'script.js:3:1'],
      ],
      [
        'in an async function, after an await',
        'async function work() {\n  await null;\n  throw new Error("m");\n}\nawait work();',
        ['work (script.js:3:9)', 'async script.js:5:1'],
      ],
      [
        'in a callback of a built-in',
        'const each = (n) => {\n  throw new Error("m");\n};\n[1].map(each);',
        ['each (script.js:2:9)', 'Array.map (<anonymous>)', 'script.js:4:5'],
      ],
      [
        'in a class',
        'class A {\n  constructor() { this.go() }\n  go() { throw new Error("m") }\n}\nnew A();',
        ['A.go (script.js:3:16)', 'new A (script.js:2:24)', 'script.js:5:1'],
      ],
      [
        'in a timer',
        'setTimeout(function tick() {\n  throw new Error("m");\n});\nawait new Promise(() => {});',
        ['tick (script.js:2:9)'],
      ],
      [
        'in a promise reaction',
        'await Promise.resolve().then(function react() { throw new Error("m") })',
        ['react (script.js:1:55)', 'async script.js:1:1'],
      ],
      [
        'in a generator',
        'function* numbers() { throw new Error("m") }\n[...numbers()];',
        ['numbers (script.js:1:29)', 'numbers.next (<anonymous>)', 'script.js:2:5'],
      ],
      [
        'in toJSON',
        'return { toJSON() { throw new Error("m") } }',
        ['Object.toJSON (script.js:1:27)'],
      ],
      [
        'in a thenable',
        'return {\n  then() { throw new Error("m") } }',
        ['Object.then (script.js:2:18)'],
      ],
    ])('%s', async (_, source, frames) => {
      const error = await failureOf(source);
      const [first = ''] = frames;
      const [, line, column] = /(\d+):(\d+)\)?$/.exec(first)!;
      expect(error).toMatchObject({ line: Number(line), column: Number(column) });
      if (error.code === 'script_error') {
        expect(error.stack).toBe(
          ['Error: m', ...frames.map((frame) => `    at ${frame}`)].join('\n'),
        );
      }
    });

    test('a script may give itself another name, and keeps its lines', async () => {
      const error = await failureOf('\n throw new Error("m")\n//# sourceURL=renamed.js');
      expect(error).toMatchObject({ message: 'm', line: 2, column: 8 });
      const refused = await failureOf('\n )\n//# sourceURL=renamed.js');
      expect(refused).toMatchObject({ code: 'compilation_error', line: 2, column: 2 });
      expect(refused.message).not.toContain('renamed.js');
    });

    test('its place is where it was made, though its message quotes another stack', async () => {
      const error = await failureOf(
        'try {\n  null.x\n} catch (error) {\n  throw new Error(`failed: ${error.stack}`)\n}',
      );
      expect(error).toMatchObject({ line: 4, column: 9 });
      expect(error.stack).toBe(`Error: ${error.message}\n    at script.js:4:9`);
    });

    test('an error that is caught has them as well', async () => {
      const { output } = await runtime().execute(
        'try {\n  null.x\n} catch (error) {\n  return error.stack.split("\\n").slice(1)\n}',
      );
      expect(output).toEqual({ value: ['    at script.js:2:8'] });
    });
  });

  describe('the stack of an error shows nothing of ours:', () => {
    const foreign = /cloister|guest|\/work|node:|file:|isolated|worker|\.ts\b/;

    test.each([
      ['a throw', 'throw new Error("m")'],
      ['a stack overflow', 'const f = () => f(); f()'],
      ['a throw in toJSON', 'return { toJSON() { throw new Error("m") } }'],
      ['a throw in a getter of the output', 'return { get a() { throw new Error("m") } }'],
      [
        'a throw in a timer',
        'setTimeout(() => { throw new Error("m") }); await new Promise(() => {})',
      ],
      ['a refused setTimeout', 'setTimeout("x")'],
      ['a refused import', 'await import("x")'],
      ['a dead constructor', 'Function("x")'],
      ['a compilation error', 'return )'],
      ['an output that is too large', 'return "x".repeat(1e7)'],
      ['a string', 'throw "m"'],
    ])('%s', async (_, source) => {
      const error = await failureOf(source);
      expect(error.stack).not.toMatch(foreign);
      expect(error.message).not.toMatch(foreign);
    });

    test('nor does that of a run that was ended', async () => {
      const error = await failureOf('for (;;);', { limits: { timeoutMs: 100 } });
      expect(error.stack).not.toMatch(foreign);
    });
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CompilationError,
  createRuntime,
  ScriptError,
  type RunContext,
  type Runtime,
} from '../src/index.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await createRuntime({ workers: 1, poolSize: 1 });
});
afterAll(() => runtime.shutdown({ graceMs: 0 }));

const typescript: RunContext = { language: 'typescript' };

async function outputOf(source: string, input?: unknown): Promise<unknown> {
  return (await runtime.execute(source, input, typescript)).output;
}

async function failureOf(source: string): Promise<unknown> {
  return runtime.execute(source, undefined, typescript).then(
    ({ output }) => ({ output }),
    (error: unknown) => error,
  );
}

describe('a TypeScript script', () => {
  test('runs with its types erased: return and await at the top, ctx and console in scope', async () => {
    const source = `interface Input { readonly a: number; b?: string }
type Pair<T> = [T, T];
const input = ctx.input as Input;
async function twice<T extends number>(value: T): Promise<Pair<T>> { return [value, value]; }
console.log('got', input.a satisfies number);
return { pair: (await twice(input.a))!, b: input.b ?? null };`;
    const { output, logs } = await runtime.execute(source, { a: 2 }, typescript);
    expect(output).toEqual({ pair: [2, 2], b: null });
    expect(logs.map(({ message }) => message)).toEqual(['got 2']);
  });

  test('is not type-checked', async () => {
    expect(await outputOf('const a: number = "text"; return a')).toEqual({ value: 'text' });
  });

  test('is JavaScript unless the context says otherwise', async () => {
    await expect(runtime.execute('const a: number = 1')).rejects.toThrow(CompilationError);
    const plain = await runtime.execute('return 1', {}, { language: 'javascript' });
    expect(plain.output).toEqual({ value: 1 });
    const language = 'TypeScript' as 'typescript';
    await expect(runtime.execute('return 1', {}, { language })).rejects.toMatchObject({
      code: 'invalid_context',
      message: "language must be 'javascript' or 'typescript'",
    });
    await expect(runtime.validateSyntax('', { language })).rejects.toMatchObject({
      code: 'invalid_context',
    });
  });

  test('runs in a fresh realm as well', async () => {
    const context: RunContext = { ...typescript, realm: 'fresh' };
    const source = '(globalThis as any).x = 1; return (globalThis as any).x as number';
    expect((await runtime.execute(source, {}, context)).output).toEqual({ value: 1 });
  });

  test.each([
    ['a hashbang', '#!/usr/bin/env cloister\nreturn 1 as number', 1],
    ['a byte order mark', '\uFEFFconst a: number = 1; return a', 1],
    ['both', '\uFEFF#!/usr/bin/env cloister\nreturn 1 as number', 1],
    ['a comment at its end', 'return 1 as number // one', 1],
    ['line ends for Windows', 'type A = number\r\nconst a: A = 1\r\nreturn a', 1],
    ['a NUL in a string', 'return "a\0b" as string', 'a\0b'],
    ['characters of four bytes', 'type 漢 = "😀é"; const s: 漢 = "😀é" as 漢; return s', '😀é'],
    [
      'halves of surrogate pairs',
      `const a: "\\uD83D" = "\uD800"; const s = a + "\uDE00\uFFFD" as string; return s.split('').map((c: string) => c.charCodeAt(0)).join()`,
      '55296,56832,65533',
    ],
  ])('may have %s', async (_, source, value) => {
    expect(await outputOf(source)).toEqual({ value });
  });

  test('may take a mebibyte', async () => {
    const line = 'let value: number = 1 as number; value satisfies number;\n';
    const source = `{${line}}`.repeat(Math.floor(2 ** 20 / (line.length + 2)) - 1);
    expect(await outputOf(`${source}return 7`)).toEqual({ value: 7 });
  });
});

describe('what erasing could break does not', () => {
  test.each([
    ['a generic arrow function', 'return (<T,>(x: T) => x)(1)', 1],
    ['a generic arrow function over several lines', 'return <\nT\n>(x: T) => x', undefined],
    ['a return type over several lines', 'const f = (x: number):\n number => x; return f(1)', 1],
    ['an async generic arrow', 'const f = async <T>(x: T): Promise<T> => x; return await f(1)', 1],
    ['a type before a bracketed line', 'let x = 1\ntype A = number\n[x] = [2]\nreturn x', 2],
    ['an interface before parentheses', 'let x = 1\ninterface A {}\n(x = 2)\nreturn x', 2],
    [
      'a type whose semicolon begins the next line',
      'let x = 1\ntype A = string\n;[x] = [2]\nreturn x',
      2,
    ],
    [
      'the same with a comment between',
      'let x = 1\ntype A = {\n a: 1; // a\n}\n// b\n;(x = 2)\nreturn x',
      2,
    ],
    [
      'a type before a template',
      'const a = String\ntype A = 1; `${a("x")}`\nreturn typeof a',
      'function',
    ],
    ['a type before a regular expression', 'let x = 4\ntype g = 1\n/2/g.test("")\nreturn x', 4],
    ['a type before a comment', 'const a = 1\ntype A = 1 /* b */\n// c\nreturn a', 1],
    [
      'type arguments with semicolons',
      'return new Map<{ a: 1; }, { b: 2; }>([[1, 2]] as any).size',
      1,
    ],
    [
      'a declared field before a computed one',
      'class A { x = 1\n declare y: string;\n ["z"] = 2 }; return new A().x',
      1,
    ],
    [
      'the same without a semicolon',
      'class A { x = 1\n declare y: string\n ["z"] = 2 }; return new A().x',
      1,
    ],
    [
      'an abstract method before a generator',
      'abstract class A { x = 1\n abstract y(): void\n *z() {} }; class B extends A { y() {} }; return new B().x',
      1,
    ],
    ['a static readonly computed field', 'class A { static readonly ["z"] = 2 }; return A["z"]', 2],
    ['as before parentheses', 'let y = 3; const a = y as any\n(1); return a', 3],
    ['as before a division', 'return 8 as any / 2 / 2', 2],
    ['declare before parentheses', 'let x = 1\ndeclare function f(): void\n(x = 2)\nreturn x', 2],
    ['a field before a computed one', 'class A { x = 1\n public ["z"] = 2 }; return new A().z', 2],
    [
      'a declared field',
      'class A { declare x: number; y!: number }; return Object.keys(new A()).join()',
      'y',
    ],
    ['definite assignment', 'let x!: number; x = 1; return x', 1],
    ['non-null assertions', 'const a = { b: { c: 1 } } as any; return a!.b!.c!', 1],
    ['an optional chain behind as', 'return (null as any)?.x === undefined', true],
    ['overloads', 'function f(x: number): void; function f(x: any) { return x }; return f(1)', 1],
    [
      'an abstract class',
      'abstract class A { abstract x: number; abstract m(): void; n() { return 4 } }; class B extends A { x = 1; override m() {} }; return new B().n()',
      4,
    ],
    ['a call with type arguments', 'return new Map<string, number>([["a", 1]]).get("a")', 1],
    ['an instantiation expression', 'const f = Array.of<number>\nreturn f(1)[0]', 1],
    ['comparisons', 'const a = 1, b = 2, c = 3; return a < b > (c)', undefined],
    [
      'types as names',
      'let type = 1, declare = 2, namespace = 3; type = 4; return type + declare + namespace',
      9,
    ],
    ['this parameters', 'function f(this: number, x: number) { return x }; return f.call(1, 2)', 2],
    ['predicates', 'const f = (x: any): x is string => true; return f(1)', true],
    ['a namespace of types', 'namespace N { export type A = 1 }; const a: N.A = 1; return a', 1],
    [
      'declare enum and namespace',
      'declare enum E { A }; declare namespace N { const x: number }; return 1',
      1,
    ],
    ['as const', 'return ({ a: 1 } as const).a', 1],
    ['typeof import', 'let a: typeof import("x") | import("y").Z; return 1', 1],
    [
      'accessors and indexes',
      'class A { private static readonly x?: number = 1; [key: string]: any; get y(): number { return 2 } }; return new A().y',
      2,
    ],
    [
      'parameters of all kinds',
      'function f({ a }: { a: number } = { a: 1 }, b?: number, ...c: number[]): number { return a + c.length }; return f()',
      1,
    ],
  ])('%s', async (_, source, value) => {
    if (value === undefined) await runtime.validateSyntax(source, typescript);
    else expect(await outputOf(source)).toEqual({ value });
  });
});

describe('an error of a TypeScript script is at its own line and column', () => {
  test.each([
    ['on the first line', 'const f = (x: number): never => { throw new Error("x") }; f(1)', 1, 41],
    [
      'behind types',
      'type A = {\n  a: number\n}\nlet a: A | undefined; throw new Error("x")',
      4,
      29,
    ],
    ['behind wide characters', 'let s: "漢字😀" = "漢字😀"; throw new Error("x")', 1, 31],
    ['behind a tab', '\tlet s: string; throw new Error("x")', 1, 23],
    ['behind line ends for Windows', 'let s: {\r\n a: 1\r\n};\r\nthrow new Error("x")', 4, 7],
  ])('when thrown %s', async (_, source, line, column) => {
    const error = await failureOf(source);
    expect(error).toBeInstanceOf(ScriptError);
    expect(error).toMatchObject({ line, column });
    expect((error as ScriptError).stack).toContain(`script.js:${line}:${column}`);
  });

  test.each([
    ['the first column', '= 1', 1, 1],
    ['the first line', 'let x: = 1', 1, 8],
    ['the last line', 'let a: number\n\n\nlet b: = 2', 4, 8],
    ['what only V8 refuses', 'let a: number = 1;\n  let a: string', 2, 7],
    ['what only strict code refuses', 'const a: number = 1; yield = a', 1, 22],
    ['a string without end', 'let a: number\nreturn "abc', 2, 8],
    ['a brace that is missing', 'function f(): void {\n  return', 2, 9],
    ['a parenthesis that is missing', 'f(', 1, 3],
    ['behind a tab', '\tlet a:\t= 1', 1, 9],
    ['behind wide characters', 'let s = "漢字😀e\u0301"; let x: = 1', 1, 26],
    ['behind line ends for Windows', 'let a\r\n\r\n let x: = 1\r\nlet c', 3, 9],
    ['behind line ends of old Macs', 'let a\rlet x: = 1\rlet c', 2, 8],
    ['behind a line separator', 'let a: number\u2028let x: = 1', 2, 8],
    ['behind controls', '/*\x01\x07\uFEFF\u200B*/let x: = 1', 1, 16],
  ])('when it does not parse: %s', async (_, source, line, column) => {
    const error = await failureOf(source);
    expect(error).toBeInstanceOf(CompilationError);
    expect(error).toMatchObject({ code: 'compilation_error', line, column });
    expect((error as Error).message).toMatch(/^compilation error: /);
    expect((error as Error).message).toContain(`(line ${line}, column ${column})`);
  });
});

describe('what cannot be erased is a compilation error that says what to write instead', () => {
  test.each([
    ['enum', 'enum A { B }', 1, 'enum is not supported', 'constant object'],
    ['enum over lines', '  enum A {\n B\n}', 3, 'enum is not supported', 'constant object'],
    ['const enum', 'const enum A { B }', 1, 'enum is not supported', 'constant object'],
    ['enum in a block', 'if (1) {\tenum A { B } }', 10, 'enum is not supported', 'constant object'],
    ['namespace', 'let x: 1; namespace N { export const x = 1 }', 11, 'namespace', 'an object'],
    ['module', 'module N {\n export const x = 1\n}', 1, 'namespace', 'an object'],
    [
      'parameter property',
      'class A { constructor(private x: number) {} }',
      31,
      'parameter property',
      'declare the field',
    ],
    [
      'parameter property with a default',
      'class A { constructor(readonly x = 1) {} }',
      32,
      'parameter property',
      'declare the field',
    ],
    ['assertion in angle brackets', 'return <number>1', 8, 'angle brackets', 'value as Type'],
    [
      'import require',
      'import x = require("y")',
      1,
      'import and export are not supported',
      'ctx and sdk',
    ],
    ['import alias', 'import A = B.C', 1, 'import and export are not supported', 'ctx and sdk'],
    ['import', 'import x from "y"', 1, 'import and export are not supported', 'ctx and sdk'],
    [
      'import type',
      'import type { A } from "b"; return 1',
      1,
      'those of types included',
      'declared in it',
    ],
    ['export', 'export const x = 1', 1, 'import and export are not supported', 'by return'],
    [
      'export type',
      'type X = 1; export type { X }',
      13,
      'import and export are not supported',
      'by return',
    ],
    ['export =', 'export = 1', 1, 'import and export are not supported', 'by return'],
    [
      'decorator of a class',
      '@d class A {}',
      1,
      'decorators are not supported',
      'call the function',
    ],
    [
      'decorator of a field',
      'class A { @d x: number = 1 }',
      11,
      'decorators are not supported',
      'call the function',
    ],
    [
      'decorator of a parameter',
      'class A { m(@d x: number) {} }',
      13,
      'decorators are not supported',
      'call the function',
    ],
    [
      'accessor field',
      'class A { accessor x: number = 1 }',
      20,
      'accessor fields are not supported',
      'a getter',
    ],
    ['JSX element', 'return <div>hi</div>', 16, 'JSX, which is not supported', 'template literal'],
    [
      'JSX attribute',
      'return (<div className="a">hi</div>)',
      14,
      'JSX, which is not supported',
      'template literal',
    ],
    [
      'JSX that closes itself',
      'return <br />',
      13,
      'JSX, which is not supported',
      'template literal',
    ],
    ['JSX fragment', 'return <></>', 11, 'JSX, which is not supported', 'template literal'],
  ])('%s', async (_, source, column, what, instead) => {
    const error = await failureOf(`let before: 1;\n${source}`);
    expect(error).toMatchObject({ name: 'CompilationError', line: 2, column });
    expect((error as Error).message).toContain(what);
    expect((error as Error).message).toContain(instead);
    const first = await failureOf(source);
    expect(first).toMatchObject({ line: 1, column });
    await expect(runtime.validateSyntax(source, typescript)).rejects.toThrow(what);
  });

  test('decorators of JavaScript too', async () => {
    await expect(runtime.execute('class A { @d x = 1 }')).rejects.toThrow(
      'decorators are not supported',
    );
  });
});

describe('a source that closes the function around it stays a compilation error', () => {
  test.each([
    '}; function b(): void {',
    '} async function b(): Promise<void> {',
    '} declare namespace X {',
    '} interface X {',
    '} abstract class X {',
    '} type X = {',
    'return 1 as number }, async b() {',
    '}}); ({async method() {',
    '}); (async function (): Promise<void> {',
    '} import type { A } from "b"; async function c() {',
    '} export {}; async function c() {',
    '}; console.log("out" as string); {',
  ])('%s', async (source) => {
    expect(await failureOf(source)).toMatchObject({ code: 'compilation_error' });
  });
});

describe('erasing', () => {
  test('happens once for each source, and failures are remembered too', async () => {
    await using own = await createRuntime({ workers: 1, poolSize: 1 });
    const good = 'return ctx.input.n as number';
    const runs = Array.from({ length: 20 }, (_, n) => own.execute(good, { n }, typescript));
    const outputs = (await Promise.all(runs)).map(({ output }) => output['value']);
    expect(outputs).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(own.stats().typescript).toEqual({ erased: 1, cached: 19, failed: 0 });
    await own.validateSyntax(good, typescript);
    expect(own.stats().typescript).toEqual({ erased: 1, cached: 20, failed: 0 });
    for (let i = 0; i < 3; i++) {
      const context: RunContext = { ...typescript, execution: { id: `run-${i}` } };
      await expect(own.execute('enum A {}', {}, context)).rejects.toMatchObject({
        code: 'compilation_error',
        executionId: `run-${i}`,
      });
    }
    expect(own.stats().typescript).toEqual({ erased: 1, cached: 22, failed: 1 });
    expect(own.stats().runs).toEqual({ completed: 20, compilation_error: 3 });
  });

  test('is forgotten when more sources came since than the cache holds', async () => {
    await using own = await createRuntime({ workers: 1, poolSize: 1, cache: { size: 2 } });
    for (const n of [1, 2, 3, 1]) await own.execute(`return ${n} as number`, {}, typescript);
    expect(own.stats().typescript).toEqual({ erased: 4, cached: 0, failed: 0 });
  });

  test('is forgotten with the script that cache.invalidate and cache.clear forget', async () => {
    await using own = await createRuntime({ workers: 1, poolSize: 1 });
    const source = 'return 1 as number';
    const forget = [() => own.cache.invalidate(source), () => own.cache.clear(), async () => {}];
    for (const step of forget) {
      await own.execute(source, {}, typescript);
      await step();
    }
    await own.execute(source, {}, typescript);
    expect(own.stats().typescript).toEqual({ erased: 3, cached: 1, failed: 0 });
    expect(own.stats().cache.entries).toBe(1);
  });

  test('does not start before a source is checked against sourceBytes', async () => {
    const before = runtime.stats().typescript;
    const context: RunContext = { ...typescript, limits: { sourceBytes: 10 } };
    await expect(runtime.execute('return 1 as number', {}, context)).rejects.toMatchObject({
      code: 'source_limit',
    });
    expect(runtime.stats().typescript).toEqual(before);
  });
});

import { describe, expect, test } from 'vitest';
import type { RunContext } from '../src/index.ts';
import { failure, realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });
  const outputOf = async (source: string, input?: unknown, context?: RunContext) =>
    (await runtime().execute(source, input, context)).output;

  describe('ctx', () => {
    test('has tenant, user, execution and input, and nothing else', async () => {
      const output = await outputOf(
        'return ctx',
        { order: 7 },
        {
          tenant: { id: 't1', plan: 'gold', limits: { timeoutMs: 5000 } },
          user: { id: 'u1', roles: ['admin'] },
          execution: { id: 'run-1', scriptId: 'script-1', trigger: 'webhook' },
        },
      );
      expect(output).toEqual({
        tenant: { id: 't1', plan: 'gold' },
        user: { id: 'u1', roles: ['admin'] },
        execution: { id: 'run-1', scriptId: 'script-1', trigger: 'webhook' },
        input: { order: 7 },
      });
    });

    test('is complete when nothing was said: a default tenant, no user, a manual trigger', async () => {
      const { output, executionId } = await runtime().execute('return ctx');
      expect(output).toEqual({
        tenant: { id: 'default' },
        user: null,
        execution: { id: executionId, scriptId: null, trigger: 'manual' },
        input: {},
      });
      expect(executionId).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    });

    test('carries an execution id of its own in each run, the one of the result and of the error', async () => {
      const first = await runtime().execute('return ctx.execution.id');
      const second = await runtime().execute('return ctx.execution.id');
      expect(first.output).toEqual({ value: first.executionId });
      expect(second.executionId).not.toBe(first.executionId);
      const given = { execution: { id: 'my-run' } };
      const error = await failure(
        runtime().execute('throw new Error(ctx.execution.id)', {}, given),
      );
      expect(error).toMatchObject({ message: 'my-run', executionId: 'my-run' });
    });

    test('is made of the objects of the script itself, so that instanceof works', async () => {
      const source = `return [ctx instanceof Object, ctx.input.list instanceof Array,
      Object.getPrototypeOf(ctx.user) === Object.prototype]`;
      expect(await outputOf(source, { list: [] }, { user: {} })).toEqual({
        value: [true, true, true],
      });
    });
  });

  describe('the body of the script', () => {
    test.each(['ctx', 'console', 'events', 'sdk'])('may declare a %s of its own', async (name) => {
      expect(await outputOf(`const ${name} = 5; return ${name}`)).toEqual({ value: 5 });
      expect(await outputOf(`function ${name}() { return 6 } return ${name}()`)).toEqual({
        value: 6,
      });
      expect(await outputOf(`class ${name} {} return ${name}.name`)).toEqual({ value: name });
    });

    test('awaits and returns at its top level', async () => {
      const source = `for await (const n of [1, Promise.resolve(2)]) if (n === 2) return n; return 0`;
      expect(await outputOf(source)).toEqual({ value: 2 });
    });

    test('has no this, and its functions have none either', async () => {
      const source = `return [this === undefined, (function () { return this === undefined })()]`;
      expect(await outputOf(source)).toEqual({ value: [true, true] });
    });

    test.each([
      ['an undeclared name is not made a global', 'undeclared = 1', 'ReferenceError'],
      ['a frozen object refuses writes', 'Object.freeze(ctx).input = 1', 'TypeError'],
      ['arguments.callee is refused', 'return arguments.callee', 'TypeError'],
      ['callers are not to be seen', 'return (function f() { return f.caller })()', 'TypeError'],
    ])('is strict: %s', async (_, source, name) => {
      expect(await failure(runtime().execute(source))).toMatchObject({
        code: 'script_error',
        name,
      });
    });

    test.each(['with (ctx) {}', 'var public = 1', 'return 010', 'delete ctx', 'eval = 1'])(
      'is strict: %s does not compile',
      async (source) => {
        expect((await failure(runtime().execute(source))).code).toBe('compilation_error');
      },
    );

    test('keeps its declarations to itself', async () => {
      const source = `var a = 1; function b() {} let c, d; class E {}
      return ['a', 'b', 'c', 'd', 'E', 'ctx'].filter((name) => name in globalThis)`;
      expect(await outputOf(source)).toEqual({ value: [] });
    });
  });

  describe('a name that scripts do not have', () => {
    const advised: [name: string, advice: RegExp][] = [
      ['fetch', /sdk\.http/],
      ['XMLHttpRequest', /sdk\.http/],
      ['WebSocket', /sdk\.http/],
      ['process', /ctx/],
      ['require', /cannot load modules/],
      ['importScripts', /cannot load modules/],
      ['__dirname', /no file system/],
      ['__filename', /no file system/],
      ['WebAssembly', /not available/],
      ['SharedArrayBuffer', /ArrayBuffer/],
      ['Atomics', /share memory/],
      ['Buffer', /Uint8Array/],
      ['window', /globalThis/],
      ['global', /globalThis/],
      ['setInterval', /setTimeout/],
    ];
    const silent = ['module', 'exports', 'self', 'document', 'Deno', 'Bun', 'gc', 'quit', 'load'];
    const more = ['Worker', 'ShadowRealm', 'guest', 'post'];

    test.each(advised.map(([name]) => name).concat(silent, more, ['eval', 'ivm', 'isolate']))(
      'is undefined to typeof, and no property of globalThis: %s',
      async (name) => {
        const source = `return [typeof ${name}, '${name}' in globalThis, globalThis['${name}'] === undefined]`;
        expect(await outputOf(source)).toEqual({ value: ['undefined', false, true] });
      },
    );

    test.each(advised)('says what to use instead when it is used: %s', async (name, advice) => {
      const error = await failure(runtime().execute(`let x;\n${name}('x')`));
      expect(error).toMatchObject({ code: 'script_error', name: 'ReferenceError', line: 2 });
      expect(error.message).toContain(`${name} is not defined`);
      expect(error.message).toMatch(advice);
      expect(error.stack).toContain(`ReferenceError: ${error.message}\n    at script.js:2:1`);
    });

    test.each([
      ['await import("fs")', 1],
      ['const a = 1;\n  const fs = await import("node:fs");', 2],
      ['const load = async () => {\n  return import("x")\n};\nawait load()', 2],
      ['await import.source("x")', 1],
    ])('says what to do instead of import(): %j', async (source, line) => {
      const error = await failure(runtime().execute(source));
      expect(error).toMatchObject({ code: 'script_error', name: 'Error', line });
      expect(error.message).toMatch(/^Not supported: scripts cannot load modules/);
      expect(error.stack).toContain(`Error: ${error.message}\n    at `);
    });

    test('says nothing of import() when an error of the script has the same words', async () => {
      const source = 'if (ctx.input.never) await import("fs"); throw new Error("Not supported")';
      const error = await failure(runtime().execute(source));
      expect(error).toMatchObject({ message: 'Not supported', column: 48 });
    });

    test('eval is absent, and says so', async () => {
      const error = await failure(runtime().execute('return eval("1 + 1")'));
      expect(error).toMatchObject({ code: 'script_error', name: 'ReferenceError' });
      expect(error.message).toMatch(/code from strings/);
    });

    test('gets its advice only when the script did not define it', async () => {
      expect(await outputOf('const fetch = () => 1; return fetch()')).toEqual({ value: 1 });
      if (realm === 'hardened') return;
      expect(await outputOf('globalThis.process = { pid: 1 }; return process.pid')).toEqual({
        value: 1,
      });
    });
  });
});

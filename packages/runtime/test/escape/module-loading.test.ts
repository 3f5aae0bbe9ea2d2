import { describe, expect, test } from 'vitest';
import { describeAttempts } from '../support/reach.ts';
import { realms, useRuntime } from '../support/runtime.ts';

describeAttempts({
  'import() of every kind of name': `
    const names = ['node:fs', 'fs', 'isolated-vm', './x.js', '/etc/passwd', 'file:///etc/passwd', 'data:text/javascript,export default globalThis', 'https://example.com/x.mjs', 'blob:x', 'cloister:guest', 'script.js', '', ' ',
      '#x', 'node:vm', 'node:internal/test', '../../src/worker/vm.ts', 'x'.repeat(100_000), { toString() { keep(this); return 'node:fs' } }, Symbol('x'), null, undefined, 1n, [['node:fs']], new Proxy({}, { get(t, k) { keep(k); return () => 'fs' } })];
    for (const name of names) { try { keep(await import(name)) } catch (error) { keep(error, error.constructor) } }`,
  'import() with options of the script': `
    for (const options of [{ with: { type: 'json' } }, { get with() { keep(this); return {} } }, { with: new Proxy({}, { ownKeys() { keep(this); return ['type'] } }) }, 1, null]) {
      try { keep(await import('node:fs', options)) } catch (error) { keep(error) }
    }`,
  'import.source() and import.defer()': `
    for (const name of ['node:fs', 'x', { toString() { keep(this); return 'fs' } }]) { try { keep(await import.source(name)) } catch (error) { keep(error, error.constructor) } }`,
  'import() from where no script stands on the stack': `
    const load = () => import('node:fs').catch(keep);
    keep(await new Promise((resolve) => setTimeout(() => resolve(load()), 1)), await Promise.resolve('node:fs').then((name) => import(name)).catch(keep));
    queueMicrotask(load); new AbortController().signal.addEventListener('abort', load); console.log({ toJSON: load, get a() { return load() } });
    await hostFunction({ toJSON: load }); await { then(resolve) { resolve(load()) } };
    Error.prepareStackTrace = load; void new Error('x').stack;`,
  'import() in generators, classes, getters and parameters': `
    class A { static x = import('fs').catch(keep); static { keep(import('fs').catch(keep)) } get [(import('fs').catch(keep), 'a')]() { return import('fs') } }
    keep(A.x, await new A().a.catch(keep), await (async (x = import('fs')) => x)().catch(keep), ...(function* () { yield import('fs').catch(keep) })());`,
  'what loads code elsewhere': `
    for (const name of ['require', 'module', 'exports', 'importScripts', 'Worker', 'SharedWorker', 'Deno', 'Bun', 'process', 'fetch', 'XMLHttpRequest', 'WebSocket', 'navigator', 'document', 'load', 'read', 'print', 'quit', 'd8', 'gc', 'version', 'Realm', 'ShadowRealm', 'Compartment', 'ModuleSource', 'Evaluator', 'ivm', '$262', 'AsyncFunction', 'WebAssembly', 'eval']) {
      if (name in globalThis) keep({ found: name, applySync: globalThis[name] ?? true });
    }`,
});

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });

  test.each([
    'import fs from "node:fs"',
    'import "node:fs"',
    'export default 1',
    'return import.meta',
    'return import.meta.url',
    'import defer * as x from "x"',
    'return import("x", {}, 1)',
    'new import("x")',
    '(0, import)("x")',
    'return typeof import',
  ])('is no script: %s', async (source) => {
    await expect(runtime().execute(source)).rejects.toMatchObject({ code: 'compilation_error' });
  });

  test.each([
    '//# sourceMappingURL=file:///etc/passwd',
    '//# sourceURL=node:fs',
    '//@ sourceURL=cloister:guest',
    '#!/usr/bin/env node',
    '/* @jsx require */',
    '"use strict"; "use asm";',
  ])('the comment or directive %s does nothing', async (line) => {
    const { output } = await runtime().execute(
      `${line}\nreturn new Error('x').stack.split('\\n')[1]`,
    );
    expect(output['value']).toMatch(/script\.js:2:/);
  });

  test('asm.js is plain code', async () => {
    const source = `function Module(stdlib) { "use asm"; var abs = stdlib.Math.abs; function f(a) { a = a | 0; return abs(a | 0) | 0 } return { f: f } }
      return [Module({ Math }).f(-3), Module({ Math: { abs: () => 7 } }).f(-3)]`;
    expect((await runtime().execute(source)).output).toEqual({ value: [3, 7] });
  });
});

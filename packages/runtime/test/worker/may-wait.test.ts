import { expect, test } from 'vitest';
import { mayWait } from '../../src/worker/may-wait.ts';

test.each([
  'return 1',
  'return ctx.input.items.map((item) => item.price).reduce((a, b) => a + b, 0)',
  '// then she asked for a promise of awaited things\nreturn authenticate(asynchronous)',
  'const text = "\\n\\x41"; return /\\d+/.test(text)',
])('a script cannot wait that has no word for it: %s', (text) => {
  expect(mayWait(text)).toBe(false);
});

test.each([
  'await null',
  'return (async () => 1)()',
  'Promise.reject(1)',
  'const p = globalThis["Pro" + "mise"]',
  'const p = Pro\\u006dise.resolve()',
  'const p = Pro\\u{6d}ise.resolve()',
  'queueMicrotask(f)',
  'setTimeout(f)',
  'sdk.http.get("/")',
  'import("x")',
  'new AsyncDisposableStack()',
  'const $ = { async*f() {} }',
  `return 1 // ${'x'.repeat(20_000)}`,
])('a script may wait that has one, or is long: %s', (text) => {
  expect(mayWait(text)).toBe(true);
});

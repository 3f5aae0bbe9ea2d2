import { describe, expect, test } from 'vitest';
import { gives, sameAsNode, useRuntime } from './web-rows.ts';

const runtime = useRuntime();
const integers = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'BigInt64Array',
  'BigUint64Array',
];

describe('crypto', () => {
  sameAsNode(runtime, [
    ...integers.map(
      (name) =>
        `(() => { const a = new ${name}(64); const b = crypto.getRandomValues(a); return [a === b, a.some((x) => x != 0), b.constructor.name]; })()`,
    ),
    ...['Float16Array', 'Float32Array', 'Float64Array'].map(
      (name) => `crypto.getRandomValues(new ${name}(4))`,
    ),
    `crypto.getRandomValues(new DataView(new ArrayBuffer(4)))`,
    `crypto.getRandomValues(new Uint8Array(0))`,
    `crypto.getRandomValues(new Uint8Array(65536)).length`,
    `crypto.getRandomValues(new Uint8Array(65537)).length`,
    `crypto.getRandomValues(new Uint32Array(16385)).length`,
    `(() => { const all = new Uint8Array(300); crypto.getRandomValues(all.subarray(100, 200)); return [all.slice(0, 100).some(Boolean), all.slice(100, 200).some(Boolean), all.slice(200).some(Boolean)]; })()`,
    `(() => { const a = bytes(1, 2); a.buffer.transfer(); return crypto.getRandomValues(a).length; })()`,
    `/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())`,
    `new Set(Array.from({ length: 100 }, () => crypto.randomUUID())).size`,
    `Object.prototype.toString.call(crypto)`,
    `crypto.randomUUID.call({})`,
    `crypto.getRandomValues.call({}, bytes(1))`,
    `new crypto.constructor()`,
  ]);
  gives(runtime, [
    [`crypto.getRandomValues()`, 'throws TypeError'],
    [`crypto.getRandomValues([1])`, 'throws TypeError'],
    [`crypto.getRandomValues(new ArrayBuffer(4))`, 'throws TypeError'],
    [
      `(() => { const counts = new Uint32Array(256); for (let i = 0; i < 4; i++) for (const b of crypto.getRandomValues(new Uint8Array(65536))) counts[b]++; return counts.every((n) => n > 800 && n < 1250); })()`,
      'true',
    ],
  ]);
});

describe('performance', () => {
  gives(runtime, [
    [
      `Number.isInteger(performance.now()) && performance.now() >= 0 && performance.now() < 20000`,
      'true',
    ],
    [
      `(() => { let last = performance.now(); for (let i = 0; i < 1e5; i++) { const now = performance.now(); if (now < last || now % 1) return now; last = now; } return 'steady'; })()`,
      '"steady"',
    ],
    [
      `(async () => { const a = performance.now(); await new Promise((resolve) => setTimeout(resolve, 30)); const b = performance.now(); return b - a >= 29 && b - a < 5000; })()`,
      'true',
    ],
    [`Math.abs(performance.timeOrigin + performance.now() - Date.now()) <= 5`, 'true'],
    [
      `JSON.stringify(performance) === JSON.stringify({ timeOrigin: performance.timeOrigin })`,
      'true',
    ],
    [`performance.now.call({})`, 'throws TypeError'],
    [`new performance.constructor()`, 'throws TypeError'],
    [`Object.prototype.toString.call(performance)`, '"[object Performance]"'],
  ]);

  test('begins anew with each run', async () => {
    const source = `const at = performance.now(); await new Promise((resolve) => setTimeout(resolve, 40)); return [at, performance.timeOrigin]`;
    const first = (await runtime().execute(source)).output['value'] as number[];
    const second = (await runtime().execute(source)).output['value'] as number[];
    expect(first[0]).toBeLessThan(30);
    expect(second[0]).toBeLessThan(30);
    expect(second[1]).toBeGreaterThanOrEqual(first[1]! + 39);
  });
});

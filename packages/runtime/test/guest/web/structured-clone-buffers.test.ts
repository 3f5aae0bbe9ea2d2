import { describe } from 'vitest';
import { sameAsNode, useRuntime } from './web-rows.ts';

const runtime = useRuntime();
const arrays = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float16Array',
  'Float32Array',
  'Float64Array',
];

describe('buffers', () => {
  sameAsNode(runtime, [
    ...arrays.map(
      (name) =>
        `(() => { const c = structuredClone(new ${name}([1, 2, 3])); return [c, c.constructor.name]; })()`,
    ),
    `structuredClone(new BigInt64Array([1n, -1n]))`,
    `structuredClone(new BigUint64Array([1n]))`,
    `structuredClone(bytes(1, 2, 3).buffer)`,
    `(() => { const c = structuredClone(new DataView(bytes(1, 2, 3, 4).buffer, 1, 2)); return [c.byteOffset, c.byteLength, c.getUint8(0), c.buffer.byteLength]; })()`,
    `(() => { const b = new ArrayBuffer(8); const c = structuredClone([b, new Uint8Array(b, 2, 3), new Uint16Array(b)]); c[2][1] = 513; return [c[1], c[0] === c[1].buffer, c[1].buffer === c[2].buffer, c[1].byteOffset]; })()`,
    `(() => { const b = new ArrayBuffer(2, { maxByteLength: 8 }); const c = structuredClone(b); return [c.resizable, c.maxByteLength, c.byteLength]; })()`,
    ...[2, 8, 16].map(
      (max) =>
        `(() => { const b = new ArrayBuffer(2, { maxByteLength: ${max} }); const c = structuredClone([new Uint8Array(b), new Uint8Array(b, 0, 2), new DataView(b), new Uint8Array(b, 1)]); if (${max} > 2) c[0].buffer.resize(4); return c.map((v) => v.byteLength); })()`,
    ),
    `(() => { const b = new ArrayBuffer(16, { maxByteLength: 16 }); const v = new Uint8Array(b); v.set(Array.from({ length: 16 }, (_, i) => i)); const c = structuredClone([v, new Uint8Array(b, 0, 16)]); c[0].buffer.resize(8); return [v, c[0], c[1].length]; })()`,
    `structuredClone(Object.assign(bytes(1), { extra: 1 })).extra`,
    `(() => { const b = new ArrayBuffer(4); b.transfer(); return structuredClone(b); })()`,
    `(() => { const v = bytes(1); v.buffer.transfer(); return structuredClone(v); })()`,
    `(() => { const b = new ArrayBuffer(8, { maxByteLength: 8 }); const v = new DataView(b, 4, 4); b.resize(2); return structuredClone(v); })()`,
  ]);
});

describe('transfer', () => {
  sameAsNode(runtime, [
    `(() => { const b = bytes(1, 2, 3).buffer; const c = structuredClone(b, { transfer: [b] }); return [b.detached, b.byteLength, c]; })()`,
    `(() => { const v = bytes(1, 2, 3); const c = structuredClone({ v }, { transfer: [v.buffer] }); return [v.length, c.v]; })()`,
    `(() => { const b = bytes(1).buffer; const c = structuredClone(5, { transfer: [b] }); return [c, b.detached]; })()`,
    `(() => { const b = new ArrayBuffer(2, { maxByteLength: 4 }); const c = structuredClone(b, { transfer: new Set([b]) }); return [c.resizable, c.maxByteLength]; })()`,
    `(() => { const b = bytes(1).buffer; try { structuredClone({ b, f() {} }, { transfer: [b] }); } catch (e) { return [e.name, b.detached]; } })()`,
    `(() => { const b = bytes(1).buffer; return structuredClone(b, { transfer: [b, b] }); })()`,
    `(() => { const b = bytes(1).buffer; b.transfer(); return structuredClone(1, { transfer: [b] }); })()`,
    `structuredClone(1, { transfer: [{}] })`,
    `structuredClone(1, { transfer: [bytes(1)] })`,
    `structuredClone(1, { transfer: 5 })`,
    `structuredClone(1, { transfer: undefined })`,
    `structuredClone(1, null)`,
    `structuredClone(1, 5)`,
    `structuredClone(1, {})`,
  ]);
});

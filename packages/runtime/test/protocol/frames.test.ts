import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame, FrameReader } from '../../src/protocol/frames.ts';

const mebi = 1024 * 1024;
// What JSON cannot say apart (-0, lone surrogates keep) is not what frames are about.
const batches = fc.array(
  fc.array(fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown)),
  {
    maxLength: 6,
  },
);

/** A frame with any body, valid or not. */
function rawFrame(body: string | Buffer, announced?: number): Buffer {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(announced ?? bytes.length);
  return Buffer.concat([head, bytes]);
}

/** Cuts bytes at the given places, in whatever order they are. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted(
    (a, b) => a - b,
  );
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

describe('FrameReader', () => {
  test('gives the same messages however the stream of bytes is split', () => {
    fc.assert(
      fc.property(batches, fc.array(fc.nat()), (sent, places) => {
        const reader = new FrameReader(mebi);
        const stream = Buffer.concat(sent.map(encodeFrame));
        const got = cut(stream, places).flatMap((piece) => reader.read(piece));
        expect(got).toEqual(sent.flat());
      }),
      { numRuns: 500 },
    );
  });

  test('gives the messages of a stream that comes byte by byte as soon as each frame is complete', () => {
    const reader = new FrameReader(mebi);
    const frames = [[1, 'ä€😀'], [], [{ a: null }]].map(encodeFrame);
    const seen = frames.map((frame) => [...frame].map((byte) => reader.read(Buffer.from([byte]))));
    expect(seen.map((reads) => reads.slice(0, -1).flat())).toEqual([[], [], []]);
    expect(seen.map((reads) => reads.at(-1))).toEqual([[1, 'ä€😀'], [], [{ a: null }]]);
  });

  test('takes a frame of exactly the bound and refuses one that announces a byte more', () => {
    const body = JSON.stringify(['x'.repeat(96)]);
    expect(body.length).toBe(100);
    expect(new FrameReader(100).read(rawFrame(body))).toEqual(['x'.repeat(96)]);
    expect(() => new FrameReader(99).read(rawFrame(body))).toThrow(RangeError);
  });

  test('refuses a frame over the bound when its length is known, before any of its body', () => {
    const reader = new FrameReader(mebi);
    expect(reader.read(Buffer.from([0xff, 0xff, 0xff]))).toEqual([]);
    expect(() => reader.read(Buffer.from([0xff]))).toThrow(RangeError);
  });

  test('announces RangeError for every length over the bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: mebi + 1, max: 2 ** 32 - 1 }), (length) => {
        expect(() => new FrameReader(mebi).read(rawFrame('', length))).toThrow(RangeError);
      }),
    );
  });

  test.each([
    ['nothing', ''],
    ['a text that is not JSON', '[1'],
    ['bytes that are not UTF-8', Buffer.from([0xff, 0xfe])],
    ['two values', '[][]'],
    ['an object', '{"type":"ready"}'],
    ['a number', '7'],
    ['null', 'null'],
    ['a string', '"[]"'],
  ])('refuses a frame that holds %s', (_what, body) => {
    expect(() => new FrameReader(mebi).read(rawFrame(body))).toThrow(SyntaxError);
  });

  test('reads on after frames that filled a piece exactly', () => {
    const reader = new FrameReader(mebi);
    expect(reader.read(encodeFrame([1]))).toEqual([1]);
    expect(reader.read(Buffer.concat([encodeFrame([2]), encodeFrame([3, 4])]))).toEqual([2, 3, 4]);
    expect(reader.read(Buffer.alloc(0))).toEqual([]);
    expect(reader.read(encodeFrame([5]))).toEqual([5]);
  });
});

describe('encodeFrame', () => {
  test('announces the length in bytes, not in characters', () => {
    const frame = encodeFrame(['€']);
    expect(frame.readUInt32LE(0)).toBe(frame.length - 4);
    expect(frame.subarray(4).toString()).toBe('["€"]');
  });

  test('carries a lone surrogate as it is', () => {
    expect(new FrameReader(mebi).read(encodeFrame(['\ud800', '\udc00x']))).toEqual([
      '\ud800',
      '\udc00x',
    ]);
  });
});

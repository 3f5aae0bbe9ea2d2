import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeFrame,
  encodeFrames,
  FrameReader,
  JsonText,
  SurroundedText,
} from '../../src/protocol/frames.ts';

const mebi = 1024 * 1024;
// What JSON cannot say apart (-0, lone surrogates keep) is not what frames are about.
const batches = fc.array(
  fc.array(fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown)),
  {
    maxLength: 6,
  },
);

/** Messages that carry no attachment, and messages that do. */
const carriers = fc.array(
  fc.oneof(
    fc.record({ type: fc.string(), source: fc.nat() }),
    fc.record({
      type: fc.string(),
      more: fc.array(fc.string()),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    }),
  ),
  { maxLength: 8 },
);

/** The lengths that stand before every frame: of its JSON and of its attachments. */
function header(json: number, attachments: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(json, 0);
  head.writeUInt32LE(attachments, 4);
  return head;
}

/** A frame with any body, valid or not. */
function rawFrame(body: string | Buffer, attachments = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([header(bytes.length, attachments.length), bytes, attachments]);
}

/** Messages with their attachments as texts, so that any kind of bytes compares, and fast. */
function plain(messages: readonly unknown[]): unknown[] {
  return messages.map((message) => {
    const { bytes } = message as { bytes?: unknown };
    if (!(bytes instanceof Uint8Array)) return message;
    return { ...(message as object), bytes: `latin1 ${Buffer.from(bytes).toString('latin1')}` };
  });
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
    expect(new FrameReader(108).read(rawFrame(body))).toEqual(['x'.repeat(96)]);
    expect(() => new FrameReader(107).read(rawFrame(body))).toThrow(RangeError);
    const attached = rawFrame(body, Buffer.alloc(50));
    expect(new FrameReader(158).read(attached)).toEqual(['x'.repeat(96)]);
    expect(() => new FrameReader(157).read(attached)).toThrow(RangeError);
  });

  test('refuses a frame over the bound when its lengths are known, before any of its body', () => {
    const reader = new FrameReader(mebi);
    expect(reader.read(Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0]))).toEqual([]);
    expect(() => reader.read(Buffer.from([0]))).toThrow(RangeError);
  });

  test('refuses every header whose lengths come to more than the bound', () => {
    const length = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.nat(2 * mebi));
    fc.assert(
      fc.property(length, length, (json, attachments) => {
        const read = (): unknown[] => new FrameReader(mebi).read(header(json, attachments));
        if (json + attachments + 8 > mebi) expect(read).toThrow(RangeError);
        else if (json + attachments > 0) expect(read()).toEqual([]);
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

  test('gives a frame for which room is made as it comes', () => {
    const sent = [{ type: 'code', bytes: Buffer.alloc(20 * mebi, 'abc') }, { type: 'after' }];
    const reader = new FrameReader(64 * mebi);
    const stream = Buffer.concat([encodeFrame(sent.slice(0, 1)), encodeFrame(sent.slice(1))]);
    const got: unknown[] = [];
    for (let at = 0; at < stream.length; at += 65_536) {
      got.push(...reader.read(stream.subarray(at, at + 65_536)));
    }
    expect(got.length).toBe(2);
    expect(Buffer.compare((got[0] as { bytes: Uint8Array }).bytes, sent[0]!.bytes!)).toBe(0);
    expect(got[1]).toEqual({ type: 'after' });
  });

  test('takes no memory for what is announced and does not come', () => {
    const before = process.memoryUsage().external;
    const readers = Array.from({ length: 8 }, () => new FrameReader(256 * mebi));
    for (const reader of readers) reader.read(Buffer.concat([header(4, 250 * mebi), Buffer.of(1)]));
    expect(process.memoryUsage().external - before).toBeLessThan(128 * mebi);
  });

  test.each(['as it is', 'with room made'])(
    'gives frames that come in pieces one after the other, each for good (%s)',
    (how) => {
      const reader = new FrameReader(4 * mebi);
      if (how === 'with room made') reader.makeRoom();
      const sizes = [100_000, 1000, 700_000, 1.5 * mebi, 50_000, 0, 200_000];
      const sent = sizes.map((size, i) => [
        { bytes: new Uint8Array(size).fill(i + 1), text: String(i).repeat(size), n: i },
      ]);
      const read = sent.flatMap((batch) =>
        cut(encodeFrame(batch), [5, 12, 70_000, 90_001]).flatMap((piece) => {
          // In the middle of a frame it has no effect.
          if (how === 'with room made') reader.makeRoom();
          return reader.read(piece);
        }),
      );
      expect(plain(read)).toEqual(plain(sent.flat()));
    },
  );

  test('reads on after frames that filled a piece exactly', () => {
    const reader = new FrameReader(mebi);
    expect(reader.read(encodeFrame([1]))).toEqual([1]);
    expect(reader.read(Buffer.concat([encodeFrame([2]), encodeFrame([3, 4])]))).toEqual([2, 3, 4]);
    expect(reader.read(Buffer.alloc(0))).toEqual([]);
    expect(reader.read(encodeFrame([5]))).toEqual([5]);
  });
});

describe('an attachment', () => {
  test('comes out as the bytes that went in, in the field of its message', () => {
    const bytes = Buffer.from([0, 255, 0x5b, 0x5d, 10]);
    const [message, ...more] = new FrameReader(mebi).read(
      encodeFrame([{ type: 'code', source: 7, bytes }]),
    );
    expect(message).toEqual({ type: 'code', source: 7, bytes: new Uint8Array(bytes) });
    expect(more).toEqual([]);
  });

  test('is one of several in a frame, an empty one and messages without any among them', () => {
    const sent = [
      { type: 'a', bytes: new Uint8Array([1, 2, 3]) },
      { type: 'b' },
      { type: 'c', bytes: new Uint8Array(0) },
      { type: 'd', bytes: Buffer.from([4]) },
      { type: 'e', bytes: new Uint8Array([9, 5, 6, 9]).subarray(1, 3) },
    ];
    expect(plain(new FrameReader(mebi).read(encodeFrame(sent)))).toEqual(plain(sent));
  });

  test('stays what it is, however the stream of bytes is split', () => {
    fc.assert(
      fc.property(fc.array(carriers, { maxLength: 4 }), fc.array(fc.nat()), (sent, places) => {
        const reader = new FrameReader(mebi);
        const stream = Buffer.concat(sent.map(encodeFrame));
        const got = cut(stream, places).flatMap((piece) => reader.read(piece));
        expect(plain(got)).toEqual(plain(sent.flat()));
      }),
      { numRuns: 500 },
    );
  });

  test('is a copy, so that it does not keep its frame alive or change with it', () => {
    const frame = encodeFrame([{ bytes: new Uint8Array([1, 2]) }]);
    const [message] = new FrameReader(mebi).read(frame) as { bytes: Uint8Array }[];
    frame.fill(9);
    expect([...message!.bytes]).toEqual([1, 2]);
  });

  test.each([
    ['behind its end', { at: 4, length: 1 }],
    ['behind its beginning, after nothing', { at: 1, length: 1 }],
    ['across its end', { at: 3, length: 2 }],
    ['before its beginning', { at: -1, length: 1 }],
    ['with a length below zero', { at: 2, length: -1 }],
    ['between two bytes', { at: 0.5, length: 1 }],
    ['for a part of a byte', { at: 0, length: 0.5 }],
    ['where no number can be exact', { at: 2 ** 53, length: 0 }],
    ['at a place that is no number', { at: '0', length: 1 }],
    ['without a place', { length: 1 }],
    ['without a length', { at: 0 }],
    ['nowhere', null],
    ['in a list', [0, 1]],
    ['in a text', 'bytes'],
    ['in a number', 4],
  ])('is refused when the frame says that it lies %s', (_what, bytes) => {
    const body = JSON.stringify([{ type: 'code', source: 1, bytes }]);
    const frame = rawFrame(body, Buffer.from([1, 2, 3, 4]));
    expect(() => new FrameReader(mebi).read(frame)).toThrow(RangeError);
  });

  test('is never anything but bytes of its frame, whatever the frame says', () => {
    const size = fc.oneof(fc.integer({ min: -5, max: 12 }), fc.double(), fc.jsonValue());
    const attachments = fc.uint8Array({ minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(size, size, attachments, (at, length, attached) => {
        const frame = rawFrame(JSON.stringify([{ bytes: { at, length } }]), Buffer.from(attached));
        let got: unknown[];
        try {
          got = new FrameReader(mebi).read(frame);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        const from = at as number;
        const part = attached.subarray(from, from + (length as number));
        expect(part).toHaveLength(length as number);
        expect(plain(got)).toEqual(plain([{ bytes: part }]));
      }),
      { numRuns: 2000 },
    );
  });

  test('is taken once: a frame cannot come out as more than it holds', () => {
    const claim = { type: 'code', source: 1, bytes: { at: 0, length: 4 } };
    const text = { type: 'note', text: { at: 0, length: 4, encoding: 'latin1' } };
    for (const claims of [
      [claim, claim],
      [text, text],
      [claim, text],
      [{ ...text, bytes: claim.bytes }],
    ]) {
      const frame = rawFrame(JSON.stringify(claims), Buffer.from([1, 2, 3, 4]));
      expect(() => new FrameReader(mebi).read(frame)).toThrow(RangeError);
    }
  });

  test('of no bytes comes out as such when there is no other', () => {
    const sent = [{ type: 'code', source: 7, bytes: new Uint8Array() }];
    expect(plain(new FrameReader(mebi).read(encodeFrame(sent)))).toEqual(plain(sent));
  });

  test.each([
    { at: 0, length: 1 },
    { at: 1, length: 0 },
  ])('%j that a message claims to carry in a frame without any never becomes bytes', (bytes) => {
    const read = (): unknown[] =>
      new FrameReader(mebi).read(rawFrame(JSON.stringify([{ type: 'code', source: 1, bytes }])));
    try {
      expect((read()[0] as { bytes: unknown }).bytes).not.toBeInstanceOf(Uint8Array);
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
    }
  });
});

describe('a long text', () => {
  /** Twice the length from which texts are attached. */
  const long = (unit: string): string => unit.repeat(8192 / unit.length);
  const attachedAs = (text: string): unknown => {
    const frame = encodeFrame([{ type: 'add-source', source: 1, text }]);
    const body = frame.toString('utf8', 8, 8 + frame.readUInt32LE(0));
    return (JSON.parse(body) as { text: unknown }[])[0]!.text;
  };
  const across = (message: object, bound = mebi): unknown =>
    new FrameReader(bound).read(encodeFrame([message]))[0];

  test.each([
    ['ASCII', long('a\n'), { encoding: 'latin1', length: 8192 }],
    ['Latin 1', `${long('a')}\u00ff`, { encoding: 'utf8', length: 8194 }],
    ['Cyrillic', long('ж'), { encoding: 'utf8', length: 16_384 }],
    ['one character beyond Latin 1', `${long('a')}\u0100`, { encoding: 'utf8', length: 8194 }],
    ['pairs of surrogates', long('😀'), { encoding: 'utf8', length: 16_384 }],
    ['a lone surrogate', `${long('a')}\ud800`, { encoding: 'utf16le', length: 16_386 }],
    [
      'a pair the wrong way round',
      `${long('a')}\udc00\ud800`,
      { encoding: 'utf16le', length: 16_388 },
    ],
    ['a byte order mark', `\uFEFF${long('a')}`, { encoding: 'utf8', length: 8195 }],
  ])('of %s is attached in an encoding that keeps it', (_what, text, place) => {
    expect(attachedAs(text)).toEqual({ at: 0, ...place });
    // Not by `toEqual`, which prints both when they differ.
    expect((across({ type: 'add-source', text }) as { text: string }).text === text).toBe(true);
  });

  test('is one from 4096 characters', () => {
    expect(attachedAs('x'.repeat(4095))).toBe('x'.repeat(4095));
    expect(attachedAs('x'.repeat(4096))).toEqual({ at: 0, length: 4096, encoding: 'latin1' });
  });

  test('comes out as it went in, whatever its characters, among bytes and other texts', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary-ascii' }),
      fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
    );
    const messages = fc.array(
      fc.record(
        {
          text: fc
            .tuple(texts, fc.nat(2))
            .map(([text, n]) => text + text.repeat(n) + long('z').slice(n * 4000)),
          bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
          id: fc.nat(),
        },
        { requiredKeys: ['id'] },
      ),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(messages, fc.array(fc.nat()), (sent, places) => {
        const reader = new FrameReader(mebi);
        const got = cut(encodeFrame(sent), places).flatMap((piece) => reader.read(piece));
        expect(plain(got)).toEqual(plain(sent));
      }),
      { numRuns: 300 },
    );
  });

  test('counts against the bound of a frame with its bytes', () => {
    const message = { type: 'add-source', text: long('a') };
    const { length } = encodeFrame([message]);
    expect(across(message, length)).toEqual(message);
    expect(() => across(message, length - 1)).toThrow(RangeError);
  });

  test.each([
    ['in no encoding', { at: 0, length: 4 }],
    ['in an unknown encoding', { at: 0, length: 4, encoding: 'base64' }],
    ['in an encoding that objects inherit', { at: 0, length: 4, encoding: 'constructor' }],
    ['across its end', { at: 0, length: 5, encoding: 'latin1' }],
    ['nowhere', null],
    ['in a list', [0, 4, 'latin1']],
  ])('is refused when the frame says that it lies %s', (_what, text) => {
    const frame = rawFrame(JSON.stringify([{ type: 'x', text }]), Buffer.from('abcd'));
    expect(() => new FrameReader(mebi).read(frame)).toThrow(RangeError);
  });

  test('that is not in its encoding is a text all the same', () => {
    const read = (encoding: string, length: number): unknown => {
      const place = JSON.stringify([{ text: { at: 0, length, encoding } }]);
      return new FrameReader(mebi).read(rawFrame(place, Buffer.from([0xff, 0x41, 0xd8])))[0];
    };
    expect(read('utf8', 3)).toEqual({ text: '\ufffdA\ufffd' });
    expect(read('utf16le', 3)).toEqual({ text: '\u41ff' });
  });
});

describe('encodeFrame', () => {
  test('announces the length in bytes, not in characters', () => {
    const frame = encodeFrame(['€']);
    expect(frame.readUInt32LE(0)).toBe(frame.length - 8);
    expect(frame.readUInt32LE(4)).toBe(0);
    expect(frame.subarray(8).toString()).toBe('["€"]');
  });

  test('announces the length of all attachments apart, and puts them behind the JSON', () => {
    const frame = encodeFrame([{ bytes: Buffer.from('one') }, { bytes: Buffer.from('four') }]);
    expect(frame.readUInt32LE(4)).toBe(7);
    expect(frame.length).toBe(8 + frame.readUInt32LE(0) + 7);
    expect(frame.subarray(-7).toString()).toBe('onefour');
  });

  test('carries a lone surrogate as it is', () => {
    expect(new FrameReader(mebi).read(encodeFrame(['\ud800', '\udc00x']))).toEqual([
      '\ud800',
      '\udc00x',
    ]);
  });
});

describe('encodeFrames', () => {
  const read = (frames: readonly Buffer[]): unknown[] => {
    const reader = new FrameReader(256 * mebi);
    return frames.flatMap((frame) => reader.read(frame));
  };

  test('puts what is small into one frame, and nothing into none', () => {
    expect(encodeFrames([])).toEqual([]);
    const messages = Array.from({ length: 1000 }, (_, id) => ({ type: 'cancel', run: id }));
    expect(encodeFrames(messages)).toEqual([encodeFrame(messages)]);
  });

  test.each([
    ['texts', (id: number) => ({ type: 'add-source', source: id, text: 'x'.repeat(3 * mebi) })],
    ['inputs', (id: number) => ({ type: 'run', run: id, input: 'y'.repeat(3 * mebi) })],
    [
      'outputs',
      (id: number) => ({ id, outcome: { status: 'completed', output: 'z'.repeat(3e6) } }),
    ],
    [
      'bytes',
      (id: number) => ({ type: 'add-code', source: id, bytes: Buffer.alloc(3 * mebi, id) }),
    ],
  ])('spreads large %s of one tick over several frames, in order', (_what, make) => {
    const sent = Array.from({ length: 20 }, (_, id) => make(id));
    const frames = encodeFrames(sent);
    expect(frames.length).toBeGreaterThan(5);
    expect(Math.max(...frames.map((frame) => frame.length))).toBeLessThan(12 * mebi);
    expect(plain(read(frames))).toEqual(plain(sent));
  });

  test('spreads large log lines of one tick over several frames', () => {
    const lines = [{ level: 'info', message: 'z'.repeat(3 * mebi) }];
    const sent = Array.from({ length: 20 }, (_, run) => ({ type: 'log', run, lines }));
    expect(encodeFrames(sent).length).toBeGreaterThan(5);
  });

  test('never splits a message, however large', () => {
    const large = { type: 'add-source', source: 1, text: 'x'.repeat(20 * mebi) };
    const frames = encodeFrames([{ a: 1 }, large, { b: 2 }]);
    expect(frames).toHaveLength(2);
    expect(read(frames)).toEqual([{ a: 1 }, large, { b: 2 }]);
  });
});

describe('a text with something before and behind it', () => {
  test.each([
    ['short', 'return 1'],
    ['long', 'x'.repeat(10_000)],
    ['long, with letters that Latin-1 has', 'é'.repeat(10_000)],
    ['long, with letters that it has not', `${'x'.repeat(10_000)}中`],
    ['long, with a lone surrogate', `${'x'.repeat(10_000)}\ud800`],
  ])('comes out in one piece, among other attachments: %s', (_what, text) => {
    const surrounded = new SurroundedText('before {', text, '} after');
    const sent = [
      { type: 'a', bytes: new Uint8Array([1, 2]) },
      { type: 'b', text: surrounded },
      { type: 'c', text: 'y'.repeat(5000) },
    ];
    const [first, second, third] = new FrameReader(mebi).read(encodeFrame(sent));
    expect(first).toEqual({ type: 'a', bytes: new Uint8Array([1, 2]) });
    expect(second).toEqual({ type: 'b', text: `before {${text}} after` });
    expect(third).toEqual({ type: 'c', text: 'y'.repeat(5000) });
  });
});

test('a message that is written down already is read as any other', () => {
  const sent = [{ a: 1 }, new JsonText('{"b":[2,"é"]}'), { c: 3 }];
  expect(new FrameReader(mebi).read(encodeFrame(sent))).toEqual([
    { a: 1 },
    { b: [2, 'é'] },
    { c: 3 },
  ]);
});

import { describe } from 'vitest';
import { gives, sameAsNode, useRuntime } from './web-rows.ts';

const runtime = useRuntime();

describe('TextEncoder', () => {
  sameAsNode(runtime, [
    ...[
      '',
      'plain',
      'é',
      '€',
      '💩',
      '\u0000',
      '\u007f\u0080\u07ff\u0800\uffff',
      '\ud800',
      '\udc00',
      '\ud800x',
      'x\udc00\ud800',
      '\ud83d\ud83d\udca9',
      '\u{10ffff}',
    ].map((text) => `new TextEncoder().encode(${JSON.stringify(text)})`),
    `new TextEncoder().encode()`,
    `new TextEncoder().encode(undefined)`,
    `new TextEncoder().encode(null)`,
    `new TextEncoder().encode(12)`,
    `new TextEncoder().encode(Symbol())`,
    `new TextEncoder('utf-16').encoding`,
    `TextEncoder()`,
    `TextEncoder.prototype.encode.call({}, 'x')`,
    `new TextEncoder().encode({ toString() { throw new RangeError('mine'); } })`,
    ...['abc', 'éé', '€€', '💩💩', 'a💩', '\ud800b'].flatMap((text) =>
      [0, 1, 2, 3, 4, 5, 7].map(
        (room) =>
          `(() => { const to = new Uint8Array(${room}); const { read, written } = new TextEncoder().encodeInto(${JSON.stringify(text)}, to); return [read, written, to]; })()`,
      ),
    ),
    `(() => { const all = new Uint8Array(8); new TextEncoder().encodeInto('hey', all.subarray(2, 4)); return all; })()`,
    `new TextEncoder().encodeInto('a')`,
    `new TextEncoder().encodeInto('a', [])`,
    `new TextEncoder().encodeInto('a', new Uint16Array(2))`,
    `new TextEncoder().encodeInto('a', new Uint8ClampedArray(2))`,
    `new TextEncoder().encodeInto('a', new ArrayBuffer(2))`,
    `(() => { const to = new Uint8Array(4); to.buffer.transfer(); return new TextEncoder().encodeInto('abc', to); })()`,
    `new TextEncoder().encode('é€💩\\ud800x'.repeat(1000)).reduce((sum, byte, i) => (sum * 31 + byte + i) % 1000003, 7)`,
  ]);
});

/** Byte sequences: whole, cut, overlong, of surrogates, out of range, stray. */
const sequences = [
  [],
  [0x41],
  [0xc3, 0xa9],
  [0xe2, 0x82, 0xac],
  [0xf0, 0x9f, 0x92, 0xa9],
  [0xef, 0xbb, 0xbf],
  [0xef, 0xbb, 0xbf, 0x41],
  [0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf],
  [0x41, 0xef, 0xbb, 0xbf],
  [0xff],
  [0xfe, 0x41],
  [0x80],
  [0xbf, 0xbf],
  [0xc0, 0x80],
  [0xc1, 0xbf],
  [0xc3],
  [0xc3, 0x41],
  [0xe2, 0x82],
  [0xe2, 0x41],
  [0xe2, 0x82, 0x41],
  [0xe0, 0x80, 0x80],
  [0xe0, 0x9f, 0xbf],
  [0xed, 0xa0, 0x80],
  [0xed, 0xbf, 0xbf],
  [0xf0, 0x80, 0x80, 0x80],
  [0xf0, 0x8f, 0xbf, 0xbf],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf4, 0x8f, 0xbf, 0xbf],
  [0xf5, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0xf0, 0x9f, 0x92],
  [0xf0, 0x9f, 0x41],
  [0xf0, 0x9f, 0xc3, 0xa9],
  [0xf0, 0xf0, 0x9f, 0x92, 0xa9],
  [0xef, 0xbb],
  [0xef, 0xbb, 0x41],
];
const wide = [
  [],
  [0x41, 0],
  [0, 0x41],
  [0xff, 0xfe, 0x41, 0],
  [0xfe, 0xff, 0, 0x41],
  [0x3d, 0xd8, 0xa9, 0xdc],
  [0xd8, 0x3d, 0xdc, 0xa9],
  [0x3d, 0xd8],
  [0xd8, 0x3d],
  [0xa9, 0xdc],
  [0xdc, 0xa9],
  [0x41],
  [0x3d, 0xd8, 0x41],
  [0x3d, 0xd8, 0x3d, 0xd8, 0xa9, 0xdc],
  [0xd8, 0, 0, 0x41],
  [0, 0xd8, 0x41, 0],
];
const all = JSON.stringify(Array.from({ length: 256 }, (_, byte) => byte));

describe('TextDecoder', () => {
  sameAsNode(runtime, [
    ...sequences.flatMap((bytes) => [
      `decode('utf-8', [${bytes.join()}])`,
      `decode('utf-8', [${bytes.join()}], { fatal: true })`,
      `decode('utf-8', [${bytes.join()}], { ignoreBOM: true })`,
    ]),
    ...wide.flatMap((bytes) =>
      ['utf-16le', 'utf-16be'].flatMap((label) => [
        `decode('${label}', [${bytes.join()}])`,
        `decode('${label}', [${bytes.join()}], { ignoreBOM: true })`,
      ]),
    ),
    ...['latin1', 'windows-1252', 'us-ascii', 'ISO-8859-1'].map(
      (label) => `decode('${label}', ${all})`,
    ),
    ...[
      'utf8',
      ' UTF-8\\n',
      'unicode-1-1-utf-8',
      'utf-16',
      'ucs-2',
      'unicodefffe',
      'latin1',
      'ascii',
      'cp1252',
      'iso_8859-1:1987',
      'x-cp1252',
      'l1',
    ].map((label) => `new TextDecoder('${label}').encoding`),
    ...['', 'nope', 'utf-9', 'utf-8\\u0000', '\\u00a0utf-8'].map(
      (label) => `new TextDecoder('${label}')`,
    ),
    `new TextDecoder().decode()`,
    `new TextDecoder().decode(undefined, { stream: true })`,
    `new TextDecoder().decode(null)`,
    `new TextDecoder().decode('x')`,
    `new TextDecoder().decode([65])`,
    `new TextDecoder().decode(new ArrayBuffer(2))`,
    `new TextDecoder().decode(new DataView(bytes(1, 65, 66).buffer, 1, 1))`,
    `new TextDecoder().decode(new Uint16Array([0x4241]))`,
    `new TextDecoder().decode(bytes(65, 66, 67).subarray(1))`,
    `(() => { const d = new TextDecoder('utf-8', { fatal: 1, ignoreBOM: 'x' }); return [d.fatal, d.ignoreBOM, d.encoding]; })()`,
    `new TextDecoder('utf-8', 5)`,
    `new TextDecoder('utf-8', null).fatal`,
    `TextDecoder()`,
    `TextDecoder.prototype.decode.call({})`,
    `(() => { const b = bytes(65, 66); b.buffer.transfer(); return new TextDecoder().decode(b); })()`,
    `(() => { const b = new ArrayBuffer(4, { maxByteLength: 8 }); const v = new Uint8Array(b, 2, 2); b.resize(3); return new TextDecoder().decode(v); })()`,
    `new TextDecoder().decode(new TextEncoder().encode('é€💩x'.repeat(5000))) === 'é€💩x'.repeat(5000)`,
    `decode('utf-16le', Array.from({ length: 5001 }, (_, i) => i % 251)).length`,
  ]);
});

describe('a stream', () => {
  const stream = (label: string, pieces: readonly number[][], options = '{}') =>
    `(() => { const d = new TextDecoder('${label}', ${options}); return ${JSON.stringify(pieces)}.map((p) => d.decode(bytes(...p), { stream: true })).concat(d.decode(), d.decode(bytes(65))); })()`;
  sameAsNode(runtime, [
    stream('utf-8', [[0xf0], [0x9f], [0x92], [0xa9, 0x41]]),
    stream('utf-8', [[0xf0, 0x9f], [0x41]]),
    stream('utf-8', [[0xf0, 0x9f]]),
    stream('utf-8', [[0xef], [0xbb], [0xbf, 0x41], [0xef, 0xbb, 0xbf]]),
    stream('utf-8', [[], [0xef, 0xbb], [0xbf]], '{ ignoreBOM: true }'),
    stream('utf-16le', [[0x3d], [0xd8], [0xa9], [0xdc]]),
    stream('utf-16le', [[0x3d, 0xd8, 0xa9]]),
    stream('utf-16be', [[0xd8], [0x3d, 0xdc], [0xa9]]),
    stream('utf-8', [[0xe2], [0x82]], '{ fatal: true }'),
    stream('utf-16le', [[0xff], [0xfe, 0x41], [0]]),
    stream('latin1', [[0x80], [0xe9]]),
  ]);
});

describe('what differs from Node, or from other platforms', () => {
  gives(runtime, [
    [`decode('utf-16le', [0x3d, 0xd8], { fatal: true })`, 'throws TypeError'],
    [`decode('utf-16be', [0xdc, 0xa9], { fatal: true })`, 'throws TypeError'],
    [`decode('latin1', [0x81, 0x80], { fatal: true })`, '"\u0081€"'],
    [`new TextDecoder('shift_jis')`, 'throws RangeError'],
    [`new TextDecoder('gbk')`, 'throws RangeError'],
    [`new TextDecoder('koi8-r')`, 'throws RangeError'],
    [
      `(() => { try { new TextDecoder('big5') } catch (e) { return e.message.includes('utf-16be'); } })()`,
      'true',
    ],
    [`new TextDecoder('x'.repeat(2 ** 20))`, 'throws RangeError'],
  ]);
});

import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openCode, sealCode } from '../../src/host/sealed-code.ts';

// An HMAC fills a short key up with zeros: with a zero at its end, a part of it is as good as all.
const secret = Buffer.concat([randomBytes(31), Buffer.of(1)]);
const key = 'abc-14.0-7';
const code = randomBytes(500);
const sealed = sealCode(secret, key, code);
const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 });

describe('sealed code', () => {
  test('opens to what was sealed, for the same secret and key', () => {
    fc.assert(
      fc.property(bytes, fc.string(), bytes, (mySecret, myKey, myCode) => {
        const opened = openCode(mySecret, myKey, sealCode(mySecret, myKey, myCode));
        expect([...opened!]).toEqual([...myCode]);
      }),
    );
  });

  test('opens wherever in a larger buffer it lies', () => {
    const around = Buffer.concat([randomBytes(3), sealed, randomBytes(5)]);
    const view = new Uint8Array(around.buffer, around.byteOffset + 3, sealed.length);
    expect(openCode(secret, key, view)).toEqual(code);
  });

  test('does not open when a single bit of it is another', () => {
    for (let at = 0; at < sealed.length; at++) {
      const flipped = Buffer.from(sealed);
      flipped[at]! ^= 1 << (at % 8);
      expect(openCode(secret, key, flipped)).toBeUndefined();
    }
  });

  test('does not open when it was cut short at any place, or is longer', () => {
    for (let length = 0; length < sealed.length; length++) {
      expect(openCode(secret, key, sealed.subarray(0, length))).toBeUndefined();
      expect(openCode(secret, key, sealed.subarray(sealed.length - length))).toBeUndefined();
    }
    expect(openCode(secret, key, Buffer.concat([sealed, Buffer.alloc(1)]))).toBeUndefined();
  });

  test.each([
    ['another secret', Buffer.from(secret).fill(0, 31), key],
    ['a part of the secret', secret.subarray(0, 31), key],
    ['no secret', Buffer.alloc(0), key],
    ['the key of another script', secret, 'abd-14.0-7'],
    ['the key of another V8', secret, 'abc-14.1-7'],
    ['the key of another tag', secret, 'abc-14.0-8'],
    ['a part of the key', secret, 'abc-14.0-'],
    ['no key', secret, ''],
  ])('does not open with %s', (_what, otherSecret, otherKey) => {
    expect(openCode(otherSecret, otherKey, sealed)).toBeUndefined();
  });

  test('does not open when bytes moved between key and code', () => {
    const parts = fc.tuple(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }));
    fc.assert(
      fc.property(parts, ([first, second]) => {
        const body = Buffer.from(`${second}end`);
        const moved = sealCode(secret, first + second, Buffer.from('end'));
        const forged = Buffer.concat([moved.subarray(0, 32), body]);
        expect(openCode(secret, first, forged)).toBeUndefined();
      }),
    );
  });

  test('is never made by anybody who does not have the secret', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (anything, anyKey) => {
        expect(openCode(secret, anyKey, anything)).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  test('of no bytes is as good as none', () => {
    expect(openCode(secret, key, sealCode(secret, key, Buffer.alloc(0)))).toBeUndefined();
  });
});

import { randomFillSync } from 'node:crypto';

const count = 128;
const idBytes = 16;
const idLength = 36;
const dashes = [8, 13, 18, 23];
/** Where the two digits of each byte stand in a UUID. */
const places = Uint8Array.of(0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34);
const digits = Buffer.from('0123456789abcdef');

const random = Buffer.alloc(count * idBytes);
const written = Buffer.alloc(count * idLength);
let next = count;

/**
 * A random UUID (RFC 9562, version 4). As `randomUUID` of `node:crypto`, which puts each one together from
 * twenty texts: one of these is made for each run.
 */
export function randomId(): string {
  if (next === count) refill();
  const at = next++ * idLength;
  return written.toString('latin1', at, at + idLength);
}

function refill(): void {
  randomFillSync(random);
  for (let id = 0; id < count; id++) {
    const from = id * idBytes;
    random[from + 6] = (random[from + 6]! & 0x0f) | 0x40;
    random[from + 8] = (random[from + 8]! & 0x3f) | 0x80;
    writeId(from, id * idLength);
  }
  next = 0;
}

function writeId(from: number, to: number): void {
  for (const at of dashes) written[to + at] = 0x2d;
  for (let i = 0; i < idBytes; i++) {
    const byte = random[from + i]!;
    const at = to + places[i]!;
    written[at] = digits[byte >> 4]!;
    written[at + 1] = digits[byte & 0x0f]!;
  }
}

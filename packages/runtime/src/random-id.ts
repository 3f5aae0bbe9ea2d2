import { randomFillSync } from 'node:crypto';

const count = 128;
const idBytes = 16;
const idLength = 36;
/** Where the dashes stand in a UUID. */
const dashes: ReadonlySet<number> = new Set([8, 13, 18, 23]);
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
  let digit = 0;
  for (let i = 0; i < idLength; i++) {
    if (dashes.has(i)) {
      written[to + i] = 0x2d;
      continue;
    }
    const byte = random[from + (digit >> 1)]!;
    written[to + i] = digits[digit % 2 === 0 ? byte >> 4 : byte & 0x0f]!;
    digit++;
  }
}

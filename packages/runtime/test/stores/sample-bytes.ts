import { createHash, randomBytes } from 'node:crypto';

/** Random bytes that carry their own checksum and the key that they belong to. */
export function sampleBytes(key: string, length: number): Uint8Array {
  const body = randomBytes(length);
  return new Uint8Array(Buffer.concat([checksum(key, body), body]));
}

/** Whether bytes are whole and belong to the key. */
export function isSampleOf(key: string, bytes: Uint8Array): boolean {
  return checksum(key, bytes.subarray(32)).equals(bytes.subarray(0, 32));
}

function checksum(key: string, body: Uint8Array): Buffer {
  return createHash('sha256').update(key).update(body).digest();
}

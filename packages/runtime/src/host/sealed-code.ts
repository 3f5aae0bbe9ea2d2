import { createHmac, timingSafeEqual } from 'node:crypto';

const tagBytes = 32;

/**
 * Puts a seal before V8 code that leaves this process. V8 checks of such code little more than the
 * length of its source and runs it, so whoever can write it can run machine code of his choice.
 * The key is part of what is sealed: code of another script, V8 or flags does not open.
 */
export function sealCode(secret: Uint8Array, key: string, code: Uint8Array): Buffer {
  return Buffer.concat([sealOf(secret, key, code), code]);
}

/** @returns the code, or undefined when the seal is not of this secret, key and code. */
export function openCode(secret: Uint8Array, key: string, sealed: Uint8Array): Buffer | undefined {
  const all = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (all.length <= tagBytes) return undefined;
  const code = all.subarray(tagBytes);
  return timingSafeEqual(all.subarray(0, tagBytes), sealOf(secret, key, code)) ? code : undefined;
}

function sealOf(secret: Uint8Array, key: string, code: Uint8Array): Buffer {
  const mac = createHmac('sha256', secret);
  // The length keeps key and code apart.
  return mac.update(`${key.length}:${key}\n`).update(code).digest();
}

import { BytecodeStoreError } from './bytecode-store-error.ts';

const maxEntryBytes = 32 * 1024 * 1024;
const keyPattern = /^[\x20-\x7e]{1,200}$/;

/** @throws {BytecodeStoreError} `invalid_argument` for what is no key. */
export function requireKey(key: unknown): void {
  if (typeof key === 'string' && keyPattern.test(key)) return;
  throw invalid('a key is a string of 1 to 200 printable ASCII characters');
}

/** @throws {BytecodeStoreError} `invalid_argument` for what is no bytes, or too many of them. */
export function requireBytes(bytes: unknown, maxBytes: number): void {
  if (!(bytes instanceof Uint8Array)) throw invalid('bytes must be a Uint8Array');
  const limit = Math.min(maxEntryBytes, maxBytes);
  if (bytes.byteLength > limit) {
    throw invalid(`an entry takes at most ${limit} bytes, not ${bytes.byteLength}`);
  }
}

/**
 * A whole number that an option gave, or its default.
 * @throws {BytecodeStoreError} `invalid_argument`, naming the option and its range.
 */
export function numberOption(
  value: unknown,
  name: string,
  fallback: number,
  min: number,
  max: number,
): number {
  if (value === undefined) return fallback;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) {
    return value;
  }
  throw invalid(`${name} must be a whole number from ${min} to ${max}`);
}

/** @throws {BytecodeStoreError} `invalid_argument` for an option that the store does not have. */
export function requireKnownOptions(options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw invalid(`${name} is not an option of this store`);
  }
}

function invalid(message: string): BytecodeStoreError {
  return new BytecodeStoreError('invalid_argument', message);
}

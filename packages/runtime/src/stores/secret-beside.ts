import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { BytecodeStoreError } from './bytecode-store-error.ts';
import { createPrivateFile } from './private-file.ts';

const secretBytes = 32;

/**
 * The secret that lies beside a file, in `<file>.key`: 32 random bytes that only their owner can
 * read, made at the first call. Processes that start at once end with the same one.
 * @throws {BytecodeStoreError} `unavailable` when it can neither be read nor made, or has another
 * size: it is never replaced, since that would also replace a secret that somebody put there.
 */
export async function secretBeside(file: string): Promise<Uint8Array> {
  const keyFile = `${file}.key`;
  const secret = (await read(keyFile)) ?? (await create(keyFile));
  if (secret.byteLength === secretBytes) return secret;
  throw new BytecodeStoreError(
    'unavailable',
    `the key file ${keyFile} has ${secret.byteLength} bytes instead of ${secretBytes}: ` +
      'put the right one in its place, or delete it to have a new one made',
  );
}

async function read(keyFile: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(keyFile));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unavailable(keyFile, 'read', error);
  }
}

async function create(keyFile: string): Promise<Uint8Array> {
  try {
    const secret = new Uint8Array(randomBytes(secretBytes));
    if (await createPrivateFile(keyFile, secret)) return secret;
  } catch (error) {
    throw unavailable(keyFile, 'created', error);
  }
  // Another process was faster.
  const secret = await read(keyFile);
  if (secret !== undefined) return secret;
  throw unavailable(keyFile, 'read');
}

function unavailable(keyFile: string, what: string, cause?: unknown): BytecodeStoreError {
  return new BytecodeStoreError('unavailable', `the key file ${keyFile} cannot be ${what}`, cause);
}

import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { BytecodeStoreError, type BytecodeStoreErrorCode } from '../bytecode-store-error.ts';

/**
 * What an error of SQLite means to us: the codes of a store's errors, and `moved`, when the file is
 * no longer the one at its path.
 */
export type FailureKind = BytecodeStoreErrorCode | 'moved';

/** Primary result codes of SQLite, https://www.sqlite.org/rescode.html. */
const kinds: Readonly<Record<number, FailureKind>> = {
  5: 'busy',
  6: 'busy',
  8: 'read_only',
  11: 'corrupt',
  13: 'full',
  26: 'corrupt',
};
/** Extended ones that mean something else than their primary code. */
const extendedKinds: Readonly<Record<number, FailureKind>> = {
  /** SQLITE_IOERR_SHORT_READ: the file ends too early. */
  522: 'corrupt',
  /** SQLITE_READONLY_DBMOVED. */
  1032: 'moved',
};
const cannotOpen = 14;
const fileKinds: Readonly<Record<string, FailureKind>> = {
  EACCES: 'read_only',
  EPERM: 'read_only',
  EROFS: 'read_only',
  ENOSPC: 'full',
  EDQUOT: 'full',
};

/** Sorts an error of SQLite, of the file system, or one of ours. */
export function failureKind(error: unknown, file: string): FailureKind {
  if (error instanceof BytecodeStoreError) return error.code;
  if (!(error instanceof Error)) return 'unavailable';
  const { errcode } = error as { errcode?: unknown };
  if (typeof errcode !== 'number') {
    return fileKinds[(error as NodeJS.ErrnoException).code ?? ''] ?? 'unavailable';
  }
  if (errcode % 256 === cannotOpen && !isWritable(file)) return 'read_only';
  return extendedKinds[errcode] ?? kinds[errcode % 256] ?? 'unavailable';
}

const sentences: Readonly<Record<FailureKind, string>> = {
  busy: 'another process holds its lock',
  full: 'no space is left for it',
  read_only: 'it or its folder cannot be written',
  corrupt: 'it is damaged and could not be set aside',
  moved: 'it was moved or deleted meanwhile',
  unavailable: 'it cannot be used',
  unsupported: 'it cannot be used',
  closed: 'it is closed',
  invalid_argument: 'it cannot be used',
  timeout: 'it did not answer',
  driver_missing: 'it cannot be used',
};

/** The error that the caller of the store gets. */
export function toStoreError(error: unknown, file: string): BytecodeStoreError {
  if (error instanceof BytecodeStoreError) return error;
  const kind = failureKind(error, file);
  const code = kind === 'moved' ? 'unavailable' : kind;
  return new BytecodeStoreError(code, `the bytecode store ${file}: ${sentences[kind]}`, error);
}

function isWritable(file: string): boolean {
  const folder = dirname(file);
  if (!existsSync(folder)) return true;
  try {
    accessSync(folder, constants.W_OK);
    if (existsSync(file)) accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

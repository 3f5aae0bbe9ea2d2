/**
 * What went wrong in a store:
 * - `invalid_argument`: an option, a key or bytes that no store takes.
 * - `closed`: the operation came after `close()`.
 * - `busy`: somebody else held a lock for too long, or too many bytes wait to be written.
 * - `full`: no space is left on the disk.
 * - `read_only`: the file or its folder cannot be written.
 * - `corrupt`: the data are damaged and could not be set aside.
 * - `unsupported`: the data belong to a newer version of Cloister or to another application.
 * - `timeout`: the server did not answer in time.
 * - `driver_missing`: the package that talks to the server is not installed.
 * - `unavailable`: anything else; the message and the cause say more.
 */
export type BytecodeStoreErrorCode =
  | 'invalid_argument'
  | 'closed'
  | 'busy'
  | 'full'
  | 'read_only'
  | 'corrupt'
  | 'unsupported'
  | 'timeout'
  | 'driver_missing'
  | 'unavailable';

/**
 * Every error of a bytecode store. It is for the embedder: message and cause may name files and servers.
 */
export class BytecodeStoreError extends Error {
  override readonly name = 'BytecodeStoreError';
  readonly code: BytecodeStoreErrorCode;

  constructor(code: BytecodeStoreErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

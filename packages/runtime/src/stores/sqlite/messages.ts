import type { BytecodeStoreErrorCode } from '../bytecode-store-error.ts';
import type { ResolvedRetention } from '../retention.ts';

/** What the thread is started with. */
export interface SqliteSettings extends ResolvedRetention {
  /** An absolute path, or `:memory:`. */
  readonly file: string;
  /** How long to wait for a lock that another process holds, in milliseconds. */
  readonly busyTimeoutMs: number;
}

/** An operation that the host asks the thread for; members as in BytecodeStore. */
export type SqliteOperation =
  | { readonly type: 'get'; readonly key: string }
  /** The bytes are handed over, not copied. */
  | { readonly type: 'put'; readonly key: string; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'delete'; readonly key: string }
  | { readonly type: 'clear' }
  /** The last one; the thread ends after its answer. */
  | { readonly type: 'close' };

/** Host to thread. They are carried out in order, one at a time. */
export interface SqliteRequest {
  readonly id: number;
  readonly operation: SqliteOperation;
}

/** Thread to host: one answer per request, in order. */
export type SqliteAnswer =
  | { readonly id: number; readonly type: 'done'; readonly bytes?: Uint8Array | undefined }
  | {
      readonly id: number;
      readonly type: 'failed';
      readonly code: BytecodeStoreErrorCode;
      readonly message: string;
      /** The error of SQLite or of the file system behind it. */
      readonly detail: string;
    };

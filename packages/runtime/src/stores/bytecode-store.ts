/**
 * Keeps V8 code between processes. Bytes are opaque to it: the caller authenticates them.
 *
 * Every method may be called at any time and at once with others. What goes wrong is a rejection with
 * a {@link file://./bytecode-store-error.ts BytecodeStoreError}; nothing is thrown synchronously and
 * nothing ends the process. A store that failed recovers by itself when its cause is gone.
 */
export interface BytecodeStore {
  /**
   * The bytes under a key, or undefined when there are none. They belong to the caller.
   * @param key - printable ASCII, 1 to 200 characters.
   */
  get(key: string): Promise<Uint8Array | undefined>;
  /**
   * Keeps bytes under a key in place of those that were there. They are copied before this returns.
   * @param key - printable ASCII, 1 to 200 characters.
   * @param bytes - at most 32 MiB, and no more than the store's `maxBytes`.
   */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Forgets a key; one that is not there is no error. */
  delete(key: string): Promise<void>;
  /** Forgets every key. */
  clear(): Promise<void>;
  /**
   * Lets the operations under way end, then gives everything back; later ones reject as `closed`.
   * Idempotent; called by the runtime that was given the store.
   */
  close(): Promise<void>;
  /**
   * A secret that lies beside the data and is the same for all its users: 32 bytes. Absent where
   * there is no place for one, and the secret must be configured.
   */
  defaultSecret?(): Promise<Uint8Array>;
}

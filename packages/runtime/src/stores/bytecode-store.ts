/** Keeps V8 code between processes. Bytes are opaque to it: the caller authenticates them. */
export interface BytecodeStore {
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, bytes: Uint8Array): Promise<void>;
  delete(key: string): Promise<void>;
  clear(): Promise<void>;
  /** Idempotent; called by the runtime that was given the store. */
  close(): Promise<void>;
  /** The secret to seal entries with when none is configured. */
  defaultSecret?(): Promise<Uint8Array>;
}

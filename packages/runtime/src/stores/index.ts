/** The public names of @cloister/runtime/stores, and nothing else. */
export type { BytecodeStore } from './bytecode-store.ts';
export { BytecodeStoreError } from './bytecode-store-error.ts';
export type { BytecodeStoreErrorCode } from './bytecode-store-error.ts';
export type { RetentionOptions } from './retention.ts';
export { secretBeside } from './secret-beside.ts';
export { sqliteBytecodeStore } from './sqlite/sqlite-bytecode-store.ts';
export type { SqliteBytecodeStoreOptions } from './sqlite/sqlite-bytecode-store.ts';
export { postgresBytecodeStore } from './postgres/postgres-bytecode-store.ts';
export type { PostgresBytecodeStoreOptions } from './postgres/postgres-bytecode-store.ts';
export type { PostgresClient, PostgresPool } from './postgres/postgres-pool.ts';

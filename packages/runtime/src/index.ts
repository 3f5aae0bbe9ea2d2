/** The public names of @cloister/runtime, and nothing else. */
export { createRuntime } from './runtime.ts';
export type {
  CheckOptions,
  Runtime,
  RuntimeCache,
  RuntimeStats,
  ShutdownOptions,
} from './runtime.ts';
export { loadOptionsFromEnv } from './options.ts';
export type { RuntimeOptions } from './options.ts';
export { BindingError, defineBinding } from './bindings.ts';
export type {
  Binding,
  BindingCall,
  BindingLog,
  BindingMethod,
  BindingOptions,
  BindingRun,
  Rate,
} from './bindings.ts';
export type { Limits } from './limits.ts';
export type { Execution, Language, Placement, RunContext, Tenant } from './context.ts';
export type { JailLayer, JailMode } from './host/jail/layers.ts';
export type { RealmKind } from './protocol/messages.ts';
export type {
  CacheTier,
  Json,
  LogEntry,
  LogLevel,
  QueueCause,
  RunResult,
  Usage,
} from './result.ts';
export type { TypeScriptStats } from './host/type-eraser.ts';
export type { RuntimeEvents, VmEnd } from './host/events.ts';
export {
  AcquireTimeoutError,
  ApiCallLimitError,
  CancelledError,
  CloisterError,
  CompilationError,
  CpuLimitError,
  errorTable,
  ExecutionTimeoutError,
  MemoryLimitError,
  OutputError,
  PoolClosedError,
  QueueFullError,
  ScriptError,
  ScriptRefusedError,
  WorkerCrashedError,
} from './errors.ts';
export type { ErrorCode, ErrorDetails, Fault } from './errors.ts';

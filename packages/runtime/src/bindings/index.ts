/** The names of @cloister/runtime/bindings, and nothing else. */
export { BindingError, defineBinding } from '../bindings.ts';
export { events } from './events.ts';
export type { EventsOptions } from './events.ts';
export { memoryBus } from './event-bus.ts';
export type {
  EventBus,
  EventListener,
  MemoryBus,
  MemoryBusOptions,
  ScriptEvent,
} from './event-bus.ts';
export { log } from './log.ts';
export type { Logger, LogOptions } from './log.ts';
export { secrets } from './secrets.ts';
export type { SecretProvider, SecretsOptions } from './secrets.ts';
export { http } from './http/http.ts';
export type { HostRule } from './http/host-rules.ts';
export type { HttpErrorCode } from './http/http-error.ts';
export type { HostAddress, Lookup } from './http/lookup.ts';
export type { FindSecret, HttpCredentials, HttpLimits, HttpOptions } from './http/options.ts';
export type { HttpAnswer } from './http/send.ts';
export { cache } from './cache/cache.ts';
export type { CacheOptions } from './cache/cache-options.ts';
export { db } from './db/db.ts';
export type { DbOptions } from './db/db-options.ts';
export { tenantPolicies } from './db/tenant-policies.ts';
export type { TenantPoliciesOptions } from './db/tenant-policies.ts';
export { applyTenantPolicies } from './db/apply-tenant-policies.ts';
export type { AppliedPolicies, PolicyClient, PolicyPglite } from './db/apply-tenant-policies.ts';
export type { PgliteDatabase } from './db/pglite-engine.ts';
export type { PgClient, PgPool } from './db/postgres-engine.ts';

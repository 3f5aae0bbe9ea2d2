/** The names of @cloister/runtime/bindings, and nothing else. */
export { BindingError, defineBinding } from '../bindings.ts';
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

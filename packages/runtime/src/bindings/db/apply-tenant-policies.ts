import { quoteTable } from './quoting.ts';
import { tenantPolicies, type TenantPoliciesOptions } from './tenant-policies.ts';
import { createOwnPool } from './own-pool.ts';

/** A `Client` or `Pool` of pg. */
export interface PolicyClient {
  query(sql: string): Promise<{ rows: unknown[] }>;
}

/** A `PGlite`, which takes several statements by `exec` alone. */
export interface PolicyPglite extends PolicyClient {
  exec(sql: string): Promise<unknown>;
}

/** What was found beside the way. */
export interface AppliedPolicies {
  /** Constraints by which a tenant can find out what others hold, each in a sentence. */
  readonly warnings: readonly string[];
}

/**
 * Applies `tenantPolicies` to a database, in one transaction.
 * @param target - a superuser's URL, client or PGlite.
 * @throws what the database says.
 */
export async function applyTenantPolicies(
  target: string | URL | PolicyClient | PolicyPglite,
  options: TenantPoliciesOptions,
): Promise<AppliedPolicies> {
  const sql = tenantPolicies(options);
  if (typeof target !== 'string' && !(target instanceof URL)) return apply(target, sql, options);
  const pool = await createOwnPool(String(target), 1);
  const client = await pool.connect();
  try {
    return await apply({ query: (text) => client.query({ text }) }, sql, options);
  } finally {
    client.release(true);
    await pool.end();
  }
}

async function apply(
  client: PolicyClient | PolicyPglite,
  sql: string,
  options: TenantPoliciesOptions,
): Promise<AppliedPolicies> {
  await ('exec' in client ? client.exec(sql) : client.query(sql));
  const { rows } = await client.query(leakyConstraints(options));
  return { warnings: rows.map((row) => String((row as { warning: unknown }).warning)) };
}

/** Unique constraints and foreign keys are checked past all policies: without the tenant they tell of others. */
function leakyConstraints({ tables, column = 'tenant_id' }: TenantPoliciesOptions): string {
  const list = tables.map((name) => `${literal(quoteTable(name))}::regclass`).join(', ');
  return `
WITH tenant AS (SELECT attrelid, attnum FROM pg_catalog.pg_attribute
  WHERE attrelid IN (${list}) AND attname = ${literal(column)})
SELECT indexrelid::regclass || ' is unique without the tenant: a tenant can find out that another has a value'
  AS warning
FROM pg_catalog.pg_index JOIN tenant ON indrelid = attrelid
WHERE indisunique AND NOT attnum = ANY (indkey)
UNION ALL
SELECT conname || ' of ' || conrelid::regclass || ' refers to rows of whatever tenant'
FROM pg_catalog.pg_constraint JOIN tenant ON conrelid = attrelid
WHERE contype = 'f' AND NOT attnum = ANY (conkey)`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

import { CloisterError } from '../../errors.ts';
import type { ResolvedDbOptions } from './db-options.ts';
import type { Engine } from './engine.ts';
import { forbiddenFunctions } from './forbidden-functions.ts';
import { restrictivePolicy } from './tenant-policies.ts';

/** How long a database that was found in order is trusted to be so. */
const trustMs = 60_000;
const maxMs = 10_000;
const maxBytes = 1024 * 1024;

/**
 * What is wrong with a database, a row each. $1 is the role of scripts, $2 the functions that it may
 * not call, $3 the name of our policy, $4 the setting with the tenant, $5 a JSON list of what is shared.
 */
const problems = `
WITH role AS (SELECT * FROM pg_catalog.pg_roles WHERE rolname = $1::text),
  shared AS (SELECT value FROM pg_catalog.jsonb_array_elements_text($5::jsonb))
SELECT 'it does not exist' AS problem WHERE NOT EXISTS (SELECT FROM role)
UNION ALL
SELECT 'it is a superuser, or may bypass row-level security, or make roles or databases, or replicate'
FROM role WHERE rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication
UNION ALL
SELECT 'it is a member of ' || roleid::regrole
FROM pg_catalog.pg_auth_members JOIN role ON member = role.oid
UNION ALL
SELECT 'it may call ' || proc.oid::regprocedure
FROM role CROSS JOIN pg_catalog.pg_proc AS proc
  JOIN pg_catalog.pg_language AS language ON prolang = language.oid
WHERE (proname ~ $2::text
    -- What is not written in SQL may run its argument as SQL, and so change settings.
    OR (proc.oid >= 16384 AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
      AND (prosecdef OR lanname NOT IN ('internal', 'c', 'sql'))))
  AND has_function_privilege(role.oid, proc.oid, 'EXECUTE')
  AND NOT EXISTS (SELECT FROM shared 
    WHERE CASE WHEN value LIKE '%)' THEN to_regprocedure(value) END = proc.oid)
UNION ALL
SELECT 'it owns ' || class.oid::regclass
FROM pg_catalog.pg_class AS class JOIN role ON relowner = role.oid
UNION ALL
SELECT 'it may use ' || class.oid::regclass || ', which has no policy of ours'
FROM pg_catalog.pg_class AS class, role
WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND class.oid >= 16384
  AND (has_table_privilege(role.oid, class.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
    OR has_any_column_privilege(role.oid, class.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))
  AND NOT (relrowsecurity AND EXISTS (
    SELECT FROM pg_catalog.pg_policy
    WHERE polrelid = class.oid AND polname = $3::text AND NOT polpermissive AND polcmd = '*'
      AND polroles = ARRAY[role.oid]
      AND position($4::text IN pg_get_expr(polqual, polrelid)) > 0
      AND (polwithcheck IS NULL
        OR pg_get_expr(polwithcheck, polrelid) = pg_get_expr(polqual, polrelid))))
  AND NOT (relkind = 'v'
    AND array_to_string(coalesce(reloptions, '{}'), ',') ~ '(^|,)security_invoker=(true|on|1|yes)(,|$)')
  AND NOT EXISTS (SELECT FROM shared 
    WHERE CASE WHEN value NOT LIKE '%)' THEN to_regclass(value) END = class.oid)
LIMIT 10`;

/** Sees to it that no script runs on a database in which a tenant could leave. */
export class DatabaseCheck {
  readonly #engine: Engine;
  readonly #options: ResolvedDbOptions;
  #passed: Promise<void> | undefined;
  #trustedUntil = -1;

  constructor(engine: Engine, options: ResolvedDbOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  /**
   * Resolves when the database is in order; it is asked once a minute. One that was so and cannot say
   * at the moment, because a table is locked for a migration, is trusted for another minute.
   * @throws {CloisterError} `invalid_options` with what is wrong; and what the engine throws.
   */
  async pass(): Promise<void> {
    if (performance.now() > this.#trustedUntil) {
      this.#trustedUntil = performance.now() + trustMs;
      this.#passed = this.#lookAgain(this.#passed);
      this.#passed.catch(() => (this.#trustedUntil = -1));
    }
    await this.#passed;
  }

  async #lookAgain(before: Promise<void> | undefined): Promise<void> {
    const wasInOrder = await before?.then(
      () => true,
      () => false,
    );
    try {
      await this.#look(AbortSignal.timeout(maxMs));
    } catch (error) {
      if (wasInOrder !== true || error instanceof CloisterError) throw error;
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { role, setting, shared, lockTimeoutMs } = this.#options;
    const params = [role, forbiddenFunctions, restrictivePolicy, setting, JSON.stringify(shared)];
    const { rows } = await this.#engine.transaction(async (session) => {
      await session.exec(
        `SET TRANSACTION READ ONLY; SET LOCAL search_path = pg_catalog, public;
         SET LOCAL lock_timeout = ${lockTimeoutMs}; SET LOCAL statement_timeout = ${maxMs}`,
      );
      return session.query(problems, params, maxBytes);
    }, signal);
    if (rows.length === 0) return;
    const list = rows.map(([problem]) => problem).join('; ');
    throw new CloisterError(
      'invalid_options',
      `sdk.db refuses to work with the role ${role}: ${list}. applyTenantPolicies puts it in order`,
    );
  }
}

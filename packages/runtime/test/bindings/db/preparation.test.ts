import diagnostics from 'node:diagnostics_channel';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { PGlite } from '@electric-sql/pglite';
import {
  applyTenantPolicies,
  db,
  tenantPolicies,
  type DbOptions,
} from '../../../src/bindings/index.ts';
import { createEngine } from '../../../src/bindings/db/db.ts';
import { resolveDbOptions } from '../../../src/bindings/db/db-options.ts';
import { TenantDatabase } from '../../../src/bindings/db/tenant-database.ts';
import { databases, startDatabase, type Database } from '../../support/databases.ts';
import { as, startRuntime } from '../../support/runs.ts';

/**
 * Functions of Postgres 15 to 18 with effects, of which each is harmless: it tells of the server or the
 * statement alone, asks for rights that the role does not have, or takes arguments that SQL cannot give.
 */
const judged = new RegExp(
  `^(${[
    // Random numbers, clocks, transactions.
    'random(_normal)?|array_(sample|shuffle)|gen_random_uuid|uuidv[47]|bernoulli|system',
    'clock_timestamp|timeofday|current_query|txid_status|pg_xact_[a-z_]+|pg_last_[a-z_]+|pg_current_wal_[a-z_]+',
    // Sequences: by the rights on them, and those of the session are discarded after each call.
    'currval|lastval|nextval|setval|pg_sequence_last_value|pg_get_sequence_data',
    // For owners, superusers, replication and upgrades.
    'brin_[a-z_]+|gin_clean_pending_list|binary_upgrade_[a-z_]+|pg_(copy|create|drop|sync)_[a-z_]*replication_slots?',
    'pg_import_system_collations|pg_nextoid|pg_stop_making_pinned_objects|pg_extension_config_dump|pg_rotate_logfile_old',
    'pg_(clear|restore)_(attribute|relation)_stats',
    // What the server is and how it does.
    'pg_control_[a-z]+|pg_[a-z_]*collation_actual_version|pg_[a-z_]+_size|pg_partition_[a-z]+|pg_is_[a-z_]+',
    'pg_stat_(clear_snapshot|force_next_flush|get_(xact_[a-z_]+|recovery_prefetch|io))|pg_notification_queue_usage',
    'pg_(safe_snapshot_)?blocking_pids|pg_isolation_test_session_is_blocked|pg_jit_available|pg_get_multixact_members',
    'pg_get_(loaded_modules|wait_events|wal_[a-z_]+)|pg_available_wal_summaries|pg_wal_summary_contents',
    // For the server itself: their arguments are internal.
    'amvalidate|[a-z_]*handler|plpgsql_validator|dsnowball_(init|lexize)',
  ].join('|')})$`,
);

describe.each(databases)('on %s', (kind, isThere) => {
  let database: Database;
  beforeAll(async () => {
    if (isThere) database = await startDatabase(kind);
  }, 60_000);
  afterAll(() => database?.[Symbol.asyncDispose]());

  /** What the host would hear of a first call; undefined when it succeeds. */
  async function complaint(options: Partial<DbOptions> = {}): Promise<string | undefined> {
    const resolved = resolveDbOptions({ ...database.place, ...options });
    const tenants = new TenantDatabase(createEngine(resolved.source, 1), resolved);
    const call = { tenant: { id: 'a' }, signal: new AbortController().signal };
    try {
      expect((await tenants.query(call, 'TABLE notes', [])).rowCount).toBe(2);
      return undefined;
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid_options' });
      return (error as Error).message;
    } finally {
      await tenants.close();
    }
  }

  test.runIf(isThere)('a database that is not in order is a matter of the host', async () => {
    const heard: string[] = [];
    const onError = (message: unknown): void => {
      heard.push((message as { error: Error }).error.message);
    };
    diagnostics.subscribe('cloister:binding:error', onError);
    onTestFinished(() => void diagnostics.unsubscribe('cloister:binding:error', onError));
    const runtime = await startRuntime({
      workers: 1,
      poolSize: 1,
      bindings: [db({ ...database.place, role: 'nobody' })],
    });
    const { output } = await runtime.execute(
      `try { await sdk.db.query('TABLE notes') } catch (e) { return { code: e.code, message: e.message } }`,
    );
    expect(output).toEqual({ code: 'binding_failed', message: 'sdk.db.query failed' });
    expect(heard).toEqual([expect.stringMatching(/the role nobody: it does not exist/)]);
  });

  test.runIf(isThere)('a database in order is accepted', async () => {
    expect(await complaint()).toBeUndefined();
  });

  test.runIf(isThere).each<[spoil: string, mend: string, message: RegExp]>([
    [
      `ALTER ROLE cloister_script SUPERUSER`,
      `ALTER ROLE cloister_script NOSUPERUSER`,
      /is a superuser/,
    ],
    [
      `ALTER ROLE cloister_script BYPASSRLS`,
      `ALTER ROLE cloister_script NOBYPASSRLS`,
      /may bypass/,
    ],
    [
      `ALTER ROLE cloister_script CREATEROLE`,
      `ALTER ROLE cloister_script NOCREATEROLE`,
      /make roles/,
    ],
    [
      `GRANT pg_monitor TO cloister_script`,
      `REVOKE pg_monitor FROM cloister_script`,
      /is a member of pg_monitor/,
    ],
    [
      `GRANT EXECUTE ON FUNCTION set_config TO PUBLIC`,
      `REVOKE EXECUTE ON FUNCTION set_config FROM PUBLIC`,
      /may call set_config\(text,text,boolean\)/,
    ],
    [
      `GRANT EXECUTE ON FUNCTION query_to_xml TO cloister_script`,
      `REVOKE EXECUTE ON FUNCTION query_to_xml FROM cloister_script`,
      /may call query_to_xml/,
    ],
    [
      `CREATE FUNCTION peep() RETURNS SETOF secrets LANGUAGE sql SECURITY DEFINER AS 'TABLE secrets'`,
      `DROP FUNCTION peep()`,
      /may call peep\(\)/,
    ],
    [
      `CREATE FUNCTION run(what text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE what; END'`,
      `DROP FUNCTION run(text)`,
      /may call run\(text\)/,
    ],
    [
      `GRANT SELECT ON secrets TO cloister_script`,
      `REVOKE SELECT ON secrets FROM cloister_script`,
      /may use secrets/,
    ],
    [
      `GRANT SELECT (body) ON secrets TO PUBLIC`,
      `REVOKE SELECT (body) ON secrets FROM PUBLIC`,
      /may use secrets/,
    ],
    [
      `GRANT SELECT ON all_notes TO cloister_script`,
      `REVOKE SELECT ON all_notes FROM cloister_script`,
      /may use all_notes/,
    ],
    [
      `ALTER TABLE notes DISABLE ROW LEVEL SECURITY`,
      `ALTER TABLE notes ENABLE ROW LEVEL SECURITY`,
      /may use notes/,
    ],
    [
      `ALTER POLICY cloister_tenant_only ON notes USING (true)`,
      `ALTER POLICY cloister_tenant_only ON notes USING (tenant_id = (SELECT nullif(current_setting('cloister.tenant_id', true), '')))`,
      /may use notes/,
    ],
    [
      `DROP POLICY cloister_tenant_only ON notes;
       CREATE POLICY cloister_tenant_only ON notes TO cloister_script
       USING (tenant_id = (SELECT nullif(current_setting('cloister.tenant_id', true), '')))`,
      `SELECT 1`,
      /may use notes/,
    ],
    [`ALTER POLICY cloister_tenant_only ON notes WITH CHECK (true)`, `SELECT 1`, /may use notes/],
    [
      `ALTER TABLE codes OWNER TO cloister_script`,
      `ALTER TABLE codes OWNER TO CURRENT_USER`,
      /it owns/,
    ],
  ])('after %s it is refused', async (spoil, mend, message) => {
    await database.admin(spoil);
    try {
      expect(await complaint()).toMatch(message);
    } finally {
      await database.admin(mend);
      await apply();
    }
    expect(await complaint()).toBeUndefined();
  });

  /** Puts everything in order again. */
  const apply = (): Promise<unknown> =>
    applyTenantPolicies((database.place.url ?? database.place.pglite) as string | PGlite, {
      tables: ['notes', 'counters', 'codes'],
    });

  test.runIf(isThere)('a database that is changed later is refused within a minute', async () => {
    const resolved = resolveDbOptions(database.place);
    const tenants = new TenantDatabase(createEngine(resolved.source, 1), resolved);
    onTestFinished(() => tenants.close());
    const call = { tenant: { id: 'a' }, signal: new AbortController().signal };
    await tenants.query(call, 'TABLE notes', []);
    await database.admin('GRANT EXECUTE ON FUNCTION set_config TO PUBLIC');
    const now = performance.now();
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now + 60_001);
    onTestFinished(() => clock.mockRestore());
    await expect(tenants.query(call, 'TABLE notes', [])).rejects.toThrow(/may call set_config/);
    await apply();
    expect((await tenants.query(call, 'TABLE notes', [])).rowCount).toBe(2);
  });

  test.runIf(isThere)(
    'scripts can call no function with effects that nobody has judged',
    async () => {
      const rows = await database.admin(`SELECT DISTINCT proname AS name FROM pg_proc
      WHERE provolatile = 'v' AND prorettype <> 'trigger'::regtype
        AND has_function_privilege('cloister_script', oid, 'EXECUTE')`);
      const unknown = rows.map(({ name }) => String(name)).filter((name) => !judged.test(name));
      expect(unknown).toEqual([]);
    },
  );

  test.runIf(isThere)('a role that does not exist is refused', async () => {
    expect(await complaint({ role: 'no "such' })).toMatch(/it does not exist/);
  });

  test.runIf(isThere)('another setting than that of the policies is refused', async () => {
    expect(await complaint({ setting: 'app.tenant' })).toMatch(/may use notes/);
  });

  test.runIf(isThere)('what is shared by name is accepted', async () => {
    await database.admin(
      `GRANT SELECT ON secrets TO cloister_script;
       CREATE FUNCTION peep(text) RETURNS SETOF secrets LANGUAGE sql SECURITY DEFINER AS 'TABLE secrets'`,
    );
    expect(await complaint({ shared: ['public.secrets'] })).toMatch(
      /may call peep\(text\)$|may call peep\(text\)\./,
    );
    expect(await complaint({ shared: ['secrets', 'public.peep(text)'] })).toBeUndefined();
    await database.admin('DROP FUNCTION peep(text); REVOKE ALL ON secrets FROM cloister_script');
  });

  test.runIf(isThere)('views that ask as their caller are accepted', async () => {
    await database.admin(
      'CREATE VIEW own_notes WITH (security_invoker = true) AS SELECT * FROM notes; GRANT SELECT ON own_notes TO cloister_script',
    );
    expect(await complaint()).toBeUndefined();
    await database.admin('DROP VIEW own_notes');
  });

  test.runIf(isThere)('no policy of somebody else lets more through', async () => {
    await database.admin('CREATE POLICY everything ON notes USING (true) WITH CHECK (true)');
    expect(await complaint()).toBeUndefined();
    await database.admin('DROP POLICY everything ON notes');
  });

  test.runIf(isThere)('tells of constraints that go past policies', async () => {
    await database.admin(
      `CREATE TABLE children (tenant_id text, id int, code text REFERENCES codes, PRIMARY KEY (tenant_id, id))`,
    );
    const { warnings } = await applyTenantPolicies(
      (database.place.url ?? database.place.pglite) as string | PGlite,
      { tables: ['children', 'codes'] },
    );
    expect(warnings.toSorted()).toEqual([
      'children_code_fkey of children refers to rows of whatever tenant',
      'codes_pkey is unique without the tenant: a tenant can find out that another has a value',
    ]);
    await database.admin('DROP TABLE children');
  });

  test.runIf(isThere)(
    'works with ids that are numbers, other names and read-only rights',
    async () => {
      await database.admin(
        `CREATE SCHEMA "odd ""schema"; CREATE TABLE "odd ""schema"."odd'table" ("owner id" bigint, v int);
       INSERT INTO "odd ""schema"."odd'table" VALUES (1, 1), (2, 2)`,
      );
      const names = { role: `odd "role'`, setting: 'app.owner' };
      await applyTenantPolicies((database.place.url ?? database.place.pglite) as string | PGlite, {
        ...names,
        tables: [`odd "schema.odd'table`],
        column: 'owner id',
        type: 'bigint',
        readOnly: true,
      });
      const binding = db({ ...database.place, ...names, schema: 'odd "schema' });
      const runtime = await startRuntime({ workers: 1, poolSize: 1, bindings: [binding] });
      const { output } = await runtime.execute(
        `const { query, execute } = sdk.db, table = '"odd\\'table"';
       return { rows: (await query('SELECT v FROM ' + table)).rows, code: await execute('DELETE FROM ' + table).catch((e) => e.code) }`,
        {},
        as('2'),
      );
      expect(output).toEqual({ rows: [{ v: 2 }], code: 'db_42501' });
      await runtime.shutdown({ graceMs: 0 });
    },
  );
});

test.each([
  [{ tables: [] }, /tables/],
  [{ tables: ['a.b.c'] }, /tables/],
  [{ tables: ['t'], type: 'text); DROP TABLE x; --' as 'text' }, /type/],
  [{ tables: ['t'], setting: `x' ; DROP TABLE x` }, /setting/],
])('tenantPolicies refuses %o', (options, message) => {
  expect(() => tenantPolicies(options)).toThrow(message);
});

test.each<[DbOptions, RegExp]>([
  [{}, /one of url, pool and pglite/],
  [{ url: 'postgres://h/', pool: {} as never }, /one of/],
  [{ url: 'mysql://u:secret@h/' }, /^db\.url must be a URL that begins with postgres:\/\/$/],
  [{ url: 'postgres://h/', maxRows: 0 }, /db\.maxRows must be a whole number from 1/],
  [{ url: 'postgres://h/', setting: 'role' }, /setting/],
  [{ url: 'postgres://h/', timeout: 1 } as DbOptions, /db\.timeout is not an option/],
])('db refuses the options %o', (options, message) => {
  expect(() => db(options)).toThrow(message);
});

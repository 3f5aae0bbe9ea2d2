import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { db } from '../../../src/bindings/index.ts';
import { createEngine } from '../../../src/bindings/db/db.ts';
import { resolveDbOptions } from '../../../src/bindings/db/db-options.ts';
import { TenantDatabase } from '../../../src/bindings/db/tenant-database.ts';
import { createRuntime, type Runtime } from '../../../src/index.ts';
import { databases, mark, startDatabase, type Database } from '../../support/databases.ts';
import { as } from '../../support/runs.ts';
import { expectHealthy } from '../../support/runtime.ts';
import { escapes, type Escape } from './escapes.ts';

describe.each(databases)('on %s', (kind, isThere) => {
  let database: Database;
  let runtime: Runtime;
  /** What scripts have, without the wall of words before it. */
  let bare: TenantDatabase;
  let before: unknown;

  /** All that an escape could have changed, rows of tenant a left out. */
  const state = (): Promise<unknown> =>
    database.admin(`SELECT json_build_object(
      'notes', (SELECT json_agg(n ORDER BY tenant_id, id) FROM notes n WHERE tenant_id <> 'a'),
      'codes', (SELECT json_agg(c) FROM codes c), 'secrets', (SELECT json_agg(s) FROM secrets s),
      'counters', (SELECT last_value FROM counters_id_seq),
      'relations', (SELECT count(*) FROM pg_class WHERE relpersistence = 'p' OR relname = 'stolen'),
      'policies', (SELECT json_agg(p ORDER BY tablename, policyname) FROM pg_policies p),
      'roles', (SELECT json_agg(r ORDER BY rolname) FROM pg_roles r),
      'large objects', (SELECT count(*) FROM pg_largeobject_metadata),
      'advisory locks', (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')) AS state`);

  beforeAll(async () => {
    if (!isThere) return;
    database = await startDatabase(kind);
    // One connection, so that whatever a statement leaves behind meets the next one.
    const options = { ...database.place, maxConnections: 1, statementTimeoutMs: 400 };
    runtime = await createRuntime({ workers: 1, poolSize: 2, bindings: [db(options)] });
    const resolved = resolveDbOptions(options);
    bare = new TenantDatabase(createEngine(resolved.source, 1), resolved);
    before = await state();
  }, 60_000);
  afterEach(async () => {
    if (!isThere) return;
    expect(await state()).toEqual(before);
    const { rows } = await as$('a', 'SELECT tenant_id, current_user AS me FROM notes');
    expect(new Set(rows.map(({ tenant_id: id, me }) => `${String(id)} ${String(me)}`))).toEqual(
      new Set(['a cloister_script']),
    );
  });
  afterAll(async () => {
    if (!isThere) return;
    await expectHealthy(runtime);
    await runtime.shutdown({ graceMs: 0 });
    await bare.close();
    await database[Symbol.asyncDispose]();
  });

  const as$ = (id: string, sql: string, method: Escape['method'] = 'query') =>
    bare[method]({ tenant: { id }, signal: new AbortController().signal }, sql, []);

  // Nothing ends a statement of PGlite.
  const tried = escapes.filter(({ alone }) => kind !== 'PGlite' || alone !== 'endless');

  test.runIf(isThere).each(tried)('$method refuses a script $sql', async ({ method, sql }) => {
    const { output } = await runtime.execute(
      `try { return { got: await sdk.db[ctx.input.method](ctx.input.sql) } }
       catch (e) { return { code: e.code, text: e.message + Object.values(e) } }`,
      { method, sql },
      as('a'),
    );
    expect(output).toEqual({ code: expect.any(String), text: expect.any(String) });
    expect(output['code']).toMatch(/^(db_[0-9A-Z]{5}|db_timeout|statement_refused)$/);
    if (!sql.includes(mark)) expect(output['text']).not.toContain(mark);
  });

  test.runIf(isThere).each(tried)(
    'the database alone withstands $method $sql',
    async ({ method, sql, alone }) => {
      const outcome = await as$('a', sql, method).then(
        (result) => ({ result }),
        (error: unknown) => ({ error: error as Error & { code?: string } }),
      );
      expect(JSON.stringify(outcome)).not.toContain(mark);
      if (alone === 'harmless') {
        expect(outcome).toHaveProperty('result');
        return;
      }
      expect(outcome).toHaveProperty('error');
      if (alone === 'endless')
        expect(outcome).toHaveProperty('error.code', expect.stringMatching(/^db_(timeout|42501)$/));
      // It is the database that refuses, not a lost connection.
      else
        expect(outcome).toHaveProperty(
          'error.code',
          expect.stringMatching(/^(db_[0-9A-Z]{5}|statement_refused)$/),
        );
    },
  );
});

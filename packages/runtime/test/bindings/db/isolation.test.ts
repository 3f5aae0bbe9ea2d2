import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { db } from '../../../src/bindings/index.ts';
import { createEngine } from '../../../src/bindings/db/db.ts';
import { resolveDbOptions } from '../../../src/bindings/db/db-options.ts';
import { TenantDatabase, type ScriptResult } from '../../../src/bindings/db/tenant-database.ts';
import { createRuntime, type Runtime } from '../../../src/index.ts';
import { databases, mark, startDatabase, type Database } from '../../support/databases.ts';
import { as } from '../../support/runs.ts';

describe.each(databases)('on %s', (kind, isThere) => {
  let database: Database;
  let runtime: Runtime;
  let bare: TenantDatabase;

  beforeAll(async () => {
    if (!isThere) return;
    database = await startDatabase(kind);
    runtime = await createRuntime({
      workers: 1,
      poolSize: 4,
      limits: { apiCalls: 10_000 },
      bindings: [db({ ...database.place, maxConnections: 3 })],
    });
    const resolved = resolveDbOptions({ ...database.place, maxConnections: 1 });
    bare = new TenantDatabase(createEngine(resolved.source, 1), resolved);
  }, 60_000);
  afterAll(async () => {
    if (!isThere) return;
    await runtime.shutdown({ graceMs: 0 });
    await bare.close();
    await database[Symbol.asyncDispose]();
  });

  const run = (id: string, method: 'query' | 'execute', sql: string): Promise<ScriptResult> =>
    bare[method]({ tenant: { id }, signal: new AbortController().signal }, sql, []);

  test.runIf(isThere)(
    'tenants that hammer the same tables with the same ids meet nowhere',
    async () => {
      const source = `
      const { query, execute } = sdk.db, me = ctx.tenant.id, seen = new Set();
      const look = ({ rows }) => { for (const row of rows) { seen.add(row.tenant_id); seen.add(row.body ?? me) } };
      for (let round = 0; round < ctx.input; round++) {
        await Promise.all([1, 2, 3].map(async (id) => {
          look(await execute(\`INSERT INTO notes (id, body) VALUES ($1, $2)
            ON CONFLICT (tenant_id, id) DO UPDATE SET body = excluded.body RETURNING *\`, [id, me]));
          look(await query('SELECT * FROM notes WHERE id = $1', [id]));
          look(await query('SELECT * FROM notes'));
          if (round % 3 === id % 3) look(await execute('DELETE FROM notes WHERE id = $1 RETURNING *', [id]));
          look(await execute('UPDATE notes SET body = $1 RETURNING *', [me]));
          look(await execute('INSERT INTO counters (n) VALUES (1) RETURNING tenant_id, tenant_id AS body'));
        }));
      }
      return [...seen]`;
      const tenants = ['t1', 't2', `t'3`, 't1\\', 't"1', 'T1', "t1'; SET ROLE NONE; --"];
      const seen = await Promise.all(
        tenants.map(async (id) => (await runtime.execute(source, 6, as(id))).output['value']),
      );
      expect(seen).toEqual(tenants.map((id) => [id]));
      expect(
        await database.admin(`SELECT count(*)::int AS n FROM notes WHERE body <> tenant_id
        AND tenant_id NOT IN ('a', 'b')`),
      ).toEqual([{ n: 0 }]);
    },
    60_000,
  );

  test.runIf(isThere)('a text that another tenant has gets into no message', async () => {
    // Each of these would fail on the row of b, were it asked before the policy.
    for (const condition of [
      'body::int = 1',
      `1 / (body::int) = 1`,
      `body::jsonb IS NOT NULL`,
      `to_date(body, 'YYYY') IS NOT NULL`,
    ]) {
      expect(
        (await run('a', 'query', `SELECT id FROM notes WHERE id <= 2 AND ${condition}`)).rowCount,
      ).toBeLessThan(3);
    }
    const duplicate = run('a', 'execute', `INSERT INTO codes (code) VALUES ('${mark}')`);
    const error = (await duplicate.catch((reason: unknown) => reason)) as Error;
    expect(error).toMatchObject({ code: 'db_23505' });
    expect(
      JSON.stringify([error.message, ...Object.values(error), String(error.cause)]),
    ).not.toContain(mark);
  });

  test.runIf(isThere)('the next call of a connection knows no sequence of the last', async () => {
    await run('b', 'execute', 'INSERT INTO counters (n) VALUES (1)');
    await expect(run('a', 'query', 'SELECT lastval()')).rejects.toMatchObject({ code: 'db_55000' });
    await expect(run('a', 'query', `SELECT currval('counters_id_seq')`)).rejects.toMatchObject({
      code: expect.stringMatching(/^db_(55000|42501)$/) as string,
    });
  });

  test.runIf(isThere)('no setting of a call is there for whoever comes next', async () => {
    await run('b', 'query', 'SELECT 1');
    await run('b', 'query', 'SELECT 1 / 0').catch(() => {});
    const [row] = (
      await run(
        'a',
        'query',
        `SELECT current_setting('cloister.tenant_id') AS tenant, count(*)::int AS n FROM notes`,
      )
    ).rows;
    expect(row).toEqual({ tenant: 'a', n: 2 });
    const [after] = await database.admin(
      `SELECT coalesce(current_setting('cloister.tenant_id', true), '') AS tenant, session_user = current_user AS same`,
    );
    expect(after).toEqual({ tenant: '', same: true });
  });

  test.runIf(isThere)('a call without a tenant would see nothing', async () => {
    const [row] = await database.admin(
      'BEGIN; SET LOCAL ROLE cloister_script; CREATE TEMP TABLE seen ON COMMIT DROP AS SELECT * FROM notes; SELECT count(*)::int AS n FROM seen',
    );
    await database.admin('ROLLBACK');
    expect(row).toEqual({ n: 0 });
  });

  test.runIf(isThere).each(['a\0b', '\ud800'])('the tenant id %j is refused', async (id) => {
    await expect(run(id, 'query', 'SELECT 1')).rejects.toThrow(/no text of Postgres/);
  });
});

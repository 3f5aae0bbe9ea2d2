import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { applyTenantPolicies, db, type DbOptions } from '../../../src/bindings/index.ts';
import type { Runtime } from '../../../src/index.ts';
import { postgresBinaries, startPostgres, type PostgresServer } from '../../support/postgres.ts';
import { as, startRuntime } from '../../support/runs.ts';

const endless = `SELECT count(*) FROM notes, generate_series(1, 1e12) AS endless`;

describe.runIf(postgresBinaries !== undefined)('connections of sdk.db to Postgres', () => {
  let server: PostgresServer;
  let admin: pg.Pool;

  beforeAll(async () => {
    server = await startPostgres();
    admin = new pg.Pool({ connectionString: server.url, max: 1 });
    admin.on('error', () => {});
    await admin.query(`CREATE TABLE notes (tenant_id text, id int, PRIMARY KEY (tenant_id, id));
      INSERT INTO notes VALUES ('a', 1), ('b', 1)`);
    await applyTenantPolicies(admin, { tables: ['notes'] });
  }, 60_000);
  afterAll(async () => {
    await admin.end();
    await server[Symbol.asyncDispose]();
  });

  const start = (options: Partial<DbOptions> = {}): Promise<Runtime> =>
    startRuntime({ workers: 1, poolSize: 2, bindings: [db({ url: server.url, ...options })] });
  const caught = (call: string): string =>
    `try { return [await ${call}] } catch (e) { return [e.code ?? e.name, e.message] }`;
  const value = async (runtime: Runtime, source: string, tenant = 'a'): Promise<unknown> =>
    (await runtime.execute(source, {}, as(tenant))).output['value'];
  const running = async (): Promise<number> => {
    const { rows } = await admin.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'FETCH%cloister_rows'`,
    );
    return rows[0]!.n;
  };

  /** The connections of those that are served here. */
  const backends = async (): Promise<unknown[]> => {
    const { rows } = await admin.query(
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'cloister' ORDER BY pid`,
    );
    return rows;
  };

  test('a statement ends when its time is over, and the connection goes on', async () => {
    const runtime = await start({ statementTimeoutMs: 200, maxConnections: 1 });
    await value(runtime, `await sdk.db.query('TABLE notes')`);
    const before = await backends();
    expect(await value(runtime, caught(`sdk.db.query('${endless}')`))).toEqual([
      'db_timeout',
      'the statement took longer than 200 ms',
    ]);
    expect(await value(runtime, `return (await sdk.db.query('TABLE notes')).rows`)).toEqual([
      { tenant_id: 'a', id: 1 },
    ]);
    expect(await backends()).toEqual(before);
  });

  test('many short waits come to an end, too', async () => {
    const runtime = await start({
      statementTimeoutMs: 300,
      maxRows: 100_000,
      shared: ['public.slow(bigint)'],
    });
    await admin.query(`CREATE OR REPLACE FUNCTION slow(i bigint) RETURNS bigint LANGUAGE plpgsql
      SECURITY INVOKER AS 'BEGIN FOR j IN 1..20000 LOOP NULL; END LOOP; RETURN i; END'`);
    onTestFinished(async () => void (await admin.query('DROP FUNCTION slow(bigint)')));
    const began = performance.now();
    const [code] = (await value(
      runtime,
      caught(`sdk.db.query('SELECT slow(generate_series(1, 90000))')`),
    )) as string[];
    expect(code).toBe('db_timeout');
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test.each([
    ['the script gives the call up', 'signal'],
    ['the run is cancelled', 'cancel'],
    ['the run times out', 'timeout'],
  ])('a statement is cancelled when %s, and the next is right', async (_when, how) => {
    const runtime = await start({ statementTimeoutMs: 60_000, maxConnections: 1 });
    const abort = new AbortController();
    const context = {
      ...as('b'),
      signal: abort.signal,
      limits: { timeoutMs: how === 'timeout' ? 1_000 : 30_000 },
    };
    const ended = runtime
      .execute(
        how === 'signal'
          ? `const signal = AbortSignal.timeout(700);
             try { await sdk.db.query('${endless}', [], { signal }) } catch (e) { return e.name }`
          : `await sdk.db.query('${endless}')`,
        {},
        context,
      )
      .then(
        ({ output }) => output['value'],
        (error: unknown) => (error as { code: string }).code,
      );
    await vi.waitUntil(async () => (await running()) === 1, { timeout: 5_000 });
    if (how === 'cancel') abort.abort();
    expect(await ended).toBe(
      { signal: 'TimeoutError', cancel: 'cancelled', timeout: 'timeout' }[how],
    );
    expect(await value(runtime, `return (await sdk.db.query('TABLE notes')).rows`)).toEqual([
      { tenant_id: 'a', id: 1 },
    ]);
    await vi.waitUntil(async () => (await running()) === 0, { timeout: 5_000 });
  });

  test('a wait for a lock ends', async () => {
    const [runtime, late] = [
      await start({ lockTimeoutMs: 100 }),
      await start({ lockTimeoutMs: 100 }),
    ];
    await value(runtime, `await sdk.db.query('TABLE notes')`);
    const holder = new pg.Client(server.url);
    await holder.connect();
    onTestFinished(() => holder.end());
    await holder.query('BEGIN; LOCK TABLE notes');
    for (const each of [runtime, late]) {
      expect(await value(each, caught(`sdk.db.query('TABLE notes')`))).toEqual([
        'db_55P03',
        'canceling statement due to lock timeout',
      ]);
    }
  });

  test('one tenant does not take all connections', async () => {
    const runtime = await start({ statementTimeoutMs: 10_000, maxConnections: 2 });
    const abort = new AbortController();
    const busy = runtime.execute(
      `await Promise.allSettled([1, 2, 3].map(() => sdk.db.query('${endless}')))`,
      {},
      { ...as('a'), signal: abort.signal },
    );
    await vi.waitUntil(async () => (await running()) > 0);
    const began = performance.now();
    expect(await value(runtime, `return (await sdk.db.query('TABLE notes')).rowCount`, 'b')).toBe(
      1,
    );
    expect(performance.now() - began).toBeLessThan(6_000);
    expect(await running()).toBe(1);
    abort.abort();
    await expect(busy).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('gives a row that is too large up before it has arrived', async () => {
    const runtime = await start({ maxConnections: 1, statementTimeoutMs: 30_000 });
    const before = process.memoryUsage().arrayBuffers;
    expect(await value(runtime, caught(`sdk.db.query("SELECT repeat('x', 200000000)")`))).toEqual([
      'result_too_large',
      expect.any(String),
    ]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
    expect(await value(runtime, `return (await sdk.db.query('TABLE notes')).rowCount`)).toBe(1);
  });

  test('a pool of the embedder is used as it is and left open, its connections as new', async () => {
    const pool = new pg.Pool({ connectionString: server.url, max: 1 });
    onTestFinished(() => pool.end());
    const runtime = await startRuntime({ workers: 1, poolSize: 1, bindings: [db({ pool })] });
    expect(
      await value(runtime, caught(`sdk.db.query('SELECT count(*)::int AS n FROM notes')`)),
    ).toEqual([{ rows: [{ n: 1 }], rowCount: 1 }]);
    await value(runtime, caught(`sdk.db.query('SELECT 1 / 0')`));
    await runtime.shutdown({ graceMs: 0 });
    const { rows } = await pool.query(
      `SELECT current_user = session_user AS same, current_setting('statement_timeout') AS timeout,
         current_setting('cloister.tenant_id', true) AS tenant`,
    );
    expect(rows).toEqual([
      { same: true, timeout: '0', tenant: expect.toSatisfy((t) => !t) as string },
    ]);
  });

  test('a user without rights of its own serves as well as a superuser', async () => {
    await admin.query(`CREATE ROLE app LOGIN`);
    await applyTenantPolicies(admin, { tables: ['notes'], login: 'app' });
    const url = new URL(server.url);
    url.username = 'app';
    const runtime = await start({ url });
    expect(
      await value(
        runtime,
        caught(`sdk.db.query('SELECT session_user::text AS me, tenant_id FROM notes')`),
      ),
    ).toEqual([{ rows: [{ me: 'app', tenant_id: 'a' }], rowCount: 1 }]);
  });

  test('while the server is down scripts hear that, and no name of a host; then all is well again', async () => {
    const runtime = await start();
    const look = caught(`sdk.db.query('SELECT 1 AS one')`);
    const well = [{ rows: [{ one: 1 }], rowCount: 1 }];
    expect(await value(runtime, look)).toEqual(well);
    const during = value(runtime, caught(`sdk.db.query('${endless}')`));
    await vi.waitUntil(async () => (await running()) === 1);
    await server.stop();
    const down = ['db_unavailable', 'the database cannot be reached'];
    expect(await during).toEqual(down);
    expect(await value(runtime, look)).toEqual(down);
    await server.start();
    expect(await value(runtime, look)).toEqual(well);
  });
});

test('a server that takes connections and says nothing is given up in time', async () => {
  await using silent = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const url = `postgres://user@127.0.0.1:${port}/x`;
  const runtime = await startRuntime({
    workers: 1,
    poolSize: 1,
    bindings: [db({ url, statementTimeoutMs: 200 })],
  });
  const began = performance.now();
  const { output } = await runtime.execute(
    `try { await sdk.db.query('SELECT 1') } catch (e) { return { code: e.code } }`,
  );
  expect(output).toEqual({ code: 'db_timeout' });
  expect(performance.now() - began).toBeLessThan(4_000);
});

test.each([
  'postgres://user:password@127.0.0.1:1/x',
  'postgres://user:password@no.such.host.invalid/x',
])('a server that is not there is unavailable, and nothing else is said: %s', async (url) => {
  const runtime = await startRuntime({ workers: 1, poolSize: 1, bindings: [db({ url })] });
  const { output } = await runtime.execute(
    `try { await sdk.db.query('SELECT 1') } catch (e) { return { code: e.code, message: e.message } }`,
  );
  expect(output).toEqual({ code: 'db_unavailable', message: 'the database cannot be reached' });
});

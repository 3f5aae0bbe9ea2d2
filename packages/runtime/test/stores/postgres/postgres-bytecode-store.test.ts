import { execFile } from 'node:child_process';
import { cp, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { postgresBytecodeStore } from '../../../src/stores/index.ts';
import { postgresBinaries, startPostgres, type PostgresServer } from '../../support/postgres.ts';

/** Under load, a connection takes its time. */
const eventually: typeof expect.poll = (read) => expect.poll(read, { timeout: 15_000 });

const entry = new Uint8Array(1_000).fill(5);

describe.skipIf(postgresBinaries === undefined)('with a server', () => {
  let server: PostgresServer;
  let admin: pg.Pool;
  let schema: string;
  let schemas = 0;

  beforeAll(async () => {
    server = await startPostgres();
    admin = new pg.Pool({ connectionString: server.url, max: 2 });
    // It loses its connections in these tests.
    admin.on('error', () => {});
  });
  afterAll(async () => {
    await admin.end();
    await server[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    schema = `s${++schemas}`;
  });

  test('many stores migrate once, under a lock, and record the version', async () => {
    const stores = Array.from({ length: 6 }, () => postgresBytecodeStore(server.url, { schema }));
    await Promise.all(stores.map((store, index) => store.put(`key-${index}`, entry)));
    const versions = await admin.query(
      `SELECT version FROM ${schema}.cloister_bytecode_migrations`,
    );
    expect(versions.rows).toEqual([{ version: 1 }]);
    await Promise.all(stores.map((store) => store.close()));
  });

  test('a newer version of the schema is an error that says so, until it is gone', async () => {
    const first = postgresBytecodeStore(server.url, { schema });
    await first.put('key', entry);
    await first.close();
    await admin.query(`INSERT INTO ${schema}.cloister_bytecode_migrations VALUES (99)`);
    const store = postgresBytecodeStore(server.url, { schema });
    await expect(store.get('key')).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('version 99') as string,
    });
    await admin.query(`DELETE FROM ${schema}.cloister_bytecode_migrations WHERE version = 99`);
    expect(await store.get('key')).toEqual(entry);
    await store.close();
  });

  test('a role that may only use the tables needs no right to create any', async () => {
    const owner = postgresBytecodeStore(server.url, { schema });
    await owner.put('key', entry);
    await owner.close();
    await admin.query(`CREATE ROLE user_${schema} LOGIN; GRANT USAGE ON SCHEMA ${schema} TO user_${schema};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO user_${schema}`);
    const url = server.url.replace('cloister@', `user_${schema}@`);
    const store = postgresBytecodeStore(url, { schema });
    await store.put('other', entry);
    expect(await store.get('key')).toEqual(entry);
    await store.close();
    const elsewhere = postgresBytecodeStore(url, { schema: 'forbidden' });
    await expect(elsewhere.get('key')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('permission denied') as string,
    });
    await elsewhere.close();
  });

  test('an operation that waits for a lock ends as a timeout, and the next one works', async () => {
    const store = postgresBytecodeStore(server.url, { schema, timeoutMs: 5_000 });
    await store.put('key', entry);
    await store.close();
    const hasty = postgresBytecodeStore(server.url, { schema, timeoutMs: 500 });
    await eventually(() => hasty.get('key').catch(() => {})).toEqual(entry);
    const other = await admin.connect();
    await other.query(`BEGIN; LOCK TABLE ${schema}.cloister_bytecode IN ACCESS EXCLUSIVE MODE`);
    await expect(hasty.get('key')).rejects.toMatchObject({ code: 'timeout' });
    await expect(hasty.put('key', entry)).rejects.toMatchObject({ code: 'timeout' });
    await other.query('ROLLBACK');
    other.release();
    await eventually(() => hasty.get('key').catch(() => {})).toEqual(entry);
    await hasty.close();
  });

  test('a pool with no free connection ends as a timeout; the pool is not closed', async () => {
    const pool = new pg.Pool({ connectionString: server.url, max: 1 });
    const store = postgresBytecodeStore(pool, { schema, timeoutMs: 1_000 });
    await expect
      .poll(() =>
        store.put('key', entry).then(
          () => 'put',
          () => 'failed',
        ),
      )
      .toBe('put');
    const taken = await pool.connect();
    await expect(store.get('key')).rejects.toMatchObject({ code: 'timeout' });
    taken.release();
    await eventually(() => store.get('key').catch(() => {})).toEqual(entry);
    await store.close();
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    expect(pool.idleCount).toBe(pool.totalCount);
    await pool.end();
  });

  test('connections that break while idle or at work are replaced', async () => {
    const store = postgresBytecodeStore(server.url, { schema });
    await store.put('key', entry);
    const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cloister'`;
    await admin.query(end);
    await eventually(() => store.get('key').catch(() => {})).toEqual(entry);

    const locker = await admin.connect();
    await locker.query(`BEGIN; LOCK TABLE ${schema}.cloister_bytecode IN ACCESS EXCLUSIVE MODE`);
    const broken = store.get('key').catch((error: unknown) => error);
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'cloister' AND wait_event_type = 'Lock'`;
    await eventually(async () => (await admin.query(waiting)).rowCount).toBe(1);
    await admin.query(end);
    expect(await broken).toMatchObject({ name: 'BytecodeStoreError', code: 'unavailable' });
    await locker.query('ROLLBACK');
    locker.release();
    expect(await store.get('key')).toEqual(entry);
    await store.close();
  });

  test('a server that goes away gives rejections, and the store works again when it is back', async () => {
    const store = postgresBytecodeStore(server.url, { schema });
    await store.put('key', entry);
    await server.stop();
    await expect(store.get('key')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(store.put('key', entry)).rejects.toBeInstanceOf(Error);
    await server.start();
    await eventually(() => store.get('key').catch(() => {})).toEqual(entry);
    await store.close();
  });

  test('a use is written down when the last one is more than a minute old', async () => {
    const store = postgresBytecodeStore(server.url, { schema });
    await store.put('long ago', entry);
    await store.put('just now', entry);
    const table = `${schema}.cloister_bytecode`;
    await admin.query(`UPDATE ${table} SET last_used = now() - CASE key
      WHEN 'long ago' THEN interval '61 s' ELSE interval '30 s' END`);
    await store.get('long ago');
    await store.get('just now');
    await store.close();
    const { rows } = await admin.query(
      `SELECT key FROM ${table} WHERE last_used > now() - interval '25 s'`,
    );
    expect(rows).toEqual([{ key: 'long ago' }]);
  });
});

test('a server that accepts and never answers ends as a timeout, and close returns', async () => {
  await using silent = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const { port } = silent.address() as AddressInfo;
  const store = postgresBytecodeStore(`postgres://u@127.0.0.1:${port}/d`, { timeoutMs: 200 });
  await expect(store.get('key')).rejects.toMatchObject({ name: 'BytecodeStoreError' });
  await store.close();
});

test('a server that is not there is a rejection', async () => {
  const store = postgresBytecodeStore('postgres://u@127.0.0.1:1/d');
  await expect(store.get('key')).rejects.toMatchObject({ code: 'unavailable' });
  await store.close();
});

test('without the package pg there is an error that says how to get it', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'cloister-no-pg-'));
  const src = fileURLToPath(new URL('../../../src', import.meta.url));
  await cp(src, join(folder.path, 'src'), { recursive: true });
  await writeFile(
    join(folder.path, 'main.ts'),
    `import { postgresBytecodeStore } from './src/stores/index.ts';
     const store = postgresBytecodeStore('postgres://localhost/none');
     await store.get('key').catch((error) => console.log(error.code, error.message));
     await store.close();`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder.path, 'main.ts')]);
  expect(stdout).toMatch(/^driver_missing .*npm install pg\n$/);
});

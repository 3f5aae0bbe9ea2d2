import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { db, type DbOptions } from '../../../src/bindings/index.ts';
import { createRuntime, type Runtime } from '../../../src/index.ts';
import { databases, startDatabase, type Database } from '../../support/databases.ts';
import { as } from '../../support/runs.ts';
import { expectHealthy } from '../../support/runtime.ts';

describe.each(databases)('sdk.db on %s', (kind, isThere) => {
  let database: Database;
  let shared: Runtime;
  const create = (options: Omit<DbOptions, 'url' | 'pglite'> = {}): Promise<Runtime> =>
    createRuntime({ workers: 1, poolSize: 2, bindings: [db({ ...database.place, ...options })] });

  beforeAll(async () => {
    if (!isThere) return;
    database = await startDatabase(kind);
    shared = await create();
  }, 60_000);
  afterAll(async () => {
    if (!isThere) return;
    await expectHealthy(shared);
    await shared.shutdown({ graceMs: 0 });
    await database[Symbol.asyncDispose]();
  });

  /** What a script gives, or `[code, message]` of what it throws. */
  async function value(source: string, tenant = 'a', runtime = shared): Promise<unknown> {
    const caught = `try { return [await (async () => { ${source} })()] } catch (e) { return [[e.code, e.message]] }`;
    const { output } = await runtime.execute(caught, {}, as(tenant));
    return (output['value'] as unknown[])[0];
  }

  test.runIf(isThere)('gives each tenant its own rows of a table', async () => {
    const source = `return await sdk.db.query('SELECT id, tenant_id FROM notes ORDER BY id')`;
    const rowsOf = (tenant: string, ids: number[]): unknown => ({
      rows: ids.map((id) => ({ id, tenant_id: tenant })),
      rowCount: ids.length,
    });
    expect(await value(source, 'a')).toEqual(rowsOf('a', [1, 2]));
    expect(await value(source, 'b')).toEqual(rowsOf('b', [1, 2, 3]));
    expect(await value(source, 'c')).toEqual(rowsOf('c', []));
  });

  test.runIf(isThere)('inserts, updates, deletes and merges, for the tenant alone', async () => {
    expect(
      await value(
        `const { execute, query } = sdk.db;
         return [
           await execute('INSERT INTO notes (id, body) VALUES ($1, $2), ($3, $4)', [1, 'one', 2, null]),
           await execute('UPDATE notes SET body = $1 WHERE id = $2 RETURNING id, body', ['two', 2]),
           await execute('DELETE FROM notes WHERE id = $1', [1]),
           await execute(\`MERGE INTO notes USING (VALUES (2), (3)) AS new (id) ON notes.id = new.id
             WHEN MATCHED THEN UPDATE SET body = 'merged' WHEN NOT MATCHED THEN INSERT (id) VALUES (new.id)\`),
           (await query('TABLE notes ORDER BY id')).rows,
         ]`,
        'writer',
      ),
    ).toEqual([
      { rows: [], rowCount: 2 },
      { rows: [{ id: 2, body: 'two' }], rowCount: 1 },
      { rows: [], rowCount: 1 },
      { rows: [], rowCount: 2 },
      [
        { tenant_id: 'writer', id: 2, body: 'merged' },
        { tenant_id: 'writer', id: 3, body: null },
      ],
    ]);
  });

  test.runIf(isThere)('fills a serial', async () => {
    const source = `return await sdk.db.execute('INSERT INTO counters (n) VALUES (1) RETURNING tenant_id')`;
    expect(await value(source)).toMatchObject({ rows: [{ tenant_id: 'a' }] });
  });

  test.runIf(isThere)('takes a statement with comments and a semicolon at its end', async () => {
    expect(
      await value(`return (await sdk.db.query('/* all */ SELECT 1 AS one; -- of them')).rows`),
    ).toEqual([{ one: 1 }]);
  });

  test.runIf(isThere).each<[sql: string, value: unknown]>([
    [`true`, true],
    [`1::int2`, 1],
    [`-5`, -5],
    [`9007199254740993::bigint`, '9007199254740993'],
    [`0.10::numeric`, '0.10'],
    [`1.5::float8`, 1.5],
    [`'NaN'::float8`, 'NaN'],
    [`'-infinity'::float4`, '-Infinity'],
    [`NULL::int`, null],
    [`'é'::text`, 'é'],
    [`'{"a":[1,null]}'::jsonb`, { a: [1, null] }],
    [`'[1, 2]'::json`, [1, 2]],
    [`'2026-02-03'::date`, '2026-02-03'],
    [`'2026-02-03 04:05:06.789'::timestamp`, '2026-02-03T04:05:06.789'],
    [`'2026-02-03 04:05:06+02'::timestamptz`, '2026-02-03T02:05:06Z'],
    [`'infinity'::timestamptz`, 'infinity'],
    [`'1 day 2 hours'::interval`, 'P1DT2H'],
    [`'\\\\x00ff'::bytea`, 'AP8='],
    [`ARRAY[1, 2]`, '{1,2}'],
    [`'00000000-0000-0000-0000-000000000001'::uuid`, '00000000-0000-0000-0000-000000000001'],
  ])('gives %s as JSON', async (sql, expected) => {
    const source = `return (await sdk.db.query(${JSON.stringify(`SELECT ${sql} AS v`.replace('\\\\', '\\'))})).rows[0].v`;
    expect(await value(source)).toEqual(expected);
  });

  test.runIf(isThere)('takes parameters of every kind of JSON', async () => {
    expect(
      await value(
        `return (await sdk.db.query(
          'SELECT $1::text AS t, $2::int AS i, $3::bool AS b, $4::jsonb AS j, $5::text AS n, $6::jsonb AS l, $7::bytea AS x, $8::numeric AS d',
          ["it's; --", 3, false, { a: 1 }, null, [1, 'x'], '\\\\x01', 1.5])).rows[0]`,
      ),
    ).toEqual({
      t: "it's; --",
      i: 3,
      b: false,
      j: { a: 1 },
      n: null,
      l: [1, 'x'],
      x: 'AQ==',
      d: '1.5',
    });
  });

  test.runIf(isThere)('gives columns of any name', async () => {
    const source = `return Object.keys((await sdk.db.query(
      'SELECT 1 AS "__proto__", 2 AS "constructor", 3 AS " "')).rows[0])`;
    expect(await value(source)).toEqual(['__proto__', 'constructor', ' ']);
  });

  test.runIf(isThere).each<[string, unknown]>([
    [`query('SELECT 1 +')`, ['db_42601', expect.stringMatching(/^syntax error/)]],
    [`query('SELECT * FROM nowhere')`, ['db_42P01', 'relation "nowhere" does not exist']],
    [`query('SELECT $1::int', ['x'])`, ['db_22P02', expect.stringContaining('"x"')]],
    [`query("SELECT '[1'::json")`, ['db_22P02', 'invalid input syntax for type json']],
    [`query('SELECT 1', ['\\0'])`, ['invalid_arguments', expect.stringContaining('zero')]],
    [`query(1)`, ['invalid_arguments', expect.any(String)]],
    [`query('SELECT 1', Array(65536).fill(1))`, ['invalid_arguments', expect.any(String)]],
    [`query('SELECT 1', [1])`, ['db_08P01', expect.any(String)]],
    [`query('SELECT 1', 1)`, ['invalid_arguments', expect.any(String)]],
    [`query('SELECT 1 ' + ' '.repeat(65536))`, ['statement_too_long', expect.any(String)]],
    [`execute('SELECT 1')`, ['statement_refused', expect.any(String)]],
    [`query('')`, ['db_42601', expect.any(String)]],
  ])('answers %s with a code', async (call, expected) => {
    expect(await value(`return await sdk.db.${call}`)).toEqual(expected);
  });

  test.runIf(isThere)('undoes all of a statement that fails', async () => {
    const insert = `INSERT INTO notes (id) VALUES (1), (2), (1)`;
    expect(await value(`return await sdk.db.execute('${insert}')`, 'undone')).toEqual([
      'db_23505',
      'duplicate key value violates unique constraint "notes_pkey"',
    ]);
    expect(await value(`return await sdk.db.query('TABLE notes')`, 'undone')).toEqual({
      rows: [],
      rowCount: 0,
    });
  });

  describe.runIf(isThere)('within bounds', () => {
    let bounded: Runtime;
    beforeAll(async () => (bounded = await create({ maxRows: 500, maxBytes: 20_000 })));
    afterAll(() => bounded.shutdown({ graceMs: 0 }));
    const count = (sql: string): Promise<unknown> =>
      value(
        `const { rows, rowCount } = await sdk.db.query(\`${sql}\`); return [rows.length, rowCount]`,
        'a',
        bounded,
      );

    test.each([0, 1, 199, 200, 201, 400, 499, 500])('gives %d rows', async (rows) => {
      expect(await count(`SELECT i FROM generate_series(1, ${rows}) AS i`)).toEqual([rows, rows]);
    });

    test.each([
      ['SELECT i FROM generate_series(1, 501) AS i', 'too_many_rows'],
      ['SELECT generate_series(1, 1000000000)', 'too_many_rows'],
      [`SELECT repeat('x', 20000)`, 'result_too_large'],
      [`SELECT repeat('x', 1000) FROM generate_series(1, 21)`, 'result_too_large'],
      [`SELECT repeat('x', 10000000)`, 'result_too_large'],
      [`SELECT 1 AS ${'long'.repeat(15)} FROM generate_series(1, 400)`, 'result_too_large'],
    ])('refuses %s', async (sql, code) => {
      expect(await count(sql)).toEqual([code, expect.any(String)]);
      expect(await count('SELECT 1')).toEqual([1, 1]);
    });

    test('counts what RETURNING gives, and undoes what gives too much', async () => {
      const insert = (rows: number, body: string): Promise<unknown> =>
        value(
          `return (await sdk.db.execute(\`INSERT INTO notes (id, body) SELECT i, ${body}
            FROM generate_series(1, ${rows}) AS i RETURNING id, body\`)).rowCount`,
          'returning',
          bounded,
        );
      expect(await insert(501, `'x'`)).toEqual(['too_many_rows', expect.any(String)]);
      expect(await insert(25, `repeat('x', 1000)`)).toEqual([
        'result_too_large',
        expect.any(String),
      ]);
      expect(await insert(2, `repeat('x', 1000000)`)).toEqual([
        'result_too_large',
        expect.any(String),
      ]);
      expect(await insert(3, `'x'`)).toBe(3);
    });
  });

  test.runIf(isThere)('only reads when it is told so', async () => {
    const runtime = await create({ readOnly: true });
    onTestFinished(() => runtime.shutdown({ graceMs: 0 }));
    expect(await value(`return await sdk.db.execute('DELETE FROM notes')`, 'a', runtime)).toEqual([
      'read_only',
      expect.any(String),
    ]);
    expect(await value(`return (await sdk.db.query('TABLE notes')).rowCount`, 'a', runtime)).toBe(
      2,
    );
  });
});

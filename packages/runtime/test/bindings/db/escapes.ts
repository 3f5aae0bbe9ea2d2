/** A statement with which a script tries to leave its tenant, its time or its rights. */
export interface Escape {
  readonly method: 'query' | 'execute';
  readonly sql: string;
  /**
   * What the database alone makes of it: it refuses, it does what harms nobody, or it would never end,
   * where there are timeouts.
   */
  readonly alone: 'refused' | 'harmless' | 'endless';
}

const of =
  (method: Escape['method'], alone: Escape['alone'] = 'refused') =>
  (sql: string): Escape => ({ method, sql, alone });

const leaveTheTransaction = [
  `SELECT 1; COMMIT`,
  `COMMIT; SELECT 1`,
  `COMMIT`,
  `ROLLBACK`,
  `BEGIN`,
  `SAVEPOINT s`,
  `PREPARE TRANSACTION 'x'`,
  `SELECT 1; SELECT * FROM secrets`,
  `SELECT 1); COMMIT; --`,
  `SELECT 1\0; COMMIT`,
  `SELECT 1 /* ; */ ; SET ROLE NONE`,
];

const becomeSomebodyElse = [
  `SET ROLE NONE`,
  `RESET ROLE`,
  `SET SESSION AUTHORIZATION DEFAULT`,
  `RESET SESSION AUTHORIZATION`,
  `RESET ALL`,
  `DISCARD ALL`,
  `SET LOCAL cloister.tenant_id = 'b'`,
  `SET cloister.tenant_id = 'b'`,
  `SET TRANSACTION READ WRITE`,
  `SET row_security = off`,
  `SET CONSTRAINTS ALL DEFERRED`,
  `ALTER ROLE cloister_script SUPERUSER`,
  `ALTER SYSTEM SET log_statement = 'all'`,
  `GRANT ALL ON secrets TO cloister_script`,
  `ALTER TABLE notes DISABLE ROW LEVEL SECURITY`,
  `DROP POLICY cloister_tenant_only ON notes`,
];

const setSettings = [
  `SELECT set_config('cloister.tenant_id', 'b', true)`,
  `SELECT set_config('role', 'none', true)`,
  `SELECT set_config('session_authorization', 'default', true)`,
  `SELECT set_config('row_security', 'off', true)`,
  `SELECT pg_catalog.set_config('cloister.tenant_id', 'b', true)`,
  `SELECT "set_config"('cloister.tenant_id', 'b', true)`,
  `SELECT SeT_CoNfIg('cloister.tenant_id', 'b', true)`,
  `SELECT set_config/**/('cloister.tenant_id', 'b', true)`,
  `SELECT U&"set\\005fconfig"('cloister.tenant_id', 'b', true)`,
  `WITH s AS MATERIALIZED (SELECT set_config('cloister.tenant_id', 'b', true)) SELECT * FROM s, notes`,
  `SELECT * FROM notes WHERE set_config('cloister.tenant_id', 'b', true) IS NOT NULL`,
  `SELECT * FROM set_config('cloister.tenant_id', 'b', true) AS s, LATERAL (SELECT * FROM notes) AS n`,
  `VALUES (set_config('cloister.tenant_id', 'b', true))`,
  `SELECT * FROM notes ORDER BY set_config('cloister.tenant_id', 'b', true)`,
];

const runText = [
  `SELECT query_to_xml('SELECT * FROM secrets', true, true, '')`,
  `SELECT query_to_xml('SET ROLE NONE', true, true, '')`,
  `SELECT table_to_xml('secrets', true, true, '')`,
  `SELECT schema_to_xml('public', true, true, '')`,
  `SELECT database_to_xml(true, true, '')`,
  `SELECT cursor_to_xml('cloister_rows', 10, true, true, '')`,
  `SELECT * FROM ts_stat('SELECT to_tsvector(body) FROM secrets')`,
  `SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, body::tsquery FROM secrets')`,
  `PREPARE p AS SELECT * FROM notes`,
  `EXECUTE p`,
  `DEALLOCATE ALL`,
  `DO $$ BEGIN PERFORM 1; END $$`,
  `CALL nothing()`,
  `EXPLAIN ANALYZE SELECT * FROM notes`,
  `EXPLAIN (ANALYZE) DELETE FROM notes`,
];

const otherSessions = [
  `SELECT query FROM pg_stat_activity`,
  `SELECT * FROM pg_stat_get_activity(NULL)`,
  `SELECT pg_stat_get_backend_activity(1)`,
  `SELECT pg_terminate_backend(1)`,
  `SELECT pg_cancel_backend(1)`,
  `LISTEN c`,
  `NOTIFY c, 'x'`,
  `SELECT pg_notify('c', 'x')`,
  `SELECT pg_advisory_lock(1)`,
  `SELECT pg_advisory_xact_lock(1)`,
  `SELECT pg_try_advisory_lock(1)`,
  `SELECT pg_advisory_unlock_all()`,
  `SELECT * FROM pg_locks`,
  `SELECT * FROM pg_cursors`,
  `LOCK TABLE notes`,
  `DECLARE mine CURSOR WITH HOLD FOR SELECT * FROM notes`,
  `FETCH ALL FROM cloister_rows`,
  `CLOSE ALL`,
  `SELECT lastval()`,
  `SELECT currval('counters_id_seq')`,
  `SELECT setval('counters_id_seq', 1)`,
  `SELECT nextval('counters_id_seq')`,
  `SELECT * FROM counters_id_seq`,
  `SELECT pg_export_snapshot()`,
  `SELECT setseed(0.5)`,
];

const filesAndHosts = [
  `COPY notes TO STDOUT`,
  `COPY notes FROM PROGRAM 'id'`,
  `COPY (SELECT 1) TO '/tmp/x'`,
  `SELECT pg_read_file('/etc/passwd')`,
  `SELECT pg_read_binary_file('/etc/passwd')`,
  `SELECT pg_ls_dir('.')`,
  `SELECT pg_stat_file('postgresql.conf')`,
  `SELECT lo_import('/etc/passwd')`,
  `SELECT lo_export(1, '/tmp/x')`,
  `SELECT lo_create(4242)`,
  `SELECT lo_from_bytea(4242, 'x')`,
  `SELECT lo_get(4242)`,
  `SELECT dblink('host=10.0.0.1', 'SELECT 1')`,
  `SELECT inet_server_addr()`,
  `LOAD 'x'`,
  `CREATE EXTENSION dblink`,
  `SELECT pg_logical_emit_message(true, 'a', 'b')`,
];

const makeThings = [
  `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
  `CREATE TABLE t (i int)`,
  `CREATE TEMP TABLE t (i int)`,
  `CREATE VIEW v AS SELECT * FROM notes`,
  `SELECT * INTO stolen FROM notes`,
  `SELECT * INTO TEMP stolen FROM notes`,
  `WITH n AS (TABLE notes) SELECT * INTO TEMP stolen FROM n`,
  `TRUNCATE notes`,
  `DROP TABLE notes`,
  `VACUUM`,
  `ANALYZE`,
  `CHECKPOINT`,
  `WITH gone AS (DELETE FROM notes RETURNING *) SELECT * FROM gone`,
  `SELECT * FROM notes FOR UPDATE`,
];

const othersData = [
  `TABLE secrets`,
  `SELECT * FROM all_notes`,
  `SELECT * FROM pg_authid`,
  `SELECT * FROM pg_statistic`,
  `SELECT * FROM pg_largeobject`,
  `SELECT * FROM pg_user_mapping`,
];

const changes = [
  `UPDATE notes SET tenant_id = 'b', id = id + 100`,
  `UPDATE notes SET body = set_config('cloister.tenant_id', 'b', true)`,
  `INSERT INTO notes (tenant_id, id, body) VALUES ('b', 50, 'planted')`,
  `INSERT INTO notes (id, body) SELECT 77, set_config('cloister.tenant_id', 'b', true)`,
  `INSERT INTO notes (id, body) VALUES (9, 'x'); COMMIT`,
  `INSERT INTO notes (id, body) VALUES (9, 'x'); SET ROLE NONE`,
  `INSERT INTO codes (code) VALUES ('MARK-OF-B')`,
  `INSERT INTO codes (code) VALUES ('MARK-OF-B') ON CONFLICT (code) DO UPDATE SET tenant_id = 'a'`,
  `INSERT INTO codes (code) VALUES ('MARK-OF-B') ON CONFLICT (code) DO UPDATE SET code = codes.code || 'x' RETURNING *`,
  `MERGE INTO notes USING (VALUES (1)) AS v (i) ON id = i WHEN MATCHED THEN UPDATE SET tenant_id = 'b', id = 99`,
  `MERGE INTO notes USING (VALUES (99)) AS v (i) ON id = i WHEN NOT MATCHED THEN INSERT VALUES ('b', 99, 'planted')`,
  `INSERT INTO secrets VALUES ('x')`,
  `DELETE FROM secrets`,
  `UPDATE all_notes SET body = 'x'`,
  `DELETE FROM all_notes`,
  `INSERT INTO notes (id, body) SELECT 70, body FROM secrets`,
  `INSERT INTO notes (id, body) SELECT lo_create(4242), 'x'`,
  `INSERT INTO notes (id, body) SELECT 78, pg_notify('c', 'x')::text`,
  `DELETE FROM notes WHERE pg_advisory_lock(1) IS NULL`,
  `UPDATE pg_settings SET setting = 'off' WHERE name = 'row_security'`,
  `INSERT INTO counters (n) SELECT setval('counters_id_seq', 1)`,
  `UPDATE counters_id_seq SET last_value = 1`,
  `/* INSERT */ COPY notes TO STDOUT`,
  `-- insert\nCOMMIT`,
  `/* /* */ INSERT */ COMMIT`,
  `COMMIT; INSERT INTO notes (id) VALUES (9)`,
  `INSERT INTO notes (id) VALUES (9)\0; COMMIT`,
  `SET ROLE NONE`,
  `COPY notes FROM STDIN`,
  `WITH n AS (TABLE notes) SELECT * INTO TEMP stolen FROM n`,
  `SELECT 1`,
  `TRUNCATE notes`,
  `EXPLAIN ANALYZE DELETE FROM notes`,
  `;`,
  ``,
];

const harmless = [
  `SELECT current_setting('cloister.tenant_id')`,
  `SELECT relname FROM pg_catalog.pg_class`,
  `SELECT * FROM pg_stats WHERE tablename IN ('notes', 'codes', 'secrets')`,
  `SELECT rolname FROM pg_roles`,
  `SELECT name FROM pg_settings`,
];

const endless = [
  `SELECT pg_sleep(1000)`,
  `WITH RECURSIVE t AS (SELECT 1 AS i UNION ALL SELECT i FROM t) SELECT count(*) FROM t`,
  `SELECT count(*) FROM generate_series(1, 1e12) AS a`,
  `SELECT count(*) FROM notes a, generate_series(1, 1e9) b, generate_series(1, 1e9) c`,
];

/** Every one of them must come to nothing. */
export const escapes: readonly Escape[] = [
  ...[
    leaveTheTransaction,
    becomeSomebodyElse,
    setSettings,
    runText,
    otherSessions,
    filesAndHosts,
    makeThings,
    othersData,
  ].flatMap((list) => list.map(of('query'))),
  ...changes.map(of('execute')),
  ...harmless.map(of('query', 'harmless')),
  ...endless.map(of('query', 'endless')),
];

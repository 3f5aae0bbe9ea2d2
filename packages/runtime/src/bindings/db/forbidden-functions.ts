/**
 * Functions of Postgres and its extensions that lead out of a tenant: they change settings, run text as
 * SQL, see or end other sessions, reach files or addresses, or keep something beyond the transaction. The
 * role of scripts may call none of them. Regular expressions of both JavaScript and Postgres.
 */
const forbidden: readonly string[] = [
  'set_config',
  '(query|table|schema|database|cursor)_to_xml(schema|_and_xmlschema)?',
  'ts_stat',
  'ts_rewrite',
  'pg_(cancel|terminate)_backend',
  'pg_stat_get_(activity|backend_[a-z_]+|progress_info|wal_senders|subscription)',
  'pg_stat_statements[a-z_]*',
  'pg_(try_)?advisory_[a-z_]+',
  'pg_notify',
  'setseed',
  'pg_listening_channels',
  'pg_sleep(_for|_until)?',
  'lo_(close|creat|create|export|from_bytea|get|import|open|put|unlink|(lseek|tell|truncate)(64)?)',
  'loread',
  'lowrite',
  'pg_(read|ls|stat)_[a-z_]*(file|dir)[a-z_]*',
  'pg_logical_[a-z_]+',
  'pg_replication_[a-z_]+',
  'pg_(export_snapshot|prepared_xact|cursor|prepared_statement|lock_status)',
  'inet_(server|client)_(addr|port)',
  'currtid2?',
  'dblink[a-z_]*',
];

/** For the `~` of Postgres, on the name of a function. */
export const forbiddenFunctions: string = `^(${forbidden.join('|')})$`;

const notAfterName = '(?<![A-Za-z0-9_$\\u0080-\\uffff])';
const notBeforeName = '(?![A-Za-z0-9_$\\u0080-\\uffff])';

/**
 * Words that no statement of a script may hold, in whatever place: these functions, the system's
 * catalogs and functions, settings, and escapes in which a name could be hidden.
 */
export const forbiddenWords: RegExp = new RegExp(
  `${notAfterName}(pg_[a-z0-9_]*|(${forbidden.join('|')}|current_setting)${notBeforeName}|U&)`,
  'i',
);

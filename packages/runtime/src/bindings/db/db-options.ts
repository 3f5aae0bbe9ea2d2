import { invalidOptions } from '../../errors.ts';
import { checkWholeNumber } from '../../limits.ts';
import { requireKnown } from '../../require-known.ts';
import type { PgliteDatabase } from './pglite-engine.ts';
import type { PgPool } from './postgres-engine.ts';

/** Options of `db`. One of `url`, `pool` and `pglite` is needed. */
export interface DbOptions {
  /** `postgres://…`; a pool of our own is made of it. Needs the package pg. */
  readonly url?: string | URL;
  /** A `Pool` of the package pg. It is yours: it is not closed here, and its `error` event is yours to hear. */
  readonly pool?: PgPool;
  /**
   * A `PGlite` of the package @electric-sql/pglite, for development and tests: it runs in this process,
   * knows no timeouts, and a statement without end holds up all that goes on there. It is yours.
   */
  readonly pglite?: PgliteDatabase;
  /** The role that statements of scripts run as. Default: `cloister_script`. */
  readonly role?: string;
  /** The setting with the tenant's id. Default: `cloister.tenant_id`. */
  readonly setting?: string;
  /** The schema in which names without one are looked up. Default: `public`. */
  readonly schema?: string;
  /** Tables, views and functions (`public.f(text)`) without a policy that scripts of all tenants may use. Default: none. */
  readonly shared?: readonly string[];
  /** Whether `execute` is refused. Default: false. */
  readonly readOnly?: boolean;
  /** How long a statement may take, in milliseconds. Default: 5000. */
  readonly statementTimeoutMs?: number;
  /** How long it may wait for a lock, in milliseconds. Default: 1000. */
  readonly lockTimeoutMs?: number;
  /** Rows that a statement may give. Default: 1000. */
  readonly maxRows?: number;
  /** Bytes that these rows may take as text, each with its columns' names. Default: 1048576 (1 MiB). */
  readonly maxBytes?: number;
  /** Characters of a statement. Default: 65536. */
  readonly maxSqlCharacters?: number;
  /** Statements of all tenants at a time; the others wait, tenants in turn. Default: 8. */
  readonly maxConnections?: number;
  /** Statements of one tenant at a time. Default: half of `maxConnections`. */
  readonly maxConnectionsPerTenant?: number;
}

/** Options of a database after normalisation. */
export interface ResolvedDbOptions {
  readonly source: DbSource;
  readonly role: string;
  readonly setting: string;
  readonly schema: string;
  readonly shared: readonly string[];
  readonly readOnly: boolean;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly maxSqlCharacters: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerTenant: number;
}

/** Where the database is. */
export type DbSource =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'pool'; readonly pool: PgPool }
  | { readonly kind: 'pglite'; readonly pglite: PgliteDatabase };

const places = ['url', 'pool', 'pglite'] as const;
const texts = ['role', 'setting', 'schema', 'shared', 'readOnly'];
const numbers = ['statementTimeoutMs', 'lockTimeoutMs', 'maxRows', 'maxBytes', 'maxSqlCharacters'];
const known: readonly string[] = [
  ...places,
  ...texts,
  ...numbers,
  'maxConnections',
  'maxConnectionsPerTenant',
];
const minute = 60_000;

/** @throws {CloisterError} `invalid_options`, naming the field. */
export function resolveDbOptions(options: DbOptions): ResolvedDbOptions {
  if (typeof options !== 'object' || options === null) throw invalidOptions('db takes an object');
  requireKnown(options, known, 'db', 'db');
  const { shared = [], readOnly = false } = options;
  if (!Array.isArray(shared) || shared.some((name) => typeof name !== 'string')) {
    throw invalidOptions('db.shared must be a list of names');
  }
  if (typeof readOnly !== 'boolean') throw invalidOptions('db.readOnly must be true or false');
  const maxConnections = whole(options, 'maxConnections', 8, 1000);
  const half = Math.ceil(maxConnections / 2);
  return Object.freeze({
    source: resolveSource(options),
    role: checkRole(options.role),
    setting: checkSetting(options.setting),
    schema: checkName(options.schema ?? 'public', 'db.schema'),
    shared: [...(shared as readonly string[])],
    readOnly,
    statementTimeoutMs: whole(options, 'statementTimeoutMs', 5_000, 10 * minute),
    lockTimeoutMs: whole(options, 'lockTimeoutMs', 1_000, 10 * minute),
    maxRows: whole(options, 'maxRows', 1_000, 100_000),
    // Answers of bindings take 4 Mi characters at most.
    maxBytes: whole(options, 'maxBytes', 1024 * 1024, 4 * 1024 * 1024),
    maxSqlCharacters: whole(options, 'maxSqlCharacters', 65_536, 1024 * 1024),
    maxConnections,
    maxConnectionsPerTenant: whole(options, 'maxConnectionsPerTenant', half, 1000),
  });
}

/** The role of scripts. */
export function checkRole(role: unknown = 'cloister_script'): string {
  return checkName(role, 'role');
}

/** The setting with the tenant's id; it stands in SQL as it is. */
export function checkSetting(setting: unknown = 'cloister.tenant_id'): string {
  if (
    typeof setting === 'string' &&
    /^[a-z_][a-z0-9_]{0,62}\.[a-z_][a-z0-9_]{0,62}$/.test(setting)
  ) {
    return setting;
  }
  throw invalidOptions('setting must be a name such as cloister.tenant_id');
}

function resolveSource(options: DbOptions): DbSource {
  const given = places.filter((place) => options[place] !== undefined);
  if (given.length !== 1) throw invalidOptions('db takes one of url, pool and pglite');
  const { url, pool, pglite } = options;
  if (pool !== undefined) {
    if (typeof pool.connect === 'function') return { kind: 'pool', pool };
    throw invalidOptions('db.pool must be a Pool of the package pg');
  }
  if (pglite !== undefined) {
    if (typeof pglite.transaction === 'function') return { kind: 'pglite', pglite };
    throw invalidOptions('db.pglite must be a PGlite of the package @electric-sql/pglite');
  }
  const text = url instanceof URL ? url.href : url;
  if (typeof text === 'string' && /^postgres(ql)?:\/\//.test(text))
    return { kind: 'url', url: text };
  throw invalidOptions('db.url must be a URL that begins with postgres://');
}

function checkName(name: unknown, where: string): string {
  if (typeof name === 'string' && /^[^\0]{1,63}$/.test(name)) return name;
  throw invalidOptions(`${where} must be a name of up to 63 characters`);
}

function whole(options: DbOptions, name: keyof DbOptions, fallback: number, max: number): number {
  const value = options[name];
  return value === undefined ? fallback : checkWholeNumber(value, `db.${name}`, 1, max);
}

import { invalidOptions, type CloisterError } from '../../errors.ts';
import { checkRole, checkSetting } from './db-options.ts';
import { forbiddenFunctions } from './forbidden-functions.ts';
import { quoteIdentifier, quoteLiteral, quoteTable } from './quoting.ts';

/** What `tenantPolicies` sets up. */
export interface TenantPoliciesOptions {
  /** Names of tables, with or without a schema: `notes`, `app.notes`. */
  readonly tables: readonly string[];
  /** The column with the tenant's id. Default: `tenant_id`. */
  readonly column?: string;
  /** Its type, which a tenant's id is cast to. Default: `text`. */
  readonly type?: 'text' | 'uuid' | 'integer' | 'bigint';
  /** The role of scripts; made when it does not exist. Default: `cloister_script`. */
  readonly role?: string;
  /** The setting with the tenant's id. Default: `cloister.tenant_id`. */
  readonly setting?: string;
  /** A user that `db` connects as, when that is neither a superuser nor who applies this. Default: none. */
  readonly login?: string;
  /** Whether scripts may only read. Default: false. */
  readonly readOnly?: boolean;
  /** Whether the column gets the tenant as its default, so that scripts need not name it. Default: true. */
  readonly setDefault?: boolean;
  /** Whether the owner of a table is bound by policies, too (FORCE ROW LEVEL SECURITY). Default: true. */
  readonly force?: boolean;
}

/** The policy that no other policy of a table widens. */
export const restrictivePolicy = 'cloister_tenant_only';
/** Restrictive policies alone let nothing through. */
const permissivePolicy = 'cloister_tenant';

/**
 * The SQL that a database needs so that `db` accepts it: the role, what it may call, and the policies of
 * tables. It may be run again. It takes a superuser, since it takes functions of Postgres from PUBLIC.
 * @throws {CloisterError} `invalid_options`, naming the field.
 */
export function tenantPolicies(options: TenantPoliciesOptions): string {
  const { tables, column = 'tenant_id', type = 'text', readOnly = false } = options;
  requireTables(tables);
  if (!['text', 'uuid', 'integer', 'bigint'].includes(type)) {
    throw invalid('type must be text, uuid, integer or bigint');
  }
  const role = checkRole(options.role);
  const setting = checkSetting(options.setting);
  const tenant = `nullif(current_setting('${setting}', true), '')::${type}`;
  const context: TableContext = {
    role: quoteIdentifier(role),
    column: quoteIdentifier(column),
    tenant,
    privileges: readOnly ? 'SELECT' : 'SELECT, INSERT, UPDATE, DELETE',
    setDefault: options.setDefault ?? true,
    force: options.force ?? true,
  };
  const login = options.login === undefined ? [] : [grantRole(role, options.login)];
  const steps = [
    createRole(role),
    ...login,
    revokeFunctions,
    ...tables.map((name) => ofTable(name, context)),
  ];
  return `BEGIN;\n${steps.join('\n')}\nCOMMIT;\n`;
}

function requireTables(tables: unknown): asserts tables is readonly string[] {
  const isName = (name: unknown): boolean =>
    typeof name === 'string' && /^[^\0.]+(\.[^\0.]+)?$/.test(name);
  if (Array.isArray(tables) && tables.length > 0 && tables.every(isName)) return;
  throw invalid('tables must be a list of names, with or without a schema');
}

interface TableContext {
  readonly role: string;
  readonly column: string;
  readonly tenant: string;
  readonly privileges: string;
  readonly setDefault: boolean;
  readonly force: boolean;
}

const revokeFunctions = `DO $cloister$
DECLARE found regprocedure;
BEGIN
  FOR found IN SELECT oid FROM pg_catalog.pg_proc WHERE proname ~ '${forbiddenFunctions}' LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', found);
  END LOOP;
END $cloister$;`;

function createRole(role: string): string {
  return `DO $cloister$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${quoteLiteral(role)}) THEN
    CREATE ROLE ${quoteIdentifier(role)} NOLOGIN;
  END IF;
END $cloister$;`;
}

function grantRole(role: string, login: string): string {
  return `GRANT ${quoteIdentifier(role)} TO ${quoteIdentifier(login)};`;
}

function ofTable(name: string, context: TableContext): string {
  const { role, column, tenant, privileges, setDefault, force } = context;
  const table = quoteTable(name);
  // As a subquery it is asked once for a statement, not for each row.
  const isOwn = `${column} = (SELECT ${tenant})`;
  const schema = name.includes('.') ? quoteTable(name.split('.', 1)[0]!) : 'public';
  return [
    `GRANT USAGE ON SCHEMA ${schema} TO ${role};`,
    `REVOKE ALL ON TABLE ${table} FROM ${role};`,
    `GRANT ${privileges} ON TABLE ${table} TO ${role};`,
    grantSequences(table, role),
    ...(setDefault ? [`ALTER TABLE ${table} ALTER COLUMN ${column} SET DEFAULT ${tenant};`] : []),
    `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;`,
    ...(force ? [`ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;`] : []),
    `DROP POLICY IF EXISTS ${permissivePolicy} ON ${table};`,
    `DROP POLICY IF EXISTS ${restrictivePolicy} ON ${table};`,
    `CREATE POLICY ${permissivePolicy} ON ${table} TO ${role} USING (true) WITH CHECK (true);`,
    `CREATE POLICY ${restrictivePolicy} ON ${table} AS RESTRICTIVE TO ${role}`,
    `  USING (${isOwn}) WITH CHECK (${isOwn});`,
  ].join('\n');
}

/** Sequences of serial columns; those of identity columns need no right. */
function grantSequences(table: string, role: string): string {
  return `DO $cloister$
DECLARE found regclass;
BEGIN
  FOR found IN SELECT objid FROM pg_catalog.pg_depend JOIN pg_catalog.pg_class ON oid = objid
    WHERE refobjid = ${quoteLiteral(table)}::regclass AND deptype = 'a' AND relkind = 'S' LOOP
    EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %I', found, ${quoteLiteral(unquoted(role))});
  END LOOP;
END $cloister$;`;
}

function unquoted(name: string): string {
  return name.slice(1, -1).replaceAll('""', '"');
}

function invalid(message: string): CloisterError {
  return invalidOptions(`tenantPolicies: ${message}`);
}

/**
 * Creates the two roles that every statement runs under. They own nothing, cannot log in and cannot bypass row-level
 * security. Roles belong to the whole cluster, so several databases, replicas and test processes may create them at the
 * same moment.
 */
import type { Client } from 'pg';

export const tenantRole = 'integration_service_tenant';
export const systemRole = 'integration_service_system';

interface RoleState {
  rolname: string;
  rolcanlogin: boolean;
  rolbypassrls: boolean;
  rolsuper: boolean;
  rolinherit: boolean;
  may_set: boolean;
}

const attributes = 'nologin nosuperuser nobypassrls nocreatedb nocreaterole noinherit';
const maxAttempts = 10;
/** duplicate_object, unique_violation (two at once), internal_error "tuple concurrently updated", serialization_failure. */
const concurrencyCodes = new Set(['42710', '23505', 'XX000', '40001']);

/**
 * Creates missing roles and grants them to this login, and to the login of `serviceUrl` if it differs. Throws
 * `RolesMissing` if this login may not do so.
 */
export async function ensureRoles(client: Client, serviceUrl: string): Promise<void> {
  const { rows } = await client.query<{ login: string }>('select session_user as login');
  const own = rows[0]?.login as string;
  const service = decodeURIComponent(new URL(serviceUrl).username) || own;
  for (const login of new Set([own, service])) {
    await makeRoles(client, login);
    const inheriting = await inheritanceStatement(client, login);
    // A login that may not be altered works too: `doctor` tells the administrator what to run.
    if (inheriting !== null) await client.query(inheriting).catch(() => undefined);
  }
}

/**
 * Before PostgreSQL 16 only the login itself (NOINHERIT) can turn off inheritance of a membership. A login that
 * inherits also gets the policies of the system role, and as the owner of the tables would see every tenant's rows.
 */
export async function inheritanceStatement(client: Client, of: string | null = null): Promise<string | null> {
  const { rows } = await client.query<{ login: string }>(
    `select rolname as login from pg_roles
      where rolname = coalesce($1, session_user) and rolinherit and not rolsuper
        and current_setting('server_version_num')::int < 160000`,
    [of],
  );
  const login = rows[0]?.login;
  return login === undefined ? null : `alter role ${quoteIdentifier(login)} noinherit`;
}

async function makeRoles(client: Client, login: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const statements = await missingRoleStatements(client, login);
    if (statements.length === 0) return;
    try {
      for (const statement of statements) await client.query(statement);
    } catch (cause) {
      const code = (cause as { code?: string }).code ?? '';
      if (code === '42501') throw new RolesMissing(statements, cause);
      if (!concurrencyCodes.has(code) || attempt >= maxAttempts) throw cause;
    }
  }
}

/** The login may not create the roles. The message holds the statements that an administrator must run. */
export class RolesMissing extends Error {
  readonly statements: readonly string[];

  constructor(statements: readonly string[], cause?: unknown) {
    const lines = statements.map((statement) => `  ${statement};`).join('\n');
    super(
      `the database login may not set up the roles that keep tenants apart; let an administrator run:\n${lines}`,
      cause === undefined ? undefined : { cause },
    );
    this.name = 'RolesMissing';
    this.statements = statements;
  }
}

/**
 * The statements that an administrator must run so that the login (by default this one) can work; empty if none are
 * needed.
 */
export async function missingRoleStatements(client: Client, of: string | null = null): Promise<string[]> {
  const { rows } = await client.query<{ login: string; login_is_super: boolean; version: number }>(
    `select rolname as login, rolsuper as login_is_super, current_setting('server_version_num')::int as version
       from pg_roles where rolname = coalesce($1, session_user)`,
    [of],
  );
  const login = rows[0];
  if (login === undefined) throw new Error(`the database has no login ${quoteIdentifier(of ?? '')}: create it first`);
  // From PostgreSQL 16 on, membership alone does not allow `set role`: the creator of a role is a member without it.
  const mode = login.version >= 160_000 ? 'SET' : 'MEMBER';
  const known = await client.query<RoleState>(
    `select rolname, rolcanlogin, rolbypassrls, rolsuper, rolinherit, pg_has_role($3::name, oid, $2) as may_set
       from pg_roles where rolname = any($1)`,
    [[tenantRole, systemRole], mode, login.login],
  );

  const statements: string[] = [];
  for (const role of [tenantRole, systemRole]) {
    const state = known.rows.find(({ rolname }) => rolname === role);
    if (state === undefined) statements.push(`create role ${role} ${attributes}`);
    else if (state.rolcanlogin || state.rolbypassrls || state.rolsuper || state.rolinherit) {
      statements.push(`alter role ${role} ${attributes}`);
    }
    if (!login.login_is_super && state?.may_set !== true) {
      const withSet = login.version >= 160_000 ? ' with set true, inherit false' : '';
      statements.push(`grant ${role} to ${quoteIdentifier(login.login)}${withSet}`);
    }
  }
  return statements;
}

function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

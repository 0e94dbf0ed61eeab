/** Checks PostgreSQL: version, rights, roles, row-level security, migrations, partitions, clock. */
import pg from 'pg';
import { readMigrations } from '../../storage/postgres/migrate.ts';
import { dayOf } from '../../storage/postgres/partitions.ts';
import { requireRole } from '../../storage/postgres/require-role.ts';
import { inheritanceStatement, missingRoleStatements, systemRole } from '../../storage/postgres/roles.ts';
import { type Finding, failed, ok, reasonOf, warning } from './finding.ts';

const deadlineMs = 5_000;
/** insufficient_privilege */
const notAllowed = '42501';
const oldestServerVersion = 150_000;
const maxClockSkewMs = 2_000;
const dayMs = 86_400_000;
/** The connections of a replica: its pools, the listening connection, the intake's, a probe. */
const connectionsPerReplica = 24;

export interface DatabaseCheckOptions {
  readonly url: string;
  /** The login that owns the tables, if it is a separate one. */
  readonly ownerUrl: string | null;
  readonly isEmbedded: boolean;
  now(): number;
}

export async function checkDatabase(options: DatabaseCheckOptions): Promise<readonly Finding[]> {
  const client = clientOf(options.url);
  try {
    await client.connect();
  } catch (error) {
    return [failed('database', reasonOf(error), 'check DATABASE_URL, and that PostgreSQL takes connections from here')];
  }
  try {
    const server = await checkServer(client, options);
    const roles = await checkRoles(client, options.url);
    const schema = await asOwner(options.ownerUrl, client, checkSchema);
    if (schema.status === 'failed') return [...server, roles, schema];
    const apart = [await checkRowSecurity(client), await tryWithoutRole(client), await tryToChange(client, options)];
    return [...server, roles, schema, ...apart, await checkPartitions(client, options.now())];
  } finally {
    await client.end().catch(() => {});
  }
}

function clientOf(url: string): pg.Client {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'integration-service: doctor',
    connectionTimeoutMillis: deadlineMs,
    query_timeout: deadlineMs,
  });
  client.on('error', () => {}); // The failing query reports the error.
  return client;
}

/** Only the owner of the tables may read which migrations were applied. */
async function asOwner(
  ownerUrl: string | null,
  own: pg.Client,
  check: (client: pg.Client) => Promise<Finding>,
): Promise<Finding> {
  if (ownerUrl === null) return check(own);
  const client = clientOf(ownerUrl);
  try {
    await client.connect();
    return await check(client);
  } catch (error) {
    return failed('database schema', reasonOf(error), 'check MIGRATION_DATABASE_URL');
  } finally {
    await client.end().catch(() => {});
  }
}

interface ServerRow {
  version: number;
  text: string;
  is_super: boolean;
  max_connections: number;
  fsync: string;
  at_ms: number;
}

async function checkServer(client: pg.Client, options: DatabaseCheckOptions): Promise<Finding[]> {
  const askedAtMs = options.now();
  const { rows } = await client.query<ServerRow>(
    `select current_setting('server_version_num')::int as version, current_setting('server_version') as text,
            (select rolsuper from pg_roles where rolname = session_user) as is_super,
            current_setting('max_connections')::int as max_connections, current_setting('fsync') as fsync,
            (extract(epoch from clock_timestamp()) * 1000)::float8 as at_ms`,
  );
  const row = rows[0] as ServerRow;
  const findings = [checkVersion(row, options), checkClock(row, askedAtMs, options.now())];
  if (row.fsync !== 'on') {
    findings.push(
      failed('database durability', 'fsync is off: a power cut loses what was acknowledged', 'set fsync = on'),
    );
  }
  if (row.is_super && !options.isEmbedded) {
    const finding = warning(
      'database login',
      'the login is a superuser: more than the service needs',
      'use a login that owns the database and nothing else',
    );
    findings.push(finding);
  }
  if (row.max_connections < connectionsPerReplica * 2) {
    const detail = `max_connections is ${row.max_connections}, and a replica opens up to ${connectionsPerReplica}`;
    findings.push(warning('database connections', detail, 'raise max_connections before you add replicas'));
  }
  return findings;
}

function checkVersion({ version, text }: ServerRow, { isEmbedded }: DatabaseCheckOptions): Finding {
  const kind = isEmbedded ? 'embedded ' : '';
  return version >= oldestServerVersion
    ? ok('database', `${kind}PostgreSQL ${text}`)
    : failed('database', `PostgreSQL ${text}`, 'PostgreSQL 15 or newer is needed');
}

/** Compares the server's clock with the middle of the query's round trip. */
function checkClock({ at_ms }: ServerRow, askedAtMs: number, answeredAtMs: number): Finding {
  const skewMs = Math.round(at_ms - (askedAtMs + answeredAtMs) / 2);
  return Math.abs(skewMs) <= maxClockSkewMs
    ? ok('clock', `${Math.abs(skewMs)} ms from the database’s`)
    : failed(
        'clock',
        `${Math.abs(skewMs)} ms ${skewMs > 0 ? 'behind' : 'ahead of'} the database’s`,
        'run NTP on both machines',
      );
}

async function checkRoles(client: pg.Client, url: string): Promise<Finding> {
  const statements = await missingRoleStatements(client);
  if (statements.length > 0) {
    return failed(
      'database roles',
      'the roles that keep tenants apart are not as they must be',
      `run "migrate", or let an administrator run: ${statements.join('; ')}`,
    );
  }
  try {
    await requireRole(url);
  } catch (error) {
    return failed('database roles', reasonOf(error), 'name PostgreSQL, not a pooler, in DATABASE_URL');
  }
  return ok('database roles', 'both roles exist, own nothing, bypass nothing, and the login may take them');
}

async function checkSchema(client: pg.Client): Promise<Finding> {
  const files = await readMigrations();
  const known = await client.query<{ exists: boolean }>(
    `select to_regclass('schema_migrations') is not null as exists`,
  );
  if (known.rows[0]?.exists !== true) return failed('database schema', 'it was never migrated', 'run "migrate"');
  const { rows } = await client.query<{ version: number; sha256: string }>(
    'select version, sha256 from schema_migrations',
  );
  const applied = new Map(rows.map(({ version, sha256 }) => [version, sha256]));
  const pending = files.filter(({ version }) => !applied.has(version));
  const changed = files.filter(({ version, sha256 }) => applied.has(version) && applied.get(version) !== sha256);
  if (changed.length > 0) {
    const names = changed.map(({ name }) => name).join(', ');
    return failed(
      'database schema',
      `changed after they were applied: ${names}`,
      'run the program version that belongs to it',
    );
  }
  if (pending.length > 0)
    return failed('database schema', `${pending.length} migrations are to be applied`, 'run "migrate"');
  const newest = files.at(-1)?.version ?? 0;
  if (Math.max(...applied.keys()) > newest) {
    return failed('database schema', 'it is newer than this program', 'run the newer program');
  }
  return ok('database schema', `version ${newest}`);
}

/** Every table with tenant data must force row-level security; a partition is reached through its parent. */
async function checkRowSecurity(client: pg.Client): Promise<Finding> {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name
       from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and a.attname = 'management_company_id' and not a.attisdropped
        and not (c.relrowsecurity and c.relforcerowsecurity)`,
  );
  return rows.length === 0
    ? ok('tenants apart', 'row-level security is forced on every tenant table')
    : failed(
        'tenants apart',
        `not forced on ${rows.map(({ name }) => name).join(', ')}`,
        'alter table … force row level security',
      );
}

/** By experiment: writes a row as the system role, looks for it as the bare login, and rolls back. */
async function tryWithoutRole(client: pg.Client): Promise<Finding> {
  const name = 'login without a role';
  await client.query('begin');
  try {
    await client.query(`set local role ${systemRole}`);
    await client.query(
      `insert into budgets (management_company_id, service_name, monthly_limit_usd, action) values ('doctor', 'doctor', 1, 'alert')`,
    );
    await client.query('reset role');
    const { rowCount } = await client.query(`select 1 from budgets where management_company_id = 'doctor'`);
    if (rowCount === 0) return ok(name, 'it sees no tenant’s rows');
    const remedy = (await inheritanceStatement(client)) ?? 'use a login that is no superuser and bypasses nothing';
    return warning(name, 'it sees every tenant’s rows', remedy);
  } catch (error) {
    if ((error as { code?: string }).code === notAllowed) return ok(name, 'it may read no table');
    return warning(name, reasonOf(error), 'let "migrate" set up its rights');
  } finally {
    await client.query('rollback').catch(() => undefined);
  }
}

/** By experiment, with a rollback: whether the service's login may alter the tables that it works on. */
async function tryToChange(client: pg.Client, { ownerUrl, isEmbedded }: DatabaseCheckOptions): Promise<Finding> {
  const name = 'schema and login';
  const may = async (statement: string): Promise<boolean> => {
    try {
      await client.query(`begin; set local lock_timeout = '1s'`);
      await client.query(statement);
      return true;
    } catch (error) {
      if ((error as { code?: string }).code === notAllowed) return false;
      throw error;
    } finally {
      await client.query('rollback').catch(() => undefined);
    }
  };
  try {
    const rights = [
      (await may('create table doctor_was_here ()')) ? 'create tables' : null,
      (await may(`comment on table budgets is ''`)) ? 'alter those of the service' : null,
    ].filter((right) => right !== null);
    if (rights.length === 0) return ok(name, 'the service’s login can neither create nor alter a table');
    const detail = `the service’s login can ${rights.join(' and ')}`;
    if (isEmbedded || ownerUrl === null) return ok(name, `${detail}; MIGRATION_DATABASE_URL would keep that apart`);
    return warning(name, detail, 'let the login of MIGRATION_DATABASE_URL own the tables: "reassign owned by … to …"');
  } catch (error) {
    return warning(name, reasonOf(error), 'try again when the database is less busy');
  }
}

async function checkPartitions(client: pg.Client, nowMs: number): Promise<Finding> {
  const wanted = [nowMs, nowMs + dayMs].map((atMs) => `integration_logs_${dayOf(atMs).replaceAll('-', '')}`);
  const { rows } = await client.query<{ name: string }>(
    'select name from unnest($1::text[]) as name where to_regclass(name) is null',
    [wanted],
  );
  return rows.length === 0
    ? ok('log partitions', 'there for today and tomorrow')
    : warning(
        'log partitions',
        `missing: ${rows.map(({ name }) => name).join(', ')}`,
        'a running service makes them ahead: start it',
      );
}

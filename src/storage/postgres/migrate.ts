/**
 * Applies numbered SQL files, forward only. Each is applied once, in its own transaction, and its hash is stored. A
 * file that changed after it was applied is refused, because databases would otherwise differ unnoticed.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { projectFile } from '../../files/project-files.ts';
import type { Logger } from '../../logger.ts';
import { ensureRoles } from './roles.ts';

export interface MigrateOptions {
  /** The login must own the schema: `postgres://user:password@host:port/database`. */
  readonly url: string;
  /**
   * The service's login, if it differs from the login of `url`. It is allowed to take the two roles and owns nothing.
   */
  readonly serviceUrl?: string | null;
  readonly logger: Logger;
  /** The folder of the files; by default the project's own. */
  readonly directory?: string;
}

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

/** The migration files and the database do not match. */
export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused';
}

const projectMigrations = projectFile('migrations');
/** An arbitrary fixed number, unique to this program. Advisory locks are per database. */
const migrationLock = 7_246_001;
const connectTimeoutMs = 10_000;
const lockWaitMs = 120_000;
/** How long one try waits for a migration's locks. New statements on the table may wait as long. */
const lockTryMs = 2_000;
const lockPauseMs = 1_000;
const maxLockTries = 60;
const lockNotAvailable = '55P03';
const statementTimeoutMs = 600_000;
const oldestServerVersion = 150_000;

/**
 * Brings the database to the newest version; returns the names of the files that it applied. Several replicas may call
 * it at once: one applies the files, the others wait and then find nothing to do. Throws `MigrationRefused`, or
 * `RolesMissing` if the login may not create the two roles.
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const migrations = await readMigrations(options.directory ?? projectMigrations);
  const client = new pg.Client({
    connectionString: options.url,
    application_name: 'integration-service: migrate',
    connectionTimeoutMillis: connectTimeoutMs,
    lock_timeout: lockWaitMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + connectTimeoutMs,
  });
  client.on('error', (cause) => options.logger.warn({ err: cause }, 'the migrating database connection was lost'));
  await client.connect();
  try {
    await refuseOldServer(client);
    await ensureRoles(client, options.serviceUrl ?? options.url);
    // The session holds the lock: it outlives each file's transaction and ends with the connection.
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    const applied = await readApplied(client);
    refuseChangedFiles(migrations, applied);
    const newer = [...applied.values()].filter(({ version }) => version > (migrations.at(-1)?.version ?? 0));
    if (newer.length > 0) {
      const names = newer.map(({ name }) => name);
      options.logger.warn(
        { migrations: names },
        'the database schema is newer than this version: running beside a newer version',
      );
    }
    const pending = migrations.filter(({ version }) => !applied.has(version));
    for (const migration of pending) {
      await applyWithoutHoldingUp(client, migration);
      options.logger.info({ migration: migration.name }, 'migration applied');
    }
    return pending.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

/**
 * Returns the migrations in order. Throws `MigrationRefused` if two files have the same number or a name is not valid.
 */
export async function readMigrations(directory: string = projectMigrations): Promise<readonly Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  const migrations: Migration[] = [];
  for (const name of names) {
    const version = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(version)) throw new MigrationRefused(`${name} is no name for a migration: 0001_what_it_does.sql`);
    if (migrations.at(-1)?.version === version) throw new MigrationRefused(`two migrations bear the number ${version}`);
    const sql = await readFile(join(directory, name), 'utf8');
    migrations.push({ version, name, sql, sha256: createHash('sha256').update(sql).digest('hex') });
  }
  return migrations;
}

interface AppliedMigration {
  version: number;
  name: string;
  sha256: string;
}

async function readApplied(client: pg.Client): Promise<Map<number, AppliedMigration>> {
  await client.query(
    `create table if not exists schema_migrations (
       version     integer not null,
       name        text not null,
       sha256      text not null,
       applied_at  timestamptz not null default now(),
       constraint schema_migrations_pkey primary key (version))`,
  );
  const { rows } = await client.query<AppliedMigration>('select version, name, sha256 from schema_migrations');
  return new Map(rows.map((row) => [row.version, row]));
}

function refuseChangedFiles(migrations: readonly Migration[], applied: ReadonlyMap<number, AppliedMigration>): void {
  const newestOfOurs = migrations.at(-1)?.version ?? 0;
  for (const { version, name, sha256 } of applied.values()) {
    const file = migrations.find((migration) => migration.version === version);
    // A newer version has migrated this database. Its migrations keep what this version uses, so both may run side by
    // side, also after a rollback to this version.
    if (file === undefined && version > newestOfOurs) continue;
    if (file === undefined) {
      throw new MigrationRefused(`the database has ${name}, which this program does not know: another program's?`);
    }
    if (file.sha256 !== sha256) {
      throw new MigrationRefused(`${name} was changed after it was applied: write a new migration instead`);
    }
  }
  const newest = Math.max(0, ...[...applied.keys()].filter((version) => version <= newestOfOurs));
  const skipped = migrations.find(({ version }) => version < newest && !applied.has(version));
  if (skipped !== undefined) {
    throw new MigrationRefused(`${skipped.name} comes before the newest applied migration: give it a higher number`);
  }
}

/**
 * A waiting lock request blocks every later statement on the table. So each try waits only briefly, and traffic
 * continues between the tries.
 */
async function applyWithoutHoldingUp(client: pg.Client, migration: Migration): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await applyMigration(client, migration);
    } catch (error) {
      const isLocked = ((error as Error).cause as { code?: string } | undefined)?.code === lockNotAvailable;
      if (!isLocked || tries >= maxLockTries) throw error;
      await delay(lockPauseMs);
    }
  }
}

async function applyMigration(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(`set local lock_timeout = ${lockTryMs}`);
    await client.query(migration.sql);
    await client.query('insert into schema_migrations (version, name, sha256) values ($1, $2, $3)', [
      migration.version,
      migration.name,
      migration.sha256,
    ]);
    await client.query('commit');
  } catch (cause) {
    await client.query('rollback').catch(() => {});
    throw new Error(`the migration ${migration.name} failed and left nothing behind`, { cause });
  }
}

async function refuseOldServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: number; text: string }>(
    `select current_setting('server_version_num')::int as version, current_setting('server_version') as text`,
  );
  if ((rows[0]?.version ?? 0) < oldestServerVersion) {
    throw new MigrationRefused(`PostgreSQL 15 or newer is needed; this is ${rows[0]?.text}`);
  }
}

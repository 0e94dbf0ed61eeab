/** A real database for each test file, cloned from a migrated template in tens of milliseconds. */
import { createHash, randomUUID } from 'node:crypto';
import pg from 'pg';
import pino from 'pino';
import { type Database, type OpenDatabaseOptions, openDatabase } from '../../src/storage/postgres/database.ts';
import { migrate, readMigrations } from '../../src/storage/postgres/migrate.ts';
import { dayOf, ensurePartitions } from '../../src/storage/postgres/partitions.ts';
import { type Cleanup, closeInReverse } from './cleanup.ts';

export type { Cleanup } from './cleanup.ts';

export const silentLogger = pino({ level: 'silent' });

export const databaseServerUrl = process.env.TEST_DATABASE_URL ?? 'postgres://postgres:trust@127.0.0.1:5432/postgres';

export interface TestDatabase {
  readonly url: string;
  readonly db: Database;
  /** Opens the same database again, like a second replica; closed after the test. */
  openAnother(options?: Partial<OpenDatabaseOptions>): Database;
}

/** Dropped after `t`. Partitions exist for yesterday, today and tomorrow. */
export async function startTestDatabase(t: Cleanup): Promise<TestDatabase> {
  closeInReverse(t);
  const template = await ensureTemplate();
  const name = `is_test_${randomUUID().replaceAll('-', '')}`;
  await withServer((server) => cloneDatabase(server, name, template));
  t.after(() => withServer((server) => server.query(`drop database if exists ${name} with (force)`)));
  return openTestDatabase(t, databaseUrl(name));
}

/** Closed after `t`. */
export function openTestDatabase(t: Cleanup, url: string): TestDatabase {
  closeInReverse(t);
  const opened: Database[] = [];
  const open = (options: Partial<OpenDatabaseOptions> = {}): Database => {
    const db = openDatabase({ url, applicationName: 'test', logger: silentLogger, maxConnections: 8, ...options });
    opened.push(db);
    return db;
  };
  t.after(() => Promise.all(opened.map((db) => db.close())));
  return { url, db: open(), openAnother: open };
}

/** An empty database without any migration; dropped after `t`. */
export async function startEmptyDatabase(t: Cleanup): Promise<string> {
  closeInReverse(t);
  const name = `is_test_${randomUUID().replaceAll('-', '')}`;
  await withServer((server) => server.query(`create database ${name}`));
  t.after(() => withServer((server) => server.query(`drop database if exists ${name} with (force)`)));
  return databaseUrl(name);
}

/** Runs `work` on a connection to the server's own database. */
export async function withServer<T>(work: (server: pg.Client) => Promise<T>): Promise<T> {
  const server = new pg.Client({ connectionString: databaseServerUrl, connectionTimeoutMillis: 10_000 });
  await server.connect();
  try {
    return await work(server);
  } finally {
    await server.end();
  }
}

function databaseUrl(name: string): string {
  const url = new URL(databaseServerUrl);
  url.pathname = `/${name}`;
  return url.href;
}

const templateLock = 7_246_101;
let template: Promise<string> | undefined;

/** Named after the day (because of its partitions) and the migrations, so that a changed file gets a new template. */
function ensureTemplate(): Promise<string> {
  template ??= withServer(async (server) => {
    const migrations = await readMigrations();
    const hash = createHash('sha256').update(migrations.map(({ name, sha256 }) => `${name} ${sha256}`).join());
    const prefix = `is_template_${dayOf(Date.now()).replaceAll('-', '')}`;
    const name = `${prefix}_${hash.digest('hex').slice(0, 12)}`;
    // Test files run in parallel processes: the first one creates it, the others wait here.
    await server.query('select pg_advisory_lock($1)', [templateLock]);
    const { rows } = await server.query<{ datname: string }>(
      `select datname from pg_database where datname ~ '^is_template_[0-9]{8}_'`,
    );
    for (const { datname } of rows) {
      if (datname < prefix) await server.query(`drop database if exists ${datname}`);
    }
    if (!rows.some(({ datname }) => datname === name)) await makeTemplate(server, name);
    return name;
  });
  return template;
}

/** Created under another name and renamed when complete, so that a killed test run leaves no broken template. */
async function makeTemplate(server: pg.Client, name: string): Promise<void> {
  const draft = `is_draft_${randomUUID().replaceAll('-', '')}`;
  await server.query(`create database ${draft}`);
  const url = databaseUrl(draft);
  await migrate({ url, logger: silentLogger });
  const db = openDatabase({ url, applicationName: 'test template', logger: silentLogger });
  await ensurePartitions(db, Date.now(), 1);
  await db.close();
  await whenUnused(() => server.query(`alter database ${draft} rename to ${name}`));
}

function cloneDatabase(server: pg.Client, name: string, from: string): Promise<unknown> {
  return whenUnused(() => server.query(`create database ${name} template ${from}`));
}

/**
 * PostgreSQL itself waits 5 s for other sessions to leave the source database; after that the error is object_in_use.
 */
async function whenUnused<T>(statement: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await statement();
    } catch (error) {
      if ((error as { code?: string }).code !== '55006' || attempt >= 6) throw error;
    }
  }
}

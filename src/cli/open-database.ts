/** Opens the service's database, wherever the environment has it. */
import pino from 'pino';
import type { Config } from '../config/config.ts';
import type { Logger } from '../logger.ts';
import { openEmbeddedPostgres } from '../storage/embedded/embedded-postgres.ts';
import { FolderInUse } from '../storage/embedded/folder-lock.ts';
import { findRunningPostgres } from '../storage/embedded/running-postgres.ts';
import { type Database, openDatabase } from '../storage/postgres/database.ts';
import { readMigrations } from '../storage/postgres/migrate.ts';
import { CommandFailed } from './command.ts';

/** Commands report their own progress; log lines of the service would disturb it. */
export const quietLogger: Logger = pino({ level: 'silent' });

const applicationName = 'integration-service: cli';
/** A server that was locked a moment ago may be starting or stopping. */
const embeddedAttempts = 3;

/** `DATABASE_URL`; else the embedded server of the running service; else the embedded server, started for `work`. */
export async function withDatabaseUrl<T>(config: Config, work: (url: string) => Promise<T>): Promise<T> {
  if (config.databaseUrl !== null) return work(config.databaseUrl);
  for (let attempt = 1; ; attempt++) {
    const running = await findRunningPostgres(config.dataDir);
    if (running !== null) return work(running);
    try {
      await using started = await openStarted(config.dataDir);
      return await work(started.url);
    } catch (error) {
      if (!(error instanceof FolderInUse)) throw error;
      if (attempt >= embeddedAttempts) {
        throw new CommandFailed(
          'the embedded database is neither running nor free; is the service just starting?',
          error,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}

async function openStarted(dataDir: string) {
  const { url, close } = await openEmbeddedPostgres(dataDir, quietLogger);
  return { url, [Symbol.asyncDispose]: close };
}

/** Rejects with `CommandFailed` if the database is away or not migrated. */
export function withDatabase<T>(config: Config, work: (db: Database) => Promise<T>): Promise<T> {
  return withDatabaseUrl(config, async (url) => {
    const db = openDatabase({
      url,
      ownerUrl: config.migrationDatabaseUrl,
      applicationName,
      logger: quietLogger,
      maxConnections: 4,
    });
    try {
      await refuseOtherVersion(config, db);
      return await work(db);
    } finally {
      await db.close();
    }
  });
}

/** The database does not answer, or not as expected. */
export function databaseFailed(config: Config, cause: unknown): CommandFailed {
  const named = config.databaseUrl === null ? 'the embedded database' : 'the database of DATABASE_URL';
  return new CommandFailed(`${named} cannot be used`, cause);
}

async function refuseOtherVersion(config: Config, db: Database): Promise<void> {
  const newest = (await readMigrations()).at(-1)?.version ?? 0;
  const applied = await appliedVersion(config, db);
  if (applied < newest) {
    throw new CommandFailed(
      `the database has not been brought to this version (${applied} of ${newest}): run "migrate"`,
    );
  }
}

/** 0 if no migration was applied. Rejects with `CommandFailed` if the database does not answer. */
async function appliedVersion(config: Config, db: Database): Promise<number> {
  try {
    const { rows } = await db.asOwner((tx) =>
      tx.query<{ version: number }>({
        text: 'select coalesce(max(version), 0)::int as version from schema_migrations',
      }),
    );
    return rows[0]?.version ?? 0;
  } catch (error) {
    if ((error as { code?: string }).code === '42P01') return 0; // The table does not exist yet.
    throw databaseFailed(config, error);
  }
}

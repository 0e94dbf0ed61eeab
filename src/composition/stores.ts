/** The stores: each real where the environment names one, embedded or in-process where it does not. */

import type { Broker } from '../broker/broker.ts';
import { createInProcessBroker } from '../broker/in-process-broker.ts';
import { openRabbitmqBroker } from '../broker/rabbitmq-broker.ts';
import { systemClock } from '../clock.ts';
import { attributeToVariable } from '../config/attribute-failure.ts';
import type { Config } from '../config/config.ts';
import type { Logger } from '../logger.ts';
import { openEmbeddedPostgres } from '../storage/embedded/embedded-postgres.ts';
import { FolderInUse } from '../storage/embedded/folder-lock.ts';
import { type Database, openDatabase } from '../storage/postgres/database.ts';
import { isLockTaken } from '../storage/postgres/database-away.ts';
import { migrate } from '../storage/postgres/migrate.ts';
import { ensurePartitions } from '../storage/postgres/partitions.ts';
import { requireRole } from '../storage/postgres/require-role.ts';
import { createInProcessStore } from '../storage/redis/in-process-store.ts';
import { openRedisStore } from '../storage/redis/redis-store.ts';
import type { SharedStore } from '../storage/redis/shared-store.ts';
import type { CoreParts } from './core-parts.ts';
import { begin } from './open-together.ts';

/** Days whose partitions are made ahead: a service that runs on is looked after by retention, this covers its start. */
const partitionDaysAhead = 3;

export type Stores = Awaited<ReturnType<typeof openStores>>;

/** Rejects where the database is not to be had. */
export async function openStores(coreParts: CoreParts) {
  const { config, logger, own } = coreParts;
  // All at once: none needs another to be opened.
  const openings = {
    store: begin(() => openSharedStore(config, logger)),
    broker: begin(() => openBroker(config, logger)),
  };
  let db: Database;
  try {
    db = await openMigratedDatabase(coreParts);
  } catch (error) {
    await Promise.all(Object.values(openings).map((opening) => opening.then((part) => part.close()).catch(() => {})));
    throw error;
  }
  // Owned in this order, so that each is closed before the database, whoever fails to open.
  const [store, broker] = await Promise.all([openings.store.then(own), openings.broker.then(own)]);
  return { db, store, broker };
}

async function openMigratedDatabase({ config, logger, clock, metrics, own }: CoreParts): Promise<Database> {
  const databaseUrl = config.databaseUrl ?? own(await openEmbedded(config.dataDir, logger)).url;
  const ownerUrl = config.migrationDatabaseUrl ?? databaseUrl;
  const variable = config.migrationDatabaseUrl === null ? 'DATABASE_URL' : 'MIGRATION_DATABASE_URL';
  await attributeToVariable(config.databaseUrl === null ? null : variable, () =>
    migrate({ url: ownerUrl, serviceUrl: databaseUrl, logger }),
  );
  await attributeToVariable(config.databaseUrl === null ? null : 'DATABASE_URL', () => requireRole(databaseUrl));
  const db = own(
    openDatabase({
      url: databaseUrl,
      ownerUrl,
      applicationName: 'integration-service',
      logger,
      onStatement: (name, durationMs) => metrics.databaseQuery(name ?? 'unnamed', durationMs),
    }),
  );
  await ensurePartitions(db, clock.now(), partitionDaysAhead).catch((error: unknown) => {
    // Somebody reads the tables for long, a backup say. Rows have a place without their day, and retention tries again.
    if (!isLockTaken(error)) throw error;
    logger.warn({ err: error }, 'could not create the next days’ partitions yet: their tables are locked');
  });
  return db;
}

/** A second start over one folder is the commonest mistake of a first day, and no fault of ours that needs a stack. */
function openEmbedded(dataDir: string, logger: Logger): ReturnType<typeof openEmbeddedPostgres> {
  return openEmbeddedPostgres(dataDir, logger).catch((error: unknown) =>
    attributeToVariable(error instanceof FolderInUse ? 'DATA_DIR' : null, () => {
      throw error;
    }),
  );
}

function openSharedStore({ redisUrls }: Config, logger: Logger): Promise<SharedStore> | SharedStore {
  return redisUrls === null
    ? createInProcessStore({ clock: systemClock, logger })
    : openRedisStore({ urls: redisUrls, logger });
}

function openBroker({ rabbitmqUrls }: Config, logger: Logger): Promise<Broker> | Broker {
  return rabbitmqUrls === null ? createInProcessBroker(logger) : openRabbitmqBroker({ urls: rabbitmqUrls, logger });
}

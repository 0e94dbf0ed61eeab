/**
 * Creates the next days' partitions, drops partitions older than the retention, and removes other expired data.
 *
 * Age is judged by the earlier of two clocks, this process's and the database's, so that a machine with a wrong clock
 * does not remove everyone's data.
 */
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { type Rounds, startRounds } from '../rounds.ts';
import type { Database } from '../storage/postgres/database.ts';
import { databaseNowMs } from '../storage/postgres/database-clock.ts';
import { deleteExpiredRows } from '../storage/postgres/expired-rows.ts';
import { dayOf, dropPartitionsBefore, ensurePartitions, partitionedTables } from '../storage/postgres/partitions.ts';

export interface RetentionDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `LOG_RETENTION_DAYS`. */
  readonly retentionDays: number;
  /** Takes the lease `name` for `ttlMs`; false if another replica holds it. */
  tryHold(name: string, ttlMs: number): Promise<boolean>;
}

const hourMs = 3_600_000;
const dayMs = 86_400_000;
/** Enough for a weekend without new partitions. */
const daysAhead = 4;
const lease = 'retention';

/** Runs at once and then every hour. Every replica creates partitions; one of them removes data. */
export function startRetention(deps: RetentionDeps): Rounds {
  return startRounds({
    everyMs: hourMs,
    beginsAtOnce: true,
    round: () => retain(deps),
    onFailure: (error) => deps.logger.warn({ err: error }, 'could not run the retention; will retry'),
  });
}

/** Runs one round. Throws the database's errors. */
export async function retain(deps: RetentionDeps): Promise<void> {
  await ensurePartitions(deps.db, deps.clock.now(), daysAhead);
  // Slightly shorter than the interval, so that any replica can take the lease for the next round.
  if (await deps.tryHold(lease, hourMs * 0.9)) await removeOld(deps);
}

async function removeOld({ db, clock, logger, retentionDays }: RetentionDeps): Promise<void> {
  // The day that contains the bound is kept whole, so data is kept for at least the configured days.
  const nowMs = Math.min(clock.now(), await databaseNowMs(db));
  const keptFrom = dayOf(nowMs - retentionDays * dayMs);
  const dropped: string[] = [];
  for (const table of Object.keys(partitionedTables) as (keyof typeof partitionedTables)[]) {
    dropped.push(...(await dropPartitionsBefore(db, table, keptFrom)));
  }
  const deleted = await deleteExpiredRows(db, keptFrom);
  logger.info({ dropped, deleted }, 'retention removed expired data');
}

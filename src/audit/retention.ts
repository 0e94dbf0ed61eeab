/**
 * Makes the next days' partitions, drops those that are older than the log is kept, and removes other leftovers.
 *
 * What is old is judged by the earlier of two clocks, ours and the database's: one machine whose clock is wrong must not
 * remove what all have written.
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
  /** True where this replica may do the work of `name` for the next `ttlMs`. */
  tryHold(name: string, ttlMs: number): Promise<boolean>;
}

const hourMs = 3_600_000;
const dayMs = 86_400_000;
/** Enough for a weekend in which nobody can make them. */
const daysAhead = 4;
const lease = 'retention';

/** Runs at once and then every hour. Every replica sees to the partitions; one of them removes. */
export function startRetention(deps: RetentionDeps): Rounds {
  const rounds = startRounds({
    everyMs: hourMs,
    round: () => retain(deps),
    onFailure: (error) => deps.logger.warn({ err: error }, 'retention could not run; it will next time'),
  });
  rounds.start();
  return rounds;
}

/** One round. Throws what the database throws. */
export async function retain(deps: RetentionDeps): Promise<void> {
  await ensurePartitions(deps.db, deps.clock.now(), daysAhead);
  // Held a little shorter than the pause, so that whoever comes first in the next round takes it.
  if (await deps.tryHold(lease, hourMs * 0.9)) await removeOld(deps);
}

async function removeOld({ db, clock, logger, retentionDays }: RetentionDeps): Promise<void> {
  // The day before the bound is kept whole: retention is at least the days asked for.
  const nowMs = Math.min(clock.now(), await databaseNowMs(db));
  const keptFrom = dayOf(nowMs - retentionDays * dayMs);
  const dropped: string[] = [];
  for (const table of Object.keys(partitionedTables) as (keyof typeof partitionedTables)[]) {
    dropped.push(...(await dropPartitionsBefore(db, table, keptFrom)));
  }
  const deleted = await deleteExpiredRows(db, keptFrom);
  logger.info({ dropped, deleted }, 'retention removed expired data');
}

/** Stores one batch of records in PostgreSQL, or in the spool while PostgreSQL is away, and answers every caller. */
import type { Logger } from '../logger.ts';
import type { Handover } from '../outbox/envelope.ts';
import { DatabaseAway } from '../storage/postgres/database.ts';
import type { BatchCommitter, Outcome } from './commit-batch.ts';
import type { Draining } from './drain.ts';
import { IntakeFull, type IntakeReceipt } from './intake.ts';
import type { WaitingRecord } from './intake-queue.ts';
import type { SpoolWriter } from './spool-writer.ts';

export interface BatchStoreDeps {
  readonly committer: BatchCommitter;
  readonly spoolWriter: SpoolWriter | null;
  /** null if there is no spool, like the writer. */
  readonly drain: Draining | null;
  readonly logger: Logger;
}

/** Returns the events of what is now in PostgreSQL; events of spooled records are published when the spool drains. */
export type BatchStore = (batch: readonly WaitingRecord[]) => Promise<readonly Handover[]>;

/** Creates the function that stores a batch. It never rejects: failures go to the callers. */
export function createBatchStore({ committer, spoolWriter, drain, logger }: BatchStoreDeps): BatchStore {
  const storeInDatabase = async (batch: readonly WaitingRecord[]): Promise<readonly Handover[]> => {
    const { outcomes, handovers } = await committer.commit(batch.map(({ record }) => record));
    for (const [index, waiting] of batch.entries()) answer(waiting, outcomes[index] as Outcome);
    return handovers;
  };

  const answer = (waiting: WaitingRecord, outcome: Outcome): void => {
    if (outcome.kind === 'written') {
      waiting.resolve({ duplicateOf: outcome.duplicateOf, storedIn: 'database' });
      return;
    }
    logger.error({ err: outcome.error }, 'could not store a record');
    waiting.reject(new Error('the record cannot be stored', { cause: outcome.error }));
  };

  const storeInSpool = async (batch: readonly WaitingRecord[], writer: SpoolWriter): Promise<void> => {
    try {
      const receipts = await writer.append(batch.map(({ record }) => record));
      for (const [index, waiting] of batch.entries()) waiting.resolve(receipts[index] as IntakeReceipt);
    } catch (error) {
      if (!(error instanceof IntakeFull)) logger.error({ err: error }, 'could not write to the spool');
      for (const waiting of batch)
        waiting.reject(error instanceof IntakeFull ? error : new IntakeFull('spool_failed', error));
    }
  };

  const store: BatchStore = async (batch) => {
    await drain?.waitForLastRecords();
    if (drain === null || !drain.isActive()) {
      try {
        return await storeInDatabase(batch);
      } catch (error) {
        if (!(error instanceof DatabaseAway) || drain === null) throw error;
        logger.warn({ err: error }, 'PostgreSQL does not accept commits: records go to the spool');
        drain.activate();
      }
    }
    await storeInSpool(batch, spoolWriter as SpoolWriter);
    return [];
  };

  return async (batch) => {
    try {
      return await store(batch);
    } catch (error) {
      logger.error({ err: error }, 'could not store a batch of records');
      for (const waiting of batch)
        waiting.reject(error instanceof DatabaseAway ? new IntakeFull('no_spool', error) : error);
      return [];
    }
  };
}

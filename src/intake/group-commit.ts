/**
 * Writes audit rows, webhook events and outbox events durably, many records in one commit. A commit costs a round trip
 * and a disk flush whatever its size, so sharing it raises throughput many times. Records that arrive while a commit
 * runs go into the next one. There is no timer: a lone record is written at once. When 64 records wait, a second commit
 * starts beside the first, so that PostgreSQL does not idle between two commits. The relay still gets the events in the
 * order in which their commits began.
 *
 * While PostgreSQL is away, batches are flushed to the spool instead and drained in order later (drain.ts).
 *
 * Bounds: 10,000 records or 64 MiB wait in memory. Beyond that, up to 10,000 callers wait for room, for at most 5 s.
 * Other callers, callers whose wait ends, and all callers while the spool is full get `IntakeFull`.
 */
import type { Masker } from '../audit/mask.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { RelayForIntake } from '../outbox/relay.ts';
import type { Database } from '../storage/postgres/database.ts';
import { createBatchCommitter } from './commit-batch.ts';
import { startDraining } from './drain.ts';
import { type Intake, IntakeFull, type IntakeReceipt } from './intake.ts';
import { createIntakeQueue } from './intake-queue.ts';
import { type PreparedRecord, prepareRecord } from './prepare.ts';
import type { Spool } from './spool.ts';
import { createSpoolWriter } from './spool-writer.ts';
import { createBatchStore } from './store-batch.ts';
import { createUsageGatherer } from './usage-gatherer.ts';

export interface IntakeDeps {
  readonly db: Database;
  readonly relay: RelayForIntake;
  readonly masker: Masker;
  readonly clock: Clock;
  readonly logger: Logger;
  /** null: without PostgreSQL no record is acknowledged. */
  readonly spool: Spool | null;
  readonly maxWaitingRecords?: number;
  /** How long a caller waits for room. Default 5,000. */
  readonly roomDeadlineMs?: number;
}

const maxBatchRecords = 500;
const maxBatchBytes = 8 * 1024 * 1024;
/** From this size on, the fixed cost of a commit (a round trip, a flush) is a small part of it. */
const fullCommitRecords = 64;
const maxCommitsAtOnce = 2;
/**
 * Maximum commits whose events are not with the relay yet: events of a fast commit wait in memory for a slow one before
 * it.
 */
const maxCommitsAhead = 32;

/** Creates the intake and starts draining the spool, if there is one. */
export function createIntake(deps: IntakeDeps): Intake {
  const { clock, logger, spool } = deps;
  const queue = createIntakeQueue({
    maxRecords: deps.maxWaitingRecords ?? 10_000,
    maxBytes: 64 * 1024 * 1024,
    deadlineMs: deps.roomDeadlineMs ?? 5_000,
  });
  const committer = createBatchCommitter(deps.db, deps.relay);
  const spoolWriter = spool === null ? null : createSpoolWriter(spool);
  const prepare = { masker: deps.masker, origin: deps.relay.origin };
  let closed = false;
  let isGathering = false;
  const underWay = new Set<Promise<void>>();
  /** Settles when the events of the last commit, and of all before it, are with the relay. */
  let lastHandedOver: Promise<void> = Promise.resolve();
  let notHandedOver = 0;

  const drain =
    spoolWriter === null || spool === null
      ? null
      : startDraining({ spool, writer: spoolWriter, committer, db: deps.db, logger, relay: deps.relay });
  const store = createBatchStore({ committer, spoolWriter, drain, logger });

  const mayCommit = (): boolean => {
    if (underWay.size === 0) return !queue.isEmpty();
    const mayOvertake = underWay.size < maxCommitsAtOnce && notHandedOver < maxCommitsAhead;
    return mayOvertake && queue.count() >= fullCommitRecords;
  };

  const startCommits = (): void => {
    while (mayCommit()) {
      const storing = store(queue.take(maxBatchRecords, maxBatchBytes));
      notHandedOver += 1;
      lastHandedOver = Promise.all([storing, lastHandedOver]).then(([handovers]) => {
        notHandedOver -= 1;
        for (const handover of handovers) deps.relay.accept(handover);
      });
      const ended = storing.then(() => {
        underWay.delete(ended);
        usage.flushIfDue();
        startCommits();
      });
      underWay.add(ended);
    }
  };

  /** Commits at the end of this turn of the event loop, so that records of the same turn commit together. */
  const startSoon = (): void => {
    if (isGathering || underWay.size > 0) return;
    isGathering = true;
    setImmediate(() => {
      isGathering = false;
      startCommits();
    });
  };

  const submit = (record: PreparedRecord): Promise<IntakeReceipt> => {
    const receipt = queue.enter(record);
    if (queue.count() >= fullCommitRecords) startCommits();
    else startSoon();
    return receipt;
  };

  const usage = createUsageGatherer({
    clock,
    logger,
    submit: (parts) => submit(prepareRecord(prepare, { usage: parts })).then(() => undefined),
  });

  return {
    async record(record) {
      if (closed) throw new IntakeFull('stopping');
      return submit(prepareRecord(prepare, record));
    },
    addUsage(part) {
      usage.add(part);
    },
    writeUsage: () => usage.write(),
    async close() {
      closed = true;
      void usage.write();
      while (!queue.isEmpty() || underWay.size > 0) {
        startCommits();
        await Promise.all(underWay);
      }
      await lastHandedOver;
      await drain?.close();
      await spool?.close();
    },
  };
}

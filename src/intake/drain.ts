/**
 * Drains the spool into PostgreSQL, in order, when PostgreSQL is back, and then lets the intake commit directly again.
 * For the last records of the spool, new records are held back for a moment, so that they cannot overtake.
 */
import type { Logger } from '../logger.ts';
import type { RelayForIntake } from '../outbox/relay.ts';
import { type Database, DatabaseAway } from '../storage/postgres/database.ts';
import type { BatchCommitter } from './commit-batch.ts';
import type { Spool, SpoolBatch } from './spool.ts';
import type { SpoolWriter } from './spool-writer.ts';

/** The running drain, as the intake uses it. */
export interface Draining {
  /** While true, new records are appended to the spool, behind those already there. */
  isActive(): boolean;
  /** Call it when PostgreSQL refuses commits: new records go to the spool from now on. */
  activate(): void;
  /**
   * Resolves at once, except while the last records of the spool drain: then when they are stored, the drain fails, or
   * a second has passed.
   */
  waitForLastRecords(): Promise<void>;
  /** Stops after the current group; the rest stays on disk for the next process. */
  close(): Promise<void>;
}

export interface DrainingDeps {
  readonly spool: Spool;
  readonly writer: SpoolWriter;
  readonly committer: BatchCommitter;
  readonly db: Database;
  readonly logger: Logger;
  /** Publishes the events of spooled records, including those from other processes' spools. */
  readonly relay: RelayForIntake;
}

/** New records are held back only while at most this much is left in the spool: a commit or two. */
const lastBytes = 1024 * 1024;
/** New records are held back for at most this long per group. If PostgreSQL takes longer, they are spooled. */
const longestHoldMs = 1_000;
const probeDeadlineMs = 1_000;
const firstPauseMs = 100;
const longestPauseMs = 2_000;
/** How often a process that does not spool looks for the spools of dead processes. */
const idlePauseMs = 10_000;

/** Starts the drain loop, which also looks for the spools of dead processes. */
export function startDraining(deps: DrainingDeps): Draining {
  const { spool, writer, committer, db, logger, relay } = deps;
  const hold = createHold();
  let active = !spool.isEmpty();
  let closed = false;
  let wake: () => void = () => undefined;

  const pause = (durationMs: number): Promise<void> =>
    new Promise((resolve) => {
      if (closed) return resolve();
      const timer = setTimeout(resolve, durationMs).unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const drainGroup = async (batch: SpoolBatch): Promise<void> => {
    const own = batch.records.map((record) => ({
      ...record,
      events: record.events.map((event) => ({ ...event, origin: relay.origin })),
    }));
    const { outcomes, handovers } = await committer.commit(own);
    for (const handover of handovers) relay.accept(handover);
    const refused = own.filter((_, index) => outcomes[index]?.kind === 'rejected');
    if (refused.length === 0) return;
    const reason = outcomes.find((outcome) => outcome.kind === 'rejected');
    logger.error(
      { err: reason?.error, count: refused.length },
      'PostgreSQL refused spooled records: they are set aside',
    );
    try {
      await spool.setAside(refused);
    } catch (error) {
      // A full disk must not stop the drain, because draining frees space.
      logger.error({ err: error }, 'could not set records aside: keeping their whole spool file');
      batch.keepFile();
    }
  };

  /** Throws `DatabaseAway` if the drain must be tried again later. */
  const drainAll = async (): Promise<void> => {
    while (!closed) {
      if (spool.bytesToRead() <= lastBytes) hold.begin();
      const batch = await spool.next();
      if (batch !== null) {
        await drainGroup(batch);
        await batch.done();
      } else if (spool.isEmpty() && writer.isIdle()) {
        active = false;
        writer.forget();
        logger.info({}, 'spool drained: records are committed directly again');
        return;
      } else {
        await new Promise((resolve) => setImmediate(resolve)); // Let an append finish that began before the hold.
      }
    }
  };

  const lookForDead = async (): Promise<void> => {
    await pause(idlePauseMs);
    if (closed || active) return;
    try {
      await spool.takeOverDead();
    } catch (error) {
      logger.warn({ err: error }, 'could not take over the spool files of dead processes; will retry');
    }
    active ||= !spool.isEmpty();
  };

  const run = async (): Promise<void> => {
    let pauseMs = firstPauseMs;
    while (!closed) {
      if (!active) {
        await lookForDead();
        pauseMs = firstPauseMs;
        continue;
      }
      try {
        if (await db.isReachable(probeDeadlineMs)) {
          await drainAll();
          continue;
        }
      } catch (error) {
        if (!(error instanceof DatabaseAway)) logger.error({ err: error }, 'could not drain the spool');
      } finally {
        hold.end();
      }
      await pause(pauseMs);
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
    }
  };

  const ended = run().catch((error: unknown) => logger.error({ err: error }, 'the spool drain stopped on an error'));

  return {
    isActive: () => active,
    activate() {
      active = true;
      wake();
    },
    waitForLastRecords: hold.ended,
    async close() {
      closed = true;
      wake();
      await ended;
    },
  };
}

/** Holds back new records, for at most a second at a time. */
function createHold() {
  let held: PromiseWithResolvers<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    clearTimeout(timer);
    held?.resolve();
    held = null;
  };
  return {
    begin(): void {
      held ??= Promise.withResolvers<void>();
      clearTimeout(timer);
      timer = setTimeout(end, longestHoldMs);
    },
    end,
    ended: (): Promise<void> => held?.promise ?? Promise.resolve(),
  };
}

/**
 * Publishes the facts that dead processes left unpublished, above their marks, in batches and in order. The mark is
 * raised when the whole batch is confirmed, so a crash repeats at most one batch. Only the holder of the pick-up lease
 * does this.
 */
import type { Logger } from '../logger.ts';
import type { Database } from '../storage/postgres/database.ts';
import {
  clearDeadMark,
  type DeadMark,
  findDeadMarks,
  findFactsOfDead,
  type NumberedFact,
  raiseRelayMark,
} from '../storage/tables/facts.ts';
import type { OutboxMessage } from './envelope.ts';

export interface FactRecoveryDeps {
  readonly db: Database;
  readonly origin: string;
  readonly logger: Logger;
  readonly messagesOf: (facts: readonly NumberedFact[]) => readonly OutboxMessage[];
  submit(messages: readonly OutboxMessage[]): void;
  /** Takes or renews the pick-up lease before each batch; false if another process holds it. */
  holdLease(): Promise<boolean>;
}

export interface FactRecovery {
  /** Starts a search for dead processes, unless one is running. Failures are logged, and the next search retries. */
  start(): void;
  /** Counts a confirmed event of a dead process; returns false for any other event. */
  takeConfirmed(eventId: string): boolean;
}

const batchSize = 250;

/** Creates the recovery; `start` runs one search. */
export function createFactRecovery(deps: FactRecoveryDeps): FactRecovery {
  const { db, origin, logger } = deps;
  /** Published and unconfirmed events, by id, with the callback for their confirm. */
  const unconfirmed = new Map<string, () => void>();
  let running: Promise<void> | null = null;

  const publish = (messages: readonly OutboxMessage[]): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = messages.length;
    const confirmed = (): void => {
      left -= 1;
      if (left === 0) resolve();
    };
    for (const { id } of messages) unconfirmed.set(id, confirmed);
    deps.submit(messages.map((message) => ({ ...message, factNumber: null })));
    return promise;
  };

  /** Returns false if another process took the lease. */
  const recover = async (dead: DeadMark): Promise<boolean> => {
    for (let after = dead.publishedUpTo; ; ) {
      if (!(await deps.holdLease())) return false;
      const range = { since: dead.since, after, upTo: Number.MAX_SAFE_INTEGER, limit: batchSize };
      const facts = await findFactsOfDead(db, dead.origin, range);
      const last = facts.at(-1);
      if (last === undefined) {
        await clearDeadMark(db, dead.origin);
        return true;
      }
      await publish(deps.messagesOf(facts));
      after = last.number;
      await raiseRelayMark(db, dead.origin, after);
    }
  };

  const run = async (): Promise<void> => {
    for (const dead of await findDeadMarks(db, origin)) if (!(await recover(dead))) return;
  };

  return {
    start() {
      if (running !== null) return;
      running = run()
        .catch((error: unknown) =>
          logger.debug({ err: error }, 'could not publish the facts of dead processes; will retry'),
        )
        .finally(() => {
          running = null;
        });
    },
    takeConfirmed(eventId) {
      const confirmed = unconfirmed.get(eventId);
      if (confirmed === undefined) return false;
      unconfirmed.delete(eventId);
      confirmed();
      return true;
    },
  };
}

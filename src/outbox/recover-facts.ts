/**
 * Publishes what dead processes left: facts above their marks, read in batches, in order. The mark is raised when the whole
 * batch is confirmed, so a crash in the middle publishes a batch once more. Only the holder of the pick-up lease does it.
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
  /** True while this process holds the pick-up lease; asked before each batch. */
  holdLease(): Promise<boolean>;
}

export interface FactRecovery {
  /** Looks for dead processes, unless a look is under way. Failures are logged; the next look repeats. */
  start(): void;
  /** True where the event is one of a dead process, on its way from here. */
  takeConfirmed(eventId: string): boolean;
}

const batchSize = 250;

export function createFactRecovery(deps: FactRecoveryDeps): FactRecovery {
  const { db, origin, logger } = deps;
  /** Events on their way, and what their confirm moves. */
  const onTheWay = new Map<string, () => void>();
  let running: Promise<void> | null = null;

  const publish = (messages: readonly OutboxMessage[]): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = messages.length;
    const confirmed = (): void => {
      left -= 1;
      if (left === 0) resolve();
    };
    for (const { id } of messages) onTheWay.set(id, confirmed);
    deps.submit(messages.map((message) => ({ ...message, factNumber: null })));
    return promise;
  };

  /** False where the lease went to another process. */
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
        .catch((error: unknown) => logger.debug({ err: error }, 'could not recover the facts of dead processes yet'))
        .finally(() => {
          running = null;
        });
    },
    takeConfirmed(eventId) {
      const confirmed = onTheWay.get(eventId);
      if (confirmed === undefined) return false;
      onTheWay.delete(eventId);
      confirmed();
      return true;
    },
  };
}

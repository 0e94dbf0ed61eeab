/**
 * Publishes events that no living process owns: those of dead processes, rows without an owner, and deferred events
 * that are due.
 */
import type { Broker } from '../broker/broker.ts';
import type { Logger } from '../logger.ts';
import type { Database } from '../storage/postgres/database.ts';
import { holdPickupLease } from '../storage/tables/outbox-events.ts';
import type { OutboxMessage } from './envelope.ts';
import type { FactOutbox } from './fact-outbox.ts';
import { createFactRecovery } from './recover-facts.ts';
import type { RowOutbox } from './row-outbox.ts';

export interface Leftovers {
  /** Publishes as many as fit into memory, if this process has or gets the pick-up lease. */
  pickUp(): Promise<void>;
  /** The last pick-up did not fit all of them into memory. */
  hasMore(): boolean;
  /** Counts a confirmed event of a dead process; returns false for any other event. */
  takeConfirmed(eventId: string): boolean;
  /** Stops taking and renewing the lease. */
  stop(): void;
}

/** Creates the pick-up, which needs the pick-up lease for its work. */
export function createLeftovers(deps: {
  readonly db: Database;
  readonly broker: Pick<Broker, 'isAvailable'>;
  readonly logger: Logger;
  readonly origin: string;
  readonly leaseTtlMs: number;
  readonly rows: Pick<RowOutbox, 'readLeftOver'>;
  readonly facts: Pick<FactOutbox, 'messagesOf'>;
  hasRoom(): boolean;
  submit(messages: readonly OutboxMessage[]): void;
}): Leftovers {
  const { db, broker, logger, origin, rows, submit } = deps;
  let hasMore = false;
  let stopped = false;

  const holdLease = async (): Promise<boolean> =>
    !stopped && broker.isAvailable() && (await holdPickupLease(db, origin, deps.leaseTtlMs));
  const recovery = createFactRecovery({ db, origin, logger, messagesOf: deps.facts.messagesOf, holdLease, submit });

  return {
    async pickUp() {
      while (deps.hasRoom() && (await holdLease())) {
        const read = await rows.readLeftOver();
        submit(read.messages);
        hasMore = read.hasMore;
        if (!hasMore) {
          recovery.start(); // Not awaited: it waits for confirms, and this loop must renew the leases meanwhile.
          return;
        }
      }
    },
    hasMore: () => hasMore,
    takeConfirmed: recovery.takeConfirmed,
    stop() {
      stopped = true;
    },
  };
}

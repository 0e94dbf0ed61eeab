/** Events that no living process publishes: of dead processes, of none, and deferred ones that are due. */
import type { Broker } from '../broker/broker.ts';
import type { Logger } from '../logger.ts';
import type { Database } from '../storage/postgres/database.ts';
import { holdPickupLease } from '../storage/tables/outbox-events.ts';
import type { OutboxMessage } from './envelope.ts';
import type { FactOutbox } from './fact-outbox.ts';
import { createFactRecovery } from './recover-facts.ts';
import type { RowOutbox } from './row-outbox.ts';

export interface Leftovers {
  /** Publishes what there is room for, where this process holds the pick-up lease, or gets it. */
  pickUp(): Promise<void>;
  /** More were there than there was room for. */
  hasMore(): boolean;
  /** True where the event is one of a dead process, on its way from here. */
  takeConfirmed(eventId: string): boolean;
  /** The lease is neither taken nor renewed any more. */
  stop(): void;
}

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
          recovery.start(); // Not awaited: it waits for confirms, and the leases must be renewed meanwhile.
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

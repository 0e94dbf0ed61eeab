/**
 * From the committed rows to the broker. Events are published from memory right after their commit. Two kinds:
 * - facts (fact-outbox.ts): calls and deliveries. Their rows are the outbox; a mark says what the broker has confirmed.
 * - rows of `outbox_events` (row-outbox.ts): everything else, and deferred events. Deleted when confirmed.
 *
 * Who publishes is decided by the `origin`, the process that wrote the row:
 * - a living process publishes its own, from memory while they fit, else read back from the tables in order;
 * - what is left of a process whose lease ran out, ownerless rows, and deferred rows that are due are published by
 *   the one replica that holds the pick-up lease. One at a time, so that order per tenant and aggregate holds.
 *
 * At least once: a crash between confirm and mark publishes again.
 */
import type { Broker } from '../broker/broker.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { startRounds } from '../rounds.ts';
import type { Database } from '../storage/postgres/database.ts';
import type { DeliveryFact } from '../storage/tables/facts.ts';
import { outboxChannel, releaseRelayLeases } from '../storage/tables/outbox-events.ts';
import { type Backlog, createBacklogCount } from './backlog.ts';
import { createConfirmNotes } from './confirm-notes.ts';
import { brokerMessageOf, type Handover, type OutboxMessage } from './envelope.ts';
import type { EventType } from './events.ts';
import type { NumberBlock } from './fact-numbers.ts';
import { createFactOutbox, type FactOutbox } from './fact-outbox.ts';
import { createOrderedPublisher } from './ordered-publisher.ts';
import { createOwnEvents } from './own-events.ts';
import { createLeftovers } from './pick-up-leftovers.ts';
import { createRelayLease } from './relay-lease.ts';
import { createRowOutbox } from './row-outbox.ts';

export interface OutboxRelayDeps {
  readonly db: Database;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Identifies this process: a fresh UUID at every start. */
  readonly origin: string;
  /** Renders `integration.webhook.received` from the stored delivery. */
  messageOfDelivery(row: DeliveryFact, number: number): OutboxMessage;
  /** From hand-over to confirm. */
  onPublished?(eventType: EventType, durationMs: number): void;
  /** Events held in memory; above it they wait in the tables. Default 10,000. */
  readonly maxInMemory?: number;
  /** Their bodies, in characters. Default 64 Mi. */
  readonly maxInMemoryChars?: number;
  /** Default 1,000. */
  readonly pollIntervalMs?: number;
  /** After this long without a sign of life a process's events are published by another. Default 15,000. */
  readonly leaseTtlMs?: number;
  /** Default 50. */
  readonly retryPauseMs?: number;
}

export interface RelayStats extends Backlog {
  /** Waiting in this process, in flight included. */
  readonly inMemory: number;
}

/** What the intake needs of the relay. */
export interface RelayForIntake {
  readonly origin: string;
  /** Numbers may be taken for facts that are no older than `sinceMs` (Unix milliseconds). */
  isReadyForFacts(sinceMs: number): boolean;
  /** Makes it so. Throws what the database throws. */
  getReadyForFacts(sinceMs: number): Promise<void>;
  takeNumbers(count: number): NumberBlock;
  /** Nothing was written under this number. */
  settleNumber(number: number): void;
  messageOfDelivery(row: DeliveryFact, number: number): OutboxMessage;
  /** Takes over events whose rows have just been committed under this origin, in the order of their commits. */
  accept(handover: Handover): void;
}

export interface OutboxRelay extends RelayForIntake {
  stats(): RelayStats;
  /** Publishes the events in memory, for at most 5 s, and leaves the rest to the other replicas. */
  close(): Promise<void>;
}

/** The tables are read again when memory holds this many or fewer: reading known rows again is wasted work. */
const lowWater = 2_000;
const closeDeadlineMs = 5_000;
/** Unconfirmed messages at once: more does not raise RabbitMQ's rate, and confirms get slower. */
const windowSize = 200;

/** Starts publishing. Works while either store is away, and catches up by itself. */
export async function startOutboxRelay(deps: OutboxRelayDeps): Promise<OutboxRelay> {
  const { db, broker, clock, logger, origin } = deps;
  const maxInMemory = deps.maxInMemory ?? 10_000;
  const maxInMemoryChars = deps.maxInMemoryChars ?? 64 * 1024 * 1024;
  const leaseTtlMs = deps.leaseTtlMs ?? 15_000;

  const rows = createRowOutbox(db, origin);
  const facts = createFactOutbox({ db, clock, origin }, deps.messageOfDelivery);
  const own = createOwnEvents(rows, facts, { count: maxInMemory, chars: maxInMemoryChars });
  const lease = createRelayLease({ db, origin, ttlMs: leaseTtlMs, onRenewed: () => facts.register(clock.now()) });
  const backlog = createBacklogCount(db, facts);
  let closed = false;

  const publisher = createOrderedPublisher({
    windowSize,
    retryPauseMs: deps.retryPauseMs ?? 50,
    isAvailable: () => broker.isAvailable(),
    async publish(message) {
      const startedAtMs = clock.now();
      await broker.publishConfirmed(brokerMessageOf(message));
      deps.onPublished?.(message.type, clock.now() - startedAtMs);
    },
    onConfirmed(message) {
      if (leftovers.takeConfirmed(message.id)) return;
      if (message.factNumber === null) rows.confirmed(message.id);
      else facts.confirmed(message.factNumber);
      notes.add();
    },
    onFailed: (message, error) =>
      logger.debug({ err: error, event_id: message.id }, 'the broker did not confirm an event'),
  });
  const hasRoom = (): boolean => own.heldCount() <= Math.min(lowWater, maxInMemory / 2) && broker.isAvailable();
  const notes = createConfirmNotes({
    rows,
    facts,
    logger,
    onNoted: () => {
      if ((own.isOverflowing() || leftovers.hasMore()) && hasRoom()) rounds.wake();
    },
  });
  const leftovers = createLeftovers({
    db,
    broker,
    logger,
    origin,
    leaseTtlMs,
    rows,
    facts,
    hasRoom,
    submit: (messages) => publisher.submit(messages),
  });

  /** Holding the lease. */
  const readOwnEvents = async (): Promise<void> => {
    while (own.isOverflowing() && !closed && hasRoom()) {
      await lease.renew();
      publisher.submit(await own.readBack());
    }
  };

  await lease
    .renew()
    .catch((error: unknown) => logger.warn({ err: error }, 'the outbox relay starts without a database'));
  const rounds = startRounds({
    everyMs: deps.pollIntervalMs ?? 1_000,
    async round() {
      await lease.renew();
      void notes.write(); // Not awaited: under traffic there is always one more.
      publisher.resume();
      await readOwnEvents();
      await leftovers.pickUp();
      await backlog.count();
    },
    onFailure: (error) => logger.debug({ err: error }, 'could not read the outbox'),
  });
  const stopWaiting = broker.onAvailable(() => {
    publisher.resume();
    rounds.wake();
  });
  const stopListening = listenOrPoll(deps, rounds.wake);
  rounds.wake();

  return {
    origin,
    isReadyForFacts: (sinceMs) => lease.isFresh() && facts.isRegistered(sinceMs),
    async getReadyForFacts(sinceMs) {
      if (!lease.isFresh()) await lease.renew();
      if (!facts.isRegistered(sinceMs)) await facts.register(sinceMs);
    },
    takeNumbers: (count) => facts.numbers.take(count),
    settleNumber: (number) => facts.numbers.settle(number),
    messageOfDelivery: deps.messageOfDelivery,
    accept({ messages, blocks }) {
      const admitted = own.admit(messages, publisher.chars());
      for (const block of blocks) block.close();
      publisher.submit(admitted);
    },
    stats: () => ({ inMemory: publisher.size(), ...backlog.lastCounted() }),
    async close() {
      const lastRound = rounds.close();
      stopWaiting();
      await (await stopListening)();
      await publisher.close(broker.isAvailable() ? closeDeadlineMs : 0);
      closed = true;
      leftovers.stop();
      await lastRound;
      await notes.write();
      await notes.write(); // What was confirmed while the first was under way.
      await releaseAll(deps, facts);
    },
  };
}

/** Resolves with what ends the listening. Without it, the next round finds what came. */
async function listenOrPoll({ db, logger }: OutboxRelayDeps, onRows: () => void): Promise<() => Promise<void>> {
  try {
    return await db.listen(outboxChannel, onRows);
  } catch (error) {
    logger.debug({ err: error }, 'LISTEN failed; polling the outbox');
    return async () => undefined;
  }
}

async function releaseAll({ db, logger, origin }: OutboxRelayDeps, facts: FactOutbox): Promise<void> {
  try {
    await facts.close();
    await releaseRelayLeases(db, origin);
  } catch (error) {
    logger.debug({ err: error }, 'could not release the relay leases; they expire by themselves');
  }
}

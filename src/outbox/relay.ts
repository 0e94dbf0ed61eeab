/**
 * Publishes committed events to the broker, from memory right after their commit. There are two kinds:
 * - facts (fact-outbox.ts): calls and deliveries. Their rows are the outbox; a mark records what the broker has
 *   confirmed.
 * - rows of `outbox_events` (row-outbox.ts): all other events, and deferred ones. Deleted when confirmed.
 *
 * The `origin` of a row, the process that wrote it, decides which process publishes it:
 * - a living process publishes its own events, from memory while they fit, otherwise read back from the tables in
 *   order;
 * - events of a process whose lease expired, rows without an owner, and deferred rows that are due are published by the
 *   one replica that holds the pick-up lease, so that order per tenant and aggregate holds.
 *
 * Delivery is at least once: a crash between confirm and mark publishes again.
 */
import type { Broker } from '../broker/broker.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { startRounds } from '../rounds.ts';
import type { Database } from '../storage/postgres/database.ts';
import type { DeliveryFact } from '../storage/tables/facts.ts';
import { outboxChannel, releaseRelayLeases } from '../storage/tables/outbox-events.ts';
import { type Backlog, createBacklogCount } from './backlog.ts';
import { createConfirmRecorder } from './confirm-recorder.ts';
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
  /** Identifies this process: a new UUID at every start. */
  readonly origin: string;
  /** Renders `integration.webhook.received` from the stored delivery. */
  messageOfDelivery(row: DeliveryFact, number: number): OutboxMessage;
  /** Called for each published event with the time from sending to confirm. */
  onPublished?(eventType: EventType, durationMs: number): void;
  /** Maximum events in memory; further events wait in the tables. Default 10,000. */
  readonly maxInMemory?: number;
  /** Maximum total length of their bodies, in characters. Default 64 Mi. */
  readonly maxInMemoryChars?: number;
  /** Default 1,000. */
  readonly pollIntervalMs?: number;
  /** Lifetime of a process's lease; when it expires, another process publishes its events. Default 15,000. */
  readonly leaseTtlMs?: number;
  /** Default 50. */
  readonly retryPauseMs?: number;
}

export interface RelayStats extends Backlog {
  /** Events that wait in this process, including those in flight. */
  readonly inMemory: number;
}

/** What the intake needs of the relay. */
export interface RelayForIntake {
  readonly origin: string;
  /** Whether `takeNumbers` may be called for facts since `sinceMs` (Unix milliseconds). */
  isReadyForFacts(sinceMs: number): boolean;
  /** Prepares for facts since `sinceMs`. Throws the database's errors. */
  getReadyForFacts(sinceMs: number): Promise<void>;
  takeNumbers(count: number): NumberBlock;
  /** Releases a number under which nothing was written. */
  settleNumber(number: number): void;
  messageOfDelivery(row: DeliveryFact, number: number): OutboxMessage;
  /** Takes over events whose rows were just committed under this origin, in the order of their commits. */
  accept(handover: Handover): void;
}

export interface OutboxRelay extends RelayForIntake {
  stats(): RelayStats;
  /** Publishes the events in memory for at most 5 s; other replicas publish the rest. */
  close(): Promise<void>;
}

/**
 * The tables are read again when memory holds at most this many events: an earlier read would mostly return known rows.
 */
const lowWater = 2_000;
const closeDeadlineMs = 5_000;
/** Maximum unconfirmed messages: more do not raise RabbitMQ's rate, and slow down confirms. */
const windowSize = 200;
const refusalWarningMs = 60_000;

/** Starts publishing. Works while PostgreSQL or RabbitMQ is away, and catches up when it is back. */
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

  const warnOfRefusal = createRefusalWarning(deps);
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
      confirms.add();
    },
    onFailed: (message, error) => warnOfRefusal(message, error),
  });
  const hasRoom = (): boolean => own.heldCount() <= Math.min(lowWater, maxInMemory / 2) && broker.isAvailable();
  const confirms = createConfirmRecorder({
    rows,
    facts,
    logger,
    onRecorded: () => {
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

  /** Renews the lease on the way, because reading may take long. */
  const readOwnEvents = async (): Promise<void> => {
    while (own.isOverflowing() && !closed && hasRoom()) {
      await lease.renew();
      publisher.submit(await own.readBack());
    }
  };

  await lease
    .renew()
    .catch((error: unknown) => logger.warn({ err: error }, 'PostgreSQL is away: the outbox relay starts without it'));
  const rounds = startRounds({
    everyMs: deps.pollIntervalMs ?? 1_000,
    async round() {
      await lease.renew();
      void confirms.write(); // Not awaited: under traffic it would never end.
      publisher.resume();
      await readOwnEvents();
      await leftovers.pickUp();
      await backlog.count();
    },
    onFailure: (error) => logger.debug({ err: error }, 'could not read the outbox; will retry'),
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
      await confirms.write();
      await confirms.write(); // Events confirmed during the first write.
      await releaseAll(deps, facts);
    },
  };
}

/**
 * A connected broker that refuses events says why in the log, once a minute: a full queue with `reject-publish` refuses
 * them for every consumer. An absent broker has its own lines.
 */
function createRefusalWarning({ broker, clock, logger }: OutboxRelayDeps) {
  let nextAtMs = Number.NEGATIVE_INFINITY;
  return (message: OutboxMessage, error: unknown): void => {
    const fields = { err: error, event_id: message.id, event_type: message.type };
    if (!broker.isAvailable() || clock.now() < nextAtMs) {
      logger.debug(fields, 'the broker did not confirm an event');
      return;
    }
    nextAtMs = clock.now() + refusalWarningMs;
    logger.warn(fields, 'the broker did not confirm an event; will retry');
  };
}

/** Listens for new rows; returns a function that stops. If LISTEN fails, the next round finds the rows. */
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

/**
 * From the committed rows to the broker. Events are published from memory right after their commit. Two kinds:
 * - facts (fact-outbox.ts): calls and deliveries. Their rows are the outbox; a mark says what the broker has confirmed.
 * - rows of `outbox_events` (row-outbox.ts): everything else, and what is deferred. Deleted when confirmed.
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
import type { Database } from '../storage/postgres/database.ts';
import type { DeliveryFact } from '../storage/tables/facts.ts';
import {
  countOutboxBacklog,
  holdPickupLease,
  outboxChannel,
  releaseRelayLeases,
  renewRelayLease,
} from '../storage/tables/outbox-events.ts';
import { createConfirmNotes } from './confirm-notes.ts';
import type { Handover, OutboxMessage } from './envelope.ts';
import type { EventType } from './events.ts';
import type { NumberBlock } from './fact-numbers.ts';
import { createFactOutbox } from './fact-outbox.ts';
import { mergeByTime } from './merge-by-time.ts';
import { createOrderedPublisher } from './ordered-publisher.ts';
import { createFactRecovery } from './recover-facts.ts';
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
  /** Unconfirmed messages at once. Default 200: more does not raise RabbitMQ's rate, and confirms get slower. */
  readonly windowSize?: number;
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

export interface RelayStats {
  /** Waiting in this process, in flight included. */
  readonly inMemory: number;
  /** Rows of every replica, facts of this one and of dead ones, as last counted (up to 100,000). */
  readonly backlogCount: number;
  readonly oldestAgeSeconds: number;
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
  /** Publishes what is in memory, for at most 5 s, and leaves the rest to the other replicas. */
  close(): Promise<void>;
}

/** The tables are read again when no more than this waits in memory: reading rows already known is wasted work. */
const lowWater = 2_000;
const closeDeadlineMs = 5_000;
const backlogIntervalMs = 5_000;

/** Starts publishing. Works while either store is away, and catches up by itself. */
export async function startOutboxRelay(deps: OutboxRelayDeps): Promise<OutboxRelay> {
  const { db, broker, clock, logger, origin } = deps;
  const maxInMemory = deps.maxInMemory ?? 10_000;
  const maxInMemoryChars = deps.maxInMemoryChars ?? 64 * 1024 * 1024;
  const leaseTtlMs = deps.leaseTtlMs ?? 15_000;

  const rows = createRowOutbox(db, origin);
  const facts = createFactOutbox({ db, clock, origin }, deps.messageOfDelivery);
  /** While true every new event is left in the tables, behind those that already are: order. */
  let overflowing = false;
  let overflowCount = 0;
  let moreLeftovers = false;
  let closed = false;
  let leaseRenewedAtMs = Number.NEGATIVE_INFINITY;
  let backlogCountedAtMs = Number.NEGATIVE_INFINITY;
  let backlog = { count: 0, oldestAgeSeconds: 0 };

  const publisher = createOrderedPublisher({
    windowSize: deps.windowSize ?? 200,
    retryPauseMs: deps.retryPauseMs ?? 50,
    isAvailable: () => broker.isAvailable(),
    async publish(message) {
      const startedAtMs = clock.now();
      await broker.publishConfirmed({
        eventId: message.id,
        eventType: message.type,
        tenantId: message.tenantId,
        occurredAt: message.occurredAt,
        subject: message.aggregateId,
        body: Buffer.from(message.body, 'utf8'),
      });
      deps.onPublished?.(message.type, clock.now() - startedAtMs);
    },
    onConfirmed(message) {
      if (recovery.takeConfirmed(message.id)) return;
      if (message.factNumber === null) rows.confirmed(message.id);
      else facts.confirmed(message.factNumber);
      notes.add();
    },
    onFailed: (message, error) =>
      logger.debug({ err: error, event_id: message.id }, 'the broker did not confirm an event'),
  });

  const heldCount = (): number => rows.heldCount() + facts.heldCount();
  const hasRoom = (): boolean => heldCount() <= Math.min(lowWater, maxInMemory / 2) && broker.isAvailable();

  const notes = createConfirmNotes({
    rows,
    facts,
    logger,
    onNoted: () => {
      if ((overflowing || moreLeftovers) && hasRoom()) void tick();
    },
  });

  const renewLease = async (): Promise<void> => {
    // Not by the clock: one that is set back an hour would let the lease run out, and others publish our rows too.
    if (performance.now() - leaseRenewedAtMs < leaseTtlMs / 3) return;
    await renewRelayLease(db, origin, leaseTtlMs);
    await facts.register(clock.now());
    leaseRenewedAtMs = performance.now();
  };

  /** Reads back what did not fit, holding the lease; ends the overflow when nothing was left behind meanwhile. */
  const readOwnEvents = async (): Promise<void> => {
    while (overflowing && !closed && hasRoom()) {
      await renewLease();
      const countBefore = overflowCount;
      const found = mergeByTime(await rows.readOwn(), await facts.readOwn());
      publisher.submit(found);
      if (found.length === 0 && overflowCount === countBefore) overflowing = false;
    }
  };

  const holdPickup = async (): Promise<boolean> =>
    !closed && broker.isAvailable() && (await holdPickupLease(db, origin, leaseTtlMs));

  const recovery = createFactRecovery({
    db,
    origin,
    logger,
    messagesOf: facts.messagesOf,
    holdLease: holdPickup,
    submit: (messages) => publisher.submit(messages),
  });

  const pickUpLeftovers = async (): Promise<void> => {
    while (hasRoom() && (await holdPickup())) {
      const { messages, hasMore } = await rows.readLeftOver();
      publisher.submit(messages);
      moreLeftovers = hasMore;
      if (!hasMore) {
        recovery.start(); // Not awaited: it waits for confirms, and the leases must be renewed meanwhile.
        return;
      }
    }
  };

  const countBacklog = async (): Promise<void> => {
    if (performance.now() - backlogCountedAtMs < backlogIntervalMs) return;
    const others = await countOutboxBacklog(db);
    const ownAgeSeconds = await facts.oldestAgeSeconds();
    backlog = {
      count: others.count + facts.numbers.unsettledCount(),
      oldestAgeSeconds: Math.max(others.oldestAgeSeconds, ownAgeSeconds),
    };
    backlogCountedAtMs = performance.now();
  };

  let ticking: Promise<void> | null = null;
  let tickAgain = false;
  const tick = (): Promise<void> => {
    if (ticking !== null) {
      tickAgain = true; // Woken while at work: something may have come after we looked.
      return ticking;
    }
    ticking = (async () => {
      do {
        tickAgain = false;
        await renewLease();
        void notes.write(); // Not awaited: under traffic there is always one more.
        publisher.resume();
        await readOwnEvents();
        await pickUpLeftovers();
        await countBacklog();
      } while (tickAgain && !closed);
    })()
      .catch((error: unknown) => logger.debug({ err: error }, 'could not read the outbox'))
      .finally(() => {
        ticking = null;
      });
    return ticking;
  };

  await renewLease().catch((error: unknown) =>
    logger.warn({ err: error }, 'the outbox relay starts without a database'),
  );
  const timer = setInterval(() => void tick(), deps.pollIntervalMs ?? 1_000);
  timer.unref();
  const stopWaiting = broker.onAvailable(() => {
    publisher.resume();
    void tick();
  });
  const stopListening = db
    .listen(outboxChannel, () => void tick())
    .catch((error: unknown) => {
      logger.debug({ err: error }, 'LISTEN failed; polling the outbox');
      return async () => undefined;
    });
  void tick();

  const isLeaseFresh = (): boolean => performance.now() - leaseRenewedAtMs < leaseTtlMs;

  return {
    origin,
    isReadyForFacts: (sinceMs) => isLeaseFresh() && facts.isRegistered(sinceMs),
    async getReadyForFacts(sinceMs) {
      if (!isLeaseFresh()) await renewLease();
      if (!facts.isRegistered(sinceMs)) await facts.register(sinceMs);
    },
    takeNumbers: (count) => facts.numbers.take(count),
    settleNumber: (number) => facts.numbers.settle(number),
    messageOfDelivery: deps.messageOfDelivery,
    accept({ messages, blocks }) {
      const taken: OutboxMessage[] = [];
      let waiting = 0;
      for (const message of messages) {
        if (message.notBefore !== null) continue; // Picked up by the holder of the lease, when it is due.
        if (overflowing || heldCount() >= maxInMemory || publisher.chars() + waiting >= maxInMemoryChars) {
          overflowing = true;
          overflowCount += 1;
          continue;
        }
        if (message.factNumber === null) rows.hold(message.id);
        else facts.hold(message.factNumber);
        taken.push(message);
        waiting += message.body.length;
      }
      for (const block of blocks) block.close();
      publisher.submit(taken);
    },
    stats: () => ({
      inMemory: publisher.size(),
      backlogCount: backlog.count,
      oldestAgeSeconds: backlog.oldestAgeSeconds,
    }),
    async close() {
      clearInterval(timer);
      stopWaiting();
      await (await stopListening)();
      await publisher.close(broker.isAvailable() ? closeDeadlineMs : 0);
      closed = true;
      await ticking;
      await notes.write();
      await notes.write(); // What was confirmed while the first was under way.
      await facts
        .close()
        .then(() => releaseRelayLeases(db, origin))
        .catch((error: unknown) =>
          logger.debug({ err: error }, 'could not release its leases; they expire by themselves'),
        );
    },
  };
}

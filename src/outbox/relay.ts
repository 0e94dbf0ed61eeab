/**
 * From `outbox_events` to the broker. Right after a commit its events are published from memory; what the broker
 * confirmed is deleted, many in one statement.
 *
 * Who publishes a row is decided by its `origin`, the process that wrote it:
 * - a living process publishes its own rows, from memory while they fit, else read back from the table in order;
 * - rows of a process whose lease ran out, rows that belong to nobody, and deferred rows that are due are published by the
 *   one replica that holds the pick-up lease. One at a time, so that order per tenant and aggregate holds.
 *
 * At least once: a crash between confirm and delete publishes again.
 */
import type { Broker } from '../broker/broker.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Database } from '../storage/postgres/database.ts';
import {
  countOutboxBacklog,
  deleteOutboxRows,
  findLeftOverRows,
  findOwnOutboxRows,
  holdPickupLease,
  type OutboxRow,
  outboxChannel,
  releaseRelayLeases,
  renewRelayLease,
} from '../storage/tables/outbox-events.ts';
import { messageOfRow, type OutboxMessage } from './envelope.ts';
import type { EventType } from './events.ts';
import { createOrderedPublisher } from './ordered-publisher.ts';

export interface OutboxRelayDeps {
  readonly db: Database;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Identifies this process in `outbox_events.origin`: a fresh UUID at every start. */
  readonly origin: string;
  /** From hand-over to confirm. */
  onPublished?(eventType: EventType, durationMs: number): void;
  onBacklog?(backlog: { count: number; oldestAgeSeconds: number }): void;
  /** Unconfirmed messages at once. Default 200, as many as the broker lets through: more does not raise RabbitMQ's rate, and confirms get slower. */
  readonly windowSize?: number;
  /** Events held in memory; above it they wait in the table. Default 10,000. */
  readonly maxInMemory?: number;
  /** Their bodies, in characters. Default 64 Mi. */
  readonly maxInMemoryChars?: number;
  /** Default 1,000. */
  readonly pollIntervalMs?: number;
  /** After this long without a sign of life a process's rows are published by another. Default 15,000. */
  readonly leaseTtlMs?: number;
  /** Default 50. */
  readonly retryPauseMs?: number;
}

export interface RelayStats {
  /** Waiting in this process, in flight included. */
  readonly inMemory: number;
  /** All rows of the table, of every replica, as last counted (up to 100,000). */
  readonly backlogCount: number;
  readonly oldestAgeSeconds: number;
}

export interface OutboxRelay {
  readonly origin: string;
  /** Takes over events whose rows have just been committed under this origin, in the order of their commits. */
  accept(messages: readonly OutboxMessage[]): void;
  stats(): RelayStats;
  /** Publishes what is in memory, for at most 5 s, and leaves the rest to the other replicas. */
  close(): Promise<void>;
}

/** Rows in one read, fewer where the last ones were large: a read stays around 32 Mi characters. */
const maxReadBatch = 1_000;
const minReadBatch = 64;
const readBatchChars = 32 * 1024 * 1024;
/** The table is read again when no more than this waits in memory: rows already known are read in vain. */
const lowWater = 2_000;
const deleteBatch = 2_000;
/**
 * Confirmed events are deleted together with those that are confirmed this soon after: a statement and a commit for each
 * cost a single caller more than all the rest of its call. A crash publishes as many again.
 */
const deleteGatherMs = 50;
const closeDeadlineMs = 5_000;
const backlogIntervalMs = 5_000;

/** Starts publishing. Works while either store is away, and catches up by itself. */
export async function startOutboxRelay(deps: OutboxRelayDeps): Promise<OutboxRelay> {
  const { db, broker, clock, logger, origin } = deps;
  const maxInMemory = deps.maxInMemory ?? 10_000;
  const maxInMemoryChars = deps.maxInMemoryChars ?? 64 * 1024 * 1024;
  const leaseTtlMs = deps.leaseTtlMs ?? 15_000;
  const pollIntervalMs = deps.pollIntervalMs ?? 1_000;

  /** Rows that are in memory or confirmed and not deleted yet: reading the table back must pass them over. */
  const known = new Set<string>();
  const toDelete: string[] = [];
  /** While true every new event is left in the table, behind those that already are: order. */
  let overflowing = false;
  let overflowCount = 0;
  /** The last pick-up was a full batch: there is more, after this sequence. */
  let moreLeftovers = false;
  let pickedUpTo = 0;
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
      toDelete.push(message.id);
      if (toDelete.length >= deleteBatch) void deleteConfirmed();
      else deleteTimer ??= setTimeout(() => void deleteConfirmed(), deleteGatherMs).unref();
    },
    onFailed: (message, error) =>
      logger.debug({ err: error, event_id: message.id }, 'the broker did not confirm an event'),
  });

  // Deletes and reads of the table take turns: a read must not bring back a row that is being deleted.
  let tableTurn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = tableTurn.then(work, work);
    tableTurn = turn.catch(() => undefined);
    return turn;
  };

  const deleteBatchOfConfirmed = async (): Promise<void> => {
    const batch = toDelete.slice(0, deleteBatch);
    await deleteOutboxRows(db, batch);
    toDelete.splice(0, batch.length);
    for (const id of batch) known.delete(id);
    if ((overflowing || moreLeftovers) && hasRoom()) void tick();
  };

  let deleteTimer: NodeJS.Timeout | null = null;
  let deleting: Promise<void> | null = null;
  /** One statement at a time; what gathers meanwhile goes in the next. */
  const deleteConfirmed = (): Promise<void> => {
    if (deleteTimer !== null) clearTimeout(deleteTimer);
    deleteTimer = null;
    deleting ??= (async () => {
      while (toDelete.length > 0) await inTurn(deleteBatchOfConfirmed);
    })()
      .catch((error: unknown) => logger.debug({ err: error }, 'published events could not be deleted yet'))
      .finally(() => {
        deleting = null;
      });
    return deleting;
  };

  let readBatch = 250;
  const submitRows = (rows: readonly OutboxRow[]): number => {
    const largest = rows.reduce((most, { body }) => Math.max(most, body.length), 1);
    readBatch = Math.max(minReadBatch, Math.min(maxReadBatch, Math.floor(readBatchChars / largest)));
    const unknown = rows.filter((row) => !known.has(row.id)).map((row) => messageOfRow(row, null));
    for (const message of unknown) known.add(message.id);
    publisher.submit(unknown);
    return unknown.length;
  };

  const hasRoom = (): boolean => known.size <= Math.min(lowWater, maxInMemory / 2) && broker.isAvailable();

  const renewLease = async (): Promise<void> => {
    // Not by the clock: one that is set back an hour would let the lease run out, and others publish our rows too.
    if (performance.now() - leaseRenewedAtMs < leaseTtlMs / 3) return;
    await renewRelayLease(db, origin, leaseTtlMs);
    leaseRenewedAtMs = performance.now();
  };

  /** Reads back what did not fit, and ends the overflow when nothing was left behind meanwhile. Holds the lease as long. */
  const readOwnRows = async (): Promise<void> => {
    while (overflowing && !closed && hasRoom()) {
      await renewLease();
      const countBefore = overflowCount;
      const found = await inTurn(async () => submitRows(await findOwnOutboxRows(db, origin, known.size + readBatch)));
      if (found === 0 && overflowCount === countBefore) overflowing = false;
    }
  };

  /** Goes through the table from end to end, then from the beginning again: what committed late has a low sequence. */
  const pickUpLeftovers = async (): Promise<void> => {
    while (!closed && hasRoom() && (await holdPickupLease(db, origin, leaseTtlMs))) {
      const limit = readBatch + (pickedUpTo === 0 ? known.size : 0);
      const rows = await inTurn(async () => {
        const found = await findLeftOverRows(db, origin, pickedUpTo, limit);
        submitRows(found);
        return found;
      });
      moreLeftovers = rows.length === limit;
      pickedUpTo = moreLeftovers ? (rows.at(-1)?.sequence ?? 0) : 0;
      if (!moreLeftovers) return;
    }
  };

  const countBacklog = async (): Promise<void> => {
    if (performance.now() - backlogCountedAtMs < backlogIntervalMs) return;
    backlog = await countOutboxBacklog(db);
    backlogCountedAtMs = performance.now();
    deps.onBacklog?.(backlog);
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
        void deleteConfirmed(); // Not awaited: under traffic there is always one more.
        publisher.resume();
        await readOwnRows();
        await pickUpLeftovers();
        await countBacklog();
      } while (tickAgain && !closed);
    })()
      .catch((error: unknown) => logger.debug({ err: error }, 'the outbox cannot be read now'))
      .finally(() => {
        ticking = null;
      });
    return ticking;
  };

  await renewLease().catch((error: unknown) =>
    logger.warn({ err: error }, 'the outbox relay starts without a database'),
  );
  const timer = setInterval(() => void tick(), pollIntervalMs);
  timer.unref();
  const stopWaiting = broker.onAvailable(() => {
    publisher.resume();
    void tick();
  });
  const stopListening = db
    .listen(outboxChannel, () => void tick())
    .catch((error: unknown) => {
      logger.debug({ err: error }, 'the outbox is polled only: notifications cannot be had');
      return async () => undefined;
    });
  void tick();

  return {
    origin,
    accept(messages) {
      const taken: OutboxMessage[] = [];
      let waiting = 0;
      for (const message of messages) {
        if (message.notBefore !== null) continue; // Picked up by whoever holds the lease, when it is due.
        if (overflowing || known.size >= maxInMemory || publisher.chars() + waiting >= maxInMemoryChars) {
          overflowing = true;
          overflowCount += 1;
          continue;
        }
        known.add(message.id);
        taken.push(message);
        waiting += message.body.length;
      }
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
      await deleting;
      await deleteConfirmed();
      await releaseRelayLeases(db, origin).catch((error: unknown) =>
        logger.debug({ err: error }, 'the relay could not give its leases back; they run out by themselves'),
      );
    },
  };
}

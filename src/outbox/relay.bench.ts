/** Measures how fast the relay drains the outbox, against publishing the same events one awaited confirm at a time. */

import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { Connection } from 'rabbitmq-client';
import { median } from '../../bench/rounds.ts';
import { openRabbitmqBroker } from '../broker/rabbitmq-broker.ts';
import { systemClock } from '../clock.ts';
import type { TenantId } from '../ids.ts';
import { type Database, openDatabase } from '../storage/postgres/database.ts';
import { commitIntakeRows } from '../storage/tables/commit-intake.ts';
import type { EventRow } from '../storage/tables/intake-rows.ts';
import { sealEnvelope } from './envelope.ts';
import { startOutboxRelay } from './relay.ts';

export interface OutboxBenchRow {
  readonly name: string;
  readonly eventsPerSecond: number;
  readonly peerEventsPerSecond: number;
  readonly ratio: number;
  readonly aim: number;
}

export interface OutboxBenchOptions {
  /** A migrated database for this benchmark alone. */
  readonly databaseUrl: string;
  readonly rabbitmqUrl: string;
  readonly rounds?: number;
}

const aim = 12;
const drainedEvents = 20_000;
const awaitedEvents = 500;
const logger = pino({ level: 'silent' });

/**
 * Both publish persistent messages of the same size to their own quorum queue, in turn. The relay does more within its
 * time: it reads and takes over the rows of a dead process, keeps order, and deletes confirmed rows.
 */
export async function runOutboxBench(options: OutboxBenchOptions): Promise<OutboxBenchRow[]> {
  const db = openDatabase({ url: options.databaseUrl, applicationName: 'outbox bench', logger });
  const exchange = `bench.events.${randomUUID()}`;
  const broker = await openRabbitmqBroker({ urls: [options.rabbitmqUrl], logger, exchange });
  const connection = new Connection(options.rabbitmqUrl);
  const channel = await connection.acquire();
  await channel.queueDeclare({ queue: exchange, durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await channel.queueBind({ queue: exchange, exchange, routingKey: '#' });

  const publishOneByOne = async (): Promise<number> => {
    const events = Array.from({ length: awaitedEvents }, sampleMessage);
    const startedAtMs = performance.now();
    for (const event of events) {
      await broker.publishConfirmed({
        eventId: event.id,
        eventType: event.type,
        tenantId: event.tenantId,
        occurredAt: event.occurredAt,
        subject: event.aggregateId,
        body: Buffer.from(event.body),
      });
    }
    return (awaitedEvents * 1_000) / (performance.now() - startedAtMs);
  };

  const drain = async (): Promise<number> => {
    await fillOutbox(db);
    const startedAtMs = performance.now();
    const relay = await startOutboxRelay({
      db,
      broker,
      clock: systemClock,
      logger,
      origin: randomUUID(),
      messageOfDelivery,
    });
    for (;;) {
      const { rows } = await db.querySystem({ text: 'select from outbox_events limit 1' });
      if (rows.length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const rate = (drainedEvents * 1_000) / (performance.now() - startedAtMs);
    await relay.close();
    return rate;
  };

  const awaited: number[] = [];
  const drained: number[] = [];
  try {
    for (let round = 0; round < (options.rounds ?? 3); round++) {
      await channel.queuePurge(exchange);
      awaited.push(await publishOneByOne());
      await channel.queuePurge(exchange);
      drained.push(await drain());
    }
  } finally {
    await channel.queueDelete({ queue: exchange });
    await channel.exchangeDelete({ exchange });
    await channel.close(); // Closing the connection waits for its channels.
    await connection.close();
    await broker.close();
    await db.close();
  }
  const [own, peer] = [median(drained), median(awaited)];
  return [
    {
      name: 'outbox drain',
      eventsPerSecond: Math.round(own),
      peerEventsPerSecond: Math.round(peer),
      ratio: Math.round((own / peer) * 100) / 100,
      aim,
    },
  ];
}

/** This benchmark has no deliveries. */
function messageOfDelivery(): never {
  throw new Error('there is no delivery');
}

function sampleMessage() {
  return sealEnvelope({
    type: 'integration.cache.miss',
    tenantId: 'uk_company_1' as TenantId,
    serviceName: 'google_maps',
    correlationId: randomUUID(),
    occurredAtMs: Date.now(),
    aggregateId: randomUUID(),
    fields: { cache_key: 'geocoding:geocode:1', operation: 'geocode', will_populate: true },
  });
}

/** Leaves the rows as a dead process would. */
async function fillOutbox(db: Database): Promise<void> {
  const origin = randomUUID();
  for (let filled = 0; filled < drainedEvents; filled += 1_000) {
    const events = Array.from({ length: 1_000 }, (): EventRow => {
      const message = sampleMessage();
      return {
        gate: null,
        id: message.id,
        origin,
        management_company_id: message.tenantId,
        aggregate_id: message.aggregateId,
        event_type: message.type,
        occurred_at: message.occurredAt,
        body: message.body,
        not_before: null,
      };
    });
    await commitIntakeRows(db, { webhooks: [], logs: [], bodies: [], usage: [], events }, origin);
  }
}

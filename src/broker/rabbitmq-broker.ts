/**
 * The broker over RabbitMQ.
 *
 *   connecting ──connected, exchange declared, both channels open──▶ available
 *   available ──connection or channel lost, or blocked by the server's alarm──▶ connecting
 *
 * While it is not available, messages are refused at once and not kept here: durable events are in the outbox, and
 * telemetry may be lost. Confirmed and unconfirmed messages use separate channels, so that a fault of one does not
 * affect the other.
 *
 * A publish resolves when the broker has confirmed it. It rejects with `BrokerAway` if the server refused it (nack),
 * the channel or connection was lost, or the deadline passed; the message may still have been published.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from 'rabbitmq-client';
import type { Logger } from '../logger.ts';
import type { Broker } from './broker.ts';
import { BrokerAway } from './broker-away.ts';
import { type ChannelPair, createChannelPair } from './channel-pair.ts';
import { envelopeOf } from './cloud-events.ts';
import { createConfirmWindow } from './confirm-window.ts';
import { createEventTap } from './event-tap.ts';
import { gatherWrites } from './gather-writes.ts';
import { createListeners } from './listeners.ts';
import { keepBodiesRaw } from './raw-bodies.ts';

export interface OpenRabbitmqBrokerOptions {
  /** Hosts of one cluster, tried in turn; the user, password, vhost and TLS of the first apply to all. */
  readonly urls: readonly string[];
  readonly logger: Logger;
  readonly exchange?: string;
  /** How long a caller waits for a confirmation. */
  readonly confirmDeadlineMs?: number;
}

const eventsExchange = 'integration.events';
const confirmWindowSize = 200;
const maxWaitingForConfirm = 10_000;
const defaultConfirmDeadlineMs = 10_000;
const connectTimeoutMs = 3_000;
/** How long a start waits for RabbitMQ before it continues without. */
const firstConnectionWaitMs = 2_000;
/** A server counts as gone after two missed heartbeats. */
const heartbeatSeconds = 5;
/** Maximum telemetry messages written to the socket but not flushed; more are dropped. */
const maxUnflushedMessages = 1_000;
const maxUnflushedBytes = 4 * 1024 * 1024;

/**
 * Opens the broker. Resolves when RabbitMQ is ready, or after two seconds; the broker is then unavailable until
 * RabbitMQ connects.
 */
export async function openRabbitmqBroker(options: OpenRabbitmqBrokerOptions): Promise<Broker> {
  const { logger } = options;
  const exchange = options.exchange ?? eventsExchange;
  const declaration = { exchange, type: 'topic', durable: true } as const;
  const connection = connect(options.urls);
  keepBodiesRaw(connection);
  const writes = gatherWrites(connection);
  const window = createConfirmWindow({
    size: confirmWindowSize,
    maxWaiting: maxWaitingForConfirm,
    deadlineMs: options.confirmDeadlineMs ?? defaultConfirmDeadlineMs,
  });
  const availability = createListeners<void>(logger);
  const firstReady = Promise.withResolvers<void>();
  const channels = createChannelPair({
    connection,
    declaration,
    logger,
    onOpen() {
      firstReady.resolve();
      availability.callAll();
    },
  });
  const tap = createEventTap({ connection, declaration, logger });
  let unflushedMessages = 0;
  let unflushedBytes = 0;

  let addressProblem: string | null = null;
  let alarm: string | null = null;
  connection.on('error', (cause) => {
    addressProblem = addressProblemOf(cause) ?? addressProblem;
    if (addressProblem === null) logger.warn({ err: cause }, 'no connection to RabbitMQ; will retry');
    else logger.error({ err: cause }, addressProblem);
  });
  connection.on('connection', () => {
    addressProblem = null;
    alarm = null;
    channels.setUp();
  });
  connection.on('connection.blocked', (reason) => {
    alarm = `RABBITMQ_URL: RabbitMQ blocks publishers: ${reason}`;
    logger.error({ reason }, 'RabbitMQ blocks publishers: a resource alarm is on');
  });
  connection.on('connection.unblocked', () => {
    alarm = null;
    logger.info('RabbitMQ accepts messages again');
    availability.callAll();
  });

  const openChannels = (): ChannelPair | null => (writes.isGathering() || connection.ready ? channels.open() : null);

  await Promise.race([firstReady.promise, pause(firstConnectionWaitMs, undefined, { ref: false })]);

  return {
    kind: 'rabbitmq',
    isAvailable: () => openChannels() !== null,
    problem() {
      const refusal = channels.refusal();
      const ofExchange = refusal === null ? null : `RABBITMQ_URL: no messages to ${exchange}: ${refusal}`;
      return addressProblem ?? alarm ?? ofExchange;
    },

    async publishConfirmed(message) {
      if (openChannels() === null) throw new BrokerAway('there is no connection');
      await window.run(async () => {
        const open = openChannels();
        if (open === null) throw new BrokerAway('the connection was lost');
        writes.gather();
        await open.confirmed.basicPublish(envelopeOf(message, exchange), message.body);
      });
    },

    publishUnconfirmed(message) {
      const open = openChannels();
      const sizeBytes = message.body.byteLength;
      if (open === null || unflushedMessages >= maxUnflushedMessages) return false;
      if (unflushedBytes + sizeBytes > maxUnflushedBytes) return false;
      unflushedMessages += 1;
      unflushedBytes += sizeBytes;
      const flushed = (): void => {
        unflushedMessages -= 1;
        unflushedBytes -= sizeBytes;
      };
      writes.gather();
      open.unconfirmed.basicPublish(envelopeOf(message, exchange), message.body).then(flushed, flushed);
      return true;
    },

    tap: tap.add,

    onAvailable: (listener) => availability.add(listener),

    async close() {
      const closeAll = async (): Promise<void> => {
        await Promise.all([tap.close(), channels.close()]);
        await connection.close();
      };
      // Do not wait longer for a server that does not answer the close.
      await Promise.race([closeAll().catch(() => {}), pause(firstConnectionWaitMs, undefined, { ref: false })]);
      connection.unsafeDestroy();
    },
  };
}

function connect(urls: readonly string[]): Connection {
  const [first] = urls;
  if (first === undefined) throw new RangeError('no RabbitMQ URL');
  const { protocol } = new URL(first);
  return new Connection({
    url: first,
    hosts: urls.map((url) => {
      const { hostname, port } = new URL(url);
      return `${hostname}:${port === '' ? (protocol === 'amqps:' ? 5671 : 5672) : port}`;
    }),
    connectionName: 'integration-service',
    connectionTimeout: connectTimeoutMs,
    acquireTimeout: connectTimeoutMs,
    heartbeat: heartbeatSeconds,
    retryLow: 200,
    retryHigh: 2_000,
    noDelay: true,
    // The library's default of 8 KiB splits a webhook's payload into many frames. This is the server's own limit.
    frameMax: 131_072,
  });
}

/** Why RabbitMQ refuses the configured address; null if the error has another cause. */
function addressProblemOf(cause: unknown): string | null {
  const { code, message = '' } = cause as { code?: unknown; message?: string };
  if (code === 'ACCESS_REFUSED' || /ACCESS_REFUSED/.test(message))
    return 'RABBITMQ_URL: RabbitMQ refuses the user or password';
  if (code === 'NOT_ALLOWED' || /NOT_ALLOWED/.test(message)) return 'RABBITMQ_URL: RabbitMQ refuses the virtual host';
  return null;
}

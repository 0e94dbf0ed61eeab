/**
 * `Broker` over RabbitMQ.
 *
 *   connecting ──connected, exchange declared, both channels open──▶ available
 *   available ──connection or channel lost, or blocked by the server's alarm──▶ connecting
 *
 * While it is not available a message is refused at once and nothing is kept here: durable events are in the outbox, and
 * telemetry may be lost. Confirmed and unconfirmed messages have a channel each, so that a fault of one is not the
 * other's.
 *
 * | what happens to a publish | its caller is told |
 * | --- | --- |
 * | confirmed | resolved |
 * | refused by the server (nack), channel or connection lost, deadline missed | `BrokerAway`; it may have got through |
 */
import { type Channel, Connection, type Consumer } from 'rabbitmq-client';
import type { Logger } from '../logger.ts';
import type { Broker, BrokerMessage } from './broker.ts';
import { BrokerAway } from './broker-away.ts';
import { envelopeOf, messageOf } from './cloud-events.ts';
import { createConfirmWindow } from './confirm-window.ts';
import { gatherWrites } from './gather-writes.ts';
import { createListeners } from './listeners.ts';
import { keepBodiesRaw } from './raw-bodies.ts';

export interface OpenRabbitmqBrokerOptions {
  /** Hosts of one cluster, tried in turn; the first one's user, password, vhost and TLS hold for all. */
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
/** A start waits so long for RabbitMQ before it goes on without. */
const firstConnectionWaitMs = 2_000;
/** A silent server is given up after two of these. */
const heartbeatSeconds = 5;
const setupPauseMs = 500;
/** Telemetry handed to the socket and not flushed yet; what comes beyond is dropped. */
const maxUnflushedMessages = 1_000;
const maxUnflushedBytes = 4 * 1024 * 1024;
/** A live stream that falls behind loses the oldest. */
const maxTapBacklog = 10_000;

interface Channels {
  readonly confirmed: Channel;
  readonly unconfirmed: Channel;
}

/** Resolves when RabbitMQ is ready, or after two seconds without it: the broker is then away until it comes. */
export async function openRabbitmqBroker(options: OpenRabbitmqBrokerOptions): Promise<Broker> {
  const { logger } = options;
  const exchange = options.exchange ?? eventsExchange;
  const exchangeDeclaration = { exchange, type: 'topic', durable: true } as const;
  const connection = connect(options.urls);
  keepBodiesRaw(connection);
  const writes = gatherWrites(connection);
  const window = createConfirmWindow({
    size: confirmWindowSize,
    maxWaiting: maxWaitingForConfirm,
    deadlineMs: options.confirmDeadlineMs ?? defaultConfirmDeadlineMs,
  });
  const taps = createListeners<BrokerMessage>(logger);
  const availability = createListeners<void>(logger);
  const firstReady = Promise.withResolvers<void>();
  let channels: Channels | null = null;
  let settingUp = false;
  let closed = false;
  let setupTimer: NodeJS.Timeout | undefined;
  let tapConsumer: Consumer | undefined;
  let unflushedMessages = 0;
  let unflushedBytes = 0;

  const setUp = async (): Promise<void> => {
    if (settingUp || closed || channels !== null) return;
    settingUp = true;
    try {
      const confirmed = await connection.acquire({ emitErrorsFromChannel: true });
      watch(confirmed);
      await confirmed.exchangeDeclare(exchangeDeclaration);
      await confirmed.confirmSelect();
      const unconfirmed = await connection.acquire({ emitErrorsFromChannel: true });
      watch(unconfirmed);
      if (!confirmed.active || !unconfirmed.active) throw new BrokerAway('a channel was lost while it was set up');
      channels = { confirmed, unconfirmed };
      firstReady.resolve();
      availability.tell();
    } catch (cause) {
      if (!closed) logger.warn({ err: cause }, 'RabbitMQ is not ready for events');
      setUpLater();
    } finally {
      settingUp = false;
    }
  };

  const setUpLater = (): void => {
    clearTimeout(setupTimer);
    if (!closed) setupTimer = setTimeout(setUp, setupPauseMs).unref();
  };

  /** One lost channel gives up both, so that they are always of one connection. */
  const watch = (channel: Channel): void => {
    channel.on('error', (cause: unknown) => logger.warn({ err: cause }, 'RabbitMQ closed a channel'));
    channel.on('close', () => {
      const both = channels;
      if (both === null || (both.confirmed !== channel && both.unconfirmed !== channel)) return;
      channels = null;
      void both.confirmed.close();
      void both.unconfirmed.close();
      setUpLater();
    });
  };

  let addressProblem: string | null = null;
  connection.on('error', (cause) => {
    addressProblem = addressProblemOf(cause) ?? addressProblem;
    if (addressProblem === null) logger.warn({ err: cause }, 'no connection to RabbitMQ');
    else logger.error({ err: cause }, addressProblem);
  });
  connection.on('connection', () => {
    addressProblem = null;
    void setUp();
  });
  connection.on('connection.blocked', (reason) =>
    logger.error({ reason }, 'RabbitMQ takes no messages: its alarm is on'),
  );
  connection.on('connection.unblocked', () => {
    logger.info('RabbitMQ takes messages again');
    availability.tell();
  });

  const openChannels = (): Channels | null => (writes.isGathering() || connection.ready ? channels : null);

  await Promise.race([firstReady.promise, pause(firstConnectionWaitMs)]);

  return {
    kind: 'rabbitmq',
    isAvailable: () => openChannels() !== null,
    addressProblem: () => addressProblem,

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

    async tap(onMessage) {
      const leave = taps.add(onMessage);
      if (tapConsumer === undefined) {
        tapConsumer = connection.createConsumer(
          {
            queue: '',
            noAck: true,
            queueOptions: {
              exclusive: true,
              autoDelete: true,
              arguments: { 'x-max-length': maxTapBacklog, 'x-overflow': 'drop-head' },
            },
            exchanges: [exchangeDeclaration],
            queueBindings: [{ exchange, routingKey: 'integration.#' }],
          },
          (delivered) => {
            const message = messageOf(delivered);
            if (message !== null) taps.tell(message);
          },
        );
        const consumer = tapConsumer;
        consumer.on('error', (cause) => logger.warn({ err: cause }, 'the live stream of events was interrupted'));
        const ready = Promise.withResolvers<void>();
        consumer.on('ready', ready.resolve);
        await Promise.race([ready.promise, pause(firstConnectionWaitMs)]);
      }
      return async () => {
        leave();
        if (taps.count() > 0 || tapConsumer === undefined) return;
        const consumer = tapConsumer;
        tapConsumer = undefined;
        await consumer.close();
      };
    },

    onAvailable: (listener) => availability.add(listener),

    async close() {
      closed = true;
      clearTimeout(setupTimer);
      const open = channels;
      channels = null;
      const goodbye = async (): Promise<void> => {
        await tapConsumer?.close();
        await Promise.all([open?.confirmed.close(), open?.unconfirmed.close()]);
        await connection.close();
      };
      // A server that does not answer the goodbye is left without one.
      await Promise.race([goodbye().catch(() => {}), pause(firstConnectionWaitMs)]);
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
    // The library's 8 KiB cuts a webhook's payload into many frames; the server's own limit is this one.
    frameMax: 131_072,
  });
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, durationMs).unref());
}

/** What of its address RabbitMQ refuses; null where it is not that. */
function addressProblemOf(cause: unknown): string | null {
  const { code, message = '' } = cause as { code?: unknown; message?: string };
  if (code === 'ACCESS_REFUSED' || /ACCESS_REFUSED/.test(message))
    return 'RABBITMQ_URL: RabbitMQ refuses the user or password';
  if (code === 'NOT_ALLOWED' || /NOT_ALLOWED/.test(message)) return 'RABBITMQ_URL: RabbitMQ refuses the virtual host';
  return null;
}

/**
 * Live events over Server-Sent Events, with one bus listener for all readers of this process.
 *
 * Bounds: too many readers per process or tenant get 429 or 503. If too many bytes wait for a reader, its events are
 * dropped, and it gets their number (`event: dropped`) as soon as it reads again.
 */
import { Readable } from 'node:stream';
import type { Broker, BrokerMessage } from '../../broker/broker.ts';
import type { Clock } from '../../clock.ts';
import { ServiceError } from '../../errors.ts';
import type { TenantId } from '../../ids.ts';
import type { Logger } from '../../logger.ts';

export interface EventStreamOptions {
  readonly tenantId: TenantId;
  /** null: every type. */
  readonly types: ReadonlySet<string> | null;
  /** Checked about once a second: a reader with a revoked or expired credential is disconnected. Never rejects. */
  isStillAllowed(): Promise<boolean>;
}

export interface EventStreams {
  /** Throws `RATE_LIMIT_EXCEEDED` or `SERVICE_UNAVAILABLE` if there are too many readers. */
  open(options: EventStreamOptions): Promise<Readable>;
  /** Ends all streams. A stream opened later ends at once. */
  close(): void;
}

export interface EventStreamsDeps {
  readonly broker: Pick<Broker, 'tap'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const maxStreams = 500;
const maxStreamsPerTenant = 20;
/** Tells browsers how long to wait before they come back. */
const reconnectMs = 3_000;

interface Reader {
  readonly options: EventStreamOptions;
  readonly stream: Readable;
  leftOut: number;
  checking: boolean;
  spokenAtMs: number;
}

const heartbeatMs = 15_000;
const credentialCheckMs = 1_000;
/** Per reader; above it, events are dropped. */
const maxWaitingBytes = 1024 * 1024;

export function createEventStreams(deps: EventStreamsDeps): EventStreams {
  const readers = new Set<Reader>();
  let tapping: Promise<() => Promise<void>> | null = null;
  let ticking: NodeJS.Timeout | null = null;
  let closed = false;

  const say = (reader: Reader, text: string): void => {
    if (reader.stream.destroyed) return;
    reader.spokenAtMs = deps.clock.now();
    reader.stream.push(text);
  };

  const tell = (message: BrokerMessage): void => {
    let text: string | null = null;
    for (const reader of readers) {
      const { tenantId, types } = reader.options;
      if (message.tenantId !== tenantId || types?.has(message.eventType) === false) continue;
      if (reader.stream.readableLength >= maxWaitingBytes) {
        reader.leftOut += 1;
        continue;
      }
      if (reader.leftOut > 0) {
        say(reader, `event: dropped\ndata: {"count":${reader.leftOut}}\n\n`);
        reader.leftOut = 0;
      }
      text ??= renderEvent(message);
      say(reader, text);
    }
  };

  const checkCredential = async (reader: Reader): Promise<void> => {
    if (reader.checking) return;
    reader.checking = true;
    if (!(await reader.options.isStillAllowed())) reader.stream.push(null);
    reader.checking = false;
  };

  const tick = (): void => {
    const nowMs = deps.clock.now();
    for (const reader of readers) {
      void checkCredential(reader);
      if (nowMs - reader.spokenAtMs >= heartbeatMs && reader.stream.readableLength === 0)
        say(reader, ': still here\n\n');
    }
  };

  const leave = (reader: Reader): void => {
    readers.delete(reader);
    if (readers.size > 0) return;
    if (ticking !== null) clearInterval(ticking);
    ticking = null;
    const stop = tapping;
    tapping = null;
    stop
      ?.then((stopTapping) => stopTapping())
      .catch((error: unknown) => deps.logger.warn({ err: error }, 'could not unsubscribe from the event bus'));
  };

  const requireRoom = (tenantId: TenantId): void => {
    if (closed)
      throw new ServiceError('SERVICE_UNAVAILABLE', 'The service is stopping.', {
        retryAfterSeconds: 2,
        publicMessageRu: 'Сервис останавливается.',
      });
    const own = Array.from(readers).filter(({ options }) => options.tenantId === tenantId).length;
    if (own >= maxStreamsPerTenant) {
      throw new ServiceError('RATE_LIMIT_EXCEEDED', `At most ${maxStreamsPerTenant} streams a tenant at once.`, {
        publicMessageRu: `Одновременно не больше ${maxStreamsPerTenant} потоков на арендатора.`,
        retryAfterSeconds: 10,
      });
    }
    if (readers.size >= maxStreams) {
      throw new ServiceError('SERVICE_UNAVAILABLE', 'Too many streams are open.', {
        retryAfterSeconds: 10,
        publicMessageRu: 'Открыто слишком много потоков.',
      });
    }
  };

  return {
    async open(options) {
      requireRoom(options.tenantId);
      const stream = new Readable({ read: () => {}, highWaterMark: 64 * 1024 });
      const reader: Reader = { options, stream, leftOut: 0, checking: false, spokenAtMs: deps.clock.now() };
      readers.add(reader);
      stream.once('close', () => leave(reader));
      ticking ??= setInterval(tick, credentialCheckMs).unref();
      tapping ??= deps.broker.tap(tell);
      try {
        await tapping;
      } catch (error) {
        stream.destroy();
        throw new ServiceError('SERVICE_UNAVAILABLE', 'The event bus cannot be reached.', {
          publicMessageRu: 'Шина событий недоступна.',
          retryAfterSeconds: 2,
          cause: error,
        });
      }
      // Sent once the bus subscription is active: events after this line reach the reader.
      say(reader, `retry: ${reconnectMs}\n: the events of ${options.tenantId}\n\n`);
      if (closed) stream.push(null);
      return stream;
    },
    close() {
      closed = true;
      for (const { stream } of readers) stream.push(null);
    },
  };
}

/**
 * The body is JSON as the outbox wrote it. It may contain any of the three line endings of a sender's JSON, and each
 * starts a new `data` line.
 */
function renderEvent({ eventId, eventType, body }: BrokerMessage): string {
  return `id: ${eventId}\nevent: ${eventType}\ndata: ${body.toString('utf8').replaceAll(/\r\n|\r|\n/g, '\ndata: ')}\n\n`;
}

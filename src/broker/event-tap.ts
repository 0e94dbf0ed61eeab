/**
 * Receives every published event for live streams, through one queue per process that exists while there are listeners.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Channel, Connection, Consumer } from 'rabbitmq-client';
import type { Logger } from '../logger.ts';
import type { BrokerMessage } from './broker.ts';
import { messageOf } from './cloud-events.ts';
import { createListeners } from './listeners.ts';

/** The length of the queue: a live stream that falls behind loses the oldest events. */
const maxBacklog = 10_000;
/** Maximum time that a new listener waits for the queue. */
const readyWaitMs = 2_000;

/** Creates a tap without listeners. */
export function createEventTap(deps: {
  readonly connection: Connection;
  readonly declaration: Parameters<Channel['exchangeDeclare']>[0] & { readonly exchange: string };
  readonly logger: Logger;
}) {
  const { connection, declaration, logger } = deps;
  const listeners = createListeners<BrokerMessage>(logger);
  let consumer: Consumer | undefined;

  const open = (): Consumer => {
    const opened = connection.createConsumer(
      {
        queue: '',
        noAck: true,
        queueOptions: {
          exclusive: true,
          autoDelete: true,
          arguments: { 'x-max-length': maxBacklog, 'x-overflow': 'drop-head' },
        },
        exchanges: [declaration],
        queueBindings: [{ exchange: declaration.exchange, routingKey: 'integration.#' }],
      },
      (delivered) => {
        const message = messageOf(delivered);
        if (message !== null) listeners.callAll(message);
      },
    );
    opened.on('error', (cause) => logger.warn({ err: cause }, 'the live stream of events was interrupted'));
    return opened;
  };

  const close = async (): Promise<void> => {
    const last = consumer;
    consumer = undefined;
    await last?.close();
  };

  return {
    async add(onMessage: (message: BrokerMessage) => void): Promise<() => Promise<void>> {
      const leave = listeners.add(onMessage);
      if (consumer === undefined) {
        consumer = open();
        const ready = Promise.withResolvers<void>();
        consumer.on('ready', ready.resolve);
        await Promise.race([ready.promise, pause(readyWaitMs, undefined, { ref: false })]);
      }
      return async () => {
        leave();
        if (listeners.count() === 0) await close();
      };
    },
    close,
  };
}

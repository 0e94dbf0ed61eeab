/** `Broker` if no RabbitMQ is configured: events reach only the live streams of this process. */
import type { Logger } from '../logger.ts';
import type { Broker, BrokerMessage } from './broker.ts';
import { BrokerAway } from './broker-away.ts';
import { createListeners } from './listeners.ts';

export function createInProcessBroker(logger: Logger): Broker {
  const taps = createListeners<BrokerMessage>(logger);
  let closed = false;
  return {
    kind: 'in-process',
    isAvailable: () => !closed,
    async publishConfirmed(message) {
      if (closed) throw new BrokerAway('it was closed');
      // Deliver later, as a network would: a listener never runs inside its publisher.
      setImmediate(taps.tell, message);
    },
    publishUnconfirmed(message) {
      if (closed) return false;
      setImmediate(taps.tell, message);
      return true;
    },
    async tap(onMessage) {
      const leave = taps.add(onMessage);
      return async () => leave();
    },
    onAvailable: () => () => {},
    async close() {
      closed = true;
    },
  };
}

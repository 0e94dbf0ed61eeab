/** The broker if no RabbitMQ is configured: events reach only live streams of this process. */
import type { Logger } from '../logger.ts';
import type { Broker, BrokerMessage } from './broker.ts';
import { BrokerAway } from './broker-away.ts';
import { createListeners } from './listeners.ts';

/** Creates the broker, which is available until it is closed. */
export function createInProcessBroker(logger: Logger): Broker {
  const taps = createListeners<BrokerMessage>(logger);
  let closed = false;
  return {
    kind: 'in-process',
    isAvailable: () => !closed,
    async publishConfirmed(message) {
      if (closed) throw new BrokerAway('it is closed');
      // Deliver later, as a network would: a listener never runs inside its publisher.
      setImmediate(taps.callAll, message);
    },
    publishUnconfirmed(message) {
      if (closed) return false;
      setImmediate(taps.callAll, message);
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

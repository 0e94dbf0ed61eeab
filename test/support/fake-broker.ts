/** A broker that confirms at once while it is available. */
import type { Broker, BrokerMessage } from '../../src/broker/broker.ts';

export function createFakeBroker() {
  const published: BrokerMessage[] = [];
  const state = { available: true };
  const broker: Broker = {
    kind: 'in-process',
    isAvailable: () => state.available,
    async publishConfirmed(message) {
      if (!state.available) throw new Error('away');
      published.push(message);
    },
    publishUnconfirmed: () => true,
    tap: async () => async () => undefined,
    onAvailable: () => () => undefined,
    close: async () => undefined,
  };
  return { broker, published, state };
}

/** A relay that publishes nothing, for tests of stored records. */
import { newId } from '../../src/ids.ts';
import type { Handover } from '../../src/outbox/envelope.ts';
import { createFactNumbers } from '../../src/outbox/fact-numbers.ts';
import type { RelayForIntake } from '../../src/outbox/relay.ts';
import { receivedMessage } from '../../src/webhooks/receiving/received-event.ts';

/** `onAccept` gets what would be published. Give each process its own `origin`. */
export function silentRelay(
  onAccept: (handover: Handover) => void = () => undefined,
  origin: string = newId(),
): RelayForIntake {
  const numbers = createFactNumbers();
  return {
    origin,
    isReadyForFacts: () => true,
    getReadyForFacts: async () => undefined,
    takeNumbers: (count) => numbers.take(count),
    settleNumber: (number) => numbers.settle(number),
    messageOfDelivery: (row, number) => receivedMessage(row, number, 'http://localhost:8006'),
    accept: onAccept,
  };
}

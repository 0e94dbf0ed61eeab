/**
 * `node scripts/soak-webhooks.ts`: sends deliveries during outages of realistic length: PostgreSQL away for 20 s,
 * RabbitMQ for 60 s, and both. Prints the counts, and fails if a delivery that got 200 was lost, doubled or not
 * published.
 *
 * The test servers must be running; `npm test` checks the same within seconds.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Faults, sendThroughFaults } from '../test/support/webhook-faults.ts';

const outages: Readonly<Record<string, { seconds: number; cut(faults: Faults): void }>> = {
  'PostgreSQL away for 20 s': { seconds: 20, cut: (faults) => faults.cutDatabase() },
  'RabbitMQ away for 60 s': { seconds: 60, cut: (faults) => faults.cutBroker() },
  'both away for 20 s': {
    seconds: 20,
    cut(faults) {
      faults.cutDatabase();
      faults.cutBroker();
    },
  },
};
const deliveries = 5_000;

for (const [name, { seconds, cut }] of Object.entries(outages)) {
  const closers: (() => unknown)[] = [];
  try {
    const { counts } = await sendThroughFaults(
      {
        after: (close) => void closers.push(close as () => unknown),
        diagnostic: (message) => console.log(`${name}: ${message}`),
      },
      deliveries,
      (acknowledged, faults) => {
        if (acknowledged !== 500) return;
        cut(faults);
        faults.over = delay(seconds * 1_000);
      },
    );
    if (Object.values(counts).some((count) => count !== deliveries))
      throw new Error(`${name}: deliveries were lost or doubled`);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** The webhook benchmarks as rows of this table. */
import { runWebhookBench } from '../../src/webhooks/receiving/receive.bench.ts';
import type { Cleanup } from '../../test/support/cleanup.ts';
import type { BenchRow } from '../report.ts';
import type { Effort } from '../rounds.ts';

/** Deliveries that the slower of the two handles in about a second on two cores. */
const deliveriesPerSecond = 3_000;

export async function benchWebhooks(t: Cleanup, { rounds, warmUpRounds, durationMs }: Effort): Promise<BenchRow[]> {
  const deliveries = Math.ceil((durationMs / 1_000) * deliveriesPerSecond);
  const rows = await runWebhookBench(t, { rounds, warmUpRounds, deliveries });
  return rows.map(({ name, ...row }) => ({ path: name, ...row }));
}

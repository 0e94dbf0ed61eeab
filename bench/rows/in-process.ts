/** The benchmarks that are beside the code they measure, as rows of this table. */

import { runGatewayBench } from '../../src/gateway/execute-call.bench.ts';
import { benchNormalizeAddress } from '../../src/geocoding/address/normalize-address.bench.ts';
import { runLimiterBench } from '../../src/limits/rate-limiter.bench.ts';
import { runOutboxBench } from '../../src/outbox/relay.bench.ts';
import { runDeadlineBench } from '../../src/resilience/deadline.bench.ts';
import { rabbitmqUrl } from '../../test/support/broker.ts';
import type { Cleanup } from '../../test/support/cleanup.ts';
import { startTestDatabase } from '../../test/support/database.ts';
import type { BenchRow } from '../report.ts';
import type { Effort } from '../rounds.ts';
import { benchRedisUrl } from '../service-process.ts';

export async function benchLimiter(_t: Cleanup, { rounds, durationMs }: Effort): Promise<BenchRow[]> {
  const rows = await runLimiterBench({ redisUrl: benchRedisUrl, rounds, roundMs: durationMs });
  return rows.map(({ path, against, ratio, aim, ...figures }) => ({
    ...{ path: path.replace(', 256 in flight', ''), against: `${against}, 256 in flight`, ratio, figures },
    ...{ aim: { atLeast: aim }, unit: '×' },
  }));
}

export async function benchOutbox(t: Cleanup, { rounds }: Effort): Promise<BenchRow[]> {
  const { url } = await startTestDatabase(t);
  const rows = await runOutboxBench({ databaseUrl: url, rabbitmqUrl, rounds });
  return rows.map(({ name, ratio, aim, ...figures }) => ({
    ...{ path: name, against: 'one awaited publish at a time', ratio, figures },
    ...{ aim: { atLeast: aim }, unit: '×' },
  }));
}

export async function benchGateway(_t: Cleanup, { rounds }: Effort): Promise<BenchRow[]> {
  const rows = await runGatewayBench(rounds);
  return rows.map(({ path, against, nanosPerCall, peerNanosPerCall }) => ({
    ...{ path: `gateway: ${path}`, against, ratio: nanosPerCall / 1_000, unit: 'µs', aim: null },
    figures: { nanosPerCall, peerNanosPerCall },
  }));
}

export async function benchDeadlines(_t: Cleanup, { rounds }: Effort): Promise<BenchRow[]> {
  const rows = await runDeadlineBench(rounds);
  return rows.map(({ path, against, ratio, ...figures }) => ({ path, against, ratio, unit: '×', aim: null, figures }));
}

export async function benchAddresses(): Promise<BenchRow[]> {
  return benchNormalizeAddress().map(({ name, nsPerCall, ratioToPlain }) => ({
    ...{ path: `addresses: ${name}`, against: 'plain NFKC and lower case', ratio: nsPerCall / 1_000, unit: 'µs' },
    ...{ aim: null, figures: { nsPerCall, ratioToPlain } },
  }));
}

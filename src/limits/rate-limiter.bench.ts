/**
 * Measures decisions per second over four windows, 256 in flight, against rate-limiter-flexible's union of four Redis
 * limiters, alternately on the same Redis. The peer has fixed windows, and spends in windows with room even if another
 * window refuses.
 */
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';
import pino from 'pino';
import { RateLimiterRedis, RateLimiterUnion } from 'rate-limiter-flexible';
import { systemClock } from '../clock.ts';
import { parseTenantId } from '../ids.ts';
import { openRedisStore } from '../storage/redis/redis-store.ts';
import type { LimitWindow } from './limits.ts';
import { createRateLimiter } from './rate-limiter.ts';

export interface LimiterBenchRow {
  readonly path: string;
  readonly against: string;
  /** Medians over the rounds. */
  readonly decisionsPerSecond: number;
  readonly peerDecisionsPerSecond: number;
  readonly cpuMicrosPerDecision: number;
  readonly peerCpuMicrosPerDecision: number;
  readonly ratio: number;
  readonly aim: number;
}

export interface LimiterBenchOptions {
  readonly redisUrl?: string;
  readonly rounds?: number;
  readonly roundMs?: number;
}

const inFlight = 256;
const neverReached = 1_000_000_000;
const windows: readonly LimitWindow[] = (['minute', 'hour', 'day', 'month'] as const).map((windowType) => ({
  windowType,
  maxRequests: neverReached,
}));
const durationsSeconds = [60, 3_600, 86_400, 2_592_000];

type Decide = (tenantIndex: number) => Promise<unknown>;

export async function runLimiterBench(options: LimiterBenchOptions = {}): Promise<LimiterBenchRow[]> {
  const { redisUrl = 'redis://127.0.0.1:6379', rounds = 3, roundMs = 2_000 } = options;
  const prefix = `bench-${randomUUID().slice(0, 8)}:`;
  const store = await openRedisStore({ urls: [redisUrl], logger: pino({ level: 'silent' }), prefix });
  const peerClient = new Redis(redisUrl);
  try {
    const ours = openOurs(store);
    const peer = openPeer(peerClient, prefix);
    const rows: LimiterBenchRow[] = [];
    for (const tenantCount of [1, 64, 1_000]) {
      rows.push(await compare({ ours, peer, tenantCount, rounds, roundMs }));
    }
    return rows;
  } finally {
    await removeKeys(peerClient, prefix);
    peerClient.disconnect();
    await store.close();
  }
}

function openOurs(store: Awaited<ReturnType<typeof openRedisStore>>): Decide {
  const limiter = createRateLimiter({ store, clock: systemClock, logger: pino({ level: 'silent' }) });
  const subjects = [{ key: 'service:a', serviceId: null, name: 'a', windows }];
  return async (tenantIndex) => {
    const decision = await limiter.spend(parseTenantId(`tenant_${tenantIndex}`), subjects, 1);
    if (!decision.granted) throw new Error('the benchmark must not be limited');
  };
}

function openPeer(client: Redis, prefix: string): Decide {
  const limiters = durationsSeconds.map(
    (duration) =>
      new RateLimiterRedis({ storeClient: client, keyPrefix: `${prefix}${duration}`, points: neverReached, duration }),
  );
  const union = new RateLimiterUnion(...limiters);
  return (tenantIndex) => union.consume(`tenant_${tenantIndex}`);
}

interface Comparison {
  readonly ours: Decide;
  readonly peer: Decide;
  readonly tenantCount: number;
  readonly rounds: number;
  readonly roundMs: number;
}

async function compare({ ours, peer, tenantCount, rounds, roundMs }: Comparison): Promise<LimiterBenchRow> {
  const oursRounds: Measured[] = [];
  const peerRounds: Measured[] = [];
  await measure(ours, tenantCount, roundMs / 4);
  await measure(peer, tenantCount, roundMs / 4);
  for (let round = 0; round < rounds; round += 1) {
    oursRounds.push(await measure(ours, tenantCount, roundMs));
    peerRounds.push(await measure(peer, tenantCount, roundMs));
  }
  const decisionsPerSecond = medianOf(oursRounds, 'perSecond');
  const peerDecisionsPerSecond = medianOf(peerRounds, 'perSecond');
  return {
    path: `limiter, four windows, ${inFlight} in flight, ${tenantCount} tenant${tenantCount === 1 ? '' : 's'}`,
    against: 'rate-limiter-flexible union',
    decisionsPerSecond,
    peerDecisionsPerSecond,
    cpuMicrosPerDecision: medianOf(oursRounds, 'cpuMicros'),
    peerCpuMicrosPerDecision: medianOf(peerRounds, 'cpuMicros'),
    ratio: decisionsPerSecond / peerDecisionsPerSecond,
    aim: 5,
  };
}

interface Measured {
  readonly perSecond: number;
  /** CPU time of this process per decision. */
  readonly cpuMicros: number;
}

async function measure(decide: Decide, tenantCount: number, durationMs: number): Promise<Measured> {
  let decided = 0;
  const startedMs = performance.now();
  const cpuBefore = process.cpuUsage();
  const keepAsking = async (): Promise<void> => {
    while (performance.now() - startedMs < durationMs) await decide(decided++ % tenantCount);
  };
  await Promise.all(Array.from({ length: inFlight }, keepAsking));
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    perSecond: (decided / (performance.now() - startedMs)) * 1_000,
    cpuMicros: (user + system) / decided,
  };
}

function medianOf(rounds: readonly Measured[], name: keyof Measured): number {
  const sorted = rounds.map((round) => round[name]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

async function removeKeys(client: Redis, prefix: string): Promise<void> {
  for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1_000 })) {
    if ((keys as string[]).length > 0) await client.del(keys as string[]);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const rows = await runLimiterBench();
  for (const row of rows) {
    const speed = `${Math.round(row.decisionsPerSecond)} against ${Math.round(row.peerDecisionsPerSecond)} decisions/s`;
    const cpu = `${row.cpuMicrosPerDecision.toFixed(1)} against ${row.peerCpuMicrosPerDecision.toFixed(1)} µs of CPU`;
    process.stdout.write(
      `${row.path}: ${row.ratio.toFixed(1)} × (aim ${row.aim} ×) ${row.against}: ${speed}, ${cpu}\n`,
    );
  }
}

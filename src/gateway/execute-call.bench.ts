/**
 * Measures a memory hit through the gateway, against a bare Map of Buffers behind an async function; then the delay
 * that a dead provider with an open breaker adds to a call. In process: no HTTP, no database, a provider that answers
 * at once.
 */
import { pathToFileURL } from 'node:url';
import pino from 'pino';
import { openResponseCache } from '../cache/response-cache.ts';
import type { ExternalService } from '../directory/service.ts';
import { parseTenantId, type ServiceId } from '../ids.ts';
import { createRateLimiter } from '../limits/rate-limiter.ts';
import { createRequestPace } from '../limits/request-pace.ts';
import { createMetrics } from '../metrics/metrics.ts';
import type { Place } from '../providers/geocoding.ts';
import { httpFacts } from '../providers/http/facts.ts';
import type { Adapter } from '../providers/provider.ts';
import { createBulkheads } from '../resilience/bulkhead.ts';
import { createCircuitBreakers } from '../resilience/circuit-breakers.ts';
import { createDeadlines } from '../resilience/deadline.ts';
import { createInProcessStore } from '../storage/redis/in-process-store.ts';
import type { Call, CallExecutor, Capability } from './call.ts';
import { createCallExecutor } from './execute-call.ts';

export interface GatewayBenchRow {
  readonly path: string;
  readonly against: string;
  /** Medians over the rounds. */
  readonly nanosPerCall: number;
  readonly peerNanosPerCall: number;
}

const tenantId = parseTenantId('bench');
const clock = { now: () => Date.now() };
const logger = pino({ level: 'silent' });
const questionCount = 1_000;
const capability: Capability<'geocode'> = {
  operation: 'geocode',
  family: 'geocoding',
  serviceType: 'geocoding',
  safeToRepeat: true,
  cache: { ttlSeconds: 3_600, negativeTtlSeconds: 60, staleSeconds: 86_400 },
};
const place = { latitude: 41.3, longitude: 69.2, formatted_address: 'x'.repeat(400) } as Place;

export async function runGatewayBench(rounds = 5): Promise<GatewayBenchRow[]> {
  const hits = await openBenchGateway(['alive']);
  const withDead = await openBenchGateway(['dead', 'alive']);
  try {
    const bare = new Map(questions().map((question) => [question, Buffer.from(JSON.stringify(place))]));
    const bareHit = async (index: number) => ({ body: bare.get(`Navoi ${index % questionCount}`) });
    for (let index = 0; index < questionCount; index += 1) await hits.geocode(index, 'use');
    // Enough calls to open the dead provider's breaker.
    for (let index = 0; index < 100; index += 1) await withDead.geocode(index, 'off');
    return [
      await compare('memory hit', 'a Map of Buffers', rounds, 200_000, (index) => hits.geocode(index, 'use'), bareHit),
      await compare(
        'uncached call past an open breaker',
        'the same without the dead provider',
        rounds,
        10_000,
        (index) => withDead.geocode(index, 'off'),
        (index) => hits.geocode(index, 'off'),
      ),
    ];
  } finally {
    await hits.close();
    await withDead.close();
  }
}

function questions(): string[] {
  return Array.from({ length: questionCount }, (_, index) => `Navoi ${index}`);
}

async function openBenchGateway(names: readonly string[]) {
  const store = createInProcessStore({ clock, logger });
  const deadlines = createDeadlines();
  const intake = {
    addUsage: () => {},
    writeUsage: async () => {},
    record: async () => ({ duplicateOf: null, storedIn: 'database' as const }),
  };
  const db = { querySystem: async () => ({ rows: [], rowCount: 0 }), listen: async () => async () => {} };
  const cache = await openResponseCache({
    ...{ store, db, intake, clock, deadlines, logger },
    l1TtlSeconds: 3_600,
    l2TtlSeconds: 3_600,
  });
  const services = names.map(benchService);
  const calls: CallExecutor = createCallExecutor({
    ...{ cache, intake, clock, deadlines, logger },
    directory: {
      ofTenant: async () => services,
      accountOf: ({ id: serviceId, serviceName, baseUrl, config }) => ({
        ...{ serviceId, serviceName, baseUrl, config },
        apiKey: null,
        credentials: null,
      }),
    },
    findAdapter: (name) => benchAdapter(name),
    limiter: createRateLimiter({ store, clock, logger }),
    familyLimits: {},
    pace: createRequestPace({ store, clock }),
    breakers: createCircuitBreakers({ clock }),
    bulkheads: createBulkheads({ clock, deadlines }),
    metrics: createMetrics({ clock, processMetrics: false }),
    requestTimeoutMs: 10_000,
    maxRetries: 0,
    openHttp: () => ({
      exchanges: [],
      masked: [],
      mask: () => {},
      send: () => Promise.reject(new Error('unused')),
      open: () => Promise.reject(new Error('unused')),
    }),
    costOf: () => 0,
    observeAttempt: () => {},
    publishTelemetry: () => {},
  });
  const { signal } = new AbortController();
  return {
    geocode(index: number, cacheMode: 'use' | 'off') {
      const address = `Navoi ${index % questionCount}`;
      const call: Call<'geocode'> = {
        ...{ tenantId, capability, cacheMode },
        input: { address, language: 'ru', country: 'UZ', parts: null, bounds: null, limit: 1 },
        question: address,
        provider: null,
        requestId: 'bench',
        traceparent: null,
        sourceService: null,
        principal: null,
        deadlineAtMs: clock.now() + 30_000,
        maxWaitMs: 0,
      };
      return calls.execute(call, (output) => output, signal);
    },
    async close() {
      await cache.close();
      await store.close();
      deadlines.close();
    },
  };
}

function benchAdapter(name: string): Adapter {
  return {
    name,
    serviceType: 'geocoding',
    facts: httpFacts,
    defaultBaseUrl: null,
    secretsOf: () => [],
    attempts: {
      geocode: async () =>
        name === 'dead' ? { kind: 'denied', message: 'the key is refused' } : { kind: 'ok', value: place },
    },
  };
}

function benchService(serviceName: string, index: number): ExternalService {
  return {
    id: `00000000-0000-7000-8000-00000000000${index}` as ServiceId,
    ...{ tenantId, serviceName, displayName: serviceName, serviceType: 'geocoding' },
    baseUrl: null,
    config: {},
    isActive: true,
    rateLimits: { perMinute: null, perHour: null, perDay: null, perMonth: null },
    priority: index,
    fallbackServiceId: null,
    description: null,
    tags: [],
    ...{ hasApiKey: false, hasCredentials: false, createdBy: null, updatedAtMs: 0 },
  };
}

/** Runs the variants alternately, so that noise affects both. */
async function compare(
  path: string,
  against: string,
  rounds: number,
  callsPerRound: number,
  ours: (index: number) => Promise<unknown>,
  peer: (index: number) => Promise<unknown>,
): Promise<GatewayBenchRow> {
  const oursNanos: number[] = [];
  const peerNanos: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    oursNanos.push(await nanosPerCall(ours, callsPerRound));
    peerNanos.push(await nanosPerCall(peer, callsPerRound));
  }
  return { path, against, nanosPerCall: medianOf(oursNanos), peerNanosPerCall: medianOf(peerNanos) };
}

async function nanosPerCall(call: (index: number) => Promise<unknown>, count: number): Promise<number> {
  const startedMs = performance.now();
  for (let index = 0; index < count; index += 1) await call(index);
  return ((performance.now() - startedMs) * 1e6) / count;
}

function medianOf(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const row of await runGatewayBench()) {
    const micros = (nanos: number) => (nanos / 1000).toFixed(2);
    process.stdout.write(
      `${row.path}: ${micros(row.nanosPerCall)} µs a call, ${row.against}: ${micros(row.peerNanosPerCall)} µs\n`,
    );
  }
}

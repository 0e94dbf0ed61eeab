/** The call pipeline over real HTTP and a real database, with its records in memory. */

import { openResponseCache } from '../../src/cache/response-cache.ts';
import { costOf } from '../../src/costs/prices.ts';
import type { ExternalService, RateLimits } from '../../src/directory/service.ts';
import type { Call, Capability } from '../../src/gateway/call.ts';
import type { CallDeps, ObservedAttempt } from '../../src/gateway/deps.ts';
import { createCallExecutor } from '../../src/gateway/execute-call.ts';
import { renderPlace } from '../../src/geocoding/render-place.ts';
import { newId, parseTenantId, type ServiceId } from '../../src/ids.ts';
import type { IntakeRecord, UsageRecord } from '../../src/intake/intake.ts';
import { createRateLimiter } from '../../src/limits/rate-limiter.ts';
import { createRequestPace } from '../../src/limits/request-pace.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { createOutbound } from '../../src/outbound/http-client.ts';
import { providerHttp } from '../../src/outbound/provider-http.ts';
import type { TelemetryEvent } from '../../src/outbox/events.ts';
import { createBulkheads } from '../../src/resilience/bulkhead.ts';
import { createCircuitBreakers } from '../../src/resilience/circuit-breakers.ts';
import { createDeadlines } from '../../src/resilience/deadline.ts';
import { createInProcessStore } from '../../src/storage/redis/in-process-store.ts';
import type { SharedStore } from '../../src/storage/redis/shared-store.ts';
import { type Cleanup, closeInReverse } from './cleanup.ts';
import { silentLogger, startTestDatabase, type TestDatabase } from './database.ts';
import { type FakeProvider, fakeAdapter } from './fake-provider.ts';

export const pipelineTenant = parseTenantId('uk_pipeline');
export const secretKey = 'canary-api-key';

export const geocodeCapability: Capability<'geocode'> = {
  operation: 'geocode',
  family: 'geocoding',
  serviceType: 'geocoding',
  safeToRepeat: true,
  cache: { ttlSeconds: 3600, negativeTtlSeconds: 60, staleSeconds: 86_400 },
  judge: (place) => (place.confidence >= 0.5 ? 'good' : 'poor'),
  score: (place) => place.confidence,
};

export interface PipelineOptions {
  /** By service name, in order of priority. */
  readonly providers: Readonly<Record<string, FakeProvider>>;
  readonly limits?: Readonly<Record<string, Partial<RateLimits>>>;
  /** Further members of `config`. */
  readonly configs?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly familyPerMinute?: number;
  readonly overrides?: Partial<CallDeps>;
  readonly store?: SharedStore;
  readonly database?: TestDatabase;
}

export async function startPipeline(t: Cleanup, options: PipelineOptions) {
  closeInReverse(t);
  let aheadMs = 0;
  const clock = { now: () => Date.now() + aheadMs };
  const { db } = options.database ?? (await startTestDatabase(t));
  const store = options.store ?? createInProcessStore({ clock, logger: silentLogger });
  const deadlines = createDeadlines();
  const outbound = createOutbound({ allowedNetworks: ['127.0.0.0/8'] });
  const records: IntakeRecord[] = [];
  const usage: UsageRecord[] = [];
  const telemetry: TelemetryEvent[] = [];
  const observed: ObservedAttempt[] = [];
  const services = Object.entries(options.providers).map(([name, provider], index) => {
    const service = serviceOf(name, index, provider.url, options.limits?.[name] ?? {});
    return { ...service, config: { ...service.config, ...options.configs?.[name] } };
  });
  const intake = {
    record: async (record: IntakeRecord) => {
      records.push(record);
      return { duplicateOf: null, storedIn: 'database' } as const;
    },
    addUsage: (part: UsageRecord) => void usage.push(part),
    writeUsage: async () => {},
  };
  const cache = await openResponseCache({
    store,
    db,
    intake,
    clock,
    deadlines,
    logger: silentLogger,
    l1TtlSeconds: 300,
    l2TtlSeconds: 3600,
    overlaps: { sheet: (stored, invalidated) => stored === invalidated },
  });
  t.after(() => cache.close());
  t.after(() => outbound.close(0));
  const metrics = createMetrics({ clock, processMetrics: false });
  const deps: CallDeps = {
    directory: {
      // As in the directory, a change creates a new list.
      ofTenant: async (tenantId) => (tenantId === pipelineTenant ? [...services] : []),
      accountOf: (service) => ({
        serviceId: service.id,
        serviceName: service.serviceName,
        baseUrl: service.baseUrl,
        apiKey: secretKey,
        credentials: null,
        config: service.config,
      }),
    },
    findAdapter: (name) => (name === 'fake' ? fakeAdapter : null),
    cache,
    limiter: createRateLimiter({ store, clock, logger: silentLogger }),
    pace: createRequestPace({ store, clock }),
    familyLimits: { geocoding: options.familyPerMinute ?? 1_000 },
    breakers: createCircuitBreakers({ clock }),
    bulkheads: createBulkheads({ clock, deadlines }),
    deadlines,
    intake,
    metrics,
    clock,
    logger: silentLogger,
    requestTimeoutMs: 5_000,
    maxRetries: 0,
    openHttp: (http) => providerHttp(outbound, http),
    costOf,
    observeAttempt: (_service, attempt) => void observed.push(attempt),
    publishTelemetry: (event) => void telemetry.push(event),
    ...options.overrides,
  };
  const calls = createCallExecutor(deps);

  const callOf = (address: string, overrides: Partial<Call<'geocode'>> = {}): Call<'geocode'> => ({
    tenantId: pipelineTenant,
    capability: geocodeCapability,
    input: { address, language: 'ru', country: 'UZ', parts: null, bounds: null, limit: 1 },
    question: address,
    provider: null,
    cacheMode: 'use',
    requestId: newId(),
    traceparent: null,
    sourceService: 'tests',
    principal: null,
    deadlineAtMs: clock.now() + 10_000,
    maxWaitMs: 0,
    ...overrides,
  });
  return {
    db,
    store,
    cache,
    deps,
    calls,
    services,
    usage,
    telemetry,
    observed,
    metrics,
    records,
    logs: () => records.flatMap((record) => record.logs ?? []),
    events: () => records.flatMap((record) => record.events ?? []).map(({ event }) => event),
    advance: (durationMs: number) => {
      aheadMs += durationMs;
    },
    async geocode(address: string, overrides: Partial<Call<'geocode'>> = {}, signal = new AbortController().signal) {
      const result = await calls.execute(callOf(address, overrides), renderPlace, signal);
      return { ...result, json: JSON.parse(result.body.toString()) as ReturnType<typeof renderPlace> };
    },
  };
}

function serviceOf(name: string, index: number, baseUrl: string, limits: Partial<RateLimits>): ExternalService {
  return {
    id: newId() as ServiceId,
    tenantId: pipelineTenant,
    serviceName: name,
    serviceType: 'geocoding',
    displayName: name,
    baseUrl,
    config: { adapter: 'fake', cost_per_request: 0.005 },
    isActive: true,
    rateLimits: { perMinute: null, perHour: null, perDay: null, perMonth: null, ...limits },
    priority: 100 * (index + 1),
    fallbackServiceId: null,
    description: null,
    tags: [],
    hasApiKey: true,
    hasCredentials: false,
    createdBy: null,
    updatedAtMs: 0,
  };
}

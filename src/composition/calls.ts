/** What a call goes through: limits, cache, budgets, health, and the capabilities on top of them. */

import { openResponseCache } from '../cache/response-cache.ts';
import { openBudgetDirectory } from '../costs/budget-directory.ts';
import { createBudgetGuard } from '../costs/budget-guard.ts';
import { costOf } from '../costs/prices.ts';
import { startBudgetWatch } from '../costs/watch-budgets.ts';
import type { ExternalService } from '../directory/service.ts';
import type { CallExecutor } from '../gateway/call.ts';
import type { CallDeps } from '../gateway/deps.ts';
import { createCallExecutor } from '../gateway/execute-call.ts';
import { createRecentLooks } from '../gateway/recent-look-ups.ts';
import { openBreakerClosing } from '../gateway/service-breaker.ts';
import { createServicePauses } from '../gateway/service-pauses.ts';
import { createGeocodingCapabilities } from '../geocoding/capabilities.ts';
import { openGeocodingQuality } from '../geocoding/quality.ts';
import { renderPlace } from '../geocoding/render-place.ts';
import { openProbes } from '../health/probes.ts';
import { openServiceHealth } from '../health/service-health.ts';
import { startLimitHistory } from '../limits/limit-history.ts';
import { watchSpenders } from '../limits/limit-spenders.ts';
import { accountLimits } from '../limits/limit-subjects.ts';
import { createRateLimiter } from '../limits/rate-limiter.ts';
import type { ReportLimitsDeps } from '../limits/report-limits.ts';
import { createRequestPace } from '../limits/request-pace.ts';
import { providerHttp } from '../outbound/provider-http.ts';
import { appendEvent } from '../outbox/append-event.ts';
import { findAdapter } from '../providers/registry.ts';
import { createBulkheads } from '../resilience/bulkhead.ts';
import { createCircuitBreakers } from '../resilience/circuit-breakers.ts';
import { createDeadlines } from '../resilience/deadline.ts';
import { rangesOverlap, scopeKind } from '../sheets/scope.ts';
import { createSheets } from '../sheets/sheets.ts';
import { openIndirectProbe } from '../storage/postgres/indirect-probe.ts';
import { listTenantsWithTraffic } from '../storage/tables/usage-series.ts';
import type { CoreParts } from './core-parts.ts';
import type { Durability } from './durability.ts';
import { begin, openTogether } from './open-together.ts';
import type { Providers } from './providers.ts';
import type { Stores } from './stores.ts';

export type Calls = Awaited<ReturnType<typeof openCalls>>;

export async function openCalls(
  { config, logger, clock, metrics, own }: CoreParts,
  { db, store }: Stores,
  { telemetry, intake, leases }: Durability,
  { directory, outbound, changedServices }: Providers,
) {
  const base = { db, clock, logger };
  const deadlines = own(createDeadlines());
  const breakers = createCircuitBreakers({ clock });
  // A single process has no other replicas to ask.
  const probing = begin(() => (store.kind === 'redis' ? openIndirectProbe({ db, store, logger }) : null));
  const {
    health,
    limiter: ownLimiter,
    cache,
    budgetDirectory,
    breakerClosing,
  } = await openTogether(own, {
    health: () => openServiceHealth({ db, clock, metrics, logger, appendEvent }),
    probe: () => probing,
    // Closed before the store: what it spent without Redis is written there in the end.
    async limiter() {
      const probe = await probing;
      return createRateLimiter({ store, clock, logger, ...(probe === null ? {} : { askOthers: probe.ask }) });
    },
    cache: () =>
      openResponseCache({
        ...base,
        store,
        intake,
        deadlines,
        l1TtlSeconds: config.cache.l1TtlSeconds,
        l2TtlSeconds: config.cache.l2TtlSeconds,
        overlaps: { [scopeKind]: rangesOverlap },
        onEvicted: metrics.cacheEvicted,
        onOtherInvalidates: directory.refresh,
      }),
    budgetDirectory: () => openBudgetDirectory({ db, logger }),
    breakerClosing: () => openBreakerClosing({ breakers, db, metrics, logger }),
  });
  const { limiter, takeSpenders } = watchSpenders(ownLimiter);
  for (const serviceName of changedServices.serviceNames) {
    await cache.invalidate(changedServices.tenantId, { serviceName });
  }
  const budgets = createBudgetGuard({ ...base, store, directory: budgetDirectory });
  own(startBudgetWatch({ ...base, directory, guard: budgets, metrics, appendEvent }));
  const quality = own(
    openGeocodingQuality({
      ...base,
      ask: (call) => calls.execute(call, renderPlace, AbortSignal.timeout(call.deadlineAtMs - clock.now())),
    }),
  );
  const recentLooks = createRecentLooks();
  const callDeps: CallDeps = {
    observeChain: quality.observe,
    cache,
    limiter,
    directory,
    deadlines,
    intake,
    metrics,
    clock,
    logger,
    costOf,
    reserveBudget: budgets.reserve,
    familyLimits: config.familyLimits,
    pace: createRequestPace({ store, clock }),
    breakers,
    bulkheads: createBulkheads({ clock, deadlines }),
    requestTimeoutMs: config.requestTimeoutMs,
    maxRetries: config.requestMaxRetries,
    findAdapter: (name) => findAdapter(name) ?? undefined,
    openHttp: (options) => providerHttp(outbound, options),
    observeAttempt: health.observe,
    noteTrace: recentLooks.noteTrace,
    publishTelemetry(event) {
      recentLooks.note(event);
      telemetry.publishTelemetry(event);
    },
  };
  const calls: CallExecutor = createCallExecutor(callDeps);
  const { sheetsTtlSeconds: ttlSeconds } = config.cache;
  const sheets = createSheets({ calls: callDeps, executor: calls, cache, limiter, store, leases, ttlSeconds });
  const geocoding = { calls, capabilities: createGeocodingCapabilities(config.cache.geocodingTtlSeconds) };

  const limitReports: ReportLimitsDeps = {
    limiter,
    familyLimits: config.familyLimits,
    extraLimitsOf: (service) =>
      service.serviceType === 'sheets'
        ? (['read', 'write'] as const).flatMap((kind) => sheets.capabilities.limitsOf(kind, service))
        : [],
  };
  own(
    startLimitHistory({
      ...limitReports,
      ...base,
      directory,
      takeSpenders,
      listTenantsWithTraffic: (sinceMs) => listTenantsWithTraffic(db, sinceMs),
      tryHold: async (ttlMs) => (await leases.tryHold('rate-limit-history', ttlMs)) !== null,
    }),
  );

  const limitsOfProbe = (service: ExternalService) =>
    service.serviceType === 'sheets' ? sheets.capabilities.limitsOf('read', service) : accountLimits(service);
  const pauses = createServicePauses({
    breakers,
    limiter,
    logger,
    subjectsOf: (service) => [
      ...accountLimits(service),
      ...(service.serviceType === 'sheets' ? (limitReports.extraLimitsOf?.(service) ?? []) : []),
    ],
  });
  const probes = own(
    openProbes({
      ...base,
      directory,
      intake,
      leases,
      health,
      limiter,
      async letThrough(service) {
        await breakerClosing.closeEverywhere(service);
        await pauses.end(service);
      },
      intervalMs: config.healthCheckIntervalSeconds * 1000,
      timeoutMs: config.requestTimeoutMs,
      findAdapter: (name) => findAdapter(name) ?? undefined,
      openHttp: (options) => providerHttp(outbound, options),
      // A probe of Sheets is a read to Google.
      probeLimitsOf: limitsOfProbe,
    }),
  );
  return {
    calls,
    geocoding,
    sheets,
    limiter,
    // Tokens are of no one tenant: their use is no row of a tenant's history.
    tokenLimiter: ownLimiter,
    cache,
    health,
    limitReports,
    recentLooks,
    probes,
    pauses,
    budgetGuard: budgets,
    quality,
  };
}

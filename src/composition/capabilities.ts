/** What a tenant can ask for, and the executor behind it. */
import { costOf } from '../costs/prices.ts';
import type { CallExecutor } from '../gateway/call.ts';
import type { CallDeps } from '../gateway/deps.ts';
import { createCallExecutor } from '../gateway/execute-call.ts';
import { createRecentLookUps } from '../gateway/recent-look-ups.ts';
import { createGeocodingCapabilities } from '../geocoding/capabilities.ts';
import { openGeocodingQuality } from '../geocoding/quality.ts';
import { renderPlace } from '../geocoding/render-place.ts';
import { createRequestPace } from '../limits/request-pace.ts';
import { providerHttp } from '../outbound/provider-http.ts';
import { findAdapter } from '../providers/registry.ts';
import { createBulkheads } from '../resilience/bulkhead.ts';
import { createSheets } from '../sheets/sheets.ts';
import type { CallParts } from './call-parts.ts';
import type { CoreParts } from './core-parts.ts';
import type { Durability } from './durability.ts';
import type { Providers } from './providers.ts';
import type { Stores } from './stores.ts';

export type Capabilities = ReturnType<typeof openCapabilities>;

export function openCapabilities(
  { config, logger, clock, metrics, own }: CoreParts,
  { db, store }: Stores,
  { telemetry, intake, leases }: Durability,
  { directory, outbound }: Providers,
  { deadlines, breakers, health, limiter, cache, budgetGuard }: CallParts,
) {
  const quality = own(
    openGeocodingQuality({
      db,
      clock,
      logger,
      ask: (call) => calls.execute(call, renderPlace, AbortSignal.timeout(call.deadlineAtMs - clock.now())),
    }),
  );
  const recentLookUps = createRecentLookUps();
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
    reserveBudget: budgetGuard.reserve,
    familyLimits: config.familyLimits,
    pace: createRequestPace({ store, clock }),
    breakers,
    bulkheads: createBulkheads({ clock, deadlines }),
    requestTimeoutMs: config.requestTimeoutMs,
    maxRetries: config.requestMaxRetries,
    findAdapter,
    openHttp: (options) => providerHttp(outbound, options),
    observeAttempt: health.observe,
    noteTrace: recentLookUps.noteTrace,
    publishTelemetry(event) {
      recentLookUps.note(event);
      telemetry.publishTelemetry(event);
    },
  };
  const calls: CallExecutor = createCallExecutor(callDeps);
  const { sheetsTtlSeconds: ttlSeconds } = config.cache;
  const sheets = createSheets({ calls: callDeps, executor: calls, cache, limiter, store, leases, ttlSeconds });
  const geocoding = { calls, capabilities: createGeocodingCapabilities(config.cache.geocodingTtlSeconds) };
  return { calls, geocoding, sheets, recentLookUps, quality };
}

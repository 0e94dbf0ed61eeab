/** What watches the services beside their calls: the history of their limits, their pauses and their probes. */
import type { ExternalService } from '../directory/service.ts';
import { createServicePauses } from '../gateway/service-pauses.ts';
import { openProbes } from '../health/probes.ts';
import { startLimitHistory } from '../limits/limit-history.ts';
import { accountLimits } from '../limits/limit-subjects.ts';
import type { ReportLimitsDeps } from '../limits/report-limits.ts';
import { providerHttp } from '../outbound/provider-http.ts';
import { findAdapter } from '../providers/registry.ts';
import { listTenantsWithTraffic } from '../storage/tables/usage-series.ts';
import type { CallParts } from './call-parts.ts';
import type { Capabilities } from './capabilities.ts';
import type { CoreParts } from './core-parts.ts';
import type { Durability } from './durability.ts';
import type { Providers } from './providers.ts';
import type { Stores } from './stores.ts';

export function openServiceChecks(
  { config, logger, clock, own }: CoreParts,
  { db }: Stores,
  { intake, leases }: Durability,
  { directory, outbound }: Providers,
  { breakers, breakerClosing, health, limiter, takeSpenders }: CallParts,
  { sheets }: Capabilities,
) {
  const base = { db, clock, logger };
  const sheetsLimits = (service: ExternalService, kinds: readonly ('read' | 'write')[]) =>
    service.serviceType === 'sheets' ? kinds.flatMap((kind) => sheets.capabilities.limitsOf(kind, service)) : [];
  const limitReports: ReportLimitsDeps = {
    limiter,
    familyLimits: config.familyLimits,
    extraLimitsOf: (service) => sheetsLimits(service, ['read', 'write']),
  };
  own(
    startLimitHistory({
      ...limitReports,
      ...base,
      directory,
      takeSpenders,
      listTenantsWithTraffic: (sinceMs) => listTenantsWithTraffic(db, sinceMs),
      tryHold: (ttlMs) => leases.tryHold('rate-limit-history', ttlMs),
    }),
  );
  const pauses = createServicePauses({
    breakers,
    limiter,
    logger,
    subjectsOf: (service) => [...accountLimits(service), ...sheetsLimits(service, ['read', 'write'])],
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
      findAdapter,
      openHttp: (options) => providerHttp(outbound, options),
      // A probe of Sheets is a read to Google.
      probeLimitsOf: (service) =>
        service.serviceType === 'sheets' ? sheetsLimits(service, ['read']) : accountLimits(service),
    }),
  );
  return { limitReports, pauses, probes };
}

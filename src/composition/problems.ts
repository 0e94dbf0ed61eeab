/** Builds the list of current problems, and the watch that reports them. */
import { startProblemWatch } from '../alerts/watch-problems.ts';
import { monthOf } from '../costs/month.ts';
import { adapterNameOf } from '../directory/service.ts';
import { createProblemList, type ListProblems } from '../health/list-problems.ts';
import { reportTenantLimits } from '../limits/report-limits.ts';
import { findAdapter } from '../providers/registry.ts';
import { forecastAccount } from '../sheets/health.ts';
import type { Calls } from './calls.ts';
import type { CoreParts } from './core-parts.ts';
import type { Durability } from './durability.ts';
import type { Providers } from './providers.ts';
import type { Stores } from './stores.ts';

/** Watches only where a channel is configured. */
export function openProblems(
  { config, logger, clock, metrics, stalls, own }: CoreParts,
  { db, store, broker }: Stores,
  { relay, leases, spool }: Durability,
  { directory, outbound, emulatedNames }: Providers,
  { health, pauses, limitReports, limiter, sheets }: Calls,
): ListProblems {
  // With all three it is more than a trial on one machine.
  const hasAllStores = config.databaseUrl !== null && config.redisUrls !== null && config.rabbitmqUrls !== null;
  const listProblems = createProblemList({
    db,
    clock,
    logger,
    directory,
    health,
    pauseOf: pauses.pauseOf,
    limitsOf: async (tenantId, ofTenant) => {
      const { families, services } = await reportTenantLimits(limitReports, tenantId, ofTenant);
      return [
        ...families.map(({ family, windows }) => ({ name: family, isFamily: true, windows })),
        ...services.map(({ service_name, windows }) => ({ name: service_name, isFamily: false, windows })),
      ];
    },
    async forecastsOf(tenantId, ofTenant) {
      const parts = { limiter, capabilities: sheets.capabilities, spending: sheets.spending };
      const accounts = ofTenant.filter(({ serviceType }) => serviceType === 'sheets');
      const ofAccounts = await Promise.all(
        accounts.map(async (service) =>
          (await forecastAccount(parts, tenantId, service)).map(({ forecast, maxRequests, shareMaxRequests }) => ({
            ...forecast,
            service,
            max_requests: maxRequests,
            share_max_requests: shareMaxRequests,
          })),
        ),
      );
      return ofAccounts.flat();
    },
    operationsOf: (service) => Object.keys(findAdapter(adapterNameOf(service))?.attempts ?? {}),
    monthOf,
    isStoreAvailable: () => store.isAvailable(),
    isBusAvailable: () => broker.isAvailable(),
    outbox: () => relay.stats(),
    spoolBytes: () => (spool.isEmpty() ? 0 : spool.bytesToRead()),
    stalls: stalls.recent,
    emulatedInEarnest: hasAllStores ? emulatedNames : [],
  });
  const { language, ...channels } = config.alerts;
  if (channels.telegram !== null || channels.webhook !== null) {
    const { publicBaseUrl } = config.http;
    own(
      startProblemWatch({
        db,
        leases,
        store,
        listProblems,
        outbound,
        metrics,
        clock,
        logger,
        channels,
        language,
        publicBaseUrl,
      }),
    );
  }
  return listProblems;
}

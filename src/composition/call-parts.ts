/** What all calls share: deadlines, breakers, limits, the cache, budgets and the health of the services. */
import { openResponseCache } from '../cache/response-cache.ts';
import { openBudgetDirectory } from '../costs/budget-directory.ts';
import { createBudgetGuard } from '../costs/budget-guard.ts';
import { startBudgetWatch } from '../costs/watch-budgets.ts';
import { openBreakerClosing } from '../gateway/service-breaker.ts';
import { openServiceHealth } from '../health/service-health.ts';
import { watchSpenders } from '../limits/limit-spenders.ts';
import { createRateLimiter } from '../limits/rate-limiter.ts';
import { appendEvent } from '../outbox/append-event.ts';
import { createCircuitBreakers } from '../resilience/circuit-breakers.ts';
import { createDeadlines } from '../resilience/deadline.ts';
import { rangesOverlap, scopeKind } from '../sheets/scope.ts';
import { openIndirectProbe } from '../storage/postgres/indirect-probe.ts';
import type { CoreParts } from './core-parts.ts';
import type { Durability } from './durability.ts';
import { begin, openTogether } from './open-together.ts';
import type { Providers } from './providers.ts';
import type { Stores } from './stores.ts';

export type CallParts = Awaited<ReturnType<typeof openCallParts>>;

export async function openCallParts(
  { config, logger, clock, metrics, own }: CoreParts,
  { db, store }: Stores,
  { intake }: Durability,
  { directory, changedServices }: Providers,
) {
  const base = { db, clock, logger };
  const deadlines = own(createDeadlines());
  const breakers = createCircuitBreakers({ clock });
  // A single process has no other replicas to ask.
  const probing = begin(() => (store.kind === 'redis' ? openIndirectProbe({ db, store, logger }) : null));
  const { health, tokenLimiter, cache, budgetDirectory, breakerClosing } = await openTogether(own, {
    health: () => openServiceHealth({ db, clock, metrics, logger, appendEvent }),
    probe: () => probing,
    // Closed before the store: what it spent without Redis is written there in the end.
    async tokenLimiter() {
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
  for (const serviceName of changedServices.serviceNames) {
    await cache.invalidate(changedServices.tenantId, { serviceName });
  }
  const budgetGuard = createBudgetGuard({ ...base, store, directory: budgetDirectory });
  own(startBudgetWatch({ ...base, directory, guard: budgetGuard, metrics, appendEvent }));
  return {
    deadlines,
    breakers,
    breakerClosing,
    health,
    // Tokens are of no one tenant: their use is no row of a tenant's history.
    tokenLimiter,
    ...watchSpenders(tokenLimiter),
    cache,
    budgetGuard,
  };
}

/** Whose limits this replica has spent of lately: they are written down soon (`limit-history.ts`). */
import type { TenantId } from '../ids.ts';
import type { RateLimiter } from './limits.ts';

/** At the bound a tenant's use is written down with the round over all tenants. */
const maxSpenders = 10_000;

export interface SpendersWatch {
  readonly limiter: RateLimiter;
  /** Those since it was last asked. */
  takeSpenders(): readonly TenantId[];
}

export function watchSpenders(limiter: RateLimiter): SpendersWatch {
  let spenders = new Set<TenantId>();
  return {
    limiter: {
      ...limiter,
      spend(tenantId, subjects, units) {
        if (spenders.size < maxSpenders) spenders.add(tenantId);
        return limiter.spend(tenantId, subjects, units);
      },
    },
    takeSpenders() {
      const taken = [...spenders];
      spenders = new Set();
      return taken;
    },
  };
}

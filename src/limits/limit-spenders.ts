/** Remembers which tenants' limits this replica has used; `limit-history.ts` records them. */
import type { TenantId } from '../ids.ts';
import type { RateLimiter } from './limits.ts';

/** The use of tenants beyond the bound is recorded by the round over all tenants. */
const maxSpenders = 10_000;

export interface SpendersWatch {
  readonly limiter: RateLimiter;
  /** Returns the tenants since the last call. */
  takeSpenders(): readonly TenantId[];
}

/** Wraps the limiter. */
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

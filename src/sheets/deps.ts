/** Dependencies that the sheets capability shares. */

import type { ResponseCache } from '../cache/response-cache.ts';
import type { CallExecutor } from '../gateway/call.ts';
import type { CallDeps } from '../gateway/deps.ts';
import type { RateLimiter } from '../limits/limits.ts';
import type { SharedStore } from '../storage/redis/shared-store.ts';
import type { Leases } from '../storage/tables/leases.ts';

export interface SheetsDeps {
  readonly calls: CallDeps;
  readonly executor: CallExecutor;
  readonly cache: Omit<ResponseCache, 'claimRefresh' | 'countsOf' | 'memorySizeOf' | 'writeNoted' | 'close'>;
  readonly limiter: Pick<RateLimiter, 'peek'>;
  readonly store: SharedStore;
  readonly leases: Pick<Leases, 'tryHold' | 'renew' | 'release'>;
  /** `CACHE_SHEETS_TTL_SECONDS` */
  readonly ttlSeconds: number;
}

/**
 * Invalidations that happened while the shared store was away. The store still holds the invalidated answers, so
 * nothing in it is trusted until each of them has been numbered there. Every replica that received one remembers it, so
 * it survives the death of a replica.
 */
import type { Clock } from '../clock.ts';
import type { TenantId } from '../ids.ts';
import type { CacheSelector } from './selector.ts';
import type { SharedLayer } from './shared-layer.ts';

export interface PendingNumbers {
  add(tenantId: TenantId, selector: CacheSelector): void;
  /** True if the shared store may be read. Numbers the pending invalidations when the store is back. */
  areSettled(): boolean | Promise<boolean>;
}

/** At this bound the rest is dropped, and the store is not read until its answers have expired. */
const maxPending = 1_000;

export function createPendingNumbers(deps: {
  readonly shared: Pick<SharedLayer, 'numberInvalidation'>;
  readonly clock: Clock;
  /** How long answers live in the store. */
  readonly distrustMs: number;
}): PendingNumbers {
  const pending: { tenantId: TenantId; selector: CacheSelector }[] = [];
  let distrustedUntilMs = 0;
  let settling: Promise<boolean> | null = null;

  const settle = async (): Promise<boolean> => {
    for (let next = pending[0]; next !== undefined; next = pending[0]) {
      if (!(await deps.shared.numberInvalidation(next.tenantId, next.selector))) return false;
      pending.shift();
    }
    return deps.clock.now() >= distrustedUntilMs;
  };

  return {
    add(tenantId, selector) {
      if (pending.length < maxPending) pending.push({ tenantId, selector });
      else distrustedUntilMs = deps.clock.now() + deps.distrustMs;
    },
    areSettled() {
      if (pending.length === 0) return deps.clock.now() >= distrustedUntilMs;
      settling ??= settle().finally(() => {
        settling = null;
      });
      return settling;
    },
  };
}

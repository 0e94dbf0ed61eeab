/** Decides how long a tenant's next request should wait, by the tenant's limit and the limits of its accounts. */
import type { CallDeps } from '../../gateway/deps.ts';
import { resolveProviders } from '../../gateway/resolve-providers.ts';
import type { TenantId } from '../../ids.ts';
import { familyLimit } from '../../limits/limit-subjects.ts';
import { type LimitState, type RateLimiter, remainingOf } from '../../limits/limits.ts';
import type { QuotaKind, SheetsCapabilities } from '../capabilities.ts';
import type { Pacer, Quota, Waiting } from './pacer.ts';

/** Milliseconds, at most the slack of the waiting calls. */
export type Pace = (tenantId: TenantId, kind: QuotaKind, waiting: Waiting) => Promise<number>;

export interface PaceDeps {
  readonly calls: CallDeps;
  readonly limiter: Pick<RateLimiter, 'peek'>;
  readonly capabilities: SheetsCapabilities;
  readonly pacer: Pacer;
}

export function createPace({ calls, limiter, capabilities, pacer }: PaceDeps): Pace {
  return async (tenantId, kind, waiting) => {
    const providers = await resolveProviders(calls, { tenantId, capability: capabilities[kind], provider: null });
    const [ofTenant, ...ofAccounts] = await Promise.all([
      limiter.peek(tenantId, [familyLimit('sheets', calls.familyLimits)]),
      ...providers.map(({ service }) => limiter.peek(tenantId, capabilities.limitsOf(kind, service))),
    ]);
    const accounts = ofAccounts.map(tightestOf).filter((quota) => quota !== null);
    const together = accounts.reduce((sum, { limit, left }) => ({ limit: sum.limit + limit, left: sum.left + left }), {
      limit: 0,
      left: 0,
    });
    const quotas = [
      { key: tenantId, quota: tightestOf(ofTenant) },
      { key: `${tenantId} ${kind}`, quota: accounts.length === 0 ? null : together },
    ];
    // With nothing left, pacing is useless: the limiter itself says when there is quota again, and refuses calls that
    // cannot wait.
    if (quotas.some(({ quota }) => quota !== null && quota.left <= 0)) return 0;
    return Math.max(...quotas.map(({ key, quota }) => (quota === null ? 0 : pacer.reserveMs(key, quota, waiting))));
  };
}

function tightestOf(states: readonly LimitState[]): Quota | null {
  // While Redis is away, this replica's share is its whole quota.
  const quotas = states.map((state) => ({
    limit: state.share?.maxRequests ?? state.maxRequests,
    left: remainingOf(state),
  }));
  return quotas.reduce<Quota | null>(
    (least, quota) => (least === null || quota.left < least.left ? quota : least),
    null,
  );
}

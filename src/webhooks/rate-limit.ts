/**
 * The tenant's limit of deliveries a minute, and what happens above it: `reject` sends the sender away until there is
 * room; `defer` keeps the delivery and gives it a place in a row that is published at the limit's pace.
 *
 * While a row is waiting, further deliveries join it without spending: they must not overtake it. The row's places are
 * given out by each replica for itself, at its share of the pace; a process that starts anew begins a new row.
 */
import type { Clock } from '../clock.ts';
import type { LimitState, LimitSubject, RateLimiter } from '../gateway/limits.ts';
import type { TenantId } from '../ids.ts';
import type { OverLimitPolicy } from './sources.ts';

export type Admission =
  | { readonly kind: 'now' }
  | { readonly kind: 'later'; readonly notBeforeMs: number; readonly exceeded: LimitState | null }
  | { readonly kind: 'refused'; readonly retryAfterSeconds: number; readonly exceeded: LimitState };

export interface WebhookRateLimit {
  admit(tenantId: TenantId, policy: OverLimitPolicy): Promise<Admission>;
}

export interface WebhookRateLimitDeps {
  readonly limiter: Pick<RateLimiter, 'spend'>;
  readonly clock: Clock;
  /** `RATE_LIMIT_WEBHOOKS_PER_MINUTE`. */
  readonly perMinute: number;
  /** How many share the pace. */
  replicas(): number;
}

/** A row longer than a day is no delay any more: the sender is told to come back instead. */
const longestDeferralMs = 86_400_000;
/** At the bound the tenant that deferred longest ago starts a new row. */
const maxTenants = 10_000;

export function createWebhookRateLimit(deps: WebhookRateLimitDeps): WebhookRateLimit {
  const { limiter, clock, perMinute } = deps;
  const subject: LimitSubject = {
    key: 'family:webhooks',
    serviceId: null,
    name: 'webhooks',
    windows: [{ windowType: 'minute', maxRequests: perMinute }],
  };
  /** The place that was given out last, Unix milliseconds. */
  const lastPlaceMs = new Map<TenantId, number>();

  const takePlace = (tenantId: TenantId, earliestMs: number): number | null => {
    const paceMs = (60_000 / perMinute) * Math.max(1, deps.replicas());
    const placeMs = Math.ceil(Math.max(earliestMs, (lastPlaceMs.get(tenantId) ?? 0) + paceMs));
    if (placeMs - clock.now() > longestDeferralMs) return null;
    lastPlaceMs.delete(tenantId);
    if (lastPlaceMs.size >= maxTenants) lastPlaceMs.delete(lastPlaceMs.keys().next().value as TenantId);
    lastPlaceMs.set(tenantId, placeMs);
    return placeMs;
  };

  return {
    async admit(tenantId, policy) {
      const isWaiting = (lastPlaceMs.get(tenantId) ?? 0) > clock.now();
      if (policy === 'defer' && isWaiting) {
        const placeMs = takePlace(tenantId, clock.now());
        if (placeMs !== null) return { kind: 'later', notBeforeMs: placeMs, exceeded: null };
      }
      const decision = await limiter.spend(tenantId, [subject], 1);
      if (decision.granted) return { kind: 'now' };
      const { refusedBy, retryAfterMs } = decision;
      const waitMs = Number.isFinite(retryAfterMs) ? retryAfterMs : 60_000;
      const placeMs = policy === 'defer' ? takePlace(tenantId, clock.now() + waitMs) : null;
      return placeMs === null
        ? { kind: 'refused', retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)), exceeded: refusedBy }
        : { kind: 'later', notBeforeMs: placeMs, exceeded: refusedBy };
    },
  };
}

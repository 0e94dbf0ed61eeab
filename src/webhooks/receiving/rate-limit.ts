/**
 * The tenant's limit of deliveries per minute. Above it, `reject` refuses deliveries until there is room, and `defer`
 * stores them and queues them for publication at the limit's pace, over all replicas.
 *
 * While the queue is not empty, further deliveries join it without spending, so that they do not overtake it. For a
 * minute after it is empty, what it has published counts in addition to what the limiter has granted. Refused senders
 * have the limiter to themselves meanwhile: one sender's backlog must not block another for hours.
 */
import type { Clock } from '../../clock.ts';
import type { TenantId } from '../../ids.ts';
import type { LimitState, LimitSubject, RateLimiter } from '../../limits/limits.ts';
import type { OverLimitPolicy } from '../source.ts';
import { type DeferralRows, windowMs } from './deferral-row.ts';

export type Admission =
  | { readonly kind: 'now'; readonly state: LimitState }
  | {
      readonly kind: 'later';
      readonly notBeforeMs: number;
      readonly exceeded: LimitState;
      /** It joined an existing queue: the delivery that started the queue announced the spent limit. */
      readonly joinsRow: boolean;
    }
  | { readonly kind: 'refused'; readonly retryAfterSeconds: number; readonly exceeded: LimitState };

export interface WebhookRateLimit {
  admit(tenantId: TenantId, policy: OverLimitPolicy): Promise<Admission>;
}

export interface WebhookRateLimitDeps {
  readonly limiter: Pick<RateLimiter, 'spend'>;
  readonly rows: DeferralRows;
  readonly clock: Clock;
  /** `RATE_LIMIT_WEBHOOKS_PER_MINUTE`. */
  readonly perMinute: number;
}

const minuteMs = 60_000;

export function createWebhookRateLimit(deps: WebhookRateLimitDeps): WebhookRateLimit {
  const { limiter, rows, clock, perMinute } = deps;
  const subject: LimitSubject = {
    key: 'family:webhooks',
    serviceId: null,
    name: 'webhooks',
    isCountedHereAlone: true,
    windows: [{ windowType: 'minute', maxRequests: perMinute }],
  };

  const spend = async (tenantId: TenantId) => {
    const decision = await limiter.spend(tenantId, [subject], 1);
    if (decision.granted) {
      const state = decision.states.find(({ windowType }) => windowType === 'minute') ?? spentState();
      return { granted: true as const, state };
    }
    const waitMs = Number.isFinite(decision.retryAfterMs) ? decision.retryAfterMs : minuteMs;
    return { granted: false as const, state: decision.refusedBy, waitMs };
  };

  const spentState = (): LimitState => ({
    subject,
    windowType: 'minute',
    maxRequests: perMinute,
    usedRequests: perMinute,
    windowStartMs: clock.now() - minuteMs,
    windowEndMs: clock.now() + minuteMs,
  });

  const refuse = (waitMs: number, exceeded: LimitState): Admission => ({
    kind: 'refused',
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)),
    exceeded,
  });

  const defer = async (tenantId: TenantId, waitMs: number, exceeded: LimitState): Promise<Admission> => {
    const answer = await rows.joinOrBegin(tenantId, waitMs);
    return answer.kind === 'full'
      ? refuse(minuteMs, exceeded)
      : { kind: 'later', notBeforeMs: answer.notBeforeMs, exceeded, joinsRow: false };
  };

  const admitOrDefer = async (tenantId: TenantId): Promise<Admission> => {
    const row = await rows.join(tenantId);
    if (row.kind === 'place') {
      return { kind: 'later', notBeforeMs: row.notBeforeMs, exceeded: spentState(), joinsRow: true };
    }
    if (row.kind === 'full') return refuse(minuteMs, spentState());
    const spent = await spend(tenantId);
    // The queue starts when everything granted before no longer counts, because its distribution within the minute is
    // unknown.
    if (!spent.granted) return defer(tenantId, windowMs, spent.state);
    const used = spent.state.usedRequests + row.recentPlaces;
    return row.recentPlaces > 0 && used > perMinute
      ? defer(tenantId, row.nextFreeInMs, spent.state)
      : { kind: 'now', state: { ...spent.state, usedRequests: used } };
  };

  return {
    async admit(tenantId, policy) {
      if (policy === 'defer') return admitOrDefer(tenantId);
      const spent = await spend(tenantId);
      return spent.granted ? { kind: 'now', state: spent.state } : refuse(spent.waitMs, spent.state);
    },
  };
}

/**
 * The limiter of a single process: the same windows as the Redis scripts, counted in memory.
 *
 * At `maxSubjects` the least recently used subject is dropped and may spend again; the bound is far above the number of
 * tenants that one process serves.
 */

import { getOrCreateBounded } from '../bounded-map.ts';
import type { Clock } from '../clock.ts';
import type { TenantId } from '../ids.ts';
import { countingOf, Ledger } from './limit-ledger.ts';
import { decide, type RuledSubject, statesOf } from './limit-rules.ts';
import { backOffMsMax } from './limit-windows.ts';
import type { LimitSubject, RateLimiter } from './limits.ts';

interface Account {
  readonly spent: Ledger;
  backOffUntilMs: number;
}

export interface LocalLimiterDeps {
  readonly clock: Clock;
  /** Default 50,000. */
  readonly maxSubjects?: number;
}

/** Creates a limiter that counts only in this process. */
export function createLocalRateLimiter({ clock, maxSubjects = 50_000 }: LocalLimiterDeps): RateLimiter {
  const accounts = new Map<string, Account>();

  const accountOf = (tenantId: TenantId, subject: LimitSubject): Account =>
    getOrCreateBounded(accounts, `${tenantId}:${subject.key}`, maxSubjects, () => ({
      spent: new Ledger(countingOf(subject)),
      backOffUntilMs: 0,
    }));

  const ruledBy = (subject: LimitSubject, { spent, backOffUntilMs }: Account, nowMs: number): RuledSubject => ({
    subject,
    backOffUntilMs,
    rules: [{ terms: [{ ledger: spent, weight: 1 }], unitWeight: 1 }],
    usedRequests: (windowType) => spent.used(windowType, nowMs),
    windowEndMs: (windowType) => spent.allFreeAtMs(windowType, nowMs),
  });

  return {
    async spend(tenantId, subjects, units) {
      const nowMs = clock.now();
      const ruled = subjects.map((subject) => ruledBy(subject, accountOf(tenantId, subject), nowMs));
      const decision = decide(ruled, units, nowMs);
      if (!decision.granted) return decision;
      for (const subject of subjects) {
        if (subject.windows.length > 0) accountOf(tenantId, subject).spent.add(nowMs, units);
      }
      return { granted: true, states: ruled.flatMap((subject) => statesOf(subject, nowMs)) };
    },
    async peek(tenantId, subjects) {
      const nowMs = clock.now();
      return subjects.flatMap((subject) => statesOf(ruledBy(subject, accountOf(tenantId, subject), nowMs), nowMs));
    },
    async backOff(tenantId, subject, untilMs) {
      const account = accountOf(tenantId, subject);
      account.backOffUntilMs = Math.max(account.backOffUntilMs, Math.min(untilMs, clock.now() + backOffMsMax));
    },
    async resume(tenantId, subject) {
      accountOf(tenantId, subject).backOffUntilMs = 0;
    },
    async pausedUntilMs(tenantId, subjects) {
      const untilMs = Math.max(0, ...subjects.map((subject) => accountOf(tenantId, subject).backOffUntilMs));
      return untilMs > clock.now() ? untilMs : null;
    },
    shareOf: (maxRequests) => maxRequests,
    async close() {},
  };
}

/**
 * Counts quotas over all replicas in Redis, or by each replica's share while no replica reaches Redis;
 * `rate-limit-absence.ts` tracks which.
 *
 * A provider's limit is never granted without knowing the remainder. If Redis misses its deadline, this replica asks
 * the others; if one of them reaches Redis, it tries Redis once more. Without an answer the decision is `uncounted`,
 * and the caller asks the next provider. A tenant's own limit is counted only by this service, so the share decides it
 * then. If Redis ran a script but its answer was lost, the units stay counted: the limit is then used too little, never
 * too much.
 */
import type { Clock } from '../clock.ts';
import type { TenantId } from '../ids.ts';
import type { SharedStore } from '../storage/redis/shared-store.ts';
import type { LimitSubject, RateLimiter } from './limits.ts';
import { type AbsenceWatchDeps, createAbsenceWatch } from './rate-limit-absence.ts';
import { createDebtCollector } from './rate-limit-debts.ts';
import { createLocalRateLimiter } from './rate-limit-local.ts';
import { createSharedLimits, type SharedReply } from './rate-limit-redis.ts';
import { createShare } from './rate-limit-share.ts';
import { createSpend } from './rate-limit-spend.ts';
import { createRedisClock } from './redis-clock.ts';

export interface RateLimiterDeps extends Pick<AbsenceWatchDeps, 'logger' | 'askOthers' | 'onAway' | 'rejoiningMs'> {
  readonly store: SharedStore;
  readonly clock: Clock;
}

/** Creates the limiter; in memory if the store is in-process. */
export function createRateLimiter(deps: RateLimiterDeps): RateLimiter {
  if (deps.store.kind === 'in-process') return createLocalRateLimiter({ clock: deps.clock });
  return createSharedRateLimiter(deps);
}

function createSharedRateLimiter(deps: RateLimiterDeps): RateLimiter {
  const { store, clock, logger, onAway, askOthers, rejoiningMs } = deps;
  const redisClock = createRedisClock(clock);
  const shared = createSharedLimits(store);
  const share = createShare(() => absence.replicas());
  const debts = createDebtCollector({ share, shared, now: redisClock.now, isCluster: store.isCluster === true });
  const absence = createAbsenceWatch({
    store,
    logger,
    askOthers,
    onAway,
    rejoiningMs,
    writeDebts: (verified) => (verified ? debts.writeAllVerified() : debts.writeAll()),
    onShared: debts.forgetAbsence,
  });

  const spend = createSpend({ shared, share, debts, absence, redisClock, logger });

  /** Returns null if Redis is away or did not answer. */
  const peekShared = async (tenantId: TenantId, subjects: readonly LimitSubject[]): Promise<SharedReply | null> =>
    store.isAvailable() ? shared.peek(tenantId, subjects).catch(() => null) : null;

  return {
    spend,

    async peek(tenantId, subjects) {
      if (subjects.length === 0) return [];
      const reply = await peekShared(tenantId, subjects);
      const mode = absence.mode();
      if (reply === null) {
        const states = share.peek(tenantId, subjects, redisClock.now(), mode === 'shared' ? null : 'redis_away');
        return mode === 'doubtful' ? share.withoutProviders(states) : states;
      }
      const states = reply.subjects.flatMap((subject) => subject.states);
      return mode === 'away' || mode === 'rejoining' ? share.withShare(tenantId, states, redisClock.now()) : states;
    },

    async backOff(tenantId, subject, untilMs) {
      const durationMs = untilMs - clock.now();
      if (durationMs <= 0) return;
      share.backOff(tenantId, subject, untilMs + redisClock.aheadMs());
      try {
        await shared.backOff(tenantId, subject, durationMs);
      } catch (error) {
        logger.debug({ err: error }, 'could not write a back-off to Redis: only this replica applies it');
      }
    },

    async resume(tenantId, subject) {
      share.resume(tenantId, subject);
      await shared.resume(tenantId, subject);
    },

    async pausedUntilMs(tenantId, subjects) {
      if (subjects.length === 0) return null;
      const reply = await peekShared(tenantId, subjects);
      if (reply === null) {
        const untilMs = share.pausedUntilMs(tenantId, subjects, redisClock.now());
        return untilMs === null ? null : redisClock.toOurs(untilMs);
      }
      const untilMs = Math.max(...reply.subjects.map(({ backOffUntilMs }) => backOffUntilMs));
      return untilMs > reply.nowMs ? redisClock.toOurs(untilMs) : null;
    },

    shareOf: (maxRequests) =>
      absence.mode() === 'shared' ? maxRequests : Math.floor(maxRequests / absence.replicas()),

    async close() {
      absence.close();
      if (store.isAvailable()) await debts.writeAll().catch(() => {});
    },
  };
}

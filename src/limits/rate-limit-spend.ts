/** Spends quotas through Redis or this replica's share, or refuses them; see `rate-limiter.ts`. */
import type { TenantId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import { backOffState, isCountedByProvider, uncounted } from './limit-rules.ts';
import type { LimitDecision, LimitSubject, RateLimiter } from './limits.ts';
import type { AbsenceWatch } from './rate-limit-absence.ts';
import type { DebtCollector } from './rate-limit-debts.ts';
import type { SharedLimits, SharedReply } from './rate-limit-redis.ts';
import type { Share } from './rate-limit-share.ts';
import type { RedisClock } from './redis-clock.ts';

/** Creates the limiter's `spend`. */
export function createSpend(deps: {
  readonly shared: SharedLimits;
  readonly share: Share;
  readonly debts: DebtCollector;
  readonly absence: AbsenceWatch;
  readonly redisClock: RedisClock;
  readonly logger: Logger;
}): RateLimiter['spend'] {
  const { shared, share, debts, absence, redisClock, logger } = deps;

  /** Writes debts at once while Redis counts as reachable; if that fails, they go with the next debt. */
  const settleSoon = (): void => {
    if (absence.mode() !== 'shared') return;
    debts.writeAll().then(
      () => {
        if (absence.mode() === 'shared') debts.forgetAbsence();
      },
      (error) => logger.debug({ err: error }, 'could not write a quota debt; will write it with the next one'),
    );
  };

  const spendAlone = (tenantId: TenantId, subjects: readonly LimitSubject[], units: number): LimitDecision =>
    share.reserve(tenantId, subjects, units, redisClock.now(), false);

  /** Whether other replicas may spend the same provider limits through Redis. */
  const isShared = (subjects: readonly LimitSubject[]): boolean =>
    absence.replicas() > 1 && subjects.some(isCountedByProvider);

  const refuseUncounted = (tenantId: TenantId, subjects: readonly LimitSubject[]): LimitDecision => {
    const refusal = uncounted(share.peek(tenantId, subjects, redisClock.now(), 'redis_away'));
    if (refusal === null) throw new Error('refuseUncounted needs a limit that a provider counts');
    return refusal;
  };

  /** `others`: whether to ask the other replicas, and Redis once more, if it does not answer. */
  const spendShared = async (
    tenantId: TenantId,
    subjects: readonly LimitSubject[],
    units: number,
    others: boolean,
  ): Promise<LimitDecision> => {
    let reply: SharedReply;
    try {
      reply = await shared.spend(tenantId, subjects, units);
    } catch {
      if (isShared(subjects)) {
        absence.reportMissedDeadline();
        return others ? spendInDoubt(tenantId, subjects, units) : refuseUncounted(tenantId, subjects);
      }
      const decision = spendAlone(tenantId, subjects, units);
      settleSoon();
      return decision;
    }
    redisClock.set(reply.nowMs);
    if (share.learn(tenantId, reply, units, false).length > 0) settleSoon();
    return toDecision(reply);
  };

  /** Decides after the other replicas have answered. */
  const spendInDoubt = async (
    tenantId: TenantId,
    subjects: readonly LimitSubject[],
    units: number,
  ): Promise<LimitDecision> => {
    if (!subjects.some(isCountedByProvider)) return spendAlone(tenantId, subjects, units);
    const decider = await absence.modeAfterAnswers();
    if (decider === 'shared') return spendShared(tenantId, subjects, units, false);
    if (decider === 'away') return spendAlone(tenantId, subjects, units);
    return refuseUncounted(tenantId, subjects);
  };

  const spendRejoining = async (tenantId: TenantId, subjects: readonly LimitSubject[], units: number) => {
    const atMs = redisClock.now();
    const reserved = share.reserve(tenantId, subjects, units, atMs, true);
    if (!reserved.granted) return reserved;
    try {
      const reply = await shared.spend(tenantId, subjects, units);
      share.learn(tenantId, reply, units, true);
      if (!reply.granted) share.giveBack(tenantId, subjects, units, atMs);
      const decision = toDecision(reply);
      return decision.granted ? { ...decision, states: share.withShare(tenantId, decision.states, atMs) } : decision;
    } catch {
      if (isShared(subjects)) {
        share.giveBack(tenantId, subjects, units, atMs);
        absence.reportMissedDeadline();
        return spendInDoubt(tenantId, subjects, units);
      }
      share.owe(tenantId, subjects, units, atMs);
      return reserved;
    }
  };

  return async (tenantId, subjects, units) => {
    if (subjects.length === 0) return { granted: true, states: [] };
    switch (absence.mode()) {
      case 'shared':
        return spendShared(tenantId, subjects, units, true);
      case 'rejoining':
        return spendRejoining(tenantId, subjects, units);
      case 'doubtful':
        return spendInDoubt(tenantId, subjects, units);
      case 'away':
        return spendAlone(tenantId, subjects, units);
    }
  };
}

function toDecision(reply: SharedReply): LimitDecision {
  const states = reply.subjects.flatMap((subject) => subject.states);
  if (reply.granted || reply.refusedBy === null) return { granted: true, states };
  const { subject, window } = reply.refusedBy;
  const { retryAfterMs } = reply;
  if (window === 'back-off') {
    const refusedBy = backOffState(subject, reply.nowMs + retryAfterMs, reply.nowMs, states);
    return { granted: false, because: 'back-off', refusedBy, retryAfterMs, states };
  }
  const refusedBy = states.find((state) => state.subject === subject && state.windowType === window.windowType);
  if (refusedBy === undefined) throw new Error('the limit script refused for a window that was not asked for');
  const because = retryAfterMs === Number.POSITIVE_INFINITY ? 'too-large' : 'limit';
  return { granted: false, because, refusedBy, retryAfterMs, states };
}

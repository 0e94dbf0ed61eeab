/**
 * Quotas over all replicas: counted in Redis, and by each replica's share while no replica reaches it.
 * `rate-limit-absence.ts` says which of them decides.
 *
 * A provider's limit is never granted on a guess. Where other replicas live and Redis misses its deadline, they are
 * heard first: if one of them reaches Redis it is asked once more, and should it not answer again the decision is
 * `uncounted`: the caller asks the next provider. A tenant's own limit is ours alone, so the share decides it then. A
 * script call that Redis ran but whose answer was lost stays counted there: too much rather than too little.
 */
import type { Clock } from '../clock.ts';
import type { TenantId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { RedisViews } from '../storage/postgres/indirect-probe.ts';
import type { SharedStore } from '../storage/redis/shared-store.ts';
import { backOffState, isCountedByProvider, uncounted } from './limit-rules.ts';
import type { LimitDecision, LimitSubject, RateLimiter } from './limits.ts';
import { createAbsenceWatch } from './rate-limit-absence.ts';
import { createDebtCollector } from './rate-limit-debts.ts';
import { createLocalRateLimiter } from './rate-limit-local.ts';
import { createSharedLimits, type SharedReply } from './rate-limit-redis.ts';
import { createShare } from './rate-limit-share.ts';

export interface RateLimiterDeps {
  readonly store: SharedStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What the other replicas say of Redis when this one loses it. Default: no other replicas. */
  readonly askOthers?: (expected: number) => Promise<RedisViews>;
  /** For metrics: Redis ceases or begins again to decide. */
  readonly onAway?: (isAway: boolean) => void;
  /** For tests; see `rate-limit-absence.ts`. */
  readonly rejoiningMs?: number;
  /** Default 20,000. */
  readonly maxSubjects?: number;
}

export function createRateLimiter(deps: RateLimiterDeps): RateLimiter {
  if (deps.store.kind === 'in-process') return createLocalRateLimiter({ clock: deps.clock });
  return createSharedRateLimiter(deps);
}

function createSharedRateLimiter(deps: RateLimiterDeps): RateLimiter {
  const { store, clock, logger, onAway, askOthers, rejoiningMs, maxSubjects = 20_000 } = deps;
  /** What Redis's clock is ahead of ours, as last seen. */
  let redisAheadMs = 0;

  const now = (): number => clock.now() + redisAheadMs;
  const shared = createSharedLimits(store);
  const share = createShare({ replicas: () => absence.replicas(), maxSubjects });
  const debts = createDebtCollector({ share, shared, now, isCluster: store.isCluster === true });
  const absence = createAbsenceWatch({
    store,
    logger,
    askOthers,
    onAway,
    rejoiningMs,
    writeDebts: (verified) => (verified ? debts.writeAllVerified() : debts.writeAll()),
    onShared: debts.forgetAbsence,
  });

  /** A debt from while Redis counts as here: written at once, or, should that fail, with the next. */
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
    share.reserve(tenantId, subjects, units, now(), false);

  /** Redis did not say what is left, and other replicas may spend through it. */
  const isShared = (subjects: readonly LimitSubject[]): boolean =>
    absence.replicas() > 1 && subjects.some(isCountedByProvider);

  const refuseUncounted = (tenantId: TenantId, subjects: readonly LimitSubject[]): LimitDecision => {
    const refusal = uncounted(share.peek(tenantId, subjects, now()));
    if (refusal === null) throw new Error('nothing that a provider counts was to be spent');
    return refusal;
  };

  /** `others`: whether they may be heard, and Redis asked once more, should it not answer. */
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
        absence.doubt();
        return others ? spendInDoubt(tenantId, subjects, units) : refuseUncounted(tenantId, subjects);
      }
      const decision = spendAlone(tenantId, subjects, units);
      settleSoon();
      return decision;
    }
    redisAheadMs = reply.nowMs - clock.now();
    if (share.learn(tenantId, reply, units, false).length > 0) settleSoon();
    return toDecision(reply);
  };

  /** Waits for what the others say. */
  const spendInDoubt = async (
    tenantId: TenantId,
    subjects: readonly LimitSubject[],
    units: number,
  ): Promise<LimitDecision> => {
    if (!subjects.some(isCountedByProvider)) return spendAlone(tenantId, subjects, units);
    const decider = await absence.heard();
    if (decider === 'shared') return spendShared(tenantId, subjects, units, false);
    if (decider === 'away') return spendAlone(tenantId, subjects, units);
    return refuseUncounted(tenantId, subjects);
  };

  const spendRejoining = async (tenantId: TenantId, subjects: readonly LimitSubject[], units: number) => {
    const atMs = now();
    const reserved = share.reserve(tenantId, subjects, units, atMs, true);
    if (!reserved.granted) return reserved;
    try {
      const reply = await shared.spend(tenantId, subjects, units);
      share.learn(tenantId, reply, units, true);
      if (!reply.granted) share.giveBack(tenantId, subjects, units, atMs);
      return toDecision(reply);
    } catch {
      if (isShared(subjects)) {
        share.giveBack(tenantId, subjects, units, atMs);
        absence.doubt();
        return spendInDoubt(tenantId, subjects, units);
      }
      share.owe(tenantId, subjects, units, atMs);
      return reserved;
    }
  };

  return {
    async spend(tenantId, subjects, units) {
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
    },

    async peek(tenantId, subjects) {
      if (subjects.length === 0) return [];
      if (store.isAvailable()) {
        try {
          const reply = await shared.peek(tenantId, subjects);
          return reply.subjects.flatMap(({ states }) => states);
        } catch {
          // Answered from memory below.
        }
      }
      return share.peek(tenantId, subjects, now());
    },

    async backOff(tenantId, subject, untilMs) {
      const durationMs = untilMs - clock.now();
      if (durationMs <= 0) return;
      share.backOff(tenantId, subject, untilMs + redisAheadMs);
      try {
        await shared.backOff(tenantId, subject, durationMs);
      } catch (error) {
        logger.debug({ err: error }, 'could not share a back-off: only this replica knows it');
      }
    },

    async resume(tenantId, subject) {
      share.resume(tenantId, subject);
      await shared.resume(tenantId, subject);
    },

    async pausedUntilMs(tenantId, subjects) {
      if (subjects.length === 0) return null;
      if (store.isAvailable()) {
        try {
          const reply = await shared.peek(tenantId, subjects);
          const untilMs = Math.max(...reply.subjects.map(({ backOffUntilMs }) => backOffUntilMs));
          return untilMs > reply.nowMs ? untilMs - redisAheadMs : null;
        } catch {
          // Answered from memory below.
        }
      }
      const untilMs = share.pausedUntilMs(tenantId, subjects, now());
      return untilMs === null ? null : untilMs - redisAheadMs;
    },

    async close() {
      absence.close();
      if (store.isAvailable()) await debts.writeAll().catch(() => {});
    },
  };
}

function toDecision(reply: SharedReply): LimitDecision {
  const states = reply.subjects.flatMap((subject) => subject.states);
  if (reply.granted || reply.refusedBy === null) return { granted: true, states };
  const { subject, window } = reply.refusedBy;
  const { retryAfterMs } = reply;
  if (window === 'back-off') {
    const refusedBy = backOffState(subject, reply.nowMs + retryAfterMs, reply.nowMs);
    return { granted: false, because: 'back-off', refusedBy, retryAfterMs, states };
  }
  const refusedBy = states.find((state) => state.subject === subject && state.windowType === window.windowType);
  if (refusedBy === undefined) throw new Error('the limit script refused for a window that was not asked for');
  const because = retryAfterMs === Number.POSITIVE_INFINITY ? 'too-large' : 'limit';
  return { granted: false, because, refusedBy, retryAfterMs, states };
}

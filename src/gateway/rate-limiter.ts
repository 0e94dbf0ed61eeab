/**
 * Quotas over all replicas: counted in Redis, and by each replica's share while Redis is away.
 *
 *   shared ──the store says it is away──▶ away ──it is back, and the debts are written──▶ rejoining ──5 s──▶ shared
 *                                          ▲──────────────── it is away again ────────────────┘
 *
 * shared: Redis decides. A script call that misses its deadline while the store still counts as here is decided by the
 *   share, and written to Redis at once.
 * away: the share decides (`rate-limit-share.ts`); nobody waits.
 * rejoining: both must agree, because other replicas may not have come back yet and Redis does not know what they spent.
 *   All replicas notice within a second, so five are enough.
 *
 * A script call that Redis ran but whose answer was lost is counted there and, once granted by the share, again: too much
 * rather than too little. A replica that starts while Redis is away knows of no others; see `SharedStore.replicasSeen`.
 */
import type { Clock } from '../clock.ts';
import type { TenantId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { SharedStore } from '../storage/shared-store.ts';
import { backOffState } from './limit-rules.ts';
import type { LimitDecision, LimitSubject, RateLimiter } from './limits.ts';
import { createDebtCollector } from './rate-limit-debts.ts';
import { createLocalRateLimiter } from './rate-limit-local.ts';
import { createSharedLimits, type SharedReply } from './rate-limit-redis.ts';
import { createShare } from './rate-limit-share.ts';

export interface RateLimiterDeps {
  readonly store: SharedStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For metrics: the share begins or ends to decide. */
  readonly onAway?: (isAway: boolean) => void;
  /** Default 20,000. */
  readonly maxSubjects?: number;
}

type Mode =
  | { readonly kind: 'shared' }
  | { readonly kind: 'away' }
  | { readonly kind: 'rejoining'; readonly untilMs: number };

const rejoiningMs = 5_000;
const returnPollMs = 100;
/** A Redis that comes back empty counts replicas anew: until all have signed again the earlier number holds. */
const replicasHoldMs = 10_000;

export function createRateLimiter(deps: RateLimiterDeps): RateLimiter {
  if (deps.store.kind === 'in-process') return createLocalRateLimiter({ clock: deps.clock });
  return createSharedRateLimiter(deps);
}

function createSharedRateLimiter(deps: RateLimiterDeps): RateLimiter {
  const { store, clock, logger, onAway, maxSubjects = 20_000 } = deps;
  let mode: Mode = { kind: 'shared' };
  let returnPoll: NodeJS.Timeout | null = null;
  let returning = false;
  /** What Redis's clock is ahead of ours, as last seen. */
  let redisAheadMs = 0;
  let replicasBefore = 1;
  let sharedAgainAtMs = Number.NEGATIVE_INFINITY;

  const now = (): number => clock.now() + redisAheadMs;
  const shared = createSharedLimits(store);
  const share = createShare({ replicas: () => Math.max(store.replicasSeen(), replicasBefore), maxSubjects });
  const debts = createDebtCollector({ share, shared, now, isCluster: store.isCluster === true });

  const goAway = (): void => {
    if (mode.kind === 'away') return;
    const held = mode.kind === 'rejoining' || clock.now() - sharedAgainAtMs < replicasHoldMs ? replicasBefore : 1;
    replicasBefore = Math.max(held, store.replicasSeen());
    if (mode.kind === 'shared') {
      logger.warn({ replicas: replicasBefore }, 'Redis is away: quotas are kept by this replica’s share');
      onAway?.(true);
    }
    mode = { kind: 'away' };
    returnPoll ??= setInterval(() => void tryReturn(), returnPollMs).unref();
  };

  const tryReturn = async (): Promise<void> => {
    if (returning) return;
    if (!store.isAvailable()) return goAway();
    returning = true;
    try {
      if (mode.kind === 'away') {
        await debts.writeAllVerified();
        mode = { kind: 'rejoining', untilMs: clock.now() + rejoiningMs };
      }
      await debts.writeAll();
      if (mode.kind === 'rejoining' && clock.now() >= mode.untilMs) becomeShared();
    } catch (error) {
      logger.debug({ err: error }, 'the quotas’ debts could not be written yet');
    } finally {
      returning = false;
    }
  };

  const becomeShared = (): void => {
    mode = { kind: 'shared' };
    sharedAgainAtMs = clock.now();
    if (returnPoll !== null) clearInterval(returnPoll);
    returnPoll = null;
    debts.forgetAbsence();
    logger.info('quotas are counted in Redis again');
    onAway?.(false);
  };

  /** A debt from while Redis counts as here: written at once, or, should that fail, with the next. */
  const settleSoon = (): void => {
    if (mode.kind !== 'shared') return;
    debts.writeAll().then(
      () => {
        if (mode.kind === 'shared') debts.forgetAbsence();
      },
      () => {
        if (!store.isAvailable()) goAway();
      },
    );
  };

  const spendAlone = (tenantId: TenantId, subjects: readonly LimitSubject[], units: number): LimitDecision =>
    share.reserve(tenantId, subjects, units, now(), false);

  const spendShared = async (tenantId: TenantId, subjects: readonly LimitSubject[], units: number) => {
    let reply: SharedReply;
    try {
      reply = await shared.spend(tenantId, subjects, units);
    } catch {
      const decision = spendAlone(tenantId, subjects, units);
      if (store.isAvailable()) settleSoon();
      else goAway();
      return decision;
    }
    redisAheadMs = reply.nowMs - clock.now();
    if (share.learn(tenantId, reply, units, false).length > 0) settleSoon();
    return toDecision(reply);
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
      share.owe(tenantId, subjects, units, atMs);
      if (!store.isAvailable()) goAway();
      return reserved;
    }
  };

  return {
    async spend(tenantId, subjects, units) {
      if (subjects.length === 0) return { granted: true, states: [] };
      if (!store.isAvailable()) goAway();
      if (mode.kind === 'shared') return spendShared(tenantId, subjects, units);
      if (mode.kind === 'rejoining') return spendRejoining(tenantId, subjects, units);
      return spendAlone(tenantId, subjects, units);
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
        logger.debug({ err: error }, 'a back-off is known to this replica only');
      }
    },

    async close() {
      if (returnPoll !== null) clearInterval(returnPoll);
      returnPoll = null;
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

/**
 * What a replica may spend while Redis is away, and the debts that it writes when Redis is back.
 *
 * For each subject it remembers: what this replica spent (`own`), the total of all replicas as Redis last reported it
 * (`known`), what this replica spent without Redis (`alone`), and the part of that which Redis does not know yet
 * (`unwritten`). With R replicas last seen, two rules hold for every window:
 *
 *   own + units ≤ max ÷ R                 No replica exceeds its share, including what it spent earlier. If all keep to
 *                                         it, the sum is within the limit even if `known` is out of date.
 *   alone + units ≤ (max − known) ÷ R     Units that others spent beyond their share before the outage are not
 *                                         spent again.
 *
 * Both are rounded down. If the limit is below R, the share is zero and calls are refused until Redis is back, because
 * replicas that cannot communicate cannot take turns.
 *
 * States carry the share (`LimitState.share`), so that no answer reports a limit as spent while other replicas still have
 * a part of it.
 *
 * At `maxSubjects` the least recently used subject is dropped, with its debt.
 */
import { getOrCreateBounded } from '../bounded-map.ts';
import type { TenantId } from '../ids.ts';
import { countingOf, Ledger } from './limit-ledger.ts';
import {
  askAgainAfterMs,
  decide,
  isCountedByProvider,
  type RuledSubject,
  shareMember,
  statesOf,
} from './limit-rules.ts';
import type { LimitDecision, LimitShare, LimitState, LimitSubject, LimitWindow, ShareReason } from './limits.ts';
import { limitKey, type SharedReply, type SharedSubject } from './rate-limit-redis.ts';

/** What a replica remembers of one subject; the fields are explained at the top of this file. */
export interface Memory {
  readonly tenantId: TenantId;
  readonly key: string;
  readonly own: Ledger;
  readonly known: Ledger;
  alone: Ledger | null;
  unwritten: Ledger | null;
  bornMs: number;
  backOffUntilMs: number;
  lastReply: SharedSubject | null;
}

export interface Share {
  /**
   * Processes a reply of Redis. `reserved`: `reserve` has spent the units already. Returns the subjects whose state
   * Redis lost.
   */
  learn(tenantId: TenantId, reply: SharedReply, spentUnits: number, reserved: boolean): readonly Memory[];
  /** Spends by the two rules, or nothing. `written`: Redis is back and asked next, so the units are no debt. */
  reserve(
    tenantId: TenantId,
    subjects: readonly LimitSubject[],
    units: number,
    nowMs: number,
    written: boolean,
  ): LimitDecision;
  /** Returns reserved units, because Redis refused them. `nowMs` is the time of the reservation. */
  giveBack(tenantId: TenantId, subjects: readonly LimitSubject[], units: number, nowMs: number): void;
  /** Makes reserved units a debt, because Redis did not answer. */
  owe(tenantId: TenantId, subjects: readonly LimitSubject[], units: number, nowMs: number): void;
  /** `because` null: Redis missed one answer only, so the states have no share. */
  peek(
    tenantId: TenantId,
    subjects: readonly LimitSubject[],
    nowMs: number,
    because: ShareReason | null,
  ): readonly LimitState[];
  /** Adds to states that Redis reported the share that applies while Redis is returning. */
  withShare(tenantId: TenantId, states: readonly LimitState[], nowMs: number): readonly LimitState[];
  /** The states while limits that a provider counts are refused. */
  withoutProviders(states: readonly LimitState[]): readonly LimitState[];
  backOff(tenantId: TenantId, subject: LimitSubject, untilMs: number): void;
  resume(tenantId: TenantId, subject: LimitSubject): void;
  /** The latest end of their back-offs, in Unix milliseconds; null if none backs off. */
  pausedUntilMs(tenantId: TenantId, subjects: readonly LimitSubject[], nowMs: number): number | null;
  memories(): Iterable<Memory>;
}

const maxSubjects = 20_000;

/** Creates an empty share; `replicas` returns the number of replicas last seen. */
export function createShare(replicas: () => number): Share {
  const memories = new Map<string, Memory>();

  const recall = (tenantId: TenantId, subject: LimitSubject): Memory => {
    const key = limitKey(tenantId, subject);
    return getOrCreateBounded(memories, key, maxSubjects, () => emptyMemory(tenantId, key, subject));
  };

  const ruled = (tenantId: TenantId, subject: LimitSubject, nowMs: number, because: ShareReason | null): RuledSubject =>
    ruledByShare(recall(tenantId, subject), subject, { weight: replicas(), nowMs, because });

  const change = (tenantId: TenantId, subjects: readonly LimitSubject[], apply: (memory: Memory) => void): void => {
    for (const subject of subjects) {
      if (subject.windows.length === 0) continue;
      const memory = recall(tenantId, subject);
      apply(memory);
    }
  };

  return {
    learn(tenantId, reply, spentUnits, reserved) {
      const lost: Memory[] = [];
      for (const shared of reply.subjects) {
        const memory = recall(tenantId, shared.subject);
        // All callers of a group get the same reply; process it once.
        if (memory.lastReply !== shared) {
          memory.lastReply = shared;
          if (noteBirth(memory, shared.bornMs, reply.nowMs)) lost.push(memory);
          memory.backOffUntilMs = shared.backOffUntilMs;
          // While the share decides, `known` stays as it was at the start of the outage.
          if (!reserved) {
            for (const state of shared.states) memory.known.setUsed(state.windowType, reply.nowMs, state.usedRequests);
          }
        }
        if (reply.granted && !reserved && shared.subject.windows.length > 0) memory.own.add(reply.nowMs, spentUnits);
      }
      return lost;
    },

    reserve(tenantId, subjects, units, nowMs, written) {
      const because = written ? 'redis_returning' : 'redis_away';
      const toDecide = subjects.map((subject) => ruled(tenantId, subject, nowMs, because));
      const decision = decide(toDecide, units, nowMs);
      if (!decision.granted) return withFiniteRetry(decision, subjects, units);
      change(tenantId, subjects, (memory) => {
        memory.own.add(nowMs, units);
        memory.alone ??= new Ledger(memory.own);
        memory.alone.add(nowMs, units);
        if (!written) addDebt(memory, units, nowMs);
      });
      return { granted: true, states: this.peek(tenantId, subjects, nowMs, because) };
    },

    giveBack(tenantId, subjects, units, nowMs) {
      change(tenantId, subjects, (memory) => {
        memory.own.add(nowMs, -units);
        memory.alone?.add(nowMs, -units);
      });
    },

    owe(tenantId, subjects, units, nowMs) {
      change(tenantId, subjects, (memory) => addDebt(memory, units, nowMs));
    },

    peek: (tenantId, subjects, nowMs, because) =>
      subjects.flatMap((subject) => statesOf(ruled(tenantId, subject, nowMs, because), nowMs)),

    withShare(tenantId, states, nowMs) {
      const moment = { weight: replicas(), nowMs, because: 'redis_returning' } as const;
      return states.map((state) =>
        state.usedRequests >= state.maxRequests
          ? state
          : { ...state, ...shareMember(shareOf(recall(tenantId, state.subject), state, moment)) },
      );
    },

    withoutProviders: (states) =>
      states.map((state) =>
        state.share !== undefined && isCountedByProvider(state.subject)
          ? { ...state, share: { ...state.share, maxRequests: 0 } }
          : state,
      ),

    backOff(tenantId, subject, untilMs) {
      const memory = recall(tenantId, subject);
      memory.backOffUntilMs = Math.max(memory.backOffUntilMs, untilMs);
    },

    resume(tenantId, subject) {
      recall(tenantId, subject).backOffUntilMs = 0;
    },

    pausedUntilMs(tenantId, subjects, nowMs) {
      const untilMs = Math.max(0, ...subjects.map((subject) => recall(tenantId, subject).backOffUntilMs));
      return untilMs > nowMs ? untilMs : null;
    },

    memories: () => memories.values(),
  };
}

function emptyMemory(tenantId: TenantId, key: string, subject: LimitSubject): Memory {
  const counting = countingOf(subject);
  return {
    tenantId,
    key,
    own: new Ledger(counting),
    known: new Ledger(counting),
    alone: null,
    unwritten: null,
    bornMs: 0,
    backOffUntilMs: 0,
    lastReply: null,
  };
}

/** When a share is decided. */
interface Moment {
  /** The replicas that share the limit. */
  readonly weight: number;
  readonly nowMs: number;
  readonly because: ShareReason | null;
}

/** Undefined for a single replica: its share is the limit. */
function shareOf(
  { own, known, alone }: Memory,
  { windowType, maxRequests }: LimitWindow,
  { weight, nowMs, because }: Moment,
): LimitShare | undefined {
  if (weight === 1 || because === null) return undefined;
  const used = own.used(windowType, nowMs);
  const before = used - (alone?.used(windowType, nowMs) ?? 0);
  const left = Math.max(0, maxRequests - known.used(windowType, nowMs));
  const most = Math.min(Math.floor(maxRequests / weight), before + Math.floor(left / weight));
  return { maxRequests: Math.max(0, most), usedRequests: used, because };
}

/** The two rules at the top of this file. */
function ruledByShare(memory: Memory, subject: LimitSubject, moment: Moment): RuledSubject {
  const { weight, nowMs } = moment;
  const { own, known } = memory;
  const alone = memory.alone ?? new Ledger(own);
  const sinceTheOutage = [
    { ledger: alone, weight },
    { ledger: known, weight: 1 },
  ];
  return {
    subject,
    backOffUntilMs: memory.backOffUntilMs,
    rules: [
      { terms: [{ ledger: own, weight }], unitWeight: weight },
      { terms: sinceTheOutage, unitWeight: weight },
    ],
    usedRequests: (windowType) => known.used(windowType, nowMs) + alone.used(windowType, nowMs),
    windowEndMs: (windowType) => Math.max(known.allFreeAtMs(windowType, nowMs), alone.allFreeAtMs(windowType, nowMs)),
    shareOf: (window) => shareOf(memory, window, moment),
  };
}

function addDebt(memory: Memory, units: number, nowMs: number): void {
  memory.unwritten ??= new Ledger(memory.own);
  memory.unwritten.add(nowMs, units);
}

/**
 * Returns true if Redis lost the subject's state (it was emptied or restarted without its data). All of this replica's
 * use is then a debt; the count is right again when each replica has written its own.
 */
export function noteBirth(memory: Memory, bornMs: number, nowMs: number): boolean {
  const lost = memory.bornMs !== 0 && bornMs !== memory.bornMs && !memory.own.isEmpty(nowMs);
  memory.bornMs = bornMs;
  if (lost) memory.unwritten = memory.own.clone();
  return lost;
}

/** Units beyond the share but within the limit are refused only until Redis is back. */
function withFiniteRetry(decision: LimitDecision, subjects: readonly LimitSubject[], units: number): LimitDecision {
  if (decision.granted || decision.because !== 'too-large') return decision;
  const everTooLarge = subjects.some(({ windows }) => windows.some(({ maxRequests }) => units > maxRequests));
  return everTooLarge ? decision : { ...decision, because: 'limit', retryAfterMs: askAgainAfterMs };
}

/**
 * What a replica may still spend by itself while Redis cannot be asked, and what it owes when Redis is back.
 *
 * For each subject it remembers: what it spent itself (`own`), the most that all replicas can have spent as Redis last
 * said (`known`), what it spent without Redis (`alone`), and which part of that Redis does not know yet (`unwritten`).
 * With R replicas last seen, two rules hold for every window:
 *
 *   own + units ≤ max ÷ R                 No replica passes its share, and what it spent before counts. If all keep to it,
 *                                         the sum is within the limit even where `known` is out of date.
 *   alone + units ≤ (max − known) ÷ R     What others had spent beyond their share when Redis went away is not spent again.
 *
 * Both are rounded down. Where the limit is below R, the share is nothing and calls are refused until Redis is back:
 * replicas that cannot talk cannot take turns, and keeping the quota matters more than one provider's answer.
 *
 * At `maxSubjects` the subject unused for longest is forgotten, its debt too.
 */
import { getOrCreateBounded } from '../bounded-map.ts';
import type { TenantId } from '../ids.ts';
import { countingOf, Ledger } from './limit-ledger.ts';
import { askAgainAfterMs, decide, type RuledSubject, statesOf } from './limit-rules.ts';
import type { LimitDecision, LimitState, LimitSubject } from './limits.ts';
import { limitKey, type SharedReply, type SharedSubject } from './rate-limit-redis.ts';

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
  /** What Redis said. `reserved`: the units were spent by `reserve` before. Returns the subjects whose state Redis lost. */
  learn(tenantId: TenantId, reply: SharedReply, spentUnits: number, reserved: boolean): readonly Memory[];
  /** Spends by the rules above, or nothing. `written`: Redis is asked next, so this is no debt. */
  reserve(
    tenantId: TenantId,
    subjects: readonly LimitSubject[],
    units: number,
    nowMs: number,
    written: boolean,
  ): LimitDecision;
  /** Redis refused what was reserved, at the same `nowMs`. */
  giveBack(tenantId: TenantId, subjects: readonly LimitSubject[], units: number, nowMs: number): void;
  /** Redis did not answer for what was reserved: now it is a debt. */
  owe(tenantId: TenantId, subjects: readonly LimitSubject[], units: number, nowMs: number): void;
  peek(tenantId: TenantId, subjects: readonly LimitSubject[], nowMs: number): readonly LimitState[];
  backOff(tenantId: TenantId, subject: LimitSubject, untilMs: number): void;
  resume(tenantId: TenantId, subject: LimitSubject): void;
  /** Unix milliseconds until which any of them backs off; null: none does. */
  pausedUntilMs(tenantId: TenantId, subjects: readonly LimitSubject[], nowMs: number): number | null;
  memories(): Iterable<Memory>;
}

const maxSubjects = 20_000;

/** `replicas`: how many were last seen. */
export function createShare(replicas: () => number): Share {
  const memories = new Map<string, Memory>();

  const recall = (tenantId: TenantId, subject: LimitSubject): Memory => {
    const key = limitKey(tenantId, subject);
    return getOrCreateBounded(memories, key, maxSubjects, () => {
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
    });
  };

  const ruledByShare = (memory: Memory, subject: LimitSubject, nowMs: number): RuledSubject => {
    const { own, known } = memory;
    const alone = memory.alone ?? new Ledger(own);
    const weight = replicas();
    return {
      subject,
      backOffUntilMs: memory.backOffUntilMs,
      rules: [
        { terms: [{ ledger: own, weight }], unitWeight: weight },
        {
          terms: [
            { ledger: alone, weight },
            { ledger: known, weight: 1 },
          ],
          unitWeight: weight,
        },
      ],
      usedRequests: (windowType) => known.used(windowType, nowMs) + alone.used(windowType, nowMs),
      windowEndMs: (windowType) => Math.max(known.allFreeAtMs(windowType, nowMs), alone.allFreeAtMs(windowType, nowMs)),
    };
  };

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
        // All callers of a group get the same answer; once is enough to learn it.
        if (memory.lastReply !== shared) {
          memory.lastReply = shared;
          if (noteBirth(memory, shared.bornMs, reply.nowMs)) lost.push(memory);
          memory.backOffUntilMs = shared.backOffUntilMs;
          // While the share rules, what was known when Redis went away stays as it was, and only grows older.
          if (!reserved) {
            for (const state of shared.states) memory.known.setUsed(state.windowType, reply.nowMs, state.usedRequests);
          }
        }
        if (reply.granted && !reserved && shared.subject.windows.length > 0) memory.own.add(reply.nowMs, spentUnits);
      }
      return lost;
    },

    reserve(tenantId, subjects, units, nowMs, written) {
      const ruled = subjects.map((subject) => ruledByShare(recall(tenantId, subject), subject, nowMs));
      const decision = decide(ruled, units, nowMs);
      if (!decision.granted) return withFiniteRetry(decision, subjects, units);
      change(tenantId, subjects, (memory) => {
        memory.own.add(nowMs, units);
        memory.alone ??= new Ledger(memory.own);
        memory.alone.add(nowMs, units);
        if (!written) addDebt(memory, units, nowMs);
      });
      return { granted: true, states: this.peek(tenantId, subjects, nowMs) };
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

    peek: (tenantId, subjects, nowMs) =>
      subjects.flatMap((subject) => statesOf(ruledByShare(recall(tenantId, subject), subject, nowMs), nowMs)),

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

function addDebt(memory: Memory, units: number, nowMs: number): void {
  memory.unwritten ??= new Ledger(memory.own);
  memory.unwritten.add(nowMs, units);
}

/**
 * True where Redis holds another state than before, or none: it was emptied, or restarted without its data. Everything
 * this replica spent is then a debt, so that the count is right again once each replica has written its own.
 */
export function noteBirth(memory: Memory, bornMs: number, nowMs: number): boolean {
  const lost = memory.bornMs !== 0 && bornMs !== memory.bornMs && !memory.own.isEmpty(nowMs);
  memory.bornMs = bornMs;
  if (lost) memory.unwritten = memory.own.clone();
  return lost;
}

/** Too large for the share is not too large for the limit: that ends with the absence. */
function withFiniteRetry(decision: LimitDecision, subjects: readonly LimitSubject[], units: number): LimitDecision {
  if (decision.granted || decision.because !== 'too-large') return decision;
  const everTooLarge = subjects.some(({ windows }) => windows.some(({ maxRequests }) => units > maxRequests));
  return everTooLarge ? decision : { ...decision, because: 'limit', retryAfterMs: askAgainAfterMs };
}

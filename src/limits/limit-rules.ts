/**
 * Decides on limits that are counted in memory: those of a single process, and a replica's share while Redis is away.
 */

import type { Ledger } from './limit-ledger.ts';
import { minuteMs } from './limit-windows.ts';
import type { LimitDecision, LimitShare, LimitState, LimitSubject, LimitWindow, WindowType } from './limits.ts';

/** A rule that holds for each window of a subject: Σ weight × used + unitWeight × units ≤ maxRequests. */
export interface Rule {
  readonly terms: readonly { readonly ledger: Ledger; readonly weight: number }[];
  readonly unitWeight: number;
}

/** A subject with its rules and its current use. */
export interface RuledSubject {
  readonly subject: LimitSubject;
  readonly rules: readonly Rule[];
  readonly backOffUntilMs: number;
  /** The use as shown to users. */
  usedRequests(windowType: WindowType): number;
  windowEndMs(windowType: WindowType): number;
  /** The replica's share of the window, if the rules grant no more than that. */
  shareOf?(window: LimitWindow): LimitShare | undefined;
}

/** Retry time of a refusal that only the return of Redis can lift. */
export const askAgainAfterMs = 1_000;

/** The states of all windows of a subject. */
export function statesOf(ruled: RuledSubject, nowMs: number): LimitState[] {
  return ruled.subject.windows.map((window) => stateOf(ruled, window, nowMs));
}

/** Decides whether `units` fit into every window; if not, returns the refusal that lasts longest. Spends nothing. */
export function decide(subjects: readonly RuledSubject[], units: number, nowMs: number): LimitDecision {
  const states = subjects.flatMap((ruled) => statesOf(ruled, nowMs));
  let longest: { readonly retryAfterMs: number; readonly refusedBy: LimitState } | null = null;
  const consider = (retryAfterMs: number, refusedBy: () => LimitState): void => {
    if (retryAfterMs > (longest?.retryAfterMs ?? 0)) longest = { retryAfterMs, refusedBy: refusedBy() };
  };

  for (const ruled of subjects) {
    consider(ruled.backOffUntilMs - nowMs, () => backOffState(ruled.subject, ruled.backOffUntilMs, nowMs, states));
    for (const window of ruled.subject.windows) {
      for (const rule of ruled.rules) {
        consider(waitMs(rule, window, units, nowMs, ruled), () => stateOf(ruled, window, nowMs));
      }
    }
  }
  return longest === null ? { granted: true, states } : refusal(longest, states);
}

function refusal(
  { retryAfterMs, refusedBy }: { readonly retryAfterMs: number; readonly refusedBy: LimitState },
  states: readonly LimitState[],
): LimitDecision {
  const isTooLarge = retryAfterMs === Number.POSITIVE_INFINITY;
  const because = refusedBy.isPause === true ? 'back-off' : isTooLarge ? 'too-large' : 'limit';
  return { granted: false, because, refusedBy, retryAfterMs, states };
}

/** Whether a provider counts this limit too: a service's own limits, unlike a family's. */
export function isCountedByProvider({ serviceId, windows }: LimitSubject): boolean {
  return serviceId !== null && windows.length > 0;
}

/** The refusal while this replica does not know the remainder; null if no provider counts these limits. */
export function uncounted(states: readonly LimitState[]): LimitDecision | null {
  const refusedBy = states.find(({ subject }) => isCountedByProvider(subject));
  if (refusedBy === undefined) return null;
  return { granted: false, because: 'uncounted', refusedBy, retryAfterMs: askAgainAfterMs, states };
}

/** The state of a back-off: the subject's first window with its use, and the end of the pause. */
export function backOffState(
  subject: LimitSubject,
  untilMs: number,
  nowMs: number,
  states: readonly LimitState[],
): LimitState {
  const window = states.find((state) => state.subject === subject);
  return {
    subject,
    windowType: window?.windowType ?? 'minute',
    maxRequests: window?.maxRequests ?? 0,
    usedRequests: window?.usedRequests ?? 0,
    windowStartMs: nowMs,
    windowEndMs: untilMs,
    isPause: true,
  };
}

function stateOf(ruled: RuledSubject, { windowType, maxRequests }: LimitWindow, nowMs: number): LimitState {
  const windowEndMs = ruled.windowEndMs(windowType);
  const usedRequests = ruled.usedRequests(windowType);
  return {
    subject: ruled.subject,
    windowType,
    maxRequests,
    usedRequests,
    windowStartMs: windowType === 'minute' ? nowMs - minuteMs : startOfEnding(windowType, windowEndMs, ruled.subject),
    windowEndMs,
    ...shareMember(usedRequests < maxRequests ? ruled.shareOf?.({ windowType, maxRequests }) : undefined),
  };
}

/** A limit that is spent as a whole is not reported as a spent share. */
export function shareMember(share: LimitShare | undefined): Pick<LimitState, 'share'> {
  return share === undefined ? {} : { share };
}

function startOfEnding(windowType: WindowType, endMs: number, subject: LimitSubject): number {
  if (windowType === 'hour') return endMs - 3_600_000;
  if (windowType === 'day') return endMs - 86_400_000;
  const offsetMs = (subject.utcOffsetMinutes ?? 0) * minuteMs;
  const end = new Date(endMs + offsetMs);
  return Date.UTC(end.getUTCFullYear(), end.getUTCMonth() - 1, 1) - offsetMs;
}

/** Milliseconds until the units fit; 0: now; Infinity: never. */
function waitMs(rule: Rule, window: LimitWindow, units: number, nowMs: number, ruled: RuledSubject): number {
  const { windowType, maxRequests } = window;
  const wanted = rule.unitWeight * units;
  let missing = wanted - maxRequests;
  for (const { ledger, weight } of rule.terms) missing += weight * ledger.used(windowType, nowMs);
  if (missing <= 0) return 0;
  if (wanted > maxRequests) return Number.POSITIVE_INFINITY;
  if (windowType !== 'minute') return ruled.windowEndMs(windowType) - nowMs;

  const returns = rule.terms
    .flatMap(({ ledger, weight }) =>
      Array.from(ledger.returns(nowMs), ({ atMs, units }) => ({ atMs, weighted: weight * units })),
    )
    .sort((a, b) => a.atMs - b.atMs);
  for (const { atMs, weighted } of returns) {
    missing -= weighted;
    if (missing <= 0) return atMs - nowMs;
  }
  return Number.POSITIVE_INFINITY;
}

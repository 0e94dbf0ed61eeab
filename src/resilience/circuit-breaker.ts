/**
 * One circuit breaker per service. It stops calls to a provider that fails, so that callers get the next provider at
 * once instead of waiting for a time-out.
 *
 *   closed ── N failures in a row, or a high share of failures ──▶ open ── open time is over ──▶ half-open
 *      ▲                                                            ▲                               │
 *      │                                                            └── the probe fails (longer) ───┤
 *      └────────────────────────────── the probe succeeds ──────────────────────────────────────────┘
 *
 * `tryEnter` returns a permit or a refusal. The caller settles a permit once: `succeeded`, `failed`, `denied` (the
 * provider refuses our key: opens the breaker, twice as long each time), or `abandoned` (the call says nothing about
 * the provider). While half-open, one call goes through as the probe, and all others are refused until it settles. A
 * permit issued before a change of state is ignored when it settles.
 *
 * A failure may concern one part of a service alone (a path, a spreadsheet); `part-failures.ts` decides whether it
 * counts. While such failures keep the breaker open, calls to parts that have not failed still go through, and a success
 * of one closes the breaker.
 *
 * If the clock is set back, an open breaker becomes half-open: otherwise it would stay open until the clock catches up.
 * `close` is for an admin's check that found the provider working.
 */
import type { Clock } from '../clock.ts';
import { createFailureShare } from './failure-share.ts';
import { createPartFailures } from './part-failures.ts';

/** Why it opened. `denied`: the provider refuses our key, so waiting alone does not help. */
export type OpenedBy = 'failures' | 'denied';

/** The state as others see it. */
export type BreakerState =
  | { readonly kind: 'closed'; readonly consecutiveFailures: number }
  | {
      readonly kind: 'open';
      readonly because: OpenedBy;
      readonly openedAtMs: number;
      readonly openUntilMs: number;
    }
  | { readonly kind: 'half-open'; readonly probing: boolean };

/** Permission for one call. Settle it with exactly one of its methods. */
export interface Permit {
  readonly entered: true;
  /** Whether this call is the probe that decides if an open breaker closes. */
  readonly isProbe: boolean;
  succeeded(): void;
  /**
   * `ofPart`: the failure may concern only the part that was asked for. Returns how many failures now count against the
   * service: 0 while only one part fails; the first failure of a second part also counts those of the first.
   */
  failed(ofPart?: boolean): number;
  denied(): void;
  abandoned(): void;
}

/** The call must not be made. */
export interface Refusal {
  readonly entered: false;
  /** An attempt before this time is refused. */
  readonly openUntilMs: number;
  readonly because: OpenedBy;
}

export interface CircuitBreaker {
  tryEnter(part?: Part): Permit | Refusal;
  /** The refusal that `tryEnter` would return now; null if it would let the call in or make it the probe. */
  refusalFor(part?: Part): Refusal | null;
  /** Closes the breaker in any state; earlier permits no longer count. */
  close(): void;
  /** An open breaker whose time has passed reads as half-open. */
  state(): BreakerState;
}

/** The part of a service that a call asks for: a path, a spreadsheet, a question. */
export interface Part {
  readonly key: string;
  /**
   * Whether calls to this part go through while failures of other parts keep the breaker open. For services with few
   * parts, each called often.
   */
  readonly mayPassOpenBreaker: boolean;
}

/** When a breaker opens, and for how long. */
export interface BreakerPolicy {
  readonly failuresInARow: number;
  /** Also opens if at least this share (0–1) of the attempts in the window failed … */
  readonly failureShare: number;
  /** … and there were at least this many. */
  readonly minimumAttempts: number;
  readonly windowMs: number;
  /** How long it stays open the first time; each failed probe doubles it. */
  readonly openMs: number;
  readonly openMsMax: number;
  /** How long a refused key keeps it open the first time; each further refusal doubles it. */
  readonly deniedMs: number;
  readonly deniedMsMax: number;
  /** A probe that has not settled after this time no longer blocks the next one. */
  readonly probeLeaseMs: number;
}

/** The policy of services without their own settings. */
export const defaultBreakerPolicy: BreakerPolicy = {
  // The number of failures that marks a service as down (`judge-health.ts`). With fewer, a service that gets no more
  // calls would stay degraded.
  failuresInARow: 6,
  failureShare: 0.5,
  minimumAttempts: 20,
  windowMs: 10_000,
  openMs: 2_000,
  openMsMax: 60_000,
  deniedMs: 10_000,
  deniedMsMax: 300_000,
  probeLeaseMs: 30_000,
};

export interface BreakerDeps {
  readonly clock: Clock;
  readonly policy?: BreakerPolicy;
  /** 0 ≤ random < 1. */
  readonly random?: () => number;
  readonly onChange?: (state: BreakerState) => void;
}

type Inner =
  | { readonly kind: 'closed' }
  | {
      readonly kind: 'open';
      readonly because: OpenedBy;
      readonly openedAtMs: number;
      readonly openUntilMs: number;
    }
  | { readonly kind: 'half-open'; readonly because: OpenedBy; readonly probeUntilMs: number };

/**
 * What a permit is for: a `call` through a closed breaker, the `probe` of a half-open breaker, or `other_part`: a
 * call to a part that has not failed while failures of other parts keep the breaker open.
 */
type Purpose = 'call' | 'probe' | 'other_part';

/** Creates a closed breaker. */
export function createCircuitBreaker(deps: BreakerDeps): CircuitBreaker {
  const { clock, onChange } = deps;
  const policy = deps.policy ?? defaultBreakerPolicy;
  const pauses = createPauses(policy, deps.random ?? Math.random);
  const recent = createFailureShare(policy.windowMs);
  let inner: Inner = { kind: 'closed' };
  /** Incremented by each change of state, to recognise permits issued before it. */
  let generation = 0;
  let consecutiveFailures = 0;
  const parts = createPartFailures(clock);

  const read = (nowMs: number): BreakerState => {
    if (inner.kind === 'closed') return { kind: 'closed', consecutiveFailures };
    if (inner.kind === 'half-open') return { kind: 'half-open', probing: inner.probeUntilMs > nowMs };
    return isOpenAt(inner, nowMs) ? inner : { kind: 'half-open', probing: false };
  };

  const changeTo = (next: Inner): void => {
    inner = next;
    generation += 1;
    onChange?.(read(clock.now()));
  };

  const open = (because: OpenedBy): void => {
    const nowMs = clock.now();
    const openUntilMs = nowMs + pauses.next(because);
    changeTo({ kind: 'open', because, openedAtMs: nowMs, openUntilMs });
  };

  const close = (): void => {
    consecutiveFailures = 0;
    pauses.reset();
    recent.clear();
    parts.countSuccess(null);
    changeTo({ kind: 'closed' });
  };

  const countFailure = (counted: number): void => {
    if (counted === 0) return;
    consecutiveFailures += counted;
    const { attempts, failures } = recent.count(clock.now(), true);
    const shareReached = attempts >= policy.minimumAttempts && failures >= policy.failureShare * attempts;
    if (consecutiveFailures >= policy.failuresInARow || shareReached) open('failures');
  };

  const issuePermit = (purpose: Purpose, part: Part | undefined): Permit => {
    const issuedIn = generation;
    let settled = false;
    /** True once, and only if no change of state made the permit stale. */
    const settle = (): boolean => {
      const counts = !settled && issuedIn === generation;
      settled = true;
      return counts;
    };
    return {
      entered: true,
      isProbe: purpose === 'probe',
      succeeded: () => {
        if (!settle()) return;
        if (purpose === 'call') recent.count(clock.now(), false);
        else close();
        consecutiveFailures = 0;
        parts.countSuccess(part?.key ?? null);
      },
      failed: (ofPart = false) => {
        if (!settle()) return 0;
        const counted = parts.countFailure(ofPart ? (part?.key ?? null) : null);
        if (purpose === 'probe') open('failures');
        else if (purpose === 'call') countFailure(counted);
        return counted;
      },
      denied: () => {
        if (settle()) open('denied');
      },
      abandoned: () => {
        if (settle() && purpose === 'probe' && inner.kind === 'half-open') changeTo({ ...inner, probeUntilMs: 0 });
      },
    };
  };

  const mayPass = (part: Part | undefined): part is Part =>
    inner.kind !== 'closed' &&
    inner.because === 'failures' &&
    part?.mayPassOpenBreaker === true &&
    parts.mayStillWork(part.key);

  const untilMs = (nowMs: number): number | null => {
    if (inner.kind === 'closed') return null;
    if (inner.kind === 'open') return isOpenAt(inner, nowMs) ? inner.openUntilMs : null;
    return inner.probeUntilMs > nowMs ? inner.probeUntilMs : null;
  };

  const refusalFor = (part?: Part): Refusal | null => {
    const openUntilMs = untilMs(clock.now());
    if (openUntilMs === null || inner.kind === 'closed' || mayPass(part)) return null;
    return { entered: false, openUntilMs, because: inner.because };
  };

  return {
    refusalFor,
    tryEnter(part) {
      if (inner.kind === 'closed') return issuePermit('call', part);
      const refusal = refusalFor(part);
      if (refusal !== null) return refusal;
      const nowMs = clock.now();
      if (part !== undefined && untilMs(nowMs) !== null) return issuePermit('other_part', part);
      changeTo({ kind: 'half-open', because: inner.because, probeUntilMs: nowMs + policy.probeLeaseMs });
      return issuePermit('probe', part);
    },
    close,
    state: () => read(clock.now()),
  };
}

/** Calculates how long the breaker stays open: longer each time, until it closes. */
function createPauses(policy: BreakerPolicy, random: () => number) {
  const openings: Record<OpenedBy, number> = { failures: 0, denied: 0 };
  return {
    next(because: OpenedBy): number {
      const factor = 2 ** Math.min(openings[because], 30);
      openings[because] += 1;
      // No jitter: a corrected key is used within seconds, and a key that stays wrong is soon tried rarely.
      if (because === 'denied') return Math.min(policy.deniedMs * factor, policy.deniedMsMax);
      // Between half of the time and all of it, so that replicas whose breakers opened together do not probe together.
      return Math.round(Math.min(policy.openMs * factor, policy.openMsMax) * (0.5 + random() / 2));
    },
    reset(): void {
      openings.failures = 0;
      openings.denied = 0;
    },
  };
}

function isOpenAt({ openedAtMs, openUntilMs }: { openedAtMs: number; openUntilMs: number }, nowMs: number): boolean {
  return openedAtMs <= nowMs && nowMs < openUntilMs;
}

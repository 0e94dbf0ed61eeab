/**
 * One breaker per service: stops asking a provider that is down, so that it costs the callers nothing.
 *
 *   closed ── N failures in a row, or too high a share of failures ──▶ open ── its time is up ──▶ half-open
 *      ▲                                                               ▲                            │
 *      └────────────── the one probe succeeds ──────────────┐          └── the probe fails, longer ─┤
 *                                                           └───────────────────────────────────────┘
 *
 * A caller enters with a permit and must settle it once: `succeeded`, `failed`, `denied` (the key is refused: no
 * probing every few seconds) or `abandoned` (the caller left, or the answer says nothing of the provider's health).
 * While half-open exactly one call goes through; the rest are refused until it settles. A permit from before a change
 * of state counts for nothing when it settles after it. A clock that is set back ends the time of an open one: it would
 * stay open for as long as the clock needs to catch up.
 *
 * `close` is for whoever knows better: an admin's check found that the provider answers again.
 */
import type { Clock } from '../clock.ts';

/** `denied`: the provider refuses our key; waiting alone does not help. */
export type OpenedBy = 'failures' | 'denied';

export type BreakerState =
  | { readonly kind: 'closed'; readonly consecutiveFailures: number }
  | {
      readonly kind: 'open';
      readonly because: OpenedBy;
      readonly openedAtMs: number;
      readonly openUntilMs: number;
    }
  | { readonly kind: 'half-open'; readonly probing: boolean };

export interface Permit {
  readonly entered: true;
  /** Whether this call decides alone over closing an open breaker. */
  readonly isProbe: boolean;
  succeeded(): void;
  failed(): void;
  denied(): void;
  abandoned(): void;
}

export interface Refusal {
  readonly entered: false;
  /** Trying before this is refused again. */
  readonly openUntilMs: number;
  readonly because: OpenedBy;
}

export interface CircuitBreaker {
  tryEnter(): Permit | Refusal;
  /** Closes it, whatever it is; permits from before count for nothing. */
  close(): void;
  /** An open breaker whose time is up reads as half-open. */
  state(): BreakerState;
}

export interface BreakerPolicy {
  readonly failuresInARow: number;
  /** Opens when at least this share (0–1) of the attempts in the window failed … */
  readonly failureShare: number;
  /** … and there were at least this many. */
  readonly minimumAttempts: number;
  readonly windowMs: number;
  /** How long it stays open the first time; doubled by each failed probe. */
  readonly openMs: number;
  readonly openMsMax: number;
  /** How long a refused key keeps it open. */
  readonly deniedMs: number;
  /** A probe that never settles gives its place away after this. */
  readonly probeLeaseMs: number;
}

export const defaultBreakerPolicy: BreakerPolicy = {
  // As many as take a service down (`judge-health.ts`): one fewer, and what nobody asks any more would only be degraded.
  failuresInARow: 6,
  failureShare: 0.5,
  minimumAttempts: 20,
  windowMs: 10_000,
  openMs: 2_000,
  openMsMax: 60_000,
  deniedMs: 300_000,
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

const sliceCount = 10;

export function createCircuitBreaker(deps: BreakerDeps): CircuitBreaker {
  const { clock, onChange } = deps;
  const policy = deps.policy ?? defaultBreakerPolicy;
  const random = deps.random ?? Math.random;
  const recent = createFailureShare(policy.windowMs);
  let inner: Inner = { kind: 'closed' };
  /** Raised by each change of state, so that permits from before it can be told. */
  let generation = 0;
  let consecutiveFailures = 0;
  /** How often it opened since it was last closed. */
  let openings = 0;

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
    const fullMs =
      because === 'denied' ? policy.deniedMs : Math.min(policy.openMs * 2 ** Math.min(openings, 30), policy.openMsMax);
    openings += 1;
    // Between half and all of it: replicas that opened together must not probe together.
    const openUntilMs = nowMs + Math.round(fullMs * (0.5 + random() / 2));
    changeTo({ kind: 'open', because, openedAtMs: nowMs, openUntilMs });
  };

  const close = (): void => {
    consecutiveFailures = 0;
    openings = 0;
    recent.clear();
    changeTo({ kind: 'closed' });
  };

  const issuePermit = (isProbe: boolean): Permit => {
    const issuedIn = generation;
    let settled = false;
    /** True once, and only where no change of state made the permit stale. */
    const settle = (): boolean => {
      const counts = !settled && issuedIn === generation;
      settled = true;
      return counts;
    };
    return {
      entered: true,
      isProbe,
      succeeded: () => {
        if (!settle()) return;
        if (isProbe) return close();
        consecutiveFailures = 0;
        recent.count(clock.now(), false);
      },
      failed: () => {
        if (!settle()) return;
        if (isProbe) return open('failures');
        consecutiveFailures += 1;
        const { attempts, failures } = recent.count(clock.now(), true);
        const shareReached = attempts >= policy.minimumAttempts && failures >= policy.failureShare * attempts;
        if (consecutiveFailures >= policy.failuresInARow || shareReached) open('failures');
      },
      denied: () => {
        if (settle()) open('denied');
      },
      abandoned: () => {
        if (settle() && inner.kind === 'half-open') changeTo({ ...inner, probeUntilMs: 0 });
      },
    };
  };

  return {
    tryEnter() {
      if (inner.kind === 'closed') return issuePermit(false);
      const nowMs = clock.now();
      const { because } = inner;
      if (inner.kind === 'open' && isOpenAt(inner, nowMs)) {
        return { entered: false, openUntilMs: inner.openUntilMs, because };
      }
      if (inner.kind === 'half-open' && inner.probeUntilMs > nowMs) {
        return { entered: false, openUntilMs: inner.probeUntilMs, because };
      }
      changeTo({ kind: 'half-open', because: inner.because, probeUntilMs: nowMs + policy.probeLeaseMs });
      return issuePermit(true);
    },
    close,
    state: () => read(clock.now()),
  };
}

function isOpenAt({ openedAtMs, openUntilMs }: { openedAtMs: number; openUntilMs: number }, nowMs: number): boolean {
  return openedAtMs <= nowMs && nowMs < openUntilMs;
}

/** Attempts and failures of the last `windowMs`, in ten slices: constant memory, whatever the traffic. */
function createFailureShare(windowMs: number) {
  const sliceMs = windowMs / sliceCount;
  const attempts = new Array<number>(sliceCount).fill(0);
  const failures = new Array<number>(sliceCount).fill(0);
  let newestSlice = 0;
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  const forget = (fromSlice: number, toSlice: number): void => {
    for (let slice = fromSlice; slice <= toSlice; slice += 1) {
      attempts[slice % sliceCount] = 0;
      failures[slice % sliceCount] = 0;
    }
  };

  return {
    count(nowMs: number, failed: boolean): { attempts: number; failures: number } {
      // A clock that steps back counts into the newest slice.
      const slice = Math.max(Math.floor(nowMs / sliceMs), newestSlice);
      forget(Math.max(newestSlice + 1, slice - sliceCount + 1), slice);
      newestSlice = slice;
      const at = slice % sliceCount;
      attempts[at] = (attempts[at] ?? 0) + 1;
      if (failed) failures[at] = (failures[at] ?? 0) + 1;
      return { attempts: sum(attempts), failures: sum(failures) };
    },
    clear: () => forget(0, sliceCount - 1),
  };
}

export interface CircuitBreakers {
  /** The breaker of this service, made closed when first asked for. */
  breakerFor(serviceId: string): CircuitBreaker;
  /** Closes the breaker of this service; false where it is closed, or not in use. */
  closeBreaker(serviceId: string): boolean;
  /** For metrics: every breaker in use. */
  states(): ReadonlyMap<string, BreakerState>;
}

export interface CircuitBreakersDeps extends Omit<BreakerDeps, 'onChange'> {
  readonly onChange?: (serviceId: string, state: BreakerState) => void;
  /** Default 10,000. */
  readonly maxBreakers?: number;
}

/**
 * The breakers of a process by service id. At `maxBreakers` the one unused for longest is forgotten: should it have been
 * open, its provider is asked a few times more than needed.
 */
export function createCircuitBreakers(deps: CircuitBreakersDeps): CircuitBreakers {
  const { onChange, maxBreakers = 10_000, ...shared } = deps;
  const breakers = new Map<string, CircuitBreaker>();
  return {
    breakerFor(serviceId) {
      let breaker = breakers.get(serviceId);
      // Put last again on each use, so that a Map's first key is the one unused for longest.
      if (breaker !== undefined) breakers.delete(serviceId);
      else {
        breaker = createCircuitBreaker({
          ...shared,
          ...(onChange === undefined ? {} : { onChange: (state) => onChange(serviceId, state) }),
        });
        if (breakers.size >= maxBreakers) breakers.delete(breakers.keys().next().value as string);
      }
      breakers.set(serviceId, breaker);
      return breaker;
    },
    closeBreaker(serviceId) {
      const breaker = breakers.get(serviceId);
      if (breaker === undefined || breaker.state().kind === 'closed') return false;
      breaker.close();
      return true;
    },
    states: () => new Map([...breakers].map(([serviceId, breaker]) => [serviceId, breaker.state()])),
  };
}

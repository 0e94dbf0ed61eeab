/** The types of limits: what is counted, in which windows, what remains, and the result of a decision. */
import type { TenantId } from '../ids.ts';

export const windowTypes = ['minute', 'hour', 'day', 'month'] as const;
export type WindowType = (typeof windowTypes)[number];

export interface LimitWindow {
  readonly windowType: WindowType;
  readonly maxRequests: number;
}

/** The families of calls; a tenant has a limit per minute for each. */
export type Family = 'geocoding' | 'sheets' | 'proxy';

/** The owner of a limit: a tenant's family, or a service (for Sheets accounts one each for reads and writes). */
export interface LimitSubject {
  /** Unique within the tenant: `family:geocoding`, `service:<id>`, `service:<id>:read`. */
  readonly key: string;
  readonly serviceId: string | null;
  /** As shown to users: the service's name, or the family. */
  readonly name: string;
  /** At most one of each type. Empty: neither limited nor counted. */
  readonly windows: readonly LimitWindow[];
  /** The offset of its calendar (hour, day, month) from UTC. Default 0. */
  readonly utcOffsetMinutes?: number;
  /**
   * No provider counts this limit, so a token returns after exactly a minute, without the margin for the provider's
   * clock.
   */
  readonly isCountedHereAlone?: true;
}

/** The use of one window at the time of a decision. */
export interface LimitState {
  readonly subject: LimitSubject;
  readonly windowType: WindowType;
  readonly maxRequests: number;
  readonly usedRequests: number;
  /** For the rolling minute: a minute ago. */
  readonly windowStartMs: number;
  /** When the whole window is free again. */
  readonly windowEndMs: number;
  /** The provider asked for a pause until `windowEndMs`; the window need not be spent. */
  readonly isPause?: true;
  /** Set while this replica may spend only its share; `usedRequests` is then the use that this replica knows of. */
  readonly share?: LimitShare;
}

/** One replica's share of a window while Redis does not decide, and its use. */
export interface LimitShare {
  readonly maxRequests: number;
  readonly usedRequests: number;
  readonly because: ShareReason;
}

/** `redis_returning`: Redis answers again, but other replicas may not have written their use yet. */
export const shareReasons = ['redis_away', 'redis_returning'] as const;
export type ShareReason = (typeof shareReasons)[number];

/** The number of requests that this replica may still spend in the window. */
export function remainingOf({
  maxRequests,
  usedRequests,
  share,
}: Pick<LimitState, 'maxRequests' | 'usedRequests' | 'share'>): number {
  const left = maxRequests - usedRequests;
  return Math.max(0, share === undefined ? left : Math.min(left, share.maxRequests - share.usedRequests));
}

export type LimitDecision =
  | {
      readonly granted: true;
      /** The states after this decision and those made together with it; empty for subjects without windows. */
      readonly states: readonly LimitState[];
    }
  | {
      readonly granted: false;
      /**
       * `back-off`: the provider asked for a pause; `too-large`: more units than the limit ever allows at once;
       * `uncounted`: this replica has lost Redis and does not know what other replicas spend.
       */
      readonly because: 'limit' | 'back-off' | 'too-large' | 'uncounted';
      /** If a subject without windows backs off: a minute with `maxRequests` 0. */
      readonly refusedBy: LimitState;
      /** After this time a retry is granted, unless other callers spend first. Infinity for `too-large`. */
      readonly retryAfterMs: number;
      readonly states: readonly LimitState[];
    };

export interface RateLimiter {
  /**
   * Spends `units` in every window of every subject, or nothing at all, in one round trip. Never throws: while Redis is
   * away, each replica spends its share.
   */
  spend(tenantId: TenantId, subjects: readonly LimitSubject[], units: number): Promise<LimitDecision>;
  /** Returns the states without spending. */
  peek(tenantId: TenantId, subjects: readonly LimitSubject[]): Promise<readonly LimitState[]>;
  /** After a provider's 429: grants nothing more to this subject, on any replica, before `untilMs`. */
  backOff(tenantId: TenantId, subject: LimitSubject, untilMs: number): Promise<void>;
  /** Ends a back-off early. Rejects if Redis does not answer. */
  resume(tenantId: TenantId, subject: LimitSubject): Promise<void>;
  /** The latest end of the subjects' back-offs, in Unix milliseconds; null if none backs off. */
  pausedUntilMs(tenantId: TenantId, subjects: readonly LimitSubject[]): Promise<number | null>;
  /** The maximum that this replica may spend of such a limit now: all of it, or its share while Redis is away. */
  shareOf(maxRequests: number): number;
  /** Writes unwritten debts to Redis, if it is available, and stops. */
  close(): Promise<void>;
}

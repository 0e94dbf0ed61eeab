/** The language of limits: what is counted, over which windows, and what a decision says. */
import type { TenantId } from '../ids.ts';

export const windowTypes = ['minute', 'hour', 'day', 'month'] as const;
export type WindowType = (typeof windowTypes)[number];

export interface LimitWindow {
  readonly windowType: WindowType;
  readonly maxRequests: number;
}

/** What a tenant's own per-minute limits are counted by. */
export type Family = 'geocoding' | 'sheets' | 'proxy';

/**
 * Something with a limit of its own: a tenant's family, or a service (Sheets accounts: one each for reads and writes).
 */
export interface LimitSubject {
  /** Unique within the tenant: `family:geocoding`, `service:<id>`, `service:<id>:read`. */
  readonly key: string;
  readonly serviceId: string | null;
  /** As shown to users: the service's name, or the family. */
  readonly name: string;
  /** At most one of each type. Empty: nothing is limited and nothing counted. */
  readonly windows: readonly LimitWindow[];
  /** What the calendar of its hour, day and month is ahead of UTC. Default 0. */
  readonly utcOffsetMinutes?: number;
  /**
   * No provider counts beside us: a token is back after a minute to the millisecond, without the margin for another's
   * clock.
   */
  readonly isCountedHereAlone?: true;
}

export interface LimitState {
  readonly subject: LimitSubject;
  readonly windowType: WindowType;
  readonly maxRequests: number;
  readonly usedRequests: number;
  /** Of the minute, which rolls: a minute ago. */
  readonly windowStartMs: number;
  /** When the whole window is free again. */
  readonly windowEndMs: number;
}

export type LimitDecision =
  | {
      readonly granted: true;
      /** After this decision and those made together with it; nothing for subjects without windows. */
      readonly states: readonly LimitState[];
    }
  | {
      readonly granted: false;
      /**
       * `back-off`: the provider asked for a pause; `too-large`: more units than the limit ever allows at once;
       * `uncounted`: it is not known what other replicas spend, because this one has lost Redis.
       */
      readonly because: 'limit' | 'back-off' | 'too-large' | 'uncounted';
      /** Of a subject without windows that backs off: a minute with `maxRequests` 0. */
      readonly refusedBy: LimitState;
      /**
       * Trying before this has passed is refused again; after it, it is granted if no other caller spends. Infinity
       * where it is `too-large`.
       */
      readonly retryAfterMs: number;
      readonly states: readonly LimitState[];
    };

export interface RateLimiter {
  /**
   * Spends `units` of every window of every subject, or nothing at all. One round trip. Never throws: without Redis
   * each replica spends its share.
   */
  spend(tenantId: TenantId, subjects: readonly LimitSubject[], units: number): Promise<LimitDecision>;
  /** The same states without spending. */
  peek(tenantId: TenantId, subjects: readonly LimitSubject[]): Promise<readonly LimitState[]>;
  /** A provider said 429: nothing more is granted to this subject, on any replica, before `untilMs`. */
  backOff(tenantId: TenantId, subject: LimitSubject, untilMs: number): Promise<void>;
  /** Ends a back-off before its time. Rejects where the store cannot be asked. */
  resume(tenantId: TenantId, subject: LimitSubject): Promise<void>;
  /** Unix milliseconds until which any of these subjects backs off; null: none does. */
  pausedUntilMs(tenantId: TenantId, subjects: readonly LimitSubject[]): Promise<number | null>;
  /** Writes back what is still unwritten, if it can, and stops. */
  close(): Promise<void>;
}

/** The types of limits: what is counted, in which windows, and the result of a decision. */
import type { TenantId } from '../ids.ts';

export const windowTypes = ['minute', 'hour', 'day', 'month'] as const;
export type WindowType = (typeof windowTypes)[number];

export interface LimitWindow {
  readonly windowType: WindowType;
  readonly maxRequests: number;
}

/** The families that a tenant's own limits per minute are counted by. */
export type Family = 'geocoding' | 'sheets' | 'proxy';

/** The owner of a limit: a tenant's family, or a service (for Sheets accounts one each for reads and writes). */
export interface LimitSubject {
  /** Unique within the tenant: `family:geocoding`, `service:<id>`, `service:<id>:read`. */
  readonly key: string;
  readonly serviceId: string | null;
  /** As shown to users: the service's name, or the family. */
  readonly name: string;
  /** At most one of each type. Empty: nothing is limited or counted. */
  readonly windows: readonly LimitWindow[];
  /** The offset of its calendar (hour, day, month) from UTC. Default 0. */
  readonly utcOffsetMinutes?: number;
  /** No provider counts this limit: a token returns after exactly a minute, without the margin for another clock. */
  readonly isCountedHereAlone?: true;
}

export interface LimitState {
  readonly subject: LimitSubject;
  readonly windowType: WindowType;
  readonly maxRequests: number;
  readonly usedRequests: number;
  /** For the rolling minute: a minute ago. */
  readonly windowStartMs: number;
  /** When the whole window is free again. */
  readonly windowEndMs: number;
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
      /** For a subject without windows that backs off: a minute with `maxRequests` 0. */
      readonly refusedBy: LimitState;
      /**
       * An earlier try is refused again; a later one is granted unless other callers spend first. Infinity for
       * `too-large`.
       */
      readonly retryAfterMs: number;
      readonly states: readonly LimitState[];
    };

export interface RateLimiter {
  /**
   * Spends `units` in every window of every subject, or nothing at all. One round trip. Never throws: without Redis
   * each replica spends its share.
   */
  spend(tenantId: TenantId, subjects: readonly LimitSubject[], units: number): Promise<LimitDecision>;
  /** The same states without spending. */
  peek(tenantId: TenantId, subjects: readonly LimitSubject[]): Promise<readonly LimitState[]>;
  /** After a provider's 429: grants nothing more to this subject, on any replica, before `untilMs`. */
  backOff(tenantId: TenantId, subject: LimitSubject, untilMs: number): Promise<void>;
  /** Ends a back-off early. Rejects if the store cannot be asked. */
  resume(tenantId: TenantId, subject: LimitSubject): Promise<void>;
  /** Unix milliseconds until which any of these subjects backs off; null: none does. */
  pausedUntilMs(tenantId: TenantId, subjects: readonly LimitSubject[]): Promise<number | null>;
  /** Writes back unwritten debts, if it can, and stops. */
  close(): Promise<void>;
}

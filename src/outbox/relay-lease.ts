/** The lease that shows that a process is alive. When it expires, another process publishes the events. */
import type { Database } from '../storage/postgres/database.ts';
import { renewRelayLease } from '../storage/tables/outbox-events.ts';

export interface RelayLease {
  /** Renews the lease if less than two thirds of it are left. Throws the database's errors. */
  renew(): Promise<void>;
  isFresh(): boolean;
}

/** Creates the lease, which is not held until `renew`. */
export function createRelayLease(deps: {
  readonly db: Database;
  readonly origin: string;
  readonly ttlMs: number;
  onRenewed(): Promise<void>;
}): RelayLease {
  const { db, origin, ttlMs } = deps;
  /**
   * Monotonic time: if the wall clock were set back an hour, the lease would expire and others would publish our rows
   * too.
   */
  let renewedAtMs = Number.NEGATIVE_INFINITY;
  const ageMs = (): number => performance.now() - renewedAtMs;
  return {
    async renew() {
      if (ageMs() < ttlMs / 3) return;
      await renewRelayLease(db, origin, ttlMs);
      await deps.onRenewed();
      renewedAtMs = performance.now();
    },
    isFresh: () => ageMs() < ttlMs,
  };
}

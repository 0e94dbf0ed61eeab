/** The lease by which a process shows that it lives: the events of one whose lease ran out are published by another. */
import type { Database } from '../storage/postgres/database.ts';
import { renewRelayLease } from '../storage/tables/outbox-events.ts';

export interface RelayLease {
  /** Throws what the database throws. Nothing is done while two thirds of the lease are left. */
  renew(): Promise<void>;
  isFresh(): boolean;
}

export function createRelayLease(deps: {
  readonly db: Database;
  readonly origin: string;
  readonly ttlMs: number;
  onRenewed(): Promise<void>;
}): RelayLease {
  const { db, origin, ttlMs } = deps;
  /** Not by the clock: one that is set back an hour would let the lease run out, and others publish our rows too. */
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

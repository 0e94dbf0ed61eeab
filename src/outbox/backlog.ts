/**
 * Counts the events that wait to be published and their age. Counts at most every 5 s, because counting reads the
 * table.
 */
import type { Database } from '../storage/postgres/database.ts';
import { countOutboxBacklog } from '../storage/tables/outbox-events.ts';
import type { FactOutbox } from './fact-outbox.ts';

export interface Backlog {
  /** Outbox rows of all replicas, and facts of this process and of dead ones (at most 100,000). */
  readonly backlogCount: number;
  readonly oldestAgeSeconds: number;
}

const intervalMs = 5_000;

/** Creates the counter. `lastCounted` returns the last result without a query. */
export function createBacklogCount(db: Database, facts: Pick<FactOutbox, 'numbers' | 'oldestAgeSeconds'>) {
  let counted: Backlog = { backlogCount: 0, oldestAgeSeconds: 0 };
  let countedAtMs = Number.NEGATIVE_INFINITY;
  return {
    lastCounted: (): Backlog => counted,
    async count(): Promise<void> {
      if (performance.now() - countedAtMs < intervalMs) return;
      const others = await countOutboxBacklog(db);
      const ownAgeSeconds = await facts.oldestAgeSeconds();
      counted = {
        backlogCount: others.count + facts.numbers.unsettledCount(),
        oldestAgeSeconds: Math.max(others.oldestAgeSeconds, ownAgeSeconds),
      };
      countedAtMs = performance.now();
    },
  };
}

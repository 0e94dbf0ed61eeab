/**
 * The outbox of facts (calls and deliveries), whose events are rendered from their rows. It numbers the facts, knows
 * which are in memory, reads back those that did not fit, and writes the mark up to which the broker has confirmed.
 */
import type { Clock } from '../clock.ts';
import type { Database } from '../storage/postgres/database.ts';
import {
  type DeliveryFact,
  findOwnFacts,
  type NumberedFact,
  raiseRelayMark,
  registerRelayMark,
  removeRelayMark,
} from '../storage/tables/facts.ts';
import type { OutboxMessage } from './envelope.ts';
import { createFactNumbers, type FactNumbers } from './fact-numbers.ts';
import { messagesOfCall } from './facts.ts';

export interface FactOutbox {
  readonly numbers: FactNumbers;
  /** Notes that the event is in memory. */
  hold(number: number): void;
  heldCount(): number;
  /** Notes that the broker has confirmed the event. */
  confirmed(number: number): void;
  /** Renders the events of facts. */
  messagesOf(facts: readonly NumberedFact[]): OutboxMessage[];
  /** The next events of this process that are neither in memory nor confirmed, in order. */
  readOwn(): Promise<readonly OutboxMessage[]>;
  /** The mark's row exists and covers facts since `sinceMs`. */
  isRegistered(sinceMs: number): boolean;
  /** Writes the mark's row, or extends it back to `sinceMs`. */
  register(sinceMs: number): Promise<void>;
  /** Facts were settled that the written mark does not include. */
  isMarkBehind(): boolean;
  raiseMark(): Promise<void>;
  /** The age of the oldest unpublished fact. */
  oldestAgeSeconds(): Promise<number>;
  /** Removes the mark's row if every fact is published; otherwise writes the mark. */
  close(): Promise<void>;
}

const readBatch = 250;
/** A call may begin this long before its row is written. Older facts, from a spool, are registered separately. */
const longestCallMs = 3_600_000;

/** Creates the outbox of this process's facts. */
export function createFactOutbox(
  deps: { readonly db: Database; readonly clock: Clock; readonly origin: string },
  messageOfDelivery: (row: DeliveryFact, number: number) => OutboxMessage,
): FactOutbox {
  const { db, clock, origin } = deps;
  const numbers = createFactNumbers();
  /** Numbers of events that are in memory and not confirmed. */
  const held = new Set<number>();
  let writtenMark = 0;
  let registeredSinceMs = Number.POSITIVE_INFINITY;

  const messagesOf = (facts: readonly NumberedFact[]): OutboxMessage[] =>
    facts.flatMap((fact) =>
      fact.kind === 'call' ? messagesOfCall(fact.row, fact.number) : [messageOfDelivery(fact.row, fact.number)],
    );
  const isMissing = ({ factNumber }: OutboxMessage): boolean =>
    factNumber !== null && !held.has(factNumber) && !numbers.isSettled(factNumber);

  const rangeAfter = (after: number, limit: number) => ({
    since: new Date(registeredSinceMs).toISOString(),
    after,
    upTo: numbers.closedUpTo(),
    limit,
  });

  const raiseMark = async (): Promise<void> => {
    const mark = numbers.mark();
    if (mark <= writtenMark) return;
    await raiseRelayMark(db, origin, mark);
    writtenMark = mark;
  };

  return {
    numbers,
    hold: (number) => void held.add(number),
    heldCount: () => held.size,
    confirmed(number) {
      held.delete(number);
      numbers.settle(number);
    },
    messagesOf,
    async readOwn() {
      if (numbers.unsettledCount() === held.size) return [];
      const limit = held.size + readBatch;
      for (let after = numbers.mark(); ; ) {
        const facts = await findOwnFacts(db, origin, rangeAfter(after, limit));
        const missing = messagesOf(facts).filter(isMissing);
        for (const { factNumber } of missing) if (factNumber !== null) held.add(factNumber);
        const last = facts.at(-1);
        if (missing.length > 0 || last === undefined) return missing;
        after = last.number; // All of these are confirmed or in memory: the missing ones come after them.
      }
    },
    isRegistered: (sinceMs) => registeredSinceMs <= sinceMs,
    async register(sinceMs) {
      const fromMs = Math.min(sinceMs, registeredSinceMs, clock.now() - longestCallMs);
      await registerRelayMark(db, origin, numbers.mark(), fromMs);
      registeredSinceMs = fromMs;
    },
    isMarkBehind: () => writtenMark < numbers.mark(),
    raiseMark,
    async oldestAgeSeconds() {
      if (numbers.unsettledCount() === 0 || registeredSinceMs === Number.POSITIVE_INFINITY) return 0;
      const [oldest] = await findOwnFacts(db, origin, rangeAfter(numbers.mark(), 1));
      if (oldest === undefined) return 0;
      const since = oldest.kind === 'call' ? oldest.row.completed_at : oldest.row.received_at;
      return Math.max(0, (clock.now() - Date.parse(since)) / 1_000);
    },
    async close() {
      if (registeredSinceMs === Number.POSITIVE_INFINITY) return;
      if (numbers.unsettledCount() === 0) await removeRelayMark(db, origin);
      else await raiseMark();
    },
  };
}

/**
 * Events that are rendered from the row of their fact: the numbers of this process, which of them are in memory, reading
 * back what did not fit, and the mark up to which the broker has confirmed.
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
  hold(number: number): void;
  heldCount(): number;
  confirmed(number: number): void;
  messagesOf(facts: readonly NumberedFact[]): OutboxMessage[];
  /** Facts of this process that are neither in memory nor confirmed, in order. */
  readOwn(): Promise<readonly OutboxMessage[]>;
  /** The mark's row is there, and no fact since `sinceMs` is out of its sight. */
  isRegistered(sinceMs: number): boolean;
  register(sinceMs: number): Promise<void>;
  isMarkBehind(): boolean;
  raiseMark(): Promise<void>;
  /** How long the oldest fact has waited. */
  oldestAgeSeconds(): Promise<number>;
  /** A clean end: without a row where all is published. */
  close(): Promise<void>;
}

const readBatch = 250;
/** A call may have begun this long before its row is written; older facts (a spool) are registered separately. */
const longestCallMs = 3_600_000;

export function createFactOutbox(
  deps: { readonly db: Database; readonly clock: Clock; readonly origin: string },
  messageOfDelivery: (row: DeliveryFact, number: number) => OutboxMessage,
): FactOutbox {
  const { db, clock, origin } = deps;
  const numbers = createFactNumbers();
  /** Numbers whose events are in memory and not confirmed. */
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

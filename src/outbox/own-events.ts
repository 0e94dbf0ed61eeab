/**
 * Admits the events of this process into memory, up to a bound. Events above the bound stay in the tables, and so do
 * all later ones until those are read back, oldest first: this keeps the order.
 */
import type { OutboxMessage } from './envelope.ts';
import type { FactOutbox } from './fact-outbox.ts';
import { mergeByTime } from './merge-by-time.ts';
import type { RowOutbox } from './row-outbox.ts';

export interface OwnEvents {
  /** Whether events of this process wait in the tables. */
  isOverflowing(): boolean;
  heldCount(): number;
  /** Returns the events that fit into memory, which already holds `chars` characters; the others stay in the tables. */
  admit(messages: readonly OutboxMessage[], chars: number): readonly OutboxMessage[];
  /** Reads the next waiting events. The overflow ends when none is found and none was left in the tables meanwhile. */
  readBack(): Promise<readonly OutboxMessage[]>;
}

/** Creates the admission; `bound` is the maximum number and total length of events in memory. */
export function createOwnEvents(
  rows: Pick<RowOutbox, 'hold' | 'heldCount' | 'readOwn'>,
  facts: Pick<FactOutbox, 'hold' | 'heldCount' | 'readOwn'>,
  bound: { readonly count: number; readonly chars: number },
): OwnEvents {
  let isOverflowing = false;
  let leftCount = 0;
  const heldCount = (): number => rows.heldCount() + facts.heldCount();

  return {
    isOverflowing: () => isOverflowing,
    heldCount,
    admit(messages, chars) {
      const admitted: OutboxMessage[] = [];
      let admittedChars = chars;
      for (const message of messages) {
        if (message.notBefore !== null) continue; // The holder of the pick-up lease publishes it when it is due.
        if (isOverflowing || heldCount() >= bound.count || admittedChars >= bound.chars) {
          isOverflowing = true;
          leftCount += 1;
          continue;
        }
        if (message.factNumber === null) rows.hold(message.id);
        else facts.hold(message.factNumber);
        admitted.push(message);
        admittedChars += message.body.length;
      }
      return admitted;
    },
    async readBack() {
      const leftBefore = leftCount;
      const found = mergeByTime(await rows.readOwn(), await facts.readOwn());
      if (found.length === 0 && leftCount === leftBefore) isOverflowing = false;
      return found;
    },
  };
}

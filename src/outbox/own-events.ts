/**
 * The events of this process on their way into memory. Those that do not fit wait in the tables, and while any do, every
 * new one is left there behind them: order. They are read back, oldest first, when there is room.
 */
import type { OutboxMessage } from './envelope.ts';
import type { FactOutbox } from './fact-outbox.ts';
import { mergeByTime } from './merge-by-time.ts';
import type { RowOutbox } from './row-outbox.ts';

export interface OwnEvents {
  /** Some wait in the tables. */
  isOverflowing(): boolean;
  heldCount(): number;
  /** Those that fit into memory, where `chars` of bodies are; the others are left in the tables. */
  admit(messages: readonly OutboxMessage[], chars: number): readonly OutboxMessage[];
  /** The next that wait in the tables; the overflow ends when there are none, and none was left there meanwhile. */
  readBack(): Promise<readonly OutboxMessage[]>;
}

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
        if (message.notBefore !== null) continue; // Picked up by the holder of the lease, when it is due.
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

/**
 * Numbers the facts of this process. A number is taken for each event of a fact before its commit begins, and settled
 * when the broker has confirmed the event, or when nothing was written under it. The mark is the highest number up to
 * which all are settled: after a crash, facts above it are published again.
 *
 * Settled numbers above the mark are stored as ranges, so that one event that stays unconfirmed costs no memory for the
 * events behind it.
 */
/** Consecutive numbers for the facts of one commit. */
export interface NumberBlock {
  readonly first: number;
  readonly count: number;
  /** Call it when the commit has ended and the relay has its events. */
  close(): void;
}

export interface FactNumbers {
  /** Takes a block of `count` numbers; the block stays open until `close`. */
  take(count: number): NumberBlock;
  settle(number: number): void;
  isSettled(number: number): boolean;
  /** All numbers up to this one are settled. */
  mark(): number;
  /** All blocks up to this number are closed: a fact up to it that is not in memory is in the table. */
  closedUpTo(): number;
  /** Numbers taken and not settled. */
  unsettledCount(): number;
}

/** Starts numbering at 1. */
export function createFactNumbers(): FactNumbers {
  let last = 0;
  let mark = 0;
  let settledCount = 0;
  const open = new Set<NumberBlock>();
  /** Ranges of settled numbers above the mark, by their first and by their last number. */
  const endByStart = new Map<number, number>();
  const startByEnd = new Map<number, number>();

  const isInRange = (number: number): boolean => {
    if (endByStart.has(number) || startByEnd.has(number)) return true;
    for (const [start, end] of endByStart) if (start <= number && number <= end) return true;
    return false;
  };

  return {
    take(count) {
      const block: NumberBlock = { first: last + 1, count, close: () => void open.delete(block) };
      last += count;
      open.add(block);
      return block;
    },
    settle(number) {
      settledCount += 1;
      if (number === mark + 1) {
        const end = endByStart.get(number + 1);
        mark = end ?? number;
        if (end === undefined) return;
        endByStart.delete(number + 1);
        startByEnd.delete(end);
        return;
      }
      const start = startByEnd.get(number - 1) ?? number;
      const end = endByStart.get(number + 1) ?? number;
      startByEnd.delete(number - 1);
      endByStart.delete(number + 1);
      endByStart.set(start, end);
      startByEnd.set(end, start);
    },
    isSettled: (number) => number <= mark || isInRange(number),
    mark: () => mark,
    closedUpTo() {
      // Blocks are in the order in which they were taken: the first is the lowest.
      const [lowest] = open;
      return lowest === undefined ? last : lowest.first - 1;
    },
    unsettledCount: () => last - settledCount,
  };
}

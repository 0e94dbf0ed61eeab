import type { OutboxMessage } from './envelope.ts';

/** Merges two lists by time. Each list keeps its own order. */
export function mergeByTime(a: readonly OutboxMessage[], b: readonly OutboxMessage[]): OutboxMessage[] {
  const merged: OutboxMessage[] = [];
  let nextOfB = 0;
  for (const message of a) {
    for (; nextOfB < b.length; nextOfB++) {
      const other = b[nextOfB] as OutboxMessage;
      if (other.occurredAt > message.occurredAt) break;
      merged.push(other);
    }
    merged.push(message);
  }
  return merged.concat(b.slice(nextOfB));
}

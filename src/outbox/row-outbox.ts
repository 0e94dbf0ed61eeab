/**
 * Events that have a row of their own in `outbox_events`: which of them are in memory, reading back what did not fit,
 * picking up what others left, and deleting what the broker has confirmed.
 */
import type { Database } from '../storage/postgres/database.ts';
import {
  deleteOutboxRows,
  findLeftOverRows,
  findOwnOutboxRows,
  type OutboxRow,
} from '../storage/tables/outbox-events.ts';
import { messageOfRow, type OutboxMessage } from './envelope.ts';

export interface RowOutbox {
  /** The row is in memory from here on, until it is deleted. */
  hold(id: string): void;
  /** In memory, or confirmed and not deleted yet. */
  heldCount(): number;
  confirmed(id: string): void;
  hasConfirmed(): boolean;
  /** This process's own rows that are not in memory, oldest first. */
  readOwn(): Promise<readonly OutboxMessage[]>;
  /** The next rows of dead processes and of none, and deferred rows that are due. */
  readLeftOver(): Promise<{ readonly messages: readonly OutboxMessage[]; readonly hasMore: boolean }>;
  /** Deletes confirmed events, one batch at a time. */
  deleteConfirmed(): Promise<void>;
}

/** Rows in one read, fewer where the last ones were large: a read stays around 32 Mi characters. */
const maxReadBatch = 1_000;
const minReadBatch = 64;
const readBatchChars = 32 * 1024 * 1024;
const deleteBatch = 2_000;

export function createRowOutbox(db: Database, origin: string): RowOutbox {
  /** Reading the table must pass them over. */
  const held = new Set<string>();
  const toDelete: string[] = [];
  let readBatch = 250;
  /** The last pick-up was a full batch: there is more, after this sequence. */
  let pickedUpTo = 0;

  // Deletes and reads of the table take turns: a read must not bring back a row that is being deleted.
  let tableTurn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = tableTurn.then(work, work);
    tableTurn = turn.catch(() => undefined);
    return turn;
  };

  const holdUnknown = (rows: readonly OutboxRow[]): OutboxMessage[] => {
    const largest = rows.reduce((most, { body }) => Math.max(most, body.length), 1);
    readBatch = Math.max(minReadBatch, Math.min(maxReadBatch, Math.floor(readBatchChars / largest)));
    const unknown = rows.filter((row) => !held.has(row.id)).map((row) => messageOfRow(row, null));
    for (const message of unknown) held.add(message.id);
    return unknown;
  };

  return {
    hold: (id) => void held.add(id),
    heldCount: () => held.size,
    confirmed: (id) => void toDelete.push(id),
    hasConfirmed: () => toDelete.length > 0,
    readOwn: () => inTurn(async () => holdUnknown(await findOwnOutboxRows(db, origin, held.size + readBatch))),
    readLeftOver() {
      return inTurn(async () => {
        const limit = readBatch + (pickedUpTo === 0 ? held.size : 0);
        const rows = await findLeftOverRows(db, origin, pickedUpTo, limit);
        const hasMore = rows.length === limit;
        // From end to end, then from the beginning again: what committed late has a low sequence.
        pickedUpTo = hasMore ? (rows.at(-1)?.sequence ?? 0) : 0;
        return { messages: holdUnknown(rows), hasMore };
      });
    },
    async deleteConfirmed() {
      while (toDelete.length > 0) {
        await inTurn(async () => {
          const batch = toDelete.slice(0, deleteBatch);
          await deleteOutboxRows(db, batch);
          toDelete.splice(0, batch.length);
          for (const id of batch) held.delete(id);
        });
      }
    },
  };
}

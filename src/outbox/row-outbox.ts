/**
 * Events with their own rows in `outbox_events`: tracks which are in memory, reads back those that did not fit, picks
 * up those of other processes, and deletes confirmed ones.
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
  /** Notes that the row is in memory, until it is deleted. */
  hold(id: string): void;
  /** Rows in memory, including confirmed ones that are not deleted yet. */
  heldCount(): number;
  confirmed(id: string): void;
  hasConfirmed(): boolean;
  /** The next rows of this process that are not in memory, oldest first. */
  readOwn(): Promise<readonly OutboxMessage[]>;
  /** The next rows of dead processes, rows without an owner, and deferred rows that are due. */
  readLeftOver(): Promise<{ readonly messages: readonly OutboxMessage[]; readonly hasMore: boolean }>;
  /** Deletes confirmed events, one batch at a time. */
  deleteConfirmed(): Promise<void>;
}

/** Rows per read. After large rows it is lowered, so that a read stays around 32 Mi characters. */
const maxReadBatch = 1_000;
const minReadBatch = 64;
const readBatchChars = 32 * 1024 * 1024;
const deleteBatch = 2_000;

/** Creates the outbox of this process, `origin`. */
export function createRowOutbox(db: Database, origin: string): RowOutbox {
  /** Reads of the table skip these rows. */
  const held = new Set<string>();
  const toDelete: string[] = [];
  let readBatch = 250;
  /** Sequence of the last row picked up; the next pick-up continues after it. 0: start from the beginning. */
  let pickedUpTo = 0;

  // Deletes and reads of the table never overlap, because a read must not return a row that is being deleted.
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
        // After the end, start over: a row that committed late has a low sequence.
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

/** Holds records that wait for the next commit, and callers that wait for room. */
import { IntakeFull, type IntakeReceipt } from './intake.ts';
import type { PreparedRecord } from './prepare.ts';

export interface WaitingRecord {
  readonly record: PreparedRecord;
  readonly sizeBytes: number;
  resolve(receipt: IntakeReceipt): void;
  reject(error: unknown): void;
}

export interface IntakeQueue {
  /** Resolves when the record is durable. Rejects with `IntakeFull` if there is no room within the deadline. */
  enter(record: PreparedRecord): Promise<IntakeReceipt>;
  /** Removes and returns the oldest records, as many as fit both limits, but at least one if there is any. */
  take(maxRecords: number, maxBytes: number): WaitingRecord[];
  isEmpty(): boolean;
  /** Number of records, without the callers that wait for room. */
  count(): number;
}

export interface IntakeQueueOptions {
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** How long a caller waits for room. */
  readonly deadlineMs: number;
}

/** Maximum callers that wait for room; more are refused at once. */
const maxCallers = 10_000;

interface WaitingCaller {
  readonly waiting: WaitingRecord;
  readonly timer: NodeJS.Timeout;
}

/** Creates an empty queue. */
export function createIntakeQueue({ maxRecords, maxBytes, deadlineMs }: IntakeQueueOptions): IntakeQueue {
  let records: WaitingRecord[] = [];
  let bytes = 0;
  /**
   * Callers that wait for room, in order of arrival. A Set, because a caller whose deadline passes leaves from the
   * middle.
   */
  const callers = new Set<WaitingCaller>();

  const hasPlace = (): boolean => records.length < maxRecords && bytes < maxBytes;

  const admit = (waiting: WaitingRecord): void => {
    records.push(waiting);
    bytes += waiting.sizeBytes;
  };

  const admitCallers = (): void => {
    for (const caller of callers) {
      if (!hasPlace()) return;
      callers.delete(caller);
      clearTimeout(caller.timer);
      admit(caller.waiting);
    }
  };

  const waitForRoom = (waiting: WaitingRecord): void => {
    if (callers.size >= maxCallers) {
      waiting.reject(new IntakeFull('no_room'));
      return;
    }
    const caller: WaitingCaller = {
      waiting,
      timer: setTimeout(() => {
        callers.delete(caller);
        waiting.reject(new IntakeFull('no_room'));
      }, deadlineMs),
    };
    callers.add(caller);
  };

  return {
    enter(record) {
      return new Promise((resolve, reject) => {
        const waiting = { record, sizeBytes: sizeOf(record), resolve, reject };
        if (callers.size === 0 && hasPlace()) admit(waiting);
        else waitForRoom(waiting);
      });
    },
    take(maxBatchRecords, maxBatchBytes) {
      let count = 0;
      let taken = 0;
      for (const { sizeBytes } of records) {
        if (count >= maxBatchRecords || (count > 0 && taken + sizeBytes > maxBatchBytes)) break;
        count += 1;
        taken += sizeBytes;
      }
      const batch = records.slice(0, count);
      records = records.slice(count);
      bytes -= taken;
      admitCallers();
      return batch;
    },
    isEmpty: () => records.length === 0,
    count: () => records.length,
  };
}

const rowBytes = 600;

/** Approximate memory use, for the limit: one byte per character and a fixed part per row. */
function sizeOf({ webhook, logs, bodies, usage, events }: PreparedRecord): number {
  let size = (logs.length + usage.length + events.length) * rowBytes;
  for (const { body } of bodies) size += body.length;
  for (const { body } of events) size += body.length;
  if (webhook !== null) size += rowBytes + webhook.headers.length + (webhook.payload?.length ?? 0);
  return size;
}

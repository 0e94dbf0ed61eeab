/** Records that wait for the next commit, and callers that wait for room. */
import { IntakeFull, type IntakeReceipt } from './intake.ts';
import type { PreparedRecord } from './prepare.ts';

export interface WaitingRecord {
  readonly record: PreparedRecord;
  readonly sizeBytes: number;
  resolve(receipt: IntakeReceipt): void;
  reject(error: unknown): void;
}

export interface WaitingRoom {
  /** Resolves when the record is durable. Rejects with `IntakeFull` if there is no room within the deadline. */
  enter(record: PreparedRecord): Promise<IntakeReceipt>;
  /** The oldest records, as many as fit both limits, at least one if there is any. */
  take(maxRecords: number, maxBytes: number): WaitingRecord[];
  isEmpty(): boolean;
  /** Without the callers that wait for room. */
  count(): number;
}

export interface WaitingRoomOptions {
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** How long a caller waits for room. */
  readonly deadlineMs: number;
}

/** Maximum callers that wait for room; more are refused at once. */
const maxAtDoor = 10_000;

interface AtDoor {
  readonly waiting: WaitingRecord;
  readonly timer: NodeJS.Timeout;
}

export function createWaitingRoom({ maxRecords, maxBytes, deadlineMs }: WaitingRoomOptions): WaitingRoom {
  let inside: WaitingRecord[] = [];
  let bytes = 0;
  /** In order of arrival. A set, because a caller whose deadline passes leaves from the middle. */
  const door = new Set<AtDoor>();

  const hasPlace = (): boolean => inside.length < maxRecords && bytes < maxBytes;

  const admit = (waiting: WaitingRecord): void => {
    inside.push(waiting);
    bytes += waiting.sizeBytes;
  };

  const admitFromDoor = (): void => {
    for (const atDoor of door) {
      if (!hasPlace()) return;
      door.delete(atDoor);
      clearTimeout(atDoor.timer);
      admit(atDoor.waiting);
    }
  };

  const waitAtDoor = (waiting: WaitingRecord): void => {
    if (door.size >= maxAtDoor) {
      waiting.reject(new IntakeFull('no_room'));
      return;
    }
    const atDoor: AtDoor = {
      waiting,
      timer: setTimeout(() => {
        door.delete(atDoor);
        waiting.reject(new IntakeFull('no_room'));
      }, deadlineMs),
    };
    door.add(atDoor);
  };

  return {
    enter(record) {
      return new Promise((resolve, reject) => {
        const waiting = { record, sizeBytes: sizeOf(record), resolve, reject };
        if (door.size === 0 && hasPlace()) admit(waiting);
        else waitAtDoor(waiting);
      });
    },
    take(maxBatchRecords, maxBatchBytes) {
      let count = 0;
      let taken = 0;
      for (const { sizeBytes } of inside) {
        if (count >= maxBatchRecords || (count > 0 && taken + sizeBytes > maxBatchBytes)) break;
        count += 1;
        taken += sizeBytes;
      }
      const batch = inside.slice(0, count);
      inside = inside.slice(count);
      bytes -= taken;
      admitFromDoor();
      return batch;
    },
    isEmpty: () => inside.length === 0,
    count: () => inside.length,
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

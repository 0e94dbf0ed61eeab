/**
 * Publishes events from memory, many unconfirmed at once, in order per key (tenant and aggregate).
 *
 * A key is in one of two states:
 * - flowing: its messages are sent one after another without waiting for confirms; one channel keeps their order.
 * - blocked: the broker refused one of them, or its confirm never came. Later messages of the key wait. When none of
 *   the key is in flight, the failed ones are sent again, one at a time, oldest first; then the key flows again.
 *
 * A lost connection loses only the newest messages, so repeating them keeps the order. The order can break only if a
 * broker refuses one message and accepts the next one, which is already on the wire. Waiting for each confirm would
 * prevent that at a fifteenth of the throughput.
 *
 * A key that keeps failing does not hold back other keys. Nothing is sent while the broker is away. The relay bounds
 * the queue: it reads `size` before it submits.
 */
import { getOrCreate } from '../bounded-map.ts';
import type { OutboxMessage } from './envelope.ts';

export interface OrderedPublisherDeps {
  /** Resolves when the broker has confirmed. Must have its own deadline. */
  publish(message: OutboxMessage): Promise<void>;
  isAvailable(): boolean;
  onConfirmed(message: OutboxMessage): void;
  onFailed?(message: OutboxMessage, error: unknown): void;
  /** Maximum number of unconfirmed messages. */
  readonly windowSize: number;
  /** The first pause before a failed message is sent again. It doubles up to 40 times its value, with jitter. */
  readonly retryPauseMs: number;
}

export interface OrderedPublisher {
  submit(messages: readonly OutboxMessage[]): void;
  /** Number of messages that wait or are in flight. */
  size(): number;
  /** Total length of their bodies, in characters. */
  chars(): number;
  /** Continues sending. Call it when the broker is back. */
  resume(): void;
  /** Resolves when all messages are confirmed, or after `deadlineMs`. Sends nothing afterwards. */
  close(deadlineMs: number): Promise<void>;
}

interface Entry {
  readonly message: OutboxMessage;
  readonly key: string;
  readonly position: number;
}

interface Lane {
  inFlight: number;
  blocked: boolean;
  /** Failed once; sent again one at a time. */
  failed: Entry[];
  /** Submitted while the key was blocked. */
  held: Entry[];
  attempts: number;
  timer: NodeJS.Timeout | null;
}

const emptyLane = (): Lane => ({ inFlight: 0, blocked: false, failed: [], held: [], attempts: 0, timer: null });

/** A first-in-first-out queue whose `shift` does not move the rest. */
function createQueue<T>() {
  let items: (T | undefined)[] = [];
  let head = 0;
  return {
    push: (item: T): void => void items.push(item),
    shift(): T | undefined {
      const item = items[head];
      if (item === undefined) return undefined;
      items[head] = undefined; // Releases the message's memory.
      head += 1;
      if (head > 1024 && head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
  };
}

/** Creates the publisher; see the top of this file. */
export function createOrderedPublisher(deps: OrderedPublisherDeps): OrderedPublisher {
  const lanes = new Map<string, Lane>();
  /** Messages of keys that flow again. They are older than messages of the same key in `fresh`. */
  const released = createQueue<Entry>();
  const fresh = createQueue<Entry>();
  let position = 0;
  let size = 0;
  let chars = 0;
  let inFlight = 0;
  let closed = false;
  let onEmpty: (() => void) | null = null;

  const pump = (): void => {
    while (!closed && inFlight < deps.windowSize && deps.isAvailable()) {
      const entry = released.shift() ?? fresh.shift();
      if (entry === undefined) return;
      const lane = getOrCreate(lanes, entry.key, emptyLane);
      if (lane.blocked) lane.held.push(entry);
      else send(entry, lane);
    }
  };

  const send = (entry: Entry, lane: Lane): void => {
    inFlight += 1;
    lane.inFlight += 1;
    deps.publish(entry.message).then(
      () => settle(entry, lane, true, undefined),
      (error: unknown) => settle(entry, lane, false, error),
    );
  };

  const settle = (entry: Entry, lane: Lane, confirmed: boolean, error: unknown): void => {
    inFlight -= 1;
    lane.inFlight -= 1;
    if (confirmed) {
      size -= 1;
      chars -= entry.message.body.length;
      lane.attempts = 0;
      deps.onConfirmed(entry.message);
    } else {
      lane.blocked = true;
      lane.failed.push(entry);
      deps.onFailed?.(entry.message, error);
    }
    if (lane.inFlight === 0) {
      if (lane.blocked) continueBlocked(lane, confirmed);
      else lanes.delete(entry.key);
    }
    pump();
    if (size === 0) onEmpty?.();
  };

  /** Called when no message of the key is in flight: sends the next failed one, or lets the key flow again. */
  const continueBlocked = (lane: Lane, lastWasConfirmed: boolean): void => {
    if (lane.failed.length === 0) {
      lane.blocked = false;
      for (const entry of lane.held) released.push(entry);
      lane.held = [];
      return;
    }
    lane.failed.sort((a, b) => a.position - b.position);
    if (lastWasConfirmed) {
      sendFirstFailed(lane);
      return;
    }
    const ceilingMs = deps.retryPauseMs * Math.min(40, 2 ** lane.attempts);
    lane.attempts += 1;
    lane.timer = setTimeout(() => sendFirstFailed(lane), ceilingMs * (0.5 + Math.random() / 2)).unref();
  };

  /** May exceed the window by one per blocked key, because a full window must not keep a key blocked. */
  const sendFirstFailed = (lane: Lane): void => {
    if (lane.timer !== null) clearTimeout(lane.timer);
    lane.timer = null;
    if (closed || lane.inFlight > 0 || !deps.isAvailable()) return; // resume() tries again.
    const entry = lane.failed.shift();
    if (entry !== undefined) send(entry, lane);
  };

  return {
    submit(messages) {
      for (const message of messages) {
        fresh.push({ message, key: `${message.tenantId}\n${message.aggregateId}`, position: position++ });
        chars += message.body.length;
      }
      size += messages.length;
      pump();
    },
    size: () => size,
    chars: () => chars,
    resume() {
      for (const lane of lanes.values()) if (lane.blocked && lane.inFlight === 0) sendFirstFailed(lane);
      pump();
    },
    async close(deadlineMs) {
      if (size > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, deadlineMs);
          onEmpty = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      closed = true;
      for (const lane of lanes.values()) if (lane.timer !== null) clearTimeout(lane.timer);
    },
  };
}

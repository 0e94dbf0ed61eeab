/**
 * Publishes from memory, many unconfirmed at once, in order per key (tenant and aggregate).
 *
 * A key is in one of two states:
 * - flowing: its messages are sent one after another without waiting for confirms; one channel keeps their order.
 * - blocked: one of them was refused or its confirm never came. Later ones of the key wait. When nothing of it is in
 *   flight any more, what failed is sent again, one at a time, oldest first; then the key flows again.
 * A lost connection loses the tail of what was sent, so order holds without duplicates being confused. Only a broker
 * that refuses one message and takes the next one already on the wire can swap the two; waiting for each confirm would
 * rule that out and cost fifteen times the throughput.
 *
 * One key that keeps failing holds back no other key. Nothing is sent while the broker is away. How much waits here is
 * bounded by the relay, which asks `size` before it submits.
 */
import type { OutboxMessage } from './envelope.ts';

export interface OrderedPublisherDeps {
  /** Resolves when the broker confirmed; has its own deadline. */
  publish(message: OutboxMessage): Promise<void>;
  isAvailable(): boolean;
  onConfirmed(message: OutboxMessage): void;
  onFailed?(message: OutboxMessage, error: unknown): void;
  /** Unconfirmed messages at once. */
  readonly windowSize: number;
  /** The first pause before a failed message is sent again; doubles up to 40 times this, with jitter. */
  readonly retryPauseMs: number;
}

export interface OrderedPublisher {
  submit(messages: readonly OutboxMessage[]): void;
  /** Messages that wait or are in flight. */
  size(): number;
  /** The length of their bodies together. */
  chars(): number;
  /** Sends again what waits for the broker: called when it comes back. */
  resume(): void;
  /** Resolves when all is sent, or after `deadlineMs`; sends nothing afterwards. */
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
  /** Sent once already, to be sent again, one at a time. */
  failed: Entry[];
  /** Came while the key was blocked. */
  held: Entry[];
  attempts: number;
  timer: NodeJS.Timeout | null;
}

/** A first-in-first-out queue whose `shift` does not move the rest. */
function createQueue<T>() {
  let items: (T | undefined)[] = [];
  let head = 0;
  return {
    push: (item: T): void => void items.push(item),
    shift(): T | undefined {
      const item = items[head];
      if (item === undefined) return undefined;
      items[head] = undefined; // It holds a message, which must not outlive its turn.
      head += 1;
      if (head > 1024 && head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
  };
}

export function createOrderedPublisher(deps: OrderedPublisherDeps): OrderedPublisher {
  const lanes = new Map<string, Lane>();
  /** Held messages of keys that flow again: older than anything of their key in `fresh`. */
  const released = createQueue<Entry>();
  const fresh = createQueue<Entry>();
  let position = 0;
  let size = 0;
  let chars = 0;
  let inFlight = 0;
  let closed = false;
  let onEmpty: (() => void) | null = null;

  const laneOf = (key: string): Lane => {
    let lane = lanes.get(key);
    if (lane === undefined) {
      lane = { inFlight: 0, blocked: false, failed: [], held: [], attempts: 0, timer: null };
      lanes.set(key, lane);
    }
    return lane;
  };

  const pump = (): void => {
    while (!closed && inFlight < deps.windowSize && deps.isAvailable()) {
      const entry = released.shift() ?? fresh.shift();
      if (entry === undefined) return;
      const lane = laneOf(entry.key);
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

  /** Nothing of this key is in flight: go on with what failed, or let it flow again. */
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

  /** May exceed the window by one per blocked key: a full window must not keep a key blocked. */
  const sendFirstFailed = (lane: Lane): void => {
    if (lane.timer !== null) clearTimeout(lane.timer);
    lane.timer = null;
    if (closed || lane.inFlight > 0 || !deps.isAvailable()) return; // resume() asks again.
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

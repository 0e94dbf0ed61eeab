/**
 * Deadlines for all calls, on one timer: a hashed timing wheel.
 *
 * The wheel is a ring of slots `tickMs` wide, each a linked list of deadlines; its timer runs only while there are
 * deadlines. Setting and clearing a deadline is a few pointer writes. `AbortSignal.timeout` instead creates a timer, a
 * signal and a finalisation entry that stay until the time has passed, even if the call ended earlier (measured in
 * `deadline.bench.ts`). A deadline fires at most one tick late and never early.
 *
 * The wheel has no bound of its own, because a dropped deadline would leave a call waiting forever. Its users are
 * bounded (bulkheads, the HTTP edge).
 */

/** The abort reason of a signal whose time has passed. */
export class DeadlinePassed extends Error {
  readonly afterMs: number;

  constructor(afterMs: number) {
    super(`no answer within ${afterMs} ms`);
    this.name = 'DeadlinePassed';
    this.afterMs = afterMs;
  }
}

/**
 * A signal that aborts when its time has passed or its parent aborts, whichever is first. Call `clear` as soon as the
 * work ends.
 */
export interface DeadlineSignal {
  readonly signal: AbortSignal;
  /** True if the deadline, not the parent, aborted the signal. */
  expired(): boolean;
  clear(): void;
}

export interface Deadlines {
  /**
   * Calls `onPassed` once, `durationMs` from now or up to one tick later. Returns a function that clears the deadline;
   * clearing twice is harmless.
   */
  after(durationMs: number, onPassed: () => void): () => void;
  /**
   * `leftMs` is called when the time is up. If it returns more than 0, the deadline waits that long, at most
   * `durationMs`, and asks again.
   */
  signalAfter(durationMs: number, parent?: AbortSignal, leftMs?: () => number): DeadlineSignal;
  /** The number of pending deadlines. */
  size(): number;
  /** Drops all deadlines without firing them. */
  close(): void;
}

export interface DeadlinesOptions {
  /** Width of a slot. Default 10 ms. */
  readonly tickMs?: number;
  /** A monotonic clock in milliseconds, because wall time may jump. */
  readonly monotonicNow?: () => number;
}

const slotCount = 512;

interface Watched {
  readonly tick: number;
  previous: Watched | null;
  next: Watched | null;
  linked: boolean;
  /** null once cleared or fired. */
  onPassed: (() => void) | null;
}

/** Creates an empty wheel. */
export function createDeadlines(options: DeadlinesOptions = {}): Deadlines {
  const tickMs = options.tickMs ?? 10;
  const now = options.monotonicNow ?? (() => performance.now());
  const slots: (Watched | null)[] = new Array<Watched | null>(slotCount).fill(null);
  let watchedCount = 0;
  let timer: NodeJS.Timeout | null = null;
  /** All ticks up to this one have been handled. */
  let handledTick = 0;

  const unlink = (entry: Watched): void => {
    if (entry.previous === null) slots[entry.tick % slotCount] = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next !== null) entry.next.previous = entry.previous;
    entry.previous = null;
    entry.next = null;
    entry.linked = false;
    watchedCount -= 1;
  };

  const collectPassed = (slot: number, upToTick: number, passed: Watched[]): void => {
    let entry = slots[slot] ?? null;
    while (entry !== null) {
      const next: Watched | null = entry.next;
      if (entry.tick <= upToTick) {
        unlink(entry);
        passed.push(entry);
      }
      entry = next;
    }
  };

  const turn = (): void => {
    timer = null;
    const currentTick = Math.floor(now() / tickMs);
    const passed: Watched[] = [];
    // After a long pause of the event loop, visit each slot once, not once per missed tick.
    const dueSlots = Math.min(currentTick - handledTick, slotCount);
    for (let offset = 0; offset < dueSlots; offset += 1) {
      collectPassed((currentTick - offset) % slotCount, currentTick, passed);
    }
    handledTick = Math.max(handledTick, currentTick);
    if (watchedCount > 0) timer = setTimeout(turn, tickMs);
    // Callbacks run last, so that one that throws or sets a deadline finds the wheel consistent. One by one, because a
    // callback may clear another deadline of this turn.
    for (const entry of passed) {
      const { onPassed } = entry;
      entry.onPassed = null;
      onPassed?.();
    }
  };

  const after = (durationMs: number, onPassed: () => void): (() => void) => {
    const currentMs = now();
    if (timer === null) {
      handledTick = Math.floor(currentMs / tickMs);
      timer = setTimeout(turn, tickMs);
    }
    // Rounded up, and at least the tick after the current one: late by at most a tick, never early.
    const tick = Math.max(Math.ceil((currentMs + durationMs) / tickMs), handledTick + 1);
    const slot = tick % slotCount;
    const first = slots[slot] ?? null;
    const entry: Watched = { tick, previous: null, next: first, linked: true, onPassed };
    if (first !== null) first.previous = entry;
    slots[slot] = entry;
    watchedCount += 1;
    return () => {
      entry.onPassed = null;
      if (entry.linked) unlink(entry);
    };
  };

  const signalAfter = (durationMs: number, parent?: AbortSignal, leftMs?: () => number): DeadlineSignal => {
    const controller = new AbortController();
    let expired = false;
    const followParent = (): void => {
      clear();
      controller.abort(parent?.reason);
    };
    const onPassed = (): void => {
      const stillMs = leftMs?.() ?? 0;
      if (stillMs > 0) {
        clearTimer = after(Math.min(stillMs, durationMs), onPassed);
        return;
      }
      parent?.removeEventListener('abort', followParent);
      expired = true;
      controller.abort(new DeadlinePassed(durationMs));
    };
    let clearTimer = after(durationMs, onPassed);
    const clear = (): void => {
      clearTimer();
      parent?.removeEventListener('abort', followParent);
    };
    if (parent?.aborted === true) followParent();
    else parent?.addEventListener('abort', followParent, { once: true });
    return { signal: controller.signal, expired: () => expired, clear };
  };

  return {
    after,
    signalAfter,
    size: () => watchedCount,
    close: () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      for (let slot = 0; slot < slotCount; slot += 1) {
        for (let entry = slots[slot] ?? null; entry !== null; entry = slots[slot] ?? null) {
          entry.onPassed = null;
          unlink(entry);
        }
      }
    },
  };
}

/**
 * Limits how many calls may be at one service at a time, and how many may wait, so that one slow provider fills only
 * its own places and not the process. If all places are taken a call waits, first come first served; if the queue is
 * full it is refused at once (`full`). No call waits past its deadline. A service takes memory only while calls are at
 * it or wait for it.
 */
import type { Clock } from '../clock.ts';
import type { Deadlines } from './deadline.ts';

export type BulkheadEntry =
  | {
      readonly kind: 'entered';
      /** Must be called once the call is over, however it ended; calling twice is harmless. */
      leave(): void;
    }
  | { readonly kind: 'full' }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'aborted' };

export interface Bulkheads {
  /**
   * Takes a place at this service. Returns at once, without a promise, if a place is free or the queue is full. Never
   * throws.
   */
  enter(serviceId: string, deadlineAtMs: number, signal: AbortSignal): BulkheadEntry | Promise<BulkheadEntry>;
}

export interface BulkheadsDeps {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Default 64. */
  readonly maxActive?: number;
  /** Default 256. */
  readonly maxQueued?: number;
}

interface Waiter {
  settle(entry: BulkheadEntry): void;
}

interface Places {
  active: number;
  /** A Set keeps the order of arrival, and a caller that gives up can leave from the middle. */
  readonly waiting: Set<Waiter>;
}

export function createBulkheads(deps: BulkheadsDeps): Bulkheads {
  const { clock, deadlines, maxActive = 64, maxQueued = 256 } = deps;
  const placesByService = new Map<string, Places>();

  const occupy = (serviceId: string, places: Places): BulkheadEntry => {
    places.active += 1;
    let left = false;
    return {
      kind: 'entered',
      leave() {
        if (left) return;
        left = true;
        places.active -= 1;
        const [next] = places.waiting;
        if (next !== undefined) {
          places.waiting.delete(next);
          next.settle(occupy(serviceId, places));
        } else if (places.active === 0) placesByService.delete(serviceId);
      },
    };
  };

  const waitForPlace = (places: Places, remainingMs: number, signal: AbortSignal): Promise<BulkheadEntry> =>
    new Promise((resolve) => {
      const giveUp = (kind: 'timed-out' | 'aborted'): void => {
        places.waiting.delete(waiter);
        waiter.settle({ kind });
      };
      const onAbort = (): void => giveUp('aborted');
      const clearDeadline = deadlines.after(remainingMs, () => giveUp('timed-out'));
      const waiter: Waiter = {
        settle(entry) {
          clearDeadline();
          signal.removeEventListener('abort', onAbort);
          resolve(entry);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      places.waiting.add(waiter);
    });

  return {
    enter(serviceId, deadlineAtMs, signal) {
      if (signal.aborted) return { kind: 'aborted' };
      let places = placesByService.get(serviceId);
      if (places === undefined) {
        places = { active: 0, waiting: new Set() };
        placesByService.set(serviceId, places);
      }
      if (places.active < maxActive) return occupy(serviceId, places);
      if (places.waiting.size >= maxQueued) return { kind: 'full' };
      const remainingMs = deadlineAtMs - clock.now();
      if (remainingMs <= 0) return { kind: 'timed-out' };
      return waitForPlace(places, remainingMs, signal);
    },
  };
}

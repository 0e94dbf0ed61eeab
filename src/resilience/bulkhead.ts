/**
 * Limits how many calls one service may have in progress and waiting, so that a slow provider cannot occupy the whole
 * process. If all places are taken, a call waits in order of arrival, at most until its deadline. If the queue is full,
 * it is refused at once (`full`). A service uses memory only while it has calls.
 */
import type { Clock } from '../clock.ts';
import type { Deadlines } from './deadline.ts';

/** The result of asking for a place. */
export type BulkheadEntry =
  | {
      readonly kind: 'entered';
      /** Must be called when the call has ended, however it ended; calling twice is harmless. */
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
  /** In order of arrival. A Set, because a caller that gives up leaves from the middle. */
  readonly waiting: Set<Waiter>;
}

/** Creates the bulkheads of all services. */
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

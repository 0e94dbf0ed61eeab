/**
 * One append at a time to a spreadsheet, over all replicas, so that what is read back after a doubtful append is known
 * to be its own doing.
 *
 * Held in the shared store; in the database while that is away. A lock is a lease: it ends by itself after a crash, and
 * its holder confirms it right before each request (`confirm`), with more time left than the request may take. Should
 * two ever hold it, Google still appends each whole: what is lost is only the certainty after a doubtful outcome.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import { type SharedStore, StoreAway } from '../../storage/redis/shared-store.ts';
import type { Leases } from '../../storage/tables/leases.ts';

export interface TableLock {
  /** Renews it; false where it was lost, and nothing may be sent. */
  confirm(): Promise<boolean>;
  release(): Promise<void>;
}

export interface TableLocks {
  /** null where it could not be had by `deadlineAtMs` (Unix milliseconds). */
  acquire(spreadsheetId: string, deadlineAtMs: number): Promise<TableLock | null>;
}

export interface TableLocksDeps {
  readonly store: SharedStore;
  readonly leases: Pick<Leases, 'tryHold' | 'renew' | 'release'>;
  readonly clock: Clock;
  /** Longer than any one request. */
  readonly ttlMs: number;
}

/** A lock is renewed thrice in its life while it is held, so that a crash blocks the table for one life at most. */
const renewalsPerLife = 3;
/** Between two tries, at random between half and whole. */
const tryEveryMs = 40;
const withdrawEveryMs = 250;

export function createTableLocks({ store, leases, clock, ttlMs }: TableLocksDeps): TableLocks {
  const withdraw = (key: string, token: string): Promise<boolean> =>
    store.deleteIfEqual(key, token).then(
      () => true,
      () => false,
    );
  /** What the store did not answer for may stand there all the same, in everybody's way until its life ends. */
  const withdrawLater = async (key: string, token: string): Promise<void> => {
    const endsAtMs = performance.now() + ttlMs;
    while (performance.now() < endsAtMs && !(await withdraw(key, token))) {
      await sleep(withdrawEveryMs, undefined, { ref: false });
    }
  };
  const inStore = async (key: string, token: string): Promise<TableLock | null> => {
    if (!(await store.setIfAbsent(key, token, ttlMs))) return null;
    return {
      confirm: () => store.extendIfEqual(key, token, ttlMs).catch(() => false),
      release: async () => {
        if (!(await withdraw(key, token))) void withdrawLater(key, token);
      },
    };
  };
  const inDatabase = async (name: string): Promise<TableLock | null> => {
    if ((await leases.tryHold(name, ttlMs)) === null) return null;
    return {
      confirm: async () => (await leases.renew(name, ttlMs).catch(() => null)) !== null,
      release: () => leases.release(name).catch(() => {}),
    };
  };
  const inEither = async (name: string): Promise<TableLock | null> => {
    const token = randomUUID();
    const mayBeAsked = store.isAvailable();
    try {
      return await inStore(name, token);
    } catch (error) {
      if (!(error instanceof StoreAway)) throw error;
    }
    const withdrawInStore = (): void => {
      if (mayBeAsked) void withdrawLater(name, token);
    };
    // Until then what the store may have is left to keep those off who reach it.
    const lock = await inDatabase(name).catch((error: unknown) => {
      withdrawInStore();
      throw error;
    });
    if (lock === null) withdrawInStore();
    return lock && { ...lock, release: () => lock.release().finally(withdrawInStore) };
  };
  /** Ended in this process right now: others, who look only now and then, are let in between. */
  const releasedAtMs = new Map<string, number>();

  return {
    async acquire(spreadsheetId, deadlineAtMs) {
      const name = `sheets-append:${spreadsheetId}`.slice(0, 100);
      const justReleased = clock.now() - (releasedAtMs.get(name) ?? 0) < tryEveryMs;
      if (justReleased && store.replicasSeen() > 1) await sleep(tryEveryMs);
      for (;;) {
        const lock = await inEither(name);
        if (lock !== null) {
          const renewal = setInterval(() => void lock.confirm(), ttlMs / renewalsPerLife).unref();
          return {
            confirm: lock.confirm,
            async release() {
              clearInterval(renewal);
              releasedAtMs.delete(name);
              if (releasedAtMs.size > 1_000) releasedAtMs.clear();
              releasedAtMs.set(name, clock.now());
              await lock.release();
            },
          };
        }
        if (clock.now() + tryEveryMs > deadlineAtMs) return null;
        await sleep(tryEveryMs * (0.5 + Math.random() / 2));
      }
    },
  };
}

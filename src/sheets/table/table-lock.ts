/**
 * Allows one append at a time to a spreadsheet, across all replicas, so that rows found after an unknown outcome are
 * certainly its own.
 *
 * Held in the shared store, or in the database while the store is away. A lock is a lease: it expires after a crash,
 * and its holder confirms it right before each request (`confirm`), with more time left than the request may take. If
 * two replicas ever hold it, Google still applies each append as a whole: only the certainty after an unknown outcome
 * is lost.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import { type SharedStore, StoreAway } from '../../storage/redis/shared-store.ts';
import type { Leases } from '../../storage/tables/leases.ts';

export interface TableLock {
  /** Renews the lock; false if it was lost, and then nothing may be sent. */
  confirm(): Promise<boolean>;
  release(): Promise<void>;
}

export interface TableLocks {
  /** null if it could not be acquired by `deadlineAtMs` (Unix milliseconds). */
  acquire(spreadsheetId: string, deadlineAtMs: number): Promise<TableLock | null>;
}

export interface TableLocksDeps {
  readonly store: SharedStore;
  readonly leases: Pick<Leases, 'tryHold' | 'renew' | 'release'>;
  readonly clock: Clock;
  /** Longer than any single request. */
  readonly ttlMs: number;
}

/** A held lock is renewed three times per lifetime, so that a crash blocks the table for one lifetime at most. */
const renewalsPerLife = 3;
/** The delay between two tries is random, between half of this and all of it. */
const tryEveryMs = 40;
const withdrawEveryMs = 250;

export function createTableLocks({ store, leases, clock, ttlMs }: TableLocksDeps): TableLocks {
  const withdraw = (key: string, token: string): Promise<boolean> =>
    store.deleteIfEqual(key, token).then(
      () => true,
      () => false,
    );
  /** A SET without a reply may have been carried out, and would block every replica until it expires. */
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
    if (!(await leases.tryHold(name, ttlMs))) return null;
    return {
      confirm: () => leases.renew(name, ttlMs).catch(() => false),
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
    // Until the store's key expires, it keeps out the replicas that reach the store.
    const lock = await inDatabase(name).catch((error: unknown) => {
      withdrawInStore();
      throw error;
    });
    if (lock === null) withdrawInStore();
    return lock && { ...lock, release: () => lock.release().finally(withdrawInStore) };
  };
  /** Locks that this process has just released: waiting replicas, which poll only now and then, get a chance first. */
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

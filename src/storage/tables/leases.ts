/**
 * Leases for background work that one replica does at a time, on the database's clock. A lease is a promise to stop in
 * time, not a lock: its holder must renew it well before it ends. Work that must not be done twice checks that in its own
 * transaction.
 */
import type { Database } from '../postgres/database.ts';

export interface Leases {
  /** Takes the lease if it is free or has expired, or renews it if this holder has it. False: another holder has it. */
  tryHold(name: string, ttlMs: number): Promise<boolean>;
  /** Renews the lease; false if this holder does not have it any more. */
  renew(name: string, ttlMs: number): Promise<boolean>;
  /** Releases the lease early; does nothing if another holder has it by now. */
  release(name: string): Promise<void>;
}

const shortestTtlMs = 100;
const longestTtlMs = 3_600_000;

/** `holderId` is a UUID of this process. Every function rejects with `DatabaseAway` while the database is away. */
export function createLeases(db: Database, holderId: string): Leases {
  const hold = async (name: string, ttlMs: number, statementName: string, text: string): Promise<boolean> => {
    if (!(ttlMs >= shortestTtlMs && ttlMs <= longestTtlMs)) throw new RangeError(`a lease cannot last ${ttlMs} ms`);
    const { rowCount } = await db.querySystem({ name: statementName, text, values: [name, holderId, ttlMs] });
    return rowCount !== 0;
  };

  return {
    tryHold: (name, ttlMs) =>
      hold(
        name,
        ttlMs,
        'lease_try_hold',
        `insert into leases (name, holder, expires_at)
         values ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
         on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
          where leases.holder = excluded.holder or leases.expires_at <= clock_timestamp()`,
      ),

    renew: (name, ttlMs) =>
      hold(
        name,
        ttlMs,
        'lease_renew',
        `update leases set expires_at = clock_timestamp() + $3 * interval '1 millisecond'
          where name = $1 and holder = $2 and expires_at > clock_timestamp()`,
      ),

    async release(name) {
      await db.querySystem({
        name: 'lease_release',
        text: 'delete from leases where name = $1 and holder = $2',
        values: [name, holderId],
      });
    },
  };
}

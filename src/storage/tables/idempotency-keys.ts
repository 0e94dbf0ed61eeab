/**
 * SQL of `idempotency_keys`: the first answer to each key, kept 24 h. From the claim to the answer a row is `running`
 * under a lease. After a crash it stays so; once the lease has expired, the same request may claim it again and gets
 * the `progress` that the crashed run had saved.
 */
import type { TenantId } from '../../ids.ts';
import type { Database } from '../postgres/database.ts';
import { findRow, type Queryable } from '../postgres/queryable.ts';

export interface IdempotencyClaim {
  readonly key: string;
  readonly route: string;
  readonly requestSha256: Buffer;
  readonly runId: string;
  readonly leaseMs: number;
}

export interface StoredRun {
  readonly state: 'running' | 'completed';
  readonly sameRequest: boolean;
  readonly responseStatus: number | null;
  readonly responseHeaders: Readonly<Record<string, string>> | null;
  readonly responseBody: Buffer | null;
  /** The time left of the lease, for `running`. */
  readonly leaseLeftMs: number;
}

/** Returns the progress that a successful claim takes over; null if the key was already taken. */
export function claimIdempotencyKey(tx: Queryable, tenantId: TenantId, claim: IdempotencyClaim) {
  return findRow<{ progress: unknown }>(tx, {
    name: 'idempotency_keys_claim',
    text: `
      insert into idempotency_keys as kept
             (management_company_id, idempotency_key, route, request_sha256, state, run_id, locked_until, expires_at)
      values ($1, $2, $3, $4, 'running', $5, now() + $6 * interval '1 millisecond', now() + interval '24 hours')
      on conflict on constraint idempotency_keys_pkey do update
         set route = excluded.route, request_sha256 = excluded.request_sha256, state = 'running',
             run_id = excluded.run_id, locked_until = excluded.locked_until, expires_at = excluded.expires_at,
             progress = case when kept.expires_at > now() then kept.progress end,
             response_status = null, response_headers = null, response_body = null
       where kept.expires_at <= now()
          or (kept.state = 'running' and kept.locked_until <= now()
              and kept.route = excluded.route and kept.request_sha256 = excluded.request_sha256)
      returning progress`,
    values: [tenantId, claim.key, claim.route, claim.requestSha256, claim.runId, claim.leaseMs],
  });
}

/** Why a claim failed; null if the row has been deleted since. */
export function findIdempotencyRun(
  tx: Queryable,
  tenantId: TenantId,
  claim: Pick<IdempotencyClaim, 'key' | 'route' | 'requestSha256'>,
) {
  return findRow<StoredRun>(tx, {
    name: 'idempotency_keys_find',
    text: `
      select state, route = $3 and request_sha256 = $4 as "sameRequest", response_status as "responseStatus",
             response_headers as "responseHeaders", response_body as "responseBody",
             greatest(0, extract(epoch from locked_until - now()) * 1000)::float8 as "leaseLeftMs"
        from idempotency_keys
       where management_company_id = $1 and idempotency_key = $2`,
    values: [tenantId, claim.key, claim.route, claim.requestSha256],
  });
}

/** The key and id of a run that this caller started. */
export interface OwnRun {
  readonly key: string;
  readonly runId: string;
}

/** Returns false if another run has taken over. */
export async function renewIdempotencyLease(
  tx: Queryable,
  tenantId: TenantId,
  run: OwnRun,
  leaseMs: number,
): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: 'idempotency_keys_renew',
    text: `
      update idempotency_keys
         set locked_until = now() + $4 * interval '1 millisecond'
       where management_company_id = $1 and idempotency_key = $2 and run_id = $3 and state = 'running'`,
    values: [tenantId, run.key, run.runId, leaseMs],
  });
  return rowCount > 0;
}

/** Returns false if another run has taken over. */
export async function saveIdempotencyProgress(
  tx: Queryable,
  tenantId: TenantId,
  run: OwnRun,
  progress: unknown,
): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: 'idempotency_keys_save_progress',
    text: `
      update idempotency_keys
         set progress = $4
       where management_company_id = $1 and idempotency_key = $2 and run_id = $3 and state = 'running'`,
    values: [tenantId, run.key, run.runId, JSON.stringify(progress)],
  });
  return rowCount > 0;
}

/** Stores the answer for 24 h from now. */
export async function completeIdempotencyRun(
  tx: Queryable,
  tenantId: TenantId,
  run: OwnRun,
  answer: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Buffer },
): Promise<void> {
  await tx.query({
    name: 'idempotency_keys_complete',
    text: `
      update idempotency_keys
         set state = 'completed', locked_until = null, progress = null, response_status = $4, response_headers = $5,
             response_body = $6, expires_at = now() + interval '24 hours'
       where management_company_id = $1 and idempotency_key = $2 and run_id = $3 and state = 'running'`,
    values: [tenantId, run.key, run.runId, answer.status, JSON.stringify(answer.headers), answer.body],
  });
}

/** Lets the same request run again, either with the progress it made or from the beginning. */
export async function releaseIdempotencyRun(tx: Queryable, tenantId: TenantId, run: OwnRun): Promise<void> {
  await tx.query({
    name: 'idempotency_keys_release',
    text: `
      with kept as (
        update idempotency_keys
           set locked_until = now()
         where management_company_id = $1 and idempotency_key = $2 and run_id = $3 and state = 'running'
           and progress is not null)
      delete from idempotency_keys
       where management_company_id = $1 and idempotency_key = $2 and run_id = $3 and state = 'running'
         and progress is null`,
    values: [tenantId, run.key, run.runId],
  });
}

/** Background work: deletes at most `limit` rows whose 24 hours have passed; returns how many. */
export async function deleteExpiredIdempotencyKeysAcrossTenants(
  db: Pick<Database, 'querySystem'>,
  limit: number,
): Promise<number> {
  const { rowCount } = await db.querySystem({
    name: 'idempotency_keys_delete_expired',
    text: `
      delete from idempotency_keys
       where (management_company_id, idempotency_key) in (
         select management_company_id, idempotency_key
           from idempotency_keys
          where expires_at <= now() and (locked_until is null or locked_until <= now())
          order by expires_at
          limit $1
            for update skip locked)`,
    values: [limit],
  });
  return rowCount;
}

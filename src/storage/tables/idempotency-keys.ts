/**
 * SQL of `idempotency_keys`: the first answer to each key, kept 24 h. From the claim to the answer a row is `running`
 * under a lease. After a crash it stays so; once the lease has expired, the same request may claim it again and gets
 * the `progress` that the crashed run had saved.
 */
import type { TenantId } from '../../ids.ts';
import { effectOf, hasEffect, rowOf } from '../postgres/statement.ts';

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
export const claimIdempotencyKey = rowOf<{ progress: unknown }>(
  'idempotency_keys_claim',
  `insert into idempotency_keys as kept
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
).by((tenantId: TenantId, claim: IdempotencyClaim) => [
  tenantId,
  claim.key,
  claim.route,
  claim.requestSha256,
  claim.runId,
  claim.leaseMs,
]);

/** Why a claim failed; null if the row has been deleted since. */
export const findIdempotencyRun = rowOf<StoredRun>(
  'idempotency_keys_find',
  `select state, route = $3 and request_sha256 = $4 as "sameRequest", response_status as "responseStatus",
          response_headers as "responseHeaders", response_body as "responseBody",
          greatest(0, extract(epoch from locked_until - now()) * 1000)::float8 as "leaseLeftMs"
     from idempotency_keys
    where management_company_id = $1 and idempotency_key = $2`,
).by((tenantId: TenantId, claim: Pick<IdempotencyClaim, 'key' | 'route' | 'requestSha256'>) => [
  tenantId,
  claim.key,
  claim.route,
  claim.requestSha256,
]);

/** The key and id of a run that this caller started. */
export interface OwnRun {
  readonly key: string;
  readonly runId: string;
}

/** Returns false if another run has taken over. */
export const renewIdempotencyLease = hasEffect(
  'idempotency_keys_renew',
  `update idempotency_keys
      set locked_until = now() + $4 * interval '1 millisecond'
    where management_company_id = $1 and idempotency_key = $2 and run_id = $3 and state = 'running'`,
).by((tenantId: TenantId, run: OwnRun, leaseMs: number) => [tenantId, run.key, run.runId, leaseMs]);

/** Returns false if another run has taken over. */
export const saveIdempotencyProgress = hasEffect(
  'idempotency_keys_save_progress',
  `update idempotency_keys
      set progress = $4
    where management_company_id = $1 and idempotency_key = $2 and run_id = $3 and state = 'running'`,
).by((tenantId: TenantId, run: OwnRun, progress: unknown) => [tenantId, run.key, run.runId, JSON.stringify(progress)]);

/** Stores the answer for 24 h from now. */
export const completeIdempotencyRun = effectOf(
  'idempotency_keys_complete',
  `update idempotency_keys
      set state = 'completed', locked_until = null, progress = null, response_status = $4, response_headers = $5,
          response_body = $6, expires_at = now() + interval '24 hours'
    where management_company_id = $1 and idempotency_key = $2 and run_id = $3 and state = 'running'`,
).by(
  (
    tenantId: TenantId,
    run: OwnRun,
    answer: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Buffer },
  ) => [tenantId, run.key, run.runId, answer.status, JSON.stringify(answer.headers), answer.body],
);

/** Lets the same request run again, either with the progress it made or from the beginning. */
export const releaseIdempotencyRun = effectOf(
  'idempotency_keys_release',
  `with kept as (
     update idempotency_keys
        set locked_until = now()
      where management_company_id = $1 and idempotency_key = $2 and run_id = $3 and state = 'running'
        and progress is not null)
   delete from idempotency_keys
    where management_company_id = $1 and idempotency_key = $2 and run_id = $3 and state = 'running'
      and progress is null`,
).by((tenantId: TenantId, run: OwnRun) => [tenantId, run.key, run.runId]);

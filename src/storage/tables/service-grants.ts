/** SQL of `service_grants`: a service's current OAuth2 tokens, and which process renews them. */
import type { ServiceId, TenantId } from '../../ids.ts';
import type { Rows } from '../postgres/queryable.ts';
import { answerOf, effectOf, hasEffect } from '../postgres/statement.ts';

export interface GrantOwner {
  readonly serviceId: ServiceId;
  readonly tenantId: TenantId;
}

type Sealed = Rows<{ readonly sealed: string | null }>;

export const readGrant = answerOf(
  'service_grants_read',
  'select sealed from service_grants where service_id = $1',
  ({ rows: [row] }: Sealed) => row?.sealed ?? null,
).by((serviceId: ServiceId) => [serviceId]);

/**
 * Claims the grant for renewal and returns what is stored; undefined while another process has the claim. A claim ends
 * by itself after `claimMs`.
 */
export const claimGrant = answerOf(
  'service_grants_claim',
  `insert into service_grants as kept (service_id, management_company_id, claimed_by, claimed_until)
   values ($1, $2, $3, now() + $4 * interval '1 millisecond')
   on conflict (service_id) do update set claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until
    where kept.claimed_until is null or kept.claimed_until < now()
   returning sealed`,
  ({ rows: [row] }: Sealed) => row?.sealed,
).by(({ serviceId, tenantId }: GrantOwner, claimedBy: string, claimMs: number) => [
  serviceId,
  tenantId,
  claimedBy,
  claimMs,
]);

/** Stores the grant and ends the claim. Returns false if another process has the claim by now. */
export const saveGrant = hasEffect(
  'service_grants_save',
  `update service_grants set sealed = $3, claimed_by = null, claimed_until = null
    where service_id = $1 and claimed_by = $2`,
).by((serviceId: ServiceId, claimedBy: string, sealed: string) => [serviceId, claimedBy, sealed]);

export const releaseGrant = effectOf(
  'service_grants_release',
  'update service_grants set claimed_by = null, claimed_until = null where service_id = $1 and claimed_by = $2',
).by((serviceId: ServiceId, claimedBy: string) => [serviceId, claimedBy]);

/** SQL of `service_grants`: a service's current OAuth2 tokens, and which process renews them. */
import type { ServiceId, TenantId } from '../../ids.ts';
import type { Queryable } from '../postgres/queryable.ts';

export interface GrantOwner {
  readonly serviceId: ServiceId;
  readonly tenantId: TenantId;
}

export async function readGrant(db: Queryable, serviceId: ServiceId): Promise<string | null> {
  const { rows } = await db.query<{ sealed: string | null }>({
    name: 'service_grants_read',
    text: 'select sealed from service_grants where service_id = $1',
    values: [serviceId],
  });
  return rows[0]?.sealed ?? null;
}

/**
 * Claims the grant for renewal and returns what is stored; undefined while another process has the claim. A claim ends
 * by itself after `claimMs`.
 */
export async function claimGrant(
  db: Queryable,
  { serviceId, tenantId }: GrantOwner,
  claimedBy: string,
  claimMs: number,
): Promise<string | null | undefined> {
  const { rows } = await db.query<{ sealed: string | null }>({
    name: 'service_grants_claim',
    text: `insert into service_grants as kept (service_id, management_company_id, claimed_by, claimed_until)
           values ($1, $2, $3, now() + $4 * interval '1 millisecond')
           on conflict (service_id) do update set claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until
            where kept.claimed_until is null or kept.claimed_until < now()
           returning sealed`,
    values: [serviceId, tenantId, claimedBy, claimMs],
  });
  return rows[0]?.sealed;
}

/** Stores the grant and ends the claim. Returns false if another process has the claim by now. */
export async function saveGrant(
  db: Queryable,
  serviceId: ServiceId,
  claimedBy: string,
  sealed: string,
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'service_grants_save',
    text: `update service_grants set sealed = $3, claimed_by = null, claimed_until = null
            where service_id = $1 and claimed_by = $2`,
    values: [serviceId, claimedBy, sealed],
  });
  return rowCount === 1;
}

export async function releaseGrant(db: Queryable, serviceId: ServiceId, claimedBy: string): Promise<void> {
  await db.query({
    name: 'service_grants_release',
    text: 'update service_grants set claimed_by = null, claimed_until = null where service_id = $1 and claimed_by = $2',
    values: [serviceId, claimedBy],
  });
}

/** SQL of `service_tokens`: keys that calling services present to the gateway, stored as SHA-256 only. */
import type { TenantId } from '../../ids.ts';
import { columnsOf } from '../postgres/columns.ts';
import { effectOf, hasEffect, onlyRowOf, rowOf, rowsOf } from '../postgres/statement.ts';

/** The members of a token that may be changed. */
export interface TokenGrant {
  readonly name: string;
  readonly scopes: readonly string[];
  /** With `*` among them: every tenant. */
  readonly tenants: readonly string[];
  /** Names of the services that the token may use; null: all. */
  readonly services: readonly string[] | null;
  /** Requests per minute; null: the token has no limit of its own. */
  readonly rate_limit_per_minute: number | null;
  readonly expires_at: Date | null;
}

export interface ServiceToken extends TokenGrant {
  readonly id: string;
  readonly created_by: string | null;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
  readonly created_at: Date;
}

type Hashed = { readonly token_sha256: Buffer };
export type NewServiceToken = TokenGrant & Hashed & Pick<ServiceToken, 'id' | 'created_by'>;
export type LiveToken = TokenGrant & Hashed & Pick<ServiceToken, 'id'>;

const grant = columnsOf('name, scopes, tenants, services, rate_limit_per_minute, expires_at', []);
const shownColumns = `id, ${grant.list}, created_by, last_used_at, revoked_at, created_at`;

/**
 * The tokens with these hashes that are neither revoked nor expired. Searches all tenants, because the tenant is not
 * known yet.
 */
export const findLiveTokensAcrossTenants = rowsOf<LiveToken>(
  'service_tokens_find_live',
  `select id, token_sha256, ${grant.list}
     from service_tokens
    where token_sha256 = any($1::bytea[])
      and revoked_at is null
      and (expires_at is null or expires_at > now())`,
).acrossTenants((hashes: readonly Buffer[]) => [hashes]);

/** Moves `last_used_at` forward for many tokens at once. */
export const touchTokensAcrossTenants = effectOf(
  'service_tokens_touch',
  `update service_tokens t
      set last_used_at = used.at
     from (select id, max(at) as at from unnest($1::uuid[], $2::timestamptz[]) as u (id, at) group by id) used
    where t.id = used.id and (t.last_used_at is null or t.last_used_at < used.at)`,
).acrossTenants((used: readonly { readonly id: string; readonly atMs: number }[]) => [
  used.map(({ id }) => id),
  used.map(({ atMs }) => new Date(atMs).toISOString()),
]);

export const insertServiceToken = onlyRowOf<ServiceToken>(
  'service_tokens_insert',
  `insert into service_tokens (id, management_company_id, token_sha256, created_by, ${grant.list})
   values ($1, $2, $3, $4, ${grant.parameters(5)})
   returning ${shownColumns}`,
).by((tenantId: TenantId, token: NewServiceToken) => [
  token.id,
  tenantId,
  token.token_sha256,
  token.created_by,
  ...grant.valuesOf(token),
]);

/**
 * Newest first, from before `cursor` (a token's id; ids grow with time). `within`: only tokens whose tenants are all
 * among these.
 */
export const listServiceTokens = rowsOf<ServiceToken>(
  'service_tokens_list',
  `select ${shownColumns}
     from service_tokens
    where management_company_id = $1 and ($2::uuid is null or id < $2)
      and ($4::text[] is null or tenants <@ $4)
    order by id desc
    limit $3`,
).by(
  (
    tenantId: TenantId,
    page: { readonly cursor: string | null; readonly limit: number; readonly within?: readonly string[] | null },
  ) => [tenantId, page.cursor, page.limit, page.within ?? null],
);

/**
 * The live token, locked for a change; null if the tenant has none, or if the token also covers tenants outside
 * `within`.
 */
export const lockServiceToken = rowOf<ServiceToken>(
  'service_tokens_lock',
  `select ${shownColumns}
     from service_tokens
    where management_company_id = $1 and id = $2 and revoked_at is null
      and ($3::text[] is null or tenants <@ $3)
      for update`,
).by((tenantId: TenantId, id: string, within: readonly string[] | null) => [tenantId, id, within]);

/** Updates a token that is already locked. */
export const updateServiceToken = onlyRowOf<ServiceToken>(
  'service_tokens_update',
  `update service_tokens
      set ${grant.assignments(3)}
    where management_company_id = $1 and id = $2
   returning ${shownColumns}`,
).by((tenantId: TenantId, id: string, granted: TokenGrant) => [tenantId, id, ...grant.valuesOf(granted)]);

/** Returns false if the tenant has no such live token. The row stays, for the audit. */
export const revokeServiceToken = hasEffect(
  'service_tokens_revoke',
  `update service_tokens
      set revoked_at = now()
    where management_company_id = $1 and id = $2 and revoked_at is null`,
).by((tenantId: TenantId, id: string) => [tenantId, id]);

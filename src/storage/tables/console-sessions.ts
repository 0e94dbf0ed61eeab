/** SQL of `console_sessions`: who is signed in to the console. A cookie's secret is stored as SHA-256 only. */
import type { TenantId } from '../../ids.ts';
import { effectOf, hasEffect, rowOf, rowsOf } from '../postgres/statement.ts';

export interface ConsoleSession {
  readonly id: string;
  readonly tenantId: string;
  /** Hash of the service token that signed in; null for a JWT and a one-time link. */
  readonly credentialSha256: Buffer | null;
  readonly name: string;
  readonly scopes: readonly string[];
  /** With `*` among them: every tenant. */
  readonly tenants: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

const columns = `id, management_company_id as "tenantId", credential_sha256 as "credentialSha256", name, scopes, tenants,
             created_at as "createdAt", expires_at as "expiresAt"`;

export const insertConsoleSession = effectOf(
  'console_sessions_insert',
  `insert into console_sessions (id, management_company_id, secret_sha256, credential_sha256, name, scopes, tenants, expires_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8)`,
).by(
  (tenantId: TenantId, session: Omit<ConsoleSession, 'tenantId' | 'createdAt'> & { readonly secretSha256: Buffer }) => [
    session.id,
    tenantId,
    session.secretSha256,
    session.credentialSha256,
    session.name,
    session.scopes,
    session.tenants,
    session.expiresAt,
  ],
);

/** The live session that belongs to a cookie's secret. Searches all tenants, because the tenant is not known yet. */
export const findLiveSessionAcrossTenants = rowOf<ConsoleSession>(
  'console_sessions_find_live',
  `select ${columns}
     from console_sessions
    where secret_sha256 = $1 and revoked_at is null and expires_at > now()`,
).acrossTenants((secretSha256: Buffer) => [secretSha256]);

export const listLiveSessions = rowsOf<ConsoleSession>(
  'console_sessions_list',
  `select ${columns}
     from console_sessions
    where management_company_id = $1 and revoked_at is null and expires_at > now()
    order by id desc
    limit 200`,
).by((tenantId: TenantId) => [tenantId]);

/** Returns false if the tenant has no such live session. */
export const revokeConsoleSession = hasEffect(
  'console_sessions_revoke',
  `update console_sessions
      set revoked_at = now()
    where management_company_id = $1 and id = $2 and revoked_at is null`,
).by((tenantId: TenantId, id: string) => [tenantId, id]);

/** Deletes sessions that ended more than a day ago. */
export const deleteEndedSessions = effectOf(
  'console_sessions_delete_ended',
  `delete from console_sessions where management_company_id = $1 and expires_at < now() - interval '1 day'`,
).by((tenantId: TenantId) => [tenantId]);

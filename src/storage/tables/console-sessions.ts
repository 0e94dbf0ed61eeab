/** SQL of `console_sessions`: who is signed in to the console. A cookie's secret is stored as SHA-256 only. */
import type { TenantId } from '../../ids.ts';
import type { Database } from '../postgres/database.ts';
import { findRows, type Queryable } from '../postgres/queryable.ts';

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

export async function insertConsoleSession(
  tx: Queryable,
  tenantId: TenantId,
  session: Omit<ConsoleSession, 'tenantId' | 'createdAt'> & { readonly secretSha256: Buffer },
): Promise<void> {
  await tx.query({
    name: 'console_sessions_insert',
    text: `
      insert into console_sessions (id, management_company_id, secret_sha256, credential_sha256, name, scopes, tenants, expires_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [
      session.id,
      tenantId,
      session.secretSha256,
      session.credentialSha256,
      session.name,
      session.scopes,
      session.tenants,
      session.expiresAt,
    ],
  });
}

/** The live session that belongs to a cookie's secret. Searches all tenants, because the tenant is not known yet. */
export async function findLiveSessionAcrossTenants(
  db: Pick<Database, 'querySystem'>,
  secretSha256: Buffer,
): Promise<ConsoleSession | null> {
  const { rows } = await db.querySystem<ConsoleSession>({
    name: 'console_sessions_find_live',
    text: `
      select ${columns}
        from console_sessions
       where secret_sha256 = $1 and revoked_at is null and expires_at > now()`,
    values: [secretSha256],
  });
  return rows[0] ?? null;
}

export function listLiveSessions(tx: Queryable, tenantId: TenantId) {
  return findRows<ConsoleSession>(tx, {
    name: 'console_sessions_list',
    text: `
      select ${columns}
        from console_sessions
       where management_company_id = $1 and revoked_at is null and expires_at > now()
       order by id desc
       limit 200`,
    values: [tenantId],
  });
}

/** Returns false if the tenant has no such live session. */
export async function revokeConsoleSession(tx: Queryable, tenantId: TenantId, id: string): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: 'console_sessions_revoke',
    text: `
      update console_sessions
         set revoked_at = now()
       where management_company_id = $1 and id = $2 and revoked_at is null`,
    values: [tenantId, id],
  });
  return rowCount > 0;
}

/** Deletes sessions that ended more than a day ago. */
export async function deleteEndedSessions(tx: Queryable, tenantId: TenantId): Promise<void> {
  await tx.query({
    name: 'console_sessions_delete_ended',
    text: `delete from console_sessions where management_company_id = $1 and expires_at < now() - interval '1 day'`,
    values: [tenantId],
  });
}

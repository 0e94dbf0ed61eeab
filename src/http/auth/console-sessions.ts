/**
 * Console sessions: a credential is exchanged once for a cookie that scripts cannot read.
 *
 * The cookie holds a random secret; the database holds its hash. A session never outlives its credential: a service
 * token is looked up again at each request, and a JWT's own `exp` bounds the session. Changes need `X-CSRF-Token`,
 * which only a page of this origin can learn; `SameSite=Strict` and `Sec-Fetch-Site` protect it as well.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { decodeJwt } from 'jose';
import type { Clock } from '../../clock.ts';
import { ServiceError } from '../../errors.ts';
import { newId, type TenantId } from '../../ids.ts';
import { hashToken } from '../../secrets/token-hash.ts';
import type { Database } from '../../storage/postgres/database.ts';
import {
  type ConsoleSession,
  deleteEndedSessions,
  findLiveSessionAcrossTenants,
  insertConsoleSession,
  listLiveSessions,
  revokeConsoleSession,
} from '../../storage/tables/console-sessions.ts';
import { type Principal, startLinkName } from '../request/request-context.ts';
import { looksLikeJwt } from './verify-jwt.ts';

export const sessionLifeMs = 12 * 3_600_000;
const linkLifeMs = 3_600_000;
const cookieName = 'integration_session';

type Headers = FastifyRequest['headers'];

export interface OpenSession {
  readonly id: string;
  readonly tenantId: string;
  readonly principal: Principal;
  readonly expiresAt: Date;
  readonly csrfToken: string;
}

export interface ConsoleSessions {
  /** Opens a session for a credential that was just identified as `principal`. */
  open(tenantId: TenantId, principal: Principal, credential: string): Promise<{ secret: string; session: OpenSession }>;
  /** Opens a session for a code of `makeLinkCode` and spends the code. Throws `UNAUTHORIZED`. */
  openByLink(tenantId: TenantId, code: string): Promise<{ secret: string; session: OpenSession }>;
  /** A code that signs in once, as an administrator, within an hour. */
  makeLinkCode(): string;
  /** The valid session of a request's cookie; null if there is none. */
  find(headers: Headers): Promise<OpenSession | null>;
  list(tenantId: TenantId): Promise<readonly ConsoleSession[]>;
  revoke(tenantId: TenantId, id: string): Promise<boolean>;
}

export interface ConsoleSessionsDeps {
  readonly db: Pick<Database, 'forTenant' | 'querySystem'>;
  readonly clock: Clock;
  /** The principal of a service token by the hex of its hash; null if it was revoked or has expired. */
  findToken(hashHex: string): Principal | null | Promise<Principal | null>;
}

export function createConsoleSessions({ db, clock, findToken }: ConsoleSessionsDeps): ConsoleSessions {
  const linkCodes = new Map<string, number>();

  async function insert(
    tenantId: TenantId,
    principal: Principal,
    credentialSha256: Buffer | null,
    expiresAtMs: number,
  ): Promise<{ secret: string; session: OpenSession }> {
    const secret = randomBytes(32).toString('base64url');
    const id = newId(clock.now());
    const expiresAt = new Date(expiresAtMs);
    await db.forTenant(tenantId, async (tx) => {
      await deleteEndedSessions(tx, tenantId);
      await insertConsoleSession(tx, tenantId, {
        id,
        secretSha256: hashToken(secret),
        credentialSha256,
        name: principal.name.slice(0, 200),
        scopes: [...principal.scopes],
        tenants: principal.tenants === null ? ['*'] : [...principal.tenants],
        expiresAt,
      });
    });
    return { secret, session: { id, tenantId, principal, expiresAt, csrfToken: csrfTokenOf(secret) } };
  }

  return {
    open(tenantId, principal, credential) {
      const isJwt = looksLikeJwt(credential);
      const ownEndMs = isJwt ? (decodeJwt(credential).exp ?? 0) * 1000 : Number.POSITIVE_INFINITY;
      const expiresAtMs = Math.min(clock.now() + sessionLifeMs, ownEndMs);
      return insert(tenantId, principal, isJwt ? null : hashToken(credential), expiresAtMs);
    },
    openByLink(tenantId, code) {
      const key = hashToken(code).toString('hex');
      const untilMs = linkCodes.get(key);
      linkCodes.delete(key);
      if (untilMs === undefined || untilMs <= clock.now()) {
        throw new ServiceError('UNAUTHORIZED', 'This link was used before, or is older than an hour.', {
          publicMessageRu: 'Ссылка уже использована или старше часа.',
        });
      }
      const principal: Principal = {
        kind: 'admin-token',
        id: 'console-link',
        name: startLinkName,
        tenants: null,
        scopes: new Set(['admin']),
        services: null,
        requestsPerMinute: null,
      };
      return insert(tenantId, principal, null, clock.now() + sessionLifeMs);
    },
    makeLinkCode() {
      const code = randomBytes(24).toString('base64url');
      linkCodes.set(hashToken(code).toString('hex'), clock.now() + linkLifeMs);
      return code;
    },
    async find(headers) {
      const secret = secretOf(headers);
      if (secret === null) return null;
      const row = await findLiveSessionAcrossTenants(db, hashToken(secret));
      if (row === null || row.expiresAt.getTime() <= clock.now()) return null;
      const principal = row.credentialSha256 === null ? snapshotOf(row) : await findToken(hexOf(row.credentialSha256));
      if (principal === null) return null;
      return {
        id: row.id,
        tenantId: row.tenantId,
        principal,
        expiresAt: row.expiresAt,
        csrfToken: csrfTokenOf(secret),
      };
    },
    list: (tenantId) => db.forTenant(tenantId, (tx) => listLiveSessions(tx, tenantId)),
    revoke: (tenantId, id) => db.forTenant(tenantId, (tx) => revokeConsoleSession(tx, tenantId, id)),
  };
}

/** Throws `FORBIDDEN` for a change that another site may have caused. */
export function requireSameOrigin(headers: Headers, session: OpenSession): void {
  const given = headers['x-csrf-token'];
  const isOwn =
    typeof given === 'string' &&
    given.length === session.csrfToken.length &&
    timingSafeEqual(Buffer.from(given), Buffer.from(session.csrfToken));
  if (!isOwn) {
    throw new ServiceError('FORBIDDEN', 'A change by a session needs its X-CSRF-Token.', {
      publicMessageRu: 'Для изменения нужен X-CSRF-Token сессии.',
    });
  }
  refuseOtherSites(headers);
}

/** Browsers send the origin of a request; other programs do not. Throws `FORBIDDEN`. */
export function refuseOtherSites(headers: Headers): void {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new ServiceError('FORBIDDEN', 'A session is for pages of this origin only.', {
      publicMessageRu: 'Сессия действует только для страниц этого адреса.',
    });
  }
}

/** `secret` null deletes the cookie. `Secure` is set only if the page itself came over HTTPS. */
export function sessionCookie(secret: string | null, isHttps: boolean, maxAgeMs: number): string {
  const age = secret === null ? 0 : Math.max(0, Math.round(maxAgeMs / 1000));
  return `${cookieName}=${secret ?? ''}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${isHttps ? '; Secure' : ''}`;
}

export function hasSessionCookie(headers: Headers): boolean {
  return secretOf(headers) !== null;
}

function secretOf(headers: Headers): string | null {
  if (headers.cookie === undefined) return null;
  const match = new RegExp(`(?:^|;)\\s*${cookieName}=([A-Za-z0-9_-]{43})(?:;|$)`).exec(headers.cookie);
  return match?.[1] ?? null;
}

/**
 * Derived from the cookie's secret, so that nothing else must be stored: a script cannot read the cookie, and the token
 * does not reveal the secret.
 */
function csrfTokenOf(secret: string): string {
  return createHash('sha256').update(`csrf:${secret}`).digest('base64url');
}

function snapshotOf(row: ConsoleSession): Principal {
  return {
    kind: 'admin-token',
    id: `session:${row.id}`,
    name: row.name,
    tenants: row.tenants.includes('*') ? null : new Set(row.tenants),
    scopes: new Set(row.scopes),
    services: null,
    requestsPerMinute: null,
  };
}

function hexOf(hash: Buffer): string {
  return hash.toString('hex');
}

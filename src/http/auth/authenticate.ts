/**
 * Authenticates and authorises a request. The order is fixed: credential (401), tenant header (400), then the tenant
 * and the route's scope (403). An unauthenticated caller learns nothing about tenants.
 */
import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { BootstrapToken } from '../../config/config.ts';
import { ServiceError } from '../../errors.ts';
import { parseTenantId } from '../../ids.ts';
import { hashToken, hashTokenHex } from '../../secrets/token-hash.ts';
import type { Caller, Principal, RouteAccess, Scope } from '../request/request-context.ts';
import { scopes } from '../request/request-context.ts';
import { type ConsoleSessions, hasSessionCookie, requireSameOrigin } from './console-sessions.ts';
import type { TokenDirectory } from './token-directory.ts';
import { type JwtVerifier, looksLikeJwt } from './verify-jwt.ts';

/** Longer than any service token and any reasonable JWT; hashing more would only help an attacker. */
const maxCredentialLength = 8_192;
/** What a token of the environment may do: everything but `admin`. */
const bootstrapScopes: ReadonlySet<string> = new Set(scopes.filter((scope) => scope !== 'admin'));

type Headers = FastifyRequest['headers'];

export interface AuthenticatorDeps {
  bootstrapTokens: readonly BootstrapToken[];
  tokenDirectory: Pick<TokenDirectory, 'find'>;
  jwtVerifier: JwtVerifier;
  /** Present if the console's cookie counts as a credential. */
  sessions?: Pick<ConsoleSessions, 'find'>;
}

export interface Authenticator {
  /**
   * Throws `UNAUTHORIZED`, or `SERVICE_UNAVAILABLE` if the credential cannot be checked. Known credentials are answered
   * synchronously. `isChange`: the request changes something, so a session must prove that its own page sent it.
   */
  identify(headers: Headers, isChange?: boolean): Principal | Promise<Principal>;
}

/**
 * Finds the principal of a valid service token by the hex of its hash: first among the environment's tokens, then in
 * the table.
 */
export function createTokenFinder(
  deps: Pick<AuthenticatorDeps, 'bootstrapTokens' | 'tokenDirectory'>,
): (hashHex: string) => Principal | null | Promise<Principal | null> {
  // The environment's tokens are kept as hashes only.
  const bootstrap = new Map(
    deps.bootstrapTokens.map(({ name, token, tenants }) => {
      const principal: Principal = {
        kind: 'service-token',
        id: `environment:${name}`,
        name,
        tenants: tenants === null ? null : new Set(tenants),
        scopes: bootstrapScopes,
        services: null,
        requestsPerMinute: null,
      };
      return [hashTokenHex(token), { hash: hashToken(token), principal }];
    }),
  );
  return (hashHex) => {
    const known = bootstrap.get(hashHex);
    // The map is keyed by hash, so its timing reveals nothing about the token; the final comparison takes constant time
    // all the same.
    if (known !== undefined && timingSafeEqual(known.hash, Buffer.from(hashHex, 'hex'))) return known.principal;
    return deps.tokenDirectory.find(hashHex);
  };
}

export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const findToken = createTokenFinder(deps);
  return {
    identify(headers, isChange = false) {
      const { sessions } = deps;
      if (sessions !== undefined && !hasCredential(headers) && hasSessionCookie(headers)) {
        return identifySession(sessions, headers, isChange);
      }
      const credential = credentialOf(headers);
      const hashHex = hashTokenHex(credential);
      if (looksLikeJwt(credential)) return deps.jwtVerifier.verify(credential, hashHex);
      const stored = findToken(hashHex);
      if (stored === null) return refuse();
      return stored instanceof Promise ? stored.then((principal) => principal ?? refuse()) : stored;
    },
  };
}

async function identifySession(
  sessions: Pick<ConsoleSessions, 'find'>,
  headers: Headers,
  isChange: boolean,
): Promise<Principal> {
  const session = await sessions.find(headers);
  if (session === null)
    throw new ServiceError('UNAUTHORIZED', 'The session has ended: sign in again.', {
      publicMessageRu: 'Сессия закончилась: войдите снова.',
    });
  if (isChange) requireSameOrigin(headers, session);
  return session.principal;
}

function hasCredential(headers: Headers): boolean {
  return (
    /^bearer /i.test(headers.authorization ?? '') ||
    headers['x-service-token'] !== undefined ||
    headers['x-service-api-key'] !== undefined
  );
}

/**
 * Throws `TENANT_REQUIRED` or `FORBIDDEN`. `tenantFromToken`: a credential of exactly one tenant implies that tenant if
 * the header is missing. An empty header counts as present.
 */
export function authorize(
  principal: Principal,
  headers: Headers,
  access: RouteAccess,
  tenantFromToken = false,
): Caller {
  const [onlyTenant] = tenantFromToken && principal.tenants?.size === 1 ? principal.tenants : [];
  const tenantId = parseTenantId(headers['x-management-company-id'] ?? onlyTenant);
  if (principal.tenants !== null && !principal.tenants.has(tenantId)) {
    throw new ServiceError('FORBIDDEN', 'The credential does not belong to this tenant.', {
      publicMessageRu: 'Токен не относится к этому арендатору.',
      cause: `${principal.kind} "${principal.name}" asked for ${tenantId}`,
    });
  }
  requireScope(principal, access.scope);
  if (access.boundTokens !== 'judged') requireUnbound(principal);
  return { tenantId, principal };
}

/** Throws `FORBIDDEN` if the credential is bound to certain services. */
export function requireUnbound({ services }: Principal): void {
  if (services === null) return;
  throw new ServiceError(
    'FORBIDDEN',
    'The credential is bound to certain services, but this route covers all services of the tenant.',
    { publicMessageRu: 'Токен ограничен отдельными сервисами, а здесь данные всех сервисов арендатора.' },
  );
}

/** Throws `FORBIDDEN`. `admin` implies every scope; `any` asks for none. */
export function requireScope(principal: Principal, scope: Scope | 'any'): void {
  if (scope === 'any' || principal.scopes.has(scope) || principal.scopes.has('admin')) return;
  throw new ServiceError('FORBIDDEN', `The credential lacks the scope "${scope}".`, {
    publicMessageRu: `У токена нет права «${scope}».`,
    cause: `${principal.kind} "${principal.name}" has ${[...principal.scopes].join(', ') || 'none'}`,
  });
}

/**
 * The first credential present: a caller who sends several means one. An `Authorization` header of another scheme is
 * meant for an intermediary, such as a proxy with Basic authentication, and is ignored.
 */
function credentialOf(headers: Headers): string {
  const bearer = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const credential = bearer || headers['x-service-token'] || headers['x-service-api-key'];
  if (typeof credential !== 'string' || credential === '') {
    throw new ServiceError(
      'UNAUTHORIZED',
      'Send a credential as Authorization: Bearer <token>, X-Service-Token or X-Service-API-Key.',
    );
  }
  if (credential.length > maxCredentialLength) return refuse();
  return credential;
}

function refuse(): never {
  throw new ServiceError('UNAUTHORIZED', 'The credential is not valid.', { publicMessageRu: 'Токен недействителен.' });
}

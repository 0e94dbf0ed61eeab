/**
 * Who asks, and for which tenant. The order is fixed: credential (401), tenant header (400), the two together and the
 * route's scope (403). A caller who is not known to us learns nothing about tenants.
 */
import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { BootstrapToken } from '../../config/config.ts';
import { ServiceError } from '../../errors.ts';
import { parseTenantId } from '../../ids.ts';
import { hashToken, hashTokenHex } from '../../secrets/token-hash.ts';
import type { Caller, Principal, RouteAccess, Scope } from '../request/request-context.ts';
import { scopes } from '../request/request-context.ts';
import type { TokenDirectory } from './token-directory.ts';
import { type JwtVerifier, looksLikeJwt } from './verify-jwt.ts';

/** Longer than any token of ours and any JWT worth having; hashing more would be a present to an attacker. */
const maxCredentialLength = 8_192;
/** What a token of the environment may do: everything but `admin`. */
const bootstrapScopes: ReadonlySet<string> = new Set(scopes.filter((scope) => scope !== 'admin'));

type Headers = FastifyRequest['headers'];

export interface AuthenticatorDeps {
  bootstrapTokens: readonly BootstrapToken[];
  tokenDirectory: Pick<TokenDirectory, 'find'>;
  jwtVerifier: JwtVerifier;
}

export interface Authenticator {
  /** Throws `UNAUTHORIZED` (or `SERVICE_UNAVAILABLE` where it cannot be told). Known credentials are answered at once, not by a promise. */
  identify(headers: Headers): Principal | Promise<Principal>;
}

/** The environment's tokens are hashed here, and their texts are not kept. */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const bootstrap = new Map(
    deps.bootstrapTokens.map(({ name, token, tenants }) => {
      const principal: Principal = {
        kind: 'service-token',
        id: `environment:${name}`,
        name,
        tenants: tenants === null ? null : new Set(tenants),
        scopes: bootstrapScopes,
      };
      return [hashTokenHex(token), { hash: hashToken(token), principal }];
    }),
  );

  return {
    identify(headers) {
      const credential = credentialOf(headers);
      const hashHex = hashTokenHex(credential);
      const known = bootstrap.get(hashHex);
      // The map is asked by hash, so its timing tells nothing of the token; the last word is constant-time all the same.
      if (known !== undefined && timingSafeEqual(known.hash, Buffer.from(hashHex, 'hex'))) return known.principal;
      if (looksLikeJwt(credential)) return deps.jwtVerifier.verify(credential, hashHex);
      const stored = deps.tokenDirectory.find(hashHex);
      if (stored === null) return refuse();
      return stored instanceof Promise ? stored.then((principal) => principal ?? refuse()) : stored;
    },
  };
}

/** Throws `TENANT_REQUIRED` or `FORBIDDEN`. */
export function authorize(principal: Principal, headers: Headers, access: RouteAccess): Caller {
  const tenantId = parseTenantId(headers['x-management-company-id']);
  if (principal.tenants !== null && !principal.tenants.has(tenantId)) {
    throw new ServiceError('FORBIDDEN', 'The credential does not belong to this tenant.', {
      cause: `${principal.kind} "${principal.name}" asked for ${tenantId}`,
    });
  }
  requireScope(principal, access.scope);
  return { tenantId, principal };
}

/** Throws `FORBIDDEN`. `admin` implies every scope; `any` asks for none. */
export function requireScope(principal: Principal, scope: Scope | 'any'): void {
  if (scope === 'any' || principal.scopes.has(scope) || principal.scopes.has('admin')) return;
  throw new ServiceError('FORBIDDEN', `The credential lacks the scope "${scope}".`, {
    cause: `${principal.kind} "${principal.name}" has ${[...principal.scopes].join(', ') || 'none'}`,
  });
}

/**
 * The first of the three that is there: a caller who sends several means one. An `Authorization` of another scheme is for
 * somebody else on the way, a proxy that asks for Basic say, and no credential of ours.
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
  throw new ServiceError('UNAUTHORIZED', 'The credential is not valid.');
}

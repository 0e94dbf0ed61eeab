/**
 * Verifies admin tokens: JSON Web Tokens (RFC 7519) signed by another program.
 *
 * The configured key determines the algorithm, never the token (RFC 8725, section 3.1): an HS256 secret verifies only
 * HS256, a public key only the one algorithm of its type. `exp` is required.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { setBounded } from '../../bounded-map.ts';
import type { Clock } from '../../clock.ts';
import type { Config, JwtClaims } from '../../config/config.ts';
import { ServiceError } from '../../errors.ts';
import type { Principal } from '../request/request-context.ts';

/** An issuer's clock may run ahead, so a token from the near future is accepted. Expiry has no tolerance. */
const clockToleranceSeconds = 5;
const jwksTimeoutMs = 3_000;
const jwksCooldownMs = 30_000;
const jwksMaxAgeMs = 600_000;
/** A verified token is not verified again for this long; an issuer cannot revoke a token before it expires anyway. */
const verifiedMs = 60_000;
/** At the bound the oldest entry is dropped, and verified again when needed. */
const maxVerified = 5_000;

export interface JwtVerifier {
  /**
   * Throws `UNAUTHORIZED`, or `SERVICE_UNAVAILABLE` if the issuer's keys cannot be fetched. `cacheKey`: the token's
   * hash.
   */
  verify(token: string, cacheKey: string): Principal | Promise<Principal>;
}

export interface JwtVerifierDeps {
  jwt: Config['jwt'];
  /** Verifies tokens if the configuration names no key; development only. */
  developmentSecret: string | null;
  clock: Clock;
}

/** Throws if the configured key is invalid, or of a type without a pinned algorithm. */
export function createJwtVerifier(deps: JwtVerifierDeps): JwtVerifier {
  const { jwt, clock } = deps;
  const { getKey, algorithms } = chooseKey(deps);
  const verified = new Map<string, { principal: Principal; untilMs: number }>();

  async function verifyAnew(token: string, cacheKey: string): Promise<Principal> {
    const nowMs = clock.now();
    const { payload } = await jwtVerify(token, getKey, {
      algorithms: [...algorithms],
      requiredClaims: ['exp'],
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(nowMs),
      ...(jwt.issuer === null ? {} : { issuer: jwt.issuer }),
      ...(jwt.audience === null ? {} : { audience: jwt.audience }),
    }).catch((error: unknown) => {
      throw refusal(error);
    });
    const expiresAtMs = (payload.exp as number) * 1000;
    if (expiresAtMs <= nowMs) throw expired();
    // Counted from `iat`, or from now if `iat` is missing or in the future: a token that cannot be revoked must not
    // live for years.
    const issuedAtMs = Math.min(nowMs, typeof payload.iat === 'number' ? payload.iat * 1000 : nowMs);
    if (expiresAtMs - issuedAtMs > (jwt.maxLifetimeSeconds + clockToleranceSeconds) * 1000) {
      throw new ServiceError('UNAUTHORIZED', `The token lives longer than ${jwt.maxLifetimeSeconds} s.`);
    }
    const principal = toPrincipal(payload, jwt.claims);
    setBounded(verified, cacheKey, { principal, untilMs: Math.min(expiresAtMs, nowMs + verifiedMs) }, maxVerified);
    return principal;
  }

  return {
    verify(token, cacheKey) {
      const known = verified.get(cacheKey);
      return known !== undefined && clock.now() < known.untilMs ? known.principal : verifyAnew(token, cacheKey);
    },
  };
}

/** True for a text of three base64url parts whose first begins a JSON object. */
export function looksLikeJwt(token: string): boolean {
  return token.startsWith('eyJ') && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}

function chooseKey({ jwt, developmentSecret }: JwtVerifierDeps): {
  getKey: JWTVerifyGetKey;
  algorithms: readonly string[];
} {
  const { verification } = jwt;
  switch (verification.kind) {
    case 'secret':
      return fixedSecret(verification.secret);
    case 'generated':
      if (developmentSecret === null) throw new Error('no secret was generated for admin tokens');
      return fixedSecret(developmentSecret);
    case 'public-key': {
      const key = createPublicKey(verification.pem);
      return { getKey: async () => key, algorithms: [algorithmOf(key)] };
    }
    case 'jwks':
      return {
        getKey: createRemoteJWKSet(new URL(verification.url), {
          timeoutDuration: jwksTimeoutMs,
          cooldownDuration: jwksCooldownMs,
          cacheMaxAge: jwksMaxAgeMs,
        }),
        algorithms: ['RS256', 'ES256', 'EdDSA'],
      };
  }
}

function fixedSecret(secret: string): { getKey: JWTVerifyGetKey; algorithms: readonly string[] } {
  const bytes = new TextEncoder().encode(secret);
  return { getKey: async () => bytes, algorithms: ['HS256'] };
}

function algorithmOf(key: KeyObject): string {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA';
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  throw new Error('JWT_PUBLIC_KEY must be an RSA, P-256 or Ed25519 key');
}

/** A claim that is missing or of the wrong type grants nothing. */
function toPrincipal(payload: JWTPayload, claims: JwtClaims): Principal {
  const { sub, iss } = payload;
  return {
    kind: 'admin-token',
    id: `jwt:${JSON.stringify([iss ?? null, sub ?? null])}`,
    name: typeof sub === 'string' && sub !== '' ? sub.slice(0, 200) : 'admin',
    tenants: tenantsOf(payload, claims.tenants),
    scopes: scopesOf(payload, claims),
    services: null,
    requestsPerMinute: null,
  };
}

/** `"*"`, alone or as the only member of a list, means all tenants; no tenant has that name. */
function tenantsOf(payload: JWTPayload, mapped: string | null): ReadonlySet<string> | null {
  const said = mapped === null ? payload.tenants : claimOf(payload, mapped);
  // An issuer with one organisation per user writes it as a text.
  const claim = mapped !== null && typeof said === 'string' && said !== '*' ? [said] : said;
  const named = (Array.isArray(claim) ? claim : []).filter((tenant) => typeof tenant === 'string');
  return claim === '*' || (named.length === 1 && named[0] === '*') ? null : new Set(named);
}

function scopesOf(payload: JWTPayload, { scope: mapped, adminRoles }: JwtClaims): ReadonlySet<string> {
  const said = mapped === null ? payload.scope : claimOf(payload, mapped);
  const scopes = new Set(typeof said === 'string' || mapped !== null ? textsOf(said) : []);
  if (adminRoles.some(({ claim, value }) => textsOf(claimOf(payload, claim)).includes(value))) scopes.add('admin');
  return scopes;
}

/** The texts of a list, or the words of a text: issuers write scopes and roles in both ways. */
function textsOf(claim: unknown): string[] {
  if (Array.isArray(claim)) return claim.filter((part) => typeof part === 'string');
  return typeof claim === 'string' ? claim.split(' ').filter((part) => part !== '') : [];
}

/** A claim with exactly this name, dots included, wins over a path of members (`realm_access.roles`). */
function claimOf(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  let value: unknown = payload;
  for (const member of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, member)) return undefined;
    value = (value as Record<string, unknown>)[member];
  }
  return value;
}

function expired(): ServiceError {
  return new ServiceError('UNAUTHORIZED', 'The token has expired.', { publicMessageRu: 'Срок токена истёк.' });
}

function refusal(error: unknown): ServiceError {
  if (error instanceof errors.JWTExpired) return expired();
  const keysAreAway =
    !(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout || error.code === 'ERR_JOSE_GENERIC';
  if (keysAreAway) {
    return new ServiceError('SERVICE_UNAVAILABLE', "The issuer's keys cannot be had now.", {
      retryAfterSeconds: jwksCooldownMs / 1000,
      cause: error,
    });
  }
  return new ServiceError('UNAUTHORIZED', 'The credential is not valid.', {
    publicMessageRu: 'Токен недействителен.',
    cause: error,
  });
}

/**
 * Admin tokens: JSON Web Tokens (RFC 7519) that another program signed.
 *
 * The algorithm is pinned by the key that is configured, never taken from the token (RFC 8725, section 3.1): an HS256
 * secret verifies HS256 only, a public key the one algorithm of its type. `exp` is required.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { Clock } from '../../clock.ts';
import type { Config, JwtClaims } from '../../config/config.ts';
import { ServiceError } from '../../errors.ts';
import type { Principal } from '../request/request-context.ts';

/** An issuer's clock may be ahead of ours: a token fresh from it is not refused. One that has expired is expired. */
const clockToleranceSeconds = 5;
const jwksTimeoutMs = 3_000;
const jwksCooldownMs = 30_000;
const jwksMaxAgeMs = 600_000;
/** A verified token is not verified again for this long; an issuer cannot revoke one earlier than it expires anyway. */
const verifiedMs = 60_000;
/** At the bound the oldest is forgotten, and verified again when it comes. */
const maxVerified = 5_000;

export interface JwtVerifier {
  /** Throws `UNAUTHORIZED`, or `SERVICE_UNAVAILABLE` where the issuer's keys cannot be had. `cacheKey`: the token's hash. */
  verify(token: string, cacheKey: string): Principal | Promise<Principal>;
}

export interface JwtVerifierDeps {
  jwt: Config['jwt'];
  /** Verifies where the configuration names no key: development only. */
  developmentSecret: string | null;
  clock: Clock;
}

/** Throws where the configured key is none, or of a type that no pinned algorithm goes with. */
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
    // From its issue, and where it says none, or one to come, from now: what cannot be revoked must not live for years.
    const issuedAtMs = Math.min(nowMs, typeof payload.iat === 'number' ? payload.iat * 1000 : nowMs);
    if (expiresAtMs - issuedAtMs > (jwt.maxLifetimeSeconds + clockToleranceSeconds) * 1000) {
      throw new ServiceError('UNAUTHORIZED', `The token lives longer than ${jwt.maxLifetimeSeconds} s.`);
    }
    const principal = toPrincipal(payload, jwt.claims);
    verified.delete(cacheKey);
    verified.set(cacheKey, { principal, untilMs: Math.min(expiresAtMs, nowMs + verifiedMs) });
    if (verified.size > maxVerified) {
      const [oldest] = verified.keys();
      if (oldest !== undefined) verified.delete(oldest);
    }
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

/** A claim that is missing or of another type allows nothing. */
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

/** `"*"`, also as the one member of a list, which no tenant is named: all of them. */
function tenantsOf(payload: JWTPayload, mapped: string | null): ReadonlySet<string> | null {
  const said = mapped === null ? payload.tenants : claimOf(payload, mapped);
  // An issuer that knows one organisation a user writes it as a text.
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

/** A list's texts, or the words of a text: issuers write scopes and roles in either way. */
function textsOf(claim: unknown): string[] {
  if (Array.isArray(claim)) return claim.filter((part) => typeof part === 'string');
  return typeof claim === 'string' ? claim.split(' ').filter((part) => part !== '') : [];
}

/** A name that is a member as a whole, with dots or not, counts before a path of members (`realm_access.roles`). */
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
  return new ServiceError('UNAUTHORIZED', 'The token has expired.');
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
  return new ServiceError('UNAUTHORIZED', 'The credential is not valid.', { cause: error });
}

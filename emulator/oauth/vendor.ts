/**
 * Google's token endpoint: takes a signed JWT and returns an access token.
 *
 * Every account gets one, unless the control API marks it as bad. Signatures are checked only for known public keys:
 * the emulator's own and registered ones.
 *
 * The checks and error texts follow Google Identity, "Using OAuth 2.0 for Server to Server Applications".
 */
import { verify } from 'node:crypto';
import type { Clock } from '../../src/clock.ts';
import {
  type CreateVendor,
  type EmulatorReply,
  type EmulatorRequest,
  jsonReply,
  type VendorContext,
} from '../vendor.ts';
import { type ServiceAccounts, serviceAccountsOf } from './service-accounts.ts';

const name = 'google_oauth';
const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const maxLifetimeSeconds = 3600;
/** Google tolerates small clock differences. */
const clockLeewaySeconds = 300;
const knownScopePrefix = 'https://www.googleapis.com/auth/';

export const createGoogleOauth: CreateVendor = (context) => {
  const accounts = serviceAccountsOf(context);
  return {
    name,
    perMinuteQuotas: { requests: null },
    accountOf: (request) => issuerOf(request),
    refuse(refusal) {
      if (refusal === 'internal_error') return jsonReply(500, { error: 'internal_failure' });
      return jsonReply(429, { error: 'rate_limit_exceeded', error_description: 'Rate limit exceeded.' });
    },
    routes: [
      {
        method: 'POST',
        path: /^\/(?:oauth2\/v4\/)?token$/,
        handle: (request) => exchange(accounts, context, request),
      },
      { method: 'POST', path: /^\/__emulator\/service-accounts$/, handle: (request) => register(accounts, request) },
    ],
  };
};

interface Claims {
  readonly iss: string;
  readonly scope: string;
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
}

function exchange(accounts: ServiceAccounts, context: VendorContext, request: EmulatorRequest): EmulatorReply {
  const form = new URLSearchParams(request.body.toString('utf8'));
  if (form.get('grant_type') !== grantType) {
    return refused('unsupported_grant_type', `Invalid grant_type: ${form.get('grant_type') ?? ''}`);
  }
  const parts = (form.get('assertion') ?? '').split('.');
  const header = decode(parts[0]);
  const claims = decode(parts[1]) as Partial<Claims> | null;
  if (parts.length !== 3 || header === null || claims === null) return refused('invalid_grant', 'Bad Request');
  if (header.alg !== 'RS256') return refused('invalid_grant', 'Invalid JWT: Unsupported algorithm.');
  if (typeof claims.iss !== 'string' || claims.iss === '' || context.control.isKeyBad(name, claims.iss)) {
    return refused('invalid_grant', 'Invalid grant: account not found');
  }
  const account = accounts.findOrTrust(claims.iss);
  const signed = Buffer.from(`${parts[0]}.${parts[1]}`);
  const signature = Buffer.from(parts[2] as string, 'base64url');
  if (account.publicKey !== null && !verify('RSA-SHA256', signed, account.publicKey, signature)) {
    return refused('invalid_grant', 'Invalid JWT Signature.');
  }
  if (!isOwnTokenUri(claims.aud)) return refused('invalid_grant', 'Invalid JWT: Failed audience check.');
  if (!isShortLived(claims, context.clock)) {
    return refused(
      'invalid_grant',
      'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
    );
  }
  const scopes = (claims.scope ?? '').split(' ').filter((scope) => scope !== '');
  if (scopes.length === 0 || scopes.some((scope) => !scope.startsWith(knownScopePrefix))) {
    return refused('invalid_scope', 'Invalid OAuth scope or ID token audience provided.');
  }
  return jsonReply(200, {
    access_token: accounts.issueToken(account, scopes),
    expires_in: accounts.tokenTtlSeconds,
    token_type: 'Bearer',
  });
}

function isShortLived({ iat, exp }: Partial<Claims>, clock: Clock): boolean {
  if (typeof iat !== 'number' || typeof exp !== 'number') return false;
  const nowSeconds = clock.now() / 1000;
  return (
    exp - iat <= maxLifetimeSeconds &&
    exp > iat &&
    iat <= nowSeconds + clockLeewaySeconds &&
    exp >= nowSeconds - clockLeewaySeconds
  );
}

/** The audience is the endpoint in the key file: this emulator under any host, or Google's own. */
function isOwnTokenUri(audience: unknown): boolean {
  return (
    typeof audience === 'string' &&
    URL.canParse(audience) &&
    /^\/(?:oauth2\/v4\/)?token$/.test(new URL(audience).pathname)
  );
}

function issuerOf(request: EmulatorRequest): string | null {
  const assertion = new URLSearchParams(request.body.toString('utf8')).get('assertion') ?? '';
  const issuer = decode(assertion.split('.')[1])?.iss;
  return typeof issuer === 'string' ? issuer : null;
}

function decode(part: string | undefined): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function refused(error: string, description: string): EmulatorReply {
  return jsonReply(400, { error, error_description: description });
}

function register(accounts: ServiceAccounts, request: EmulatorRequest): EmulatorReply {
  try {
    const body = JSON.parse(request.body.toString('utf8')) as Record<string, unknown>;
    const { client_email: email, public_key: publicKey, project_id: projectId = 'emulated-project' } = body;
    if (typeof email !== 'string' || typeof publicKey !== 'string') {
      throw new RangeError('client_email and public_key are needed');
    }
    accounts.register(email, String(projectId), publicKey);
    return jsonReply(200, { client_email: email, project_id: projectId });
  } catch (error) {
    return jsonReply(400, { error: error instanceof Error ? error.message : 'bad request' });
  }
}

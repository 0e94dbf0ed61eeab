/**
 * Access tokens from an OAuth 2.0 refresh token (RFC 6749, 6).
 *
 * Many servers issue a new refresh token with each access token and accept the old one only once; if it is used twice,
 * some revoke the whole grant. So the latest token is stored for all replicas, and only one of them renews it at a
 * time. A renewal continues if its caller disconnects, because its answer must not be lost.
 */
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { setBounded } from '../../../bounded-map.ts';
import {
  type AccessToken,
  type AccessTokens,
  createAccessTokens,
  GrantEnded,
  TokenRefused,
} from '../../access-tokens.ts';
import type { GrantClaim, KeptGrant, ProviderAccount, ProviderHttp } from '../../provider.ts';
import { textIn } from '../../reading.ts';
import type { HttpAuth } from './auth-settings.ts';
import { type Client, requestToken } from './token-request.ts';

type RefreshTokenAuth = Extract<HttpAuth, { in: 'oauth2_refresh_token' }>;

export interface ConnectedAccount {
  readonly account: ProviderAccount;
  readonly auth: RefreshTokenAuth;
}

/** The stored grant. */
interface Grant {
  /** A fingerprint of endpoint, client and configured refresh token: if one changes, the stored grant is discarded. */
  readonly of: string;
  readonly refreshToken: string;
  readonly access: AccessToken | null;
  /** Unix milliseconds; when the access token was issued. */
  readonly givenAtMs: number;
  /** The server has revoked the grant: it is not asked again. */
  readonly hasEnded: boolean;
}

/** A token that is refused this early has not expired: a new one would be refused as well. */
const freshMs = 60_000;
/** How long to wait while another replica renews the grant. */
const waitMs = 20_000;
const pollMs = 200;
const maxRemembered = 1_000;

export function createRefreshTokens(now: () => number): AccessTokens<ConnectedAccount> {
  /** By service. */
  const given = new Map<string, Grant>();
  const refused = new Map<string, string>();
  const tokens = createAccessTokens<ConnectedAccount>({
    identify: ({ account, auth }) => [account.serviceId, account.credentials, auth],
    async request(connected, http) {
      const { serviceId } = connected.account;
      const grant = await renewed(connected, http, refused.get(serviceId) ?? null, now);
      setBounded(given, serviceId, grant, maxRemembered);
      return grant.access as AccessToken;
    },
    now,
    keepsRenewal: true,
  });
  return {
    tokenFor: tokens.tokenFor,
    drop(connected, token) {
      const { serviceId } = connected.account;
      const grant = given.get(serviceId);
      if (grant?.access?.token === token && now() - grant.givenAtMs < freshMs) return false;
      setBounded(refused, serviceId, token, maxRemembered);
      return tokens.drop(connected, token);
    },
  };
}

/** A grant with a valid access token that is not the refused one. */
async function renewed(
  connected: ConnectedAccount,
  http: ProviderHttp,
  refusedToken: string | null,
  now: () => number,
): Promise<Grant> {
  const { account, auth } = connected;
  const client = clientOf(account);
  const refreshToken = textIn(account.credentials, 'refresh_token');
  if (client === null || refreshToken === null) {
    throw new TokenRefused('the credentials need client_id and refresh_token', false);
  }
  const given: Grant = { of: fingerprintOf(connected), refreshToken, access: null, givenAtMs: 0, hasEnded: false };
  const inForce = (text: string | null): Grant => {
    const kept = text === null ? given : (JSON.parse(text) as Grant);
    const grant = kept.of === given.of ? kept : given;
    if (grant.hasEnded) throw new GrantEnded();
    return grant;
  };
  const isGood = ({ access }: Grant): boolean =>
    access !== null && access.renewFromMs > now() && access.token !== refusedToken;

  const store = account.grant ?? unkept;
  const claim = await claimed(store, (text) => isGood(inForce(text)));
  if (claim.kind === 'renewed') return inForce(claim.text);
  try {
    const grant = inForce(claim.claim.kept);
    if (isGood(grant)) return grant;
    return await renew(grant, claim.claim, { auth, client, http, now });
  } finally {
    // `save` has ended the claim already. If release fails, the claim expires by itself.
    await claim.claim.release().catch(() => {});
  }
}

type Claimed =
  | { readonly kind: 'claimed'; readonly claim: GrantClaim }
  | { readonly kind: 'renewed'; readonly text: string | null };

/** Waits for the claim, or for the result of another replica's renewal. */
async function claimed(store: KeptGrant, isGood: (text: string | null) => boolean): Promise<Claimed> {
  try {
    const first = await store.read();
    if (isGood(first)) return { kind: 'renewed', text: first };
    for (let waitedMs = 0; waitedMs <= waitMs; waitedMs += pollMs) {
      const claim = await store.claim();
      if (claim !== null) return { kind: 'claimed', claim };
      await pause(pollMs);
      const text = await store.read();
      if (isGood(text)) return { kind: 'renewed', text };
    }
  } catch (error) {
    if (error instanceof TokenRefused) throw error;
    throw new TokenRefused('the kept grant cannot be read at the moment', true, error);
  }
  throw new TokenRefused('the grant is being renewed, which takes too long', true);
}

interface Renewal {
  readonly auth: RefreshTokenAuth;
  readonly client: Client;
  readonly http: ProviderHttp;
  readonly now: () => number;
}

async function renew(grant: Grant, claim: GrantClaim, { auth, client, http, now }: Renewal): Promise<Grant> {
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: grant.refreshToken });
  if (auth.scope !== null) form.set('scope', auth.scope);
  http.mask(grant.refreshToken);
  const reply = await requestToken(form, auth, client, http, { now, outlivesCall: true });
  if (reply.kind === 'refused') {
    if (reply.error !== 'invalid_grant') throw new TokenRefused(reply.message, reply.isOutage);
    await claim.save(JSON.stringify({ ...grant, access: null, hasEnded: true } satisfies Grant));
    throw new GrantEnded();
  }
  const next: Grant = {
    of: grant.of,
    refreshToken: reply.refreshToken ?? grant.refreshToken,
    access: reply.access,
    givenAtMs: now(),
    hasEnded: false,
  };
  await claim.save(JSON.stringify(next));
  return next;
}

function clientOf({ credentials }: ProviderAccount): Client | null {
  const id = textIn(credentials, 'client_id');
  return id === null ? null : { id, secret: textIn(credentials, 'client_secret') };
}

/**
 * Excludes the client's secret and the scope: changing them must not bring back a refresh token that was already used.
 */
function fingerprintOf({ account, auth }: ConnectedAccount): string {
  const { credentials } = account;
  const parts = [auth.tokenUrl, textIn(credentials, 'client_id'), textIn(credentials, 'refresh_token')];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

/** For an account without a store: the grant serves this process only. */
const unkept: KeptGrant = {
  read: async () => null,
  claim: async () => ({ kept: null, save: async () => {}, release: async () => {} }),
};

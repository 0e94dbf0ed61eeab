/** Access tokens by OAuth 2.0 client credentials (RFC 6749, 4.4). */
import { type AccessToken, type AccessTokens, createAccessTokens, TokenRefused } from '../../access-tokens.ts';
import type { ProviderAccount, ProviderHttp } from '../../provider.ts';
import { isObject, parseJson, shorten, textIn } from '../../reading.ts';
import type { HttpAuth } from './auth-settings.ts';

type ClientCredentials = Extract<HttpAuth, { in: 'oauth2_client_credentials' }>;

const maxTokenReplyBytes = 64 * 1024;
/** RFC 6749 lets a server leave the lifetime out. */
const assumedLifetimeMs = 300_000;
const longestAheadMs = 60_000;

export interface ClientAccount {
  readonly account: ProviderAccount;
  readonly auth: ClientCredentials;
}

export function createClientTokens(now: () => number): AccessTokens<ClientAccount> {
  return createAccessTokens({
    identify: ({ account, auth }) => [account.serviceId, account.credentials, auth],
    request: (client, http) => requestToken(client, http, now),
    now,
  });
}

async function requestToken(
  { account, auth }: ClientAccount,
  http: ProviderHttp,
  now: () => number,
): Promise<AccessToken> {
  const clientId = textIn(account.credentials, 'client_id');
  const clientSecret = textIn(account.credentials, 'client_secret');
  if (clientId === null || clientSecret === null) {
    throw new TokenRefused('the credentials need client_id and client_secret', false);
  }
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (auth.scope !== null) form.set('scope', auth.scope);
  if (auth.audience !== null) form.set('audience', auth.audience);
  const headers: Record<string, string> = {
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
  };
  if (auth.clientAuth === 'body') {
    form.set('client_id', clientId);
    form.set('client_secret', clientSecret);
  } else {
    // RFC 6749, 2.3.1: both are form-encoded before they are joined.
    const pair = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64');
    http.mask(pair);
    headers.authorization = `Basic ${pair}`;
  }
  const askedAtMs = now();
  const reply = await http.send({
    method: 'POST',
    url: auth.tokenUrl,
    headers,
    body: form.toString(),
    maxReplyBytes: maxTokenReplyBytes,
  });
  const body = parseJson(reply);
  const token = textIn(body, 'access_token');
  if (token !== null) http.mask(token);
  if (reply.status !== 200 || token === null) {
    const error = textIn(body, 'error');
    const isOutage = reply.status >= 500 || reply.status === 429 || error === null;
    const reason = error === null ? `it answered ${reply.status}` : shorten(error);
    throw new TokenRefused(`the token endpoint gives no token: ${reason}`, isOutage);
  }
  const seconds = isObject(body) ? Number(body.expires_in) : Number.NaN;
  const lifetimeMs = seconds > 0 ? Math.min(seconds, 86_400) * 1000 : assumedLifetimeMs;
  const aheadMs = Math.min(longestAheadMs, lifetimeMs / 5);
  // Not used to its very end, so that none ends on its way.
  return { token, endsAtMs: askedAtMs + lifetimeMs - aheadMs / 2, renewFromMs: askedAtMs + lifetimeMs - aheadMs };
}

/** Access tokens by OAuth 2.0 client credentials (RFC 6749, 4.4). */
import { type AccessToken, type AccessTokens, createAccessTokens, TokenRefused } from '../../access-tokens.ts';
import type { ProviderAccount, ProviderHttp } from '../../provider.ts';
import { textIn } from '../../reading.ts';
import type { HttpAuth } from './auth-settings.ts';
import { requestToken } from './token-request.ts';

type ClientCredentials = Extract<HttpAuth, { in: 'oauth2_client_credentials' }>;

export interface ClientAccount {
  readonly account: ProviderAccount;
  readonly auth: ClientCredentials;
}

export function createClientTokens(now: () => number): AccessTokens<ClientAccount> {
  return createAccessTokens({
    identify: ({ account, auth }) => [account.serviceId, account.credentials, auth],
    request: (client, http) => requestByCredentials(client, http, now),
    now,
  });
}

async function requestByCredentials(
  { account, auth }: ClientAccount,
  http: ProviderHttp,
  now: () => number,
): Promise<AccessToken> {
  const id = textIn(account.credentials, 'client_id');
  const secret = textIn(account.credentials, 'client_secret');
  if (id === null || secret === null) {
    throw new TokenRefused('the credentials need client_id and client_secret', false);
  }
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (auth.scope !== null) form.set('scope', auth.scope);
  if (auth.audience !== null) form.set('audience', auth.audience);
  const reply = await requestToken(form, auth, { id, secret }, http, { now });
  if (reply.kind === 'refused') throw new TokenRefused(reply.message, reply.isOutage);
  return reply.access;
}

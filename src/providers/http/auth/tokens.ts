/** Provides the access token of an account, by client credentials (RFC 6749, 4.4) or by refresh token. */
import { type AccessToken, type AccessTokens, createAccessTokens, TokenRefused } from '../../access-tokens.ts';
import type { ProviderAccount, ProviderHttp } from '../../provider.ts';
import { textIn } from '../../reading.ts';
import { settingsOf } from '../settings.ts';
import type { HttpAuth } from './auth-settings.ts';
import { createRefreshTokens } from './refresh-tokens.ts';
import { requestToken } from './token-request.ts';

interface ClientAccount {
  readonly account: ProviderAccount;
  readonly auth: Extract<HttpAuth, { in: 'oauth2_client_credentials' }>;
}

export interface TokenClient {
  /** Throws `TokenRefused`, or what `http.send` throws. */
  token(http: ProviderHttp): Promise<string>;
  /** The API refused this token. */
  drop(token: string): void;
}

export interface Tokens {
  /** null if the account uses no access tokens. */
  of(account: ProviderAccount): TokenClient | null;
}

export function createTokens(now: () => number): Tokens {
  const byCredentials = createAccessTokens<ClientAccount>({
    identify: ({ account, auth }) => [account.serviceId, account.credentials, auth],
    request: (client, http) => requestByCredentials(client, http, now),
    now,
  });
  const byRefreshToken = createRefreshTokens(now);
  return {
    of(account) {
      for (const auth of settingsOf(account.config).auths) {
        if (auth.in === 'oauth2_client_credentials') return clientOf(byCredentials, { account, auth });
        if (auth.in === 'oauth2_refresh_token') return clientOf(byRefreshToken, { account, auth });
      }
      return null;
    },
  };
}

function clientOf<Account>(tokens: AccessTokens<Account>, account: Account): TokenClient {
  return {
    token: (http) => tokens.tokenFor(account, http),
    drop: (token) => tokens.drop(account, token),
  };
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

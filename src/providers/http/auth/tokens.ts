/** Provides the access token of an account, by client credentials or by refresh token. */
import type { AccessTokens } from '../../access-tokens.ts';
import type { ProviderAccount, ProviderHttp } from '../../provider.ts';
import { settingsOf } from '../settings.ts';
import { createClientTokens } from './client-credentials.ts';
import { createRefreshTokens } from './refresh-tokens.ts';

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
  const byCredentials = createClientTokens(now);
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

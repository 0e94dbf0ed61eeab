/** Provides the access token of an account, by client credentials or by refresh token. */
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
        if (auth.in === 'oauth2_client_credentials') {
          const client = { account, auth };
          return {
            token: (http) => byCredentials.tokenFor(client, http),
            drop: (token) => byCredentials.drop(client, token),
          };
        }
        if (auth.in === 'oauth2_refresh_token') {
          const connected = { account, auth };
          return {
            token: (http) => byRefreshToken.tokenFor(connected, http),
            drop: (token) => byRefreshToken.drop(connected, token),
          };
        }
      }
      return null;
    },
  };
}

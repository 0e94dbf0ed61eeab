/** Who may come in: service tokens, sessions of the console, and JWTs. */
import type { BootstrapToken, Config } from '../config/config.ts';
import { createAuthenticator, createTokenFinder } from '../http/auth/authenticate.ts';
import { createConsoleSessions } from '../http/auth/console-sessions.ts';
import type { TokenDirectory } from '../http/auth/token-directory.ts';
import { createJwtVerifier } from '../http/auth/verify-jwt.ts';
import { loadOrCreateJwtSecret, loadOrCreateServiceToken } from '../secrets/development-keys.ts';
import type { CoreParts } from './core-parts.ts';
import type { Stores } from './stores.ts';

/** `exampleToken`: the token that a development start made for itself; null where the operator brought tokens. */
export function createCredentials({ config, clock }: CoreParts, { db }: Stores, tokenDirectory: TokenDirectory) {
  const madeToken = developmentTokenOf(config);
  const bootstrapTokens = madeToken === null ? config.bootstrapTokens : [madeToken];
  const findToken = createTokenFinder({ bootstrapTokens, tokenDirectory });
  const sessions = createConsoleSessions({ db, clock, findToken });
  const { jwt, dataDir } = config;
  const developmentSecret = jwt.verification.kind === 'generated' ? loadOrCreateJwtSecret(dataDir) : null;
  const jwtVerifier = createJwtVerifier({ jwt, developmentSecret, clock });
  const authenticator = createAuthenticator({ bootstrapTokens, tokenDirectory, sessions, jwtVerifier });
  return { authenticator, sessions, exampleToken: madeToken?.token ?? null };
}

/** A development start without tokens makes one, so that the first call can be pasted. */
function developmentTokenOf({ production, bootstrapTokens, dataDir }: Config): BootstrapToken | null {
  if (production || bootstrapTokens.length > 0) return null;
  return { name: 'development', token: loadOrCreateServiceToken(dataDir), tenants: null };
}

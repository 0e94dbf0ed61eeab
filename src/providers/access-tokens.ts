/**
 * Access tokens of accounts, kept while they last.
 *
 * One token serves all calls of an account. It is renewed some time before its end, by the first call that comes then,
 * while the others go on with the old one; without any token all wait for the one request under way. A request that ends
 * with the caller who made it (its deadline, its leaving) is made again by the next one waiting.
 */
import { createHash } from 'node:crypto';
import { setBounded } from '../bounded-map.ts';
import { type ProviderHttp, reconnectMessage, TransportError, type Verdict } from './provider.ts';

/** The account is refused a token. `retryable`: by an outage and not by a fault of the account. */
export class TokenRefused extends Error {
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean, cause?: unknown) {
    super(message, { cause });
    this.name = 'TokenRefused';
    this.retryable = retryable;
  }
}

/** The vendor has ended what the account was given: only a person can connect it again. */
export class GrantEnded extends TokenRefused {
  constructor() {
    super(reconnectMessage, false);
    this.name = 'GrantEnded';
  }
}

/** What it means for the call that needed the token: nothing of it has been sent, so that even an append may be repeated. */
export function judgeTokenRefusal(refused: TokenRefused): Extract<Verdict<never>, { message: string }> {
  const { message, retryable } = refused;
  if (refused instanceof GrantEnded) return { kind: 'denied', message, needsReconnect: true };
  return retryable ? { kind: 'failed', retryable: true, message } : { kind: 'denied', message };
}

export interface AccessToken {
  readonly token: string;
  /** Unix milliseconds, here as below. Not used from then on. */
  readonly endsAtMs: number;
  /** From then on the next call asks for another. */
  readonly renewFromMs: number;
}

export interface AccessTokens<Account> {
  /** Throws `TokenRefused`, or what `http.send` throws; a `TransportError` then says that nothing has arrived. */
  tokenFor(account: Account, http: ProviderHttp): Promise<string>;
  /** The vendor refused this token: it is used no more. */
  drop(account: Account, token: string): void;
}

export interface AccessTokensOptions<Account> {
  /** All that a token depends on, secrets included: an account whose secret was replaced begins anew. */
  identify(account: Account): readonly unknown[];
  request(account: Account, http: ProviderHttp): Promise<AccessToken>;
  now(): number;
}

interface Entry {
  current: AccessToken | null;
  underWay: Promise<string> | null;
}

/** Accounts whose tokens are kept; the one used longest ago makes room. */
const maxAccounts = 1_000;

export function createAccessTokens<Account>(options: AccessTokensOptions<Account>): AccessTokens<Account> {
  const { identify, request, now } = options;
  const entries = new Map<string, Entry>();

  const entryOf = (account: Account): Entry => {
    const name = createHash('sha256')
      .update(JSON.stringify(identify(account)))
      .digest('base64');
    const entry = entries.get(name) ?? { current: null, underWay: null };
    setBounded(entries, name, entry, maxAccounts);
    return entry;
  };

  const renew = (entry: Entry, account: Account, http: ProviderHttp): Promise<string> => {
    const underWay = request(account, http)
      .then((renewed) => {
        entry.current = renewed;
        return renewed.token;
      })
      .finally(() => {
        if (entry.underWay === underWay) entry.underWay = null;
      });
    entry.underWay = underWay;
    return underWay;
  };

  const shareOrRenew = async (entry: Entry, account: Account, http: ProviderHttp): Promise<string> => {
    const shared = await entry.underWay?.catch((error: unknown) => {
      if (error instanceof TransportError) return undefined; // Its own caller's end, perhaps: ask for ourselves.
      throw error;
    });
    return shared ?? entry.underWay ?? renew(entry, account, http);
  };

  const currentToken = async (entry: Entry, account: Account, http: ProviderHttp): Promise<string> => {
    const { current, underWay } = entry;
    if (current === null || current.endsAtMs <= now()) return shareOrRenew(entry, account, http);
    if (underWay !== null || now() < current.renewFromMs) return current.token;
    // The old one still works for a while, and the next call tries again.
    return renew(entry, account, http).catch(() => current.token);
  };

  return {
    async tokenFor(account, http) {
      try {
        const token = await currentToken(entryOf(account), account, http);
        http.mask(token);
        return token;
      } catch (error) {
        throw error instanceof TransportError ? new TransportError(error.fault, false, error) : error;
      }
    },
    drop(account, token) {
      const entry = entryOf(account);
      if (entry.current?.token === token) entry.current = null;
    },
  };
}

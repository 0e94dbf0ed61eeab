/**
 * Caches the access tokens of accounts until they expire.
 *
 * One token serves all calls of an account. Some time before it expires, the next call starts its renewal, and all calls
 * use the old one meanwhile. Without a valid token, all calls wait for the one token request in progress. If that
 * request fails because its own caller timed out or disconnected, the next waiting call sends a new one.
 */
import { createHash } from 'node:crypto';
import { setBounded } from '../bounded-map.ts';
import { type ProviderHttp, reconnectMessage, TransportError, type Verdict } from './provider.ts';

/** The account gets no token. `retryable`: because of an outage, not a fault of the account. */
export class TokenRefused extends Error {
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean, cause?: unknown) {
    super(message, { cause });
    this.name = 'TokenRefused';
    this.retryable = retryable;
  }
}

/** The vendor has revoked the account's grant: only a person can connect it again. */
export class GrantEnded extends TokenRefused {
  constructor() {
    super(reconnectMessage, false);
    this.name = 'GrantEnded';
  }
}

/** The verdict for the call that needed the token. The call itself was not sent, so even an append may be repeated. */
export function judgeTokenRefusal(refused: TokenRefused): Extract<Verdict<never>, { message: string }> {
  const { message, retryable } = refused;
  if (refused instanceof GrantEnded) return { kind: 'denied', message, needsReconnect: true };
  return retryable ? { kind: 'failed', retryable: true, message } : { kind: 'denied', message };
}

export interface AccessToken {
  readonly token: string;
  /** Unix milliseconds, like all times below. The token is not used after this time. */
  readonly endsAtMs: number;
  /** From this time on, the next call requests a new token. */
  readonly renewFromMs: number;
}

export interface AccessTokens<Account> {
  /**
   * Throws `TokenRefused`, or what `http.send` throws; a `TransportError` is marked as not sent, because the call
   * itself was not.
   */
  tokenFor(account: Account, http: ProviderHttp): Promise<string>;
  /**
   * The API refused this token, so it is dropped, at most once a minute. False if it stays: to send it again would be in
   * vain.
   */
  drop(account: Account, token: string): boolean;
}

export interface AccessTokensOptions<Account> {
  /** Everything that a token depends on, secrets included: a replaced secret makes a new cache entry. */
  identify(account: Account): readonly unknown[];
  request(account: Account, http: ProviderHttp): Promise<AccessToken>;
  now(): number;
  /**
   * The answer to a renewal must not be lost, so the call that starts it waits for it: a process that stops waits for
   * its calls.
   */
  readonly keepsRenewal?: boolean;
}

interface Entry {
  current: AccessToken | null;
  droppedAtMs: number;
  underWay: Promise<string> | null;
}

/** If the token after a dropped one is refused as well, new tokens do not help: token endpoints have quotas, too. */
const dropsApartMs = 60_000;
/** Accounts with cached tokens; the least recently used one is evicted. */
const maxAccounts = 1_000;

export function createAccessTokens<Account>(options: AccessTokensOptions<Account>): AccessTokens<Account> {
  const { identify, request, now, keepsRenewal = false } = options;
  const entries = new Map<string, Entry>();

  const entryOf = (account: Account): Entry => {
    const name = createHash('sha256')
      .update(JSON.stringify(identify(account)))
      .digest('base64');
    const entry = entries.get(name) ?? { current: null, droppedAtMs: Number.NEGATIVE_INFINITY, underWay: null };
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
      // Possibly only the other caller's deadline: send an own request.
      if (error instanceof TransportError) return undefined;
      throw error;
    });
    return shared ?? entry.underWay ?? renew(entry, account, http);
  };

  const currentToken = async (entry: Entry, account: Account, http: ProviderHttp): Promise<string> => {
    const { current, underWay } = entry;
    if (current === null || current.endsAtMs <= now()) return shareOrRenew(entry, account, http);
    if (underWay !== null || now() < current.renewFromMs) return current.token;
    // The old token still works for a while: no call waits for a slow token endpoint, and the next one tries again.
    const renewal = renew(entry, account, http).catch(() => current.token);
    return keepsRenewal ? renewal : current.token;
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
      if (entry.current?.token !== token) return true;
      if (now() - entry.droppedAtMs < dropsApartMs) return false;
      entry.current = null;
      entry.droppedAtMs = now();
      return true;
    },
  };
}

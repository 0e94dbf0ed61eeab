/**
 * Access tokens by OAuth 2.0 client credentials (RFC 6749, 4.4).
 *
 * One token serves all calls of an account until shortly before its end; while one is asked for, all who need it wait for
 * that one request, and one that ends with its own caller's deadline is made again by the next.
 */
import { createHash } from 'node:crypto';
import { type ProviderAccount, type ProviderHttp, TransportError } from '../provider.ts';
import { isObject, parseJson, shorten, textIn } from '../reading.ts';
import type { HttpAuth } from './settings.ts';

type ClientCredentials = Extract<HttpAuth, { in: 'oauth2_client_credentials' }>;

/** Accounts whose tokens are kept; the one used longest ago makes room. */
const maxAccounts = 1_000;
const maxTokenReplyBytes = 64 * 1024;
/** RFC 6749 lets a server leave the lifetime out. */
const assumedLifetimeMs = 300_000;
const longestAheadMs = 60_000;

/** The account gets no token. `retryable`: by an outage and not by a fault of the account. */
export class TokenRefused extends Error {
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean) {
    super(message);
    this.name = 'TokenRefused';
    this.retryable = retryable;
  }
}

export interface ClientTokens {
  /** Throws `TokenRefused`, or what `http.send` throws. */
  tokenFor(account: ProviderAccount, auth: ClientCredentials, http: ProviderHttp): Promise<string>;
  /** The API refused this token: it is used no more. */
  drop(account: ProviderAccount, auth: ClientCredentials, token: string): void;
}

interface Entry {
  token: string | null;
  /** Unix milliseconds after which it is not used any more. */
  usableUntilMs: number;
  underWay: Promise<string> | null;
}

export function createClientTokens(now: () => number = Date.now): ClientTokens {
  const entries = new Map<string, Entry>();

  const entryOf = (account: ProviderAccount, auth: ClientCredentials): Entry => {
    // The credentials' hash is part of the name: an account whose secret was replaced begins anew.
    const name = createHash('sha256')
      .update(JSON.stringify([account.serviceId, account.credentials, auth]))
      .digest('base64');
    const entry = entries.get(name) ?? { token: null, usableUntilMs: 0, underWay: null };
    entries.delete(name);
    if (entries.size >= maxAccounts) entries.delete(entries.keys().next().value as string);
    entries.set(name, entry);
    return entry;
  };

  const renew = (entry: Entry, account: ProviderAccount, auth: ClientCredentials, http: ProviderHttp) => {
    const askedAtMs = now();
    const underWay = requestToken(account, auth, http)
      .then(({ token, lifetimeMs }) => {
        entry.token = token;
        // Used no longer than nine tenths of its life, so that none ends on its way.
        entry.usableUntilMs = askedAtMs + lifetimeMs - Math.min(longestAheadMs, lifetimeMs / 10);
        return token;
      })
      .finally(() => {
        if (entry.underWay === underWay) entry.underWay = null;
      });
    entry.underWay = underWay;
    return underWay;
  };

  return {
    async tokenFor(account, auth, http) {
      const entry = entryOf(account, auth);
      let token = entry.usableUntilMs > now() ? entry.token : null;
      if (token === null && entry.underWay !== null) {
        token = await entry.underWay.catch((error: unknown) => {
          if (error instanceof TransportError) return null; // Its own caller's end, perhaps: ask for ourselves.
          throw error;
        });
      }
      token ??= await (entry.underWay ?? renew(entry, account, auth, http));
      http.mask(token);
      return token;
    },
    drop(account, auth, token) {
      const entry = entryOf(account, auth);
      if (entry.token === token) entry.token = null;
    },
  };
}

async function requestToken(account: ProviderAccount, auth: ClientCredentials, http: ProviderHttp) {
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
  return { token, lifetimeMs: seconds > 0 ? Math.min(seconds, 86_400) * 1000 : assumedLifetimeMs };
}

/**
 * Access tokens of service accounts: google-auth-library signs and asks, our own HTTP carries it.
 *
 * One token serves all calls of an account. It is renewed five minutes before its end, by the first call that comes
 * then, while the others go on with the old one; without any token all wait for the one request under way. A request
 * that ends with the caller who made it (its deadline, its leaving) is made again by the next one waiting.
 */
import { createHash } from 'node:crypto';
import { JWT } from 'google-auth-library';
import { type ProviderHttp, type ProviderReply, TransportError } from '../provider.ts';
import { parseJson, shorten, textIn } from '../reading.ts';
import type { ServiceAccountKey } from './service-account.ts';

const scope = 'https://www.googleapis.com/auth/spreadsheets';
const renewAheadMs = 5 * 60_000;
/** Accounts whose tokens are kept; the one used longest ago makes room. */
const maxAccounts = 1_000;
/** A skew smaller than this is no reason to blame the clock. */
const notableSkewMs = 60_000;
const maxTokenReplyBytes = 64 * 1024;

/** The account is refused a token. `retryable`: by an outage and not by a fault of the account. */
export class TokenRefused extends Error {
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean, cause?: unknown) {
    super(message, { cause });
    this.name = 'TokenRefused';
    this.retryable = retryable;
  }
}

export interface TokenSource {
  /** Throws `TokenRefused`, or what `http.send` throws. */
  tokenFor(key: ServiceAccountKey, http: ProviderHttp): Promise<string>;
  /** The vendor refused this token: it is used no more. */
  drop(key: ServiceAccountKey, token: string): void;
}

interface Entry {
  token: string | null;
  expiresAtMs: number;
  underWay: Promise<string> | null;
}

export function createTokenSource(now: () => number = Date.now): TokenSource {
  const entries = new Map<string, Entry>();

  const entryOf = (key: ServiceAccountKey): Entry => {
    // The key's hash is part of the name: an account whose key was replaced begins anew.
    const name = createHash('sha256').update(`${key.email}\n${key.tokenUri}\n${key.privateKey}`).digest('base64');
    const entry = entries.get(name) ?? { token: null, expiresAtMs: 0, underWay: null };
    entries.delete(name);
    if (entries.size >= maxAccounts) entries.delete(entries.keys().next().value as string);
    entries.set(name, entry);
    return entry;
  };

  const renew = (entry: Entry, key: ServiceAccountKey, http: ProviderHttp): Promise<string> => {
    const underWay = requestToken(key, http, now)
      .then(({ token, expiresAtMs }) => {
        entry.token = token;
        entry.expiresAtMs = expiresAtMs;
        return token;
      })
      .finally(() => {
        if (entry.underWay === underWay) entry.underWay = null;
      });
    entry.underWay = underWay;
    return underWay;
  };

  return {
    async tokenFor(key, http) {
      const entry = entryOf(key);
      const token = await currentToken(entry, key, http);
      http.mask(token);
      return token;
    },
    drop(key, token) {
      const entry = entryOf(key);
      if (entry.token === token) entry.token = null;
    },
  };

  async function currentToken(entry: Entry, key: ServiceAccountKey, http: ProviderHttp): Promise<string> {
    const old = entry.expiresAtMs > now() ? entry.token : null;
    if (old !== null && (entry.expiresAtMs - now() > renewAheadMs || entry.underWay !== null)) return old;
    if (entry.underWay !== null) {
      const shared = await entry.underWay.catch((error: unknown) => {
        if (error instanceof TransportError) return null; // Its own caller's end, perhaps: ask for ourselves.
        throw error;
      });
      if (shared !== null) return shared;
      return entry.underWay ?? renew(entry, key, http);
    }
    try {
      return await renew(entry, key, http);
    } catch (error) {
      if (old !== null) return old; // It still works for minutes; the next call tries again.
      throw error;
    }
  }
}

async function requestToken(
  key: ServiceAccountKey,
  http: ProviderHttp,
  now: () => number,
): Promise<{ token: string; expiresAtMs: number }> {
  let reply: ProviderReply | null = null;
  const client = new JWT({
    email: key.email,
    key: key.privateKey,
    scopes: [scope],
    // The library signs for Google's own endpoint; a key file may name another.
    additionalClaims: { aud: key.tokenUri },
  });
  const transporter = {
    request: async ({ data }: { data?: unknown }) => {
      const form = String(data);
      const assertion = new URLSearchParams(form).get('assertion');
      if (assertion !== null) http.mask(assertion);
      reply = await http.send({
        method: 'POST',
        url: key.tokenUri,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: form,
        maxReplyBytes: maxTokenReplyBytes,
      });
      const body = parseJson(reply);
      if (reply.status !== 200 || textIn(body, 'access_token') === null) throw refusalOf(reply, body, now());
      http.mask(textIn(body, 'access_token') as string);
      return { data: body };
    },
  };
  Object.assign(client, { transporter });
  try {
    const { access_token: token, expiry_date: expiresAtMs } = await client.authorize();
    if (typeof token !== 'string') throw new TokenRefused('the token endpoint gave no token', true);
    return { token, expiresAtMs: expiresAtMs ?? now() + 3_000_000 };
  } catch (error) {
    if (error instanceof TokenRefused || error instanceof TransportError) throw error;
    // Nothing was sent: the library could not sign with this key.
    if (reply === null) throw new TokenRefused('the private key of the service account cannot be used', false, error);
    throw new TokenRefused('the token endpoint’s answer cannot be read', true, error);
  }
}

/** By `error`, never by the text alone, as the error table of Google Identity has it; the clock's fault is said so. */
function refusalOf(reply: ProviderReply, body: unknown, nowMs: number): TokenRefused {
  const error = textIn(body, 'error');
  if (error === null || reply.status >= 500 || reply.status === 429) {
    return new TokenRefused(`the token endpoint answered ${reply.status}`, true);
  }
  const description = shorten(textIn(body, 'error_description') ?? '');
  if (error === 'invalid_grant' && /\b(?:iat|exp)\b|short-lived|timeframe/i.test(description)) {
    return new TokenRefused(
      `Google refuses the token request because of the time: ${clockAdvice(reply, nowMs)}`,
      false,
    );
  }
  return new TokenRefused(`Google refuses the service account (${error}): ${description}`, false);
}

function clockAdvice(reply: ProviderReply, nowMs: number): string {
  const theirsMs = Date.parse(reply.headers.date ?? '');
  const skewMs = nowMs - theirsMs;
  if (Number.isNaN(theirsMs) || Math.abs(skewMs) < notableSkewMs) return 'check the clock of this machine';
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  return `the clock of this machine is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} Google's`;
}

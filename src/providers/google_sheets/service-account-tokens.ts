/** Access tokens of service accounts: google-auth-library signs the request, this service's HTTP client sends it. */
import { type AccessToken, type AccessTokens, createAccessTokens, TokenRefused } from '../access-tokens.ts';
import { type ProviderHttp, type ProviderReply, TransportError } from '../provider.ts';
import { parseJson, shorten, textIn } from '../reading.ts';
import type { ServiceAccountKey } from './service-account.ts';

/** Sheets, plus the files that this account created, to share them. */
const scopes = ['https://www.googleapis.com/auth/spreadsheets', 'https://www.googleapis.com/auth/drive.file'];
const renewAheadMs = 5 * 60_000;
const assumedLifetimeMs = 50 * 60_000;
/** A smaller clock skew is not reported as the cause. */
const notableSkewMs = 60_000;
const maxTokenReplyBytes = 64 * 1024;

export function createServiceAccountTokens(now: () => number): AccessTokens<ServiceAccountKey> {
  return createAccessTokens({
    identify: ({ email, tokenUri, privateKey }) => [email, tokenUri, privateKey],
    request: (key, http) => requestToken(key, http, now),
    now,
  });
}

async function requestToken(key: ServiceAccountKey, http: ProviderHttp, now: () => number): Promise<AccessToken> {
  let reply: ProviderReply | null = null;
  // Loaded on demand: the library is large and only Sheets accounts need it.
  const { JWT } = await import('google-auth-library');
  const client = new JWT({
    email: key.email,
    key: key.privateKey,
    scopes,
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
    const { access_token: token, expiry_date: expiryDate } = await client.authorize();
    if (typeof token !== 'string') throw new TokenRefused('the token endpoint gave no token', true);
    const endsAtMs = expiryDate ?? now() + assumedLifetimeMs;
    return { token, endsAtMs, renewFromMs: endsAtMs - renewAheadMs };
  } catch (error) {
    if (error instanceof TokenRefused || error instanceof TransportError) throw error;
    // Nothing was sent: the library could not sign with this key.
    if (reply === null) throw new TokenRefused('the private key of the service account cannot be used', false, error);
    throw new TokenRefused('the token endpoint’s answer cannot be read', true, error);
  }
}

/**
 * Decided by `error`, never by the text alone, following the error table of Google Identity; a wrong clock is named as
 * the cause.
 */
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

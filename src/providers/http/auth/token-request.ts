/** Sends one request to an OAuth 2.0 token endpoint (RFC 6749, 4.4 and 6) and interprets the answer. */
import type { AccessToken } from '../../access-tokens.ts';
import type { ProviderHttp } from '../../provider.ts';
import { isObject, parseJson, shorten, textIn } from '../../reading.ts';

const maxTokenReplyBytes = 64 * 1024;
/** RFC 6749 allows a server to omit the lifetime. */
const assumedLifetimeMs = 300_000;
const longestAheadMs = 60_000;

export interface TokenEndpoint {
  readonly tokenUrl: string;
  /** Where the client's id and secret are sent: RFC 6749, 2.3.1. */
  readonly clientAuth: 'basic' | 'body';
}

export interface Client {
  readonly id: string;
  /** null for a public client, which has no secret. */
  readonly secret: string | null;
}

export type TokenReply =
  | { readonly kind: 'given'; readonly access: AccessToken; readonly refreshToken: string | null }
  /** `error`: the server's error code. */
  | { readonly kind: 'refused'; readonly error: string | null; readonly isOutage: boolean; readonly message: string };

/** `outlivesCall`: the request changes state at the server, so its answer is awaited even if the caller disconnects. */
export async function requestToken(
  form: URLSearchParams,
  { tokenUrl, clientAuth }: TokenEndpoint,
  client: Client,
  http: ProviderHttp,
  { now, outlivesCall = false }: { readonly now: () => number; readonly outlivesCall?: boolean },
): Promise<TokenReply> {
  const headers: Record<string, string> = {
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
  };
  if (clientAuth === 'body' || client.secret === null) {
    form.set('client_id', client.id);
    if (client.secret !== null) form.set('client_secret', client.secret);
  } else {
    // RFC 6749, 2.3.1: both are form-encoded before they are joined.
    const pair = `${encodeURIComponent(client.id)}:${encodeURIComponent(client.secret)}`;
    const encoded = Buffer.from(pair).toString('base64');
    http.mask(encoded);
    headers.authorization = `Basic ${encoded}`;
  }
  const askedAtMs = now();
  const reply = await http.send({
    method: 'POST',
    url: tokenUrl,
    headers,
    body: form.toString(),
    maxReplyBytes: maxTokenReplyBytes,
    ...(outlivesCall ? { outlivesCall } : {}),
  });
  const body = parseJson(reply);
  const token = textIn(body, 'access_token');
  const refreshToken = textIn(body, 'refresh_token');
  for (const secret of [token, refreshToken]) if (secret !== null) http.mask(secret);
  if (reply.status !== 200 || token === null) {
    const error = textIn(body, 'error');
    const isOutage = reply.status >= 500 || reply.status === 429 || error === null;
    const reason = error === null ? `it answered ${reply.status}` : shorten(error);
    return { kind: 'refused', error, isOutage, message: `the token endpoint gives no token: ${reason}` };
  }
  const seconds = isObject(body) ? Number(body.expires_in) : Number.NaN;
  const lifetimeMs = seconds > 0 ? Math.min(seconds, 86_400) * 1000 : assumedLifetimeMs;
  return { kind: 'given', access: { token, ...endsOf(askedAtMs, lifetimeMs) }, refreshToken };
}

function endsOf(askedAtMs: number, lifetimeMs: number): Pick<AccessToken, 'endsAtMs' | 'renewFromMs'> {
  const aheadMs = Math.min(longestAheadMs, lifetimeMs / 5);
  // Ends before the real expiry, so that no token expires in transit.
  return { endsAtMs: askedAtMs + lifetimeMs - aheadMs / 2, renewFromMs: askedAtMs + lifetimeMs - aheadMs };
}

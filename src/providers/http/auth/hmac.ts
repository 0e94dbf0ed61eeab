/** Signs a request with a keyed hash (RFC 2104) of a template, in a header or in the query. */
import { createHmac, randomUUID } from 'node:crypto';
import { isHeaderText, unsendable } from '../../header-text.ts';
import type { ProviderAccount } from '../../provider.ts';
import { textIn } from '../../reading.ts';
import { withParameter } from '../target-url.ts';
import type { HmacSigning } from './hmac-settings.ts';
import { holds, render } from './hmac-template.ts';
import type { SignableRequest, Signed } from './signed-request.ts';

export interface HmacKeys {
  readonly secret: Buffer;
  /** Identifies the owner of the secret; empty if the vendor needs no key. */
  readonly key: string;
}

/** Why the account cannot sign; null if it can. */
export function faultOfHmacKeys(account: ProviderAccount, signing: HmacSigning): string | null {
  const { secret, key } = hmacKeysOf(account, signing);
  if (signing.template.length === 0) return 'the service has no template to sign by';
  if (secret.length === 0) return `the credentials need secret, written as ${signing.secretEncoding}`;
  if (!isHeaderText(key)) return unsendable.message;
  const needsKey = signing.keyHeader !== null || holds(signing.template, 'key') || holds(signing.prefix, 'key');
  return needsKey && key === '' ? 'the credentials need key, or the service an API key' : null;
}

export function hmacKeysOf({ credentials, apiKey }: ProviderAccount, { secretEncoding }: HmacSigning): HmacKeys {
  return {
    secret: Buffer.from(textIn(credentials, 'secret') ?? '', secretEncoding),
    key: textIn(credentials, 'key') ?? apiKey ?? '',
  };
}

export function signByHmac(
  request: SignableRequest,
  signing: HmacSigning,
  { secret, key }: HmacKeys,
  nowMs: number,
): Signed {
  const { timestampHeader, timestampParameter, nonceHeader, keyHeader } = signing;
  const timestamp = timestampOf(signing, nowMs);
  const nonce = randomUUID();
  const url = new URL(request.url);
  // Replaces the caller's own values with the names of the signature and its time.
  if (signing.place === 'query') url.search = withParameter(url.search.slice(1), signing.name, null);
  if (timestampParameter !== null) url.search = withParameter(url.search.slice(1), timestampParameter, timestamp);
  const query = url.search.slice(1);
  const values = {
    timestamp,
    nonce,
    key,
    method: request.method,
    host: url.host,
    path: url.pathname,
    query,
    path_and_query: url.pathname + url.search,
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
  };
  const digest = createHmac(signing.algorithm, secret)
    .update(render(signing.template, values))
    .digest(signing.encoding);
  const value = render(signing.prefix, values).toString() + digest;
  if (signing.place === 'query') url.search = withParameter(query, signing.name, value);
  const added: readonly (readonly [string | null, string])[] = [
    [timestampHeader, timestamp],
    [nonceHeader, nonce],
    [keyHeader, key],
    [signing.place === 'header' ? signing.name : null, value],
  ];
  const headers = added.flatMap(([name, text]) => (name === null ? [] : [[name.toLowerCase(), text] as const]));
  return {
    url: url.href,
    headers: { ...request.headers, ...Object.fromEntries(headers) },
    secrets: [digest, ...(keyHeader === null ? [] : [key])],
    parameters: signing.place === 'query' ? [signing.name] : [],
  };
}

function timestampOf({ timestampFormat }: HmacSigning, nowMs: number): string {
  if (timestampFormat === 'iso') return new Date(nowMs).toISOString();
  return String(timestampFormat === 'seconds' ? Math.floor(nowMs / 1000) : nowMs);
}

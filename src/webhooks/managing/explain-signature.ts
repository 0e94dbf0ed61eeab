/**
 * Explains a failed signature: what was looked for, and which common mistake would make it match. Shows neither a
 * secret nor an expected signature: with either, anyone could sign.
 */
import { decodeForSignature, isEncoded } from '../receiving/decode-content.ts';
import { type SignatureScheme, usualSignatureHeader, verifySignature } from '../receiving/verify-signature.ts';
import type { DeliveryHeaders, SignatureVerdict } from '../schemes/scheme.ts';
import { secretsAt, type Webhook } from '../webhook.ts';

export interface SignatureExplanation {
  readonly matches: boolean;
  readonly scheme: SignatureScheme;
  readonly checked: readonly { readonly secret: 'current' | 'previous'; readonly matches: boolean }[];
  readonly hints: readonly string[];
}

export async function explainSignature(
  webhook: Webhook,
  headers: DeliveryHeaders,
  body: Buffer,
  nowMs: number,
): Promise<SignatureExplanation> {
  const secrets = secretsAt(webhook, nowMs);
  const bodies = [body];
  const encoding = headers['content-encoding'];
  const decoded = isEncoded(encoding) ? await decodeForSignature(body, encoding, webhook.maxPayloadSizeBytes) : null;
  if (decoded !== null) bodies.push(decoded);

  const judge: Judge = (signed, given, scheme = webhook.scheme, settings = webhook.schemeSettings) => {
    const usable = given.filter((secret) => secret !== '');
    if (usable.length === 0 && scheme !== 'none') return { genuine: false, reason: 'wrong_signature' };
    return verifySignature(scheme, { headers, body: signed, receivedAtMs: nowMs }, usable, settings);
  };
  const verdicts = bodies.map((one) => judge(one, secrets));
  const checked = secrets.map((secret, index) => ({
    secret: index === 0 && webhook.secret !== null ? ('current' as const) : ('previous' as const),
    matches: bodies.some((one) => judge(one, [secret]).genuine),
  }));
  const matches = verdicts.some(({ genuine }) => genuine);
  const worst = verdicts[0];
  const hints =
    matches || worst === undefined || worst.genuine
      ? []
      : hintsFor(webhook, headers, body, secrets, worst.reason, judge);
  return { matches, scheme: webhook.scheme, checked, hints };
}

type Judge = (
  signed: Buffer,
  secrets: readonly string[],
  scheme?: SignatureScheme,
  settings?: Webhook['schemeSettings'],
) => SignatureVerdict;

function hintsFor(
  webhook: Webhook,
  headers: DeliveryHeaders,
  body: Buffer,
  secrets: readonly string[],
  reason: string,
  judge: Judge,
): string[] {
  const headerName = webhook.schemeSettings.signatureHeader ?? usualSignatureHeader(webhook.scheme);
  if (secrets.length === 0) return ['The webhook has no secret: set secret_key to the one that its sender signs with.'];
  switch (reason) {
    case 'missing_signature':
      return missingHints(webhook, headers, headerName);
    case 'stale_timestamp':
      return [
        `The signature is right, but its time is further from now than ${webhook.schemeSettings.toleranceSeconds} s: send it again, set the sender’s clock, or raise tolerance_seconds.`,
      ];
    case 'malformed_signature':
      return [
        `The header ${headerName ?? ''} is there, but its value is not in the form of the scheme ${webhook.scheme}.`,
        ...otherSchemes(webhook, body, secrets, headerName, judge),
      ];
    default: {
      const found = [
        ...otherBodies(body, secrets, judge),
        ...otherSecrets(body, secrets, judge),
        ...otherSchemes(webhook, body, secrets, headerName, judge),
      ];
      return found.length > 0
        ? found
        : [
            'No common slip explains it: the secret is another one, or the body was changed on its way.',
            'Sign the bytes of the body as they are sent, before anything parses or formats them.',
          ];
    }
  }
}

function missingHints(webhook: Webhook, headers: DeliveryHeaders, headerName: string | null): string[] {
  const { timestampHeader } = webhook.schemeSettings;
  const hasSignature = headerName !== null && headers[headerName.toLowerCase()] !== undefined;
  const missing = hasSignature && timestampHeader ? timestampHeader : headerName;
  const others = Object.keys(headers)
    .filter((name) => /signature|hmac|token|authorization|digest/.test(name) && name !== headerName?.toLowerCase())
    .slice(0, 5);
  return [
    missing === null || missing === undefined
      ? 'The body does not hold what the scheme looks for.'
      : `The header ${missing} is missing, or something that is signed with the body.`,
    ...(others.length > 0
      ? [`There is ${others.join(', ')}: name it in signature_header if the signature is there.`]
      : []),
  ];
}

/** What senders and proxies do to a body between signing and sending. */
function otherBodies(body: Buffer, secrets: readonly string[], judge: Judge): string[] {
  const text = body.toString('utf8');
  const variants: readonly (readonly [string, () => string])[] = [
    ['with a line end behind it', () => `${text}\n`],
    ['without the blanks around it', () => text.trim()],
    ['with Windows line ends', () => text.replaceAll(/\r?\n/g, '\r\n')],
    ['with Unix line ends', () => text.replaceAll('\r\n', '\n')],
    ['without a byte order mark', () => text.replace(/^\uFEFF/, '')],
    ['as JSON without blanks', () => JSON.stringify(JSON.parse(text))],
    ['as JSON indented by two', () => JSON.stringify(JSON.parse(text), null, 2)],
    ['as Python writes JSON', () => spaced(JSON.stringify(JSON.parse(text)))],
    ['as an empty one', () => ''],
  ];
  return variants.flatMap(([words, make]) => {
    try {
      const variant = Buffer.from(make());
      return !variant.equals(body) && judge(variant, secrets).genuine
        ? [`The signature is right for the body ${words}: it was changed after it was signed.`]
        : [];
    } catch {
      return [];
    }
  });
}

/** A blank behind each colon and comma outside of strings. */
function spaced(json: string): string {
  return json.replaceAll(
    /("(?:[^"\\]|\\.)*")|([:,])/g,
    (_, text: string | undefined, mark: string) => text ?? `${mark} `,
  );
}

function otherSecrets(body: Buffer, secrets: readonly string[], judge: Judge): string[] {
  const variants: readonly (readonly [string, (secret: string) => string])[] = [
    ['without the blanks around it', (secret) => secret.trim()],
    ['with a line end behind it', (secret) => `${secret}\n`],
    ['without whsec_', (secret) => secret.replace(/^whsec_/, '')],
    ['with whsec_ in front', (secret) => `whsec_${secret}`],
    ['decoded from base64', (secret) => Buffer.from(secret, 'base64').toString('utf8')],
    ['in lower case', (secret) => secret.toLowerCase()],
  ];
  return variants.flatMap(([words, change]) => {
    const changed = secrets.map(change).filter((one, index) => one !== secrets[index]);
    try {
      return judge(body, changed).genuine ? [`The signature is right for the secret ${words}.`] : [];
    } catch {
      return [];
    }
  });
}

const plainSchemes: readonly SignatureScheme[] = [
  'github',
  'stripe',
  'standard_webhooks',
  'hmac_hex',
  'hmac_base64',
  'hmac_sha1_hex',
  'hmac_sha512_hex',
  'timestamped_hmac',
  'header_token',
  'basic',
];

function otherSchemes(
  webhook: Webhook,
  body: Buffer,
  secrets: readonly string[],
  headerName: string | null,
  judge: Judge,
): string[] {
  return plainSchemes
    .filter((scheme) => scheme !== webhook.scheme)
    .flatMap((scheme) => {
      for (const signatureHeader of new Set([headerName, usualSignatureHeader(scheme)])) {
        const verdict = judge(body, secrets, scheme, { ...webhook.schemeSettings, signatureHeader });
        if (verdict.genuine) return [`It would hold for the scheme ${scheme} with ${signatureHeader ?? ''}.`];
      }
      return [];
    });
}

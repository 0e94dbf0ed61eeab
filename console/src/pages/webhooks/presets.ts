/** Instructions for a sender, and a `curl` that signs like it. */

import type { SourceAnswer } from '../../api/types.ts';

export interface Preset {
  readonly name: string;
  readonly title: string;
  readonly scheme: string | null;
  /** Steps on the sender's side; names of its pages are in its own language. */
  readonly setUp: { readonly en: string; readonly ru: string } | null;
  readonly documentationUrl: string | null;
  /** Who creates the secret: this service, the sender, or neither. */
  readonly secretFrom: string | null;
  readonly sample: {
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly contentType: string;
  } | null;
}

function presetNamed(name: string, scheme: string): Preset {
  return { name, title: name, scheme, setUp: null, documentationUrl: null, secretFrom: null, sample: null };
}

/** Known to every version of the service; `GET /webhooks/sources` has more. */
export const usualPresets: readonly Preset[] = [
  presetNamed('custom', 'timestamped_hmac'),
  presetNamed('github', 'github'),
  presetNamed('stripe', 'stripe'),
  presetNamed('telegram', 'telegram'),
  presetNamed('standard_webhooks', 'standard_webhooks'),
];

/** The members of a source that are used. */
export type PresetSource = Pick<
  SourceAnswer,
  | 'source_service'
  | 'title'
  | 'signature_scheme'
  | 'set_up'
  | 'set_up_ru'
  | 'documentation_url'
  | 'secret_from'
  | 'sample'
>;

export function presetsOf(sources: readonly PresetSource[]): readonly Preset[] {
  const presets = sources.map(
    (source): Preset => ({
      name: source.source_service,
      title: source.title,
      scheme: source.signature_scheme,
      setUp: { en: source.set_up, ru: source.set_up_ru },
      documentationUrl: source.documentation_url,
      secretFrom: source.secret_from,
      sample: {
        headers: source.sample.headers as Readonly<Record<string, string>>,
        body: source.sample.body,
        contentType: source.sample.content_type,
      },
    }),
  );
  // `custom` comes first, because it is the usual choice.
  return [...presets].sort(
    (a, b) => Number(b.name === 'custom') - Number(a.name === 'custom') || a.title.localeCompare(b.title),
  );
}

export const schemes = [
  'github',
  'stripe',
  'telegram',
  'standard_webhooks',
  'hmac_hex',
  'hmac_base64',
  'hmac_sha1_hex',
  'hmac_sha512_hex',
  'timestamped_hmac',
  'signed_template',
  'ecdsa_p256',
  'header_token',
  'basic',
  'none',
] as const;

/** The schemes that `openssl` in a shell line can sign; the others have special keys or texts. */
const signable: ReadonlySet<string> = new Set([
  'github',
  'stripe',
  'telegram',
  'standard_webhooks',
  'hmac_hex',
  'hmac_base64',
  'hmac_sha1_hex',
  'hmac_sha512_hex',
  'timestamped_hmac',
  'header_token',
  'basic',
  'none',
]);

export function canSign(scheme: string): boolean {
  return signable.has(scheme);
}

/**
 * A shell line that sends one delivery, signed for this scheme. `openssl` makes the signature at each run, so that it
 * can be sent again later.
 */
export function deliveryCurl(
  url: string,
  scheme: string,
  header: string | null,
  secret: string | null,
  sample: Preset['sample'] = null,
): string {
  const key = (secret ?? '').replaceAll("'", "'\\''");
  const name = header ?? usualHeader(scheme);
  const body = sample === null ? ownBody(scheme) : sample.body.replaceAll("'", "'\\''");
  const lines = [`ID="try-$(date +%s)"`, `BODY='${body}'`];
  const sign = (digest: string, text: string) =>
    `$(printf '%s' "${text}" | openssl dgst -${digest} -hmac '${key}' -r | cut -d' ' -f1)`;
  const headers = Object.entries(sample?.headers ?? {})
    // The headers of the scheme itself are made below.
    .filter(
      ([given]) =>
        given.toLowerCase() !== name.toLowerCase() &&
        !(scheme === 'standard_webhooks' && given.toLowerCase().startsWith('webhook-')),
    )
    .map(
      ([given, value]) =>
        `${given}: ${/(delivery|request|webhook|message)-?(id)?$/i.test(given) ? '$ID' : value.replaceAll(/["$`\\]/g, '')}`,
    );
  switch (scheme) {
    case 'github':
      headers.push(
        ...(sample === null ? ['X-GitHub-Event: ping', 'X-GitHub-Delivery: $ID'] : []),
        `${name}: sha256=${sign('sha256', '$BODY')}`,
      );
      break;
    case 'stripe':
    case 'timestamped_hmac':
      lines.push(`T=$(date +%s)`);
      headers.push(`${name}: t=$T,v1=${sign('sha256', '$T.$BODY')}`);
      break;
    case 'telegram':
    case 'header_token':
      headers.push(`${name}: ${key}`);
      break;
    case 'standard_webhooks':
      lines.push(
        `T=$(date +%s)`,
        `KEY=$(printf '%s' '${key}' | sed 's/^whsec_//' | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')`,
      );
      headers.push(
        `webhook-id: $ID`,
        `webhook-timestamp: $T`,
        `${name}: v1,$(printf '%s' "$ID.$T.$BODY" | openssl dgst -sha256 -mac HMAC -macopt hexkey:$KEY -binary | openssl base64 -A)`,
      );
      break;
    case 'hmac_base64':
      headers.push(`${name}: $(printf '%s' "$BODY" | openssl dgst -sha256 -hmac '${key}' -binary | openssl base64 -A)`);
      break;
    case 'hmac_sha1_hex':
      headers.push(`${name}: ${sign('sha1', '$BODY')}`);
      break;
    case 'hmac_sha512_hex':
      headers.push(`${name}: ${sign('sha512', '$BODY')}`);
      break;
    case 'hmac_hex':
      headers.push(`${name}: ${sign('sha256', '$BODY')}`);
      break;
    default:
      break;
  }
  const auth = scheme === 'basic' ? [`-u '${key}'`] : [];
  const parts = [
    `curl -s '${url}'`,
    ...auth,
    ...[`Content-Type: ${sample?.contentType ?? 'application/json'}`, ...headers].map((one) => `-H "${one}"`),
    `-d "$BODY"`,
  ];
  return `${lines.join('; ')}; ${parts.join(' \\\n  ')}`;
}

/** A new id at each paste, so that a second delivery is no duplicate. */
function ownBody(scheme: string): string {
  if (scheme === 'telegram') return '{"update_id":1,"message":{"text":"hello"}}';
  return `{"type":"order.paid","event_id":"'"$ID"'","amount":125000}`;
}

function usualHeader(scheme: string): string {
  const names: Readonly<Record<string, string>> = {
    github: 'X-Hub-Signature-256',
    stripe: 'Stripe-Signature',
    telegram: 'X-Telegram-Bot-Api-Secret-Token',
    standard_webhooks: 'webhook-signature',
  };
  return names[scheme] ?? 'X-Webhook-Signature';
}

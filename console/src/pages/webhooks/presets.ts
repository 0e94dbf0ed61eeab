/** What a sender is told, and a `curl` that signs as it does. */

export interface Preset {
  readonly name: string;
  readonly scheme: string | null;
  readonly instructions: string | null;
}

/** Known to every version of the service; `GET /webhooks/sources` adds to them. */
export const usualPresets: readonly Preset[] = [
  { name: 'custom', scheme: 'timestamped_hmac', instructions: null },
  { name: 'github', scheme: 'github', instructions: null },
  { name: 'stripe', scheme: 'stripe', instructions: null },
  { name: 'telegram', scheme: 'telegram', instructions: null },
  { name: 'standard_webhooks', scheme: 'standard_webhooks', instructions: null },
];

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

/** The list of sources, in whichever of its forms a version of the service answers. */
export function presetsOf(answer: unknown): readonly Preset[] {
  const list = Array.isArray(answer) ? answer : ((answer as { sources?: unknown } | null)?.sources ?? []);
  const found = (Array.isArray(list) ? list : []).flatMap((item: unknown) => {
    if (typeof item === 'string') return [{ name: item, scheme: null, instructions: null }];
    const { name, source_service, source, signature_scheme, scheme, instructions, setup } = (item ?? {}) as Record<
      string,
      unknown
    >;
    const own = [name, source_service, source].find((one) => typeof one === 'string');
    if (typeof own !== 'string') return [];
    return [
      {
        name: own,
        scheme: textOf(signature_scheme) ?? textOf(scheme),
        instructions: textOf(instructions) ?? textOf(setup),
      },
    ];
  });
  return found.length === 0 ? usualPresets : found;
}

function textOf(value: unknown): string | null {
  if (Array.isArray(value)) return value.filter((one) => typeof one === 'string').join('\n') || null;
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A shell line that sends one delivery signed as this scheme asks. `openssl` makes the signature, so that it can be sent again later. */
export function deliveryCurl(url: string, scheme: string, header: string | null, secret: string | null): string {
  const key = (secret ?? '').replaceAll("'", "'\\''");
  const name = header ?? usualHeader(scheme);
  const body =
    scheme === 'telegram'
      ? '{"update_id":1,"message":{"text":"hello"}}'
      : '{"type":"order.paid","event_id":"\'"$ID"\'","amount":125000}';
  const lines = [`ID="try-$(date +%s)"`, `BODY='${body}'`];
  const sign = (digest: string, text: string) =>
    `$(printf '%s' "${text}" | openssl dgst -${digest} -hmac '${key}' -r | cut -d' ' -f1)`;
  const headers: string[] = [];
  switch (scheme) {
    case 'github':
      headers.push(`X-GitHub-Event: ping`, `X-GitHub-Delivery: $ID`, `${name}: sha256=${sign('sha256', '$BODY')}`);
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
    ...['Content-Type: application/json', ...headers].map((one) => `-H "${one}"`),
    `-d "$BODY"`,
  ];
  return `${lines.join('; ')}; ${parts.join(' \\\n  ')}`;
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

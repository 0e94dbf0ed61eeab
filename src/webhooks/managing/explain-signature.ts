/**
 * Explains a failed signature: what was looked for, and which common mistake would make it match. Shows neither a
 * secret nor an expected signature: with either, anyone could sign.
 */
import { type Words, words } from '../../errors.ts';
import { decodeForSignature, isEncoded } from '../receiving/decode-content.ts';
import { type SignatureScheme, usualSignatureHeader, verifySignature } from '../receiving/verify-signature.ts';
import type { DeliveryHeaders, SignatureVerdict } from '../schemes/scheme.ts';
import { secretsAt, type Webhook } from '../webhook.ts';

export interface SignatureExplanation {
  readonly matches: boolean;
  readonly scheme: SignatureScheme;
  readonly checked: readonly { readonly secret: 'current' | 'previous'; readonly matches: boolean }[];
  readonly hints: readonly string[];
  /** The same hints in Russian. */
  readonly hints_ru: readonly string[];
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

  const judge = (
    ...[signed, given, scheme = webhook.scheme, settings = webhook.schemeSettings]: Parameters<Holds>
  ): SignatureVerdict => {
    const usable = given.filter((secret) => secret !== '');
    if (usable.length === 0 && scheme !== 'none') return { genuine: false, reason: 'wrong_signature' };
    return verifySignature(scheme, { headers, body: signed, receivedAtMs: nowMs }, usable, settings);
  };
  // A delivery is explained after it arrived, mostly with a time that is out of tolerance by now.
  const holds: Holds = (...given) => {
    const verdict = judge(...given);
    return verdict.genuine || verdict.reason === 'stale_timestamp';
  };
  const verdicts = bodies.map((one) => judge(one, secrets));
  const checked = secrets.map((secret, index) => ({
    secret: index === 0 && webhook.secret !== null ? ('current' as const) : ('previous' as const),
    matches: bodies.some((one) => judge(one, [secret]).genuine),
  }));
  const matches = verdicts.some(({ genuine }) => genuine);
  const reasons = verdicts.flatMap((verdict) => (verdict.genuine ? [] : [verdict.reason]));
  const reason = reasons.find((one) => one === 'stale_timestamp') ?? reasons.at(-1);
  const hints = matches || reason === undefined ? [] : hintsFor(webhook, headers, bodies, secrets, reason, holds);
  return {
    matches,
    scheme: webhook.scheme,
    checked,
    hints: hints.map(({ message }) => message),
    hints_ru: hints.map(({ message_ru }) => message_ru),
  };
}

type Hint = Required<Words>;

/** Whether the signature is right, whatever its time. */
type Holds = (
  signed: Buffer,
  secrets: readonly string[],
  scheme?: SignatureScheme,
  settings?: Webhook['schemeSettings'],
) => boolean;

function hintsFor(
  webhook: Webhook,
  headers: DeliveryHeaders,
  bodies: readonly Buffer[],
  secrets: readonly string[],
  reason: string,
  holds: Holds,
): Hint[] {
  const headerName = webhook.schemeSettings.signatureHeader ?? usualSignatureHeader(webhook.scheme);
  if (secrets.length === 0) {
    return [
      words(
        'The webhook has no secret: set secret_key to the one that its sender signs with.',
        'У вебхука нет секрета: задайте в secret_key тот, которым подписывает отправитель.',
      ),
    ];
  }
  switch (reason) {
    case 'missing_signature':
      return missingHints(webhook, headers, headerName);
    case 'stale_timestamp':
      return [
        words(
          `The signature is right, but its time is further from now than ${webhook.schemeSettings.toleranceSeconds} s: send it again, set the sender’s clock, or raise tolerance_seconds.`,
          `Подпись верна, но её время отличается от текущего больше чем на ${webhook.schemeSettings.toleranceSeconds} с: отправьте заново, поправьте часы отправителя или увеличьте tolerance_seconds.`,
        ),
      ];
    case 'malformed_signature':
      return [
        words(
          `The header ${headerName ?? ''} is there, but its value is not in the form of the scheme ${webhook.scheme}.`,
          `Заголовок ${headerName ?? ''} есть, но его значение не в форме схемы ${webhook.scheme}.`,
        ),
        ...otherSchemes(webhook, bodies, secrets, headerName, holds),
      ];
    default: {
      const found = [
        ...bodies.flatMap((one) => otherBodies(one, secrets, holds)),
        ...otherSecrets(bodies, secrets, holds),
        ...otherSchemes(webhook, bodies, secrets, headerName, holds),
      ];
      return found.length > 0
        ? found
        : [
            words(
              'No common slip explains it: the secret is another one, or the body was changed on its way.',
              'Обычной ошибкой это не объяснить: секрет другой, или тело изменилось по пути.',
            ),
            words(
              'Sign the bytes of the body as they are sent, before anything parses or formats them.',
              'Подписывайте байты тела такими, какими они уходят, до разбора и форматирования.',
            ),
          ];
    }
  }
}

function missingHints(webhook: Webhook, headers: DeliveryHeaders, headerName: string | null): Hint[] {
  const { timestampHeader } = webhook.schemeSettings;
  const hasSignature = headerName !== null && headers[headerName.toLowerCase()] !== undefined;
  const missing = hasSignature && timestampHeader ? timestampHeader : headerName;
  const others = Object.keys(headers)
    .filter((name) => /signature|hmac|token|authorization|digest/.test(name) && name !== headerName?.toLowerCase())
    .slice(0, 5);
  return [
    missing === null || missing === undefined
      ? words('The body does not hold what the scheme looks for.', 'В теле нет того, что ищет схема.')
      : words(
          `The header ${missing} is missing, or something that is signed with the body.`,
          `Нет заголовка ${missing} или чего-то, что подписывается вместе с телом.`,
        ),
    ...(others.length > 0
      ? [
          words(
            `There is ${others.join(', ')}: name it in signature_header if the signature is there.`,
            `Есть ${others.join(', ')}: назовите его в signature_header, если подпись там.`,
          ),
        ]
      : []),
  ];
}

/** What senders and proxies do to a body between signing and sending. */
function otherBodies(body: Buffer, secrets: readonly string[], holds: Holds): Hint[] {
  const text = body.toString('utf8');
  const variants: readonly (readonly [string, string, () => string])[] = [
    ['with a line end behind it', 'с переводом строки в конце', () => `${text}\n`],
    ['without the blanks around it', 'без пробелов по краям', () => text.trim()],
    ['with Windows line ends', 'с концами строк Windows', () => text.replaceAll(/\r?\n/g, '\r\n')],
    ['with Unix line ends', 'с концами строк Unix', () => text.replaceAll('\r\n', '\n')],
    ['without a byte order mark', 'без метки порядка байтов', () => text.replace(/^\uFEFF/, '')],
    ['as JSON without blanks', 'в виде JSON без пробелов', () => JSON.stringify(JSON.parse(text))],
    [
      'as JSON indented by two',
      'в виде JSON с отступом в два пробела',
      () => JSON.stringify(JSON.parse(text), null, 2),
    ],
    ['as Python writes JSON', 'в виде JSON, как его пишет Python', () => spaced(JSON.stringify(JSON.parse(text)))],
    ['as an empty one', 'в пустом виде', () => ''],
  ];
  return variants.flatMap(([form, formRu, make]) => {
    try {
      const variant = Buffer.from(make());
      return !variant.equals(body) && holds(variant, secrets)
        ? [
            words(
              `The signature is right for the body ${form}: it was changed after it was signed.`,
              `Подпись верна для тела ${formRu}: его изменили после подписи.`,
            ),
          ]
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

function otherSecrets(bodies: readonly Buffer[], secrets: readonly string[], holds: Holds): Hint[] {
  const variants: readonly (readonly [string, string, (secret: string) => string])[] = [
    ['without the blanks around it', 'без пробелов по краям', (secret) => secret.trim()],
    ['with a line end behind it', 'с переводом строки в конце', (secret) => `${secret}\n`],
    ['without whsec_', 'без whsec_', (secret) => secret.replace(/^whsec_/, '')],
    ['with whsec_ in front', 'с whsec_ в начале', (secret) => `whsec_${secret}`],
    ['decoded from base64', 'раскодированного из base64', (secret) => Buffer.from(secret, 'base64').toString('utf8')],
    ['in lower case', 'строчными буквами', (secret) => secret.toLowerCase()],
  ];
  return variants.flatMap(([form, formRu, change]) => {
    const changed = secrets.map(change).filter((one, index) => one !== secrets[index]);
    try {
      return bodies.some((one) => holds(one, changed))
        ? [words(`The signature is right for the secret ${form}.`, `Подпись верна для секрета ${formRu}.`)]
        : [];
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
  bodies: readonly Buffer[],
  secrets: readonly string[],
  headerName: string | null,
  holds: Holds,
): Hint[] {
  return plainSchemes
    .filter((scheme) => scheme !== webhook.scheme)
    .flatMap((scheme) => {
      for (const signatureHeader of new Set([headerName, usualSignatureHeader(scheme)])) {
        const settings = { ...webhook.schemeSettings, signatureHeader };
        if (bodies.some((one) => holds(one, secrets, scheme, settings))) {
          return [
            words(
              `It would hold for the scheme ${scheme} with ${signatureHeader ?? ''}.`,
              `Она верна для схемы ${scheme} с заголовком ${signatureHeader ?? ''}.`,
            ),
          ];
        }
      }
      return [];
    });
}

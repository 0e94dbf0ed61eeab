/**
 * What is known of each kind of sender, as data: the defaults of a webhook created for it. Anything here can be
 * overridden per webhook; an unknown `source_service` gets the defaults of `custom`.
 */
import type { SignatureScheme } from '../receiving/verify-signature.ts';

export type OverLimitPolicy = 'reject' | 'defer';

/** What makes a delivery one that was seen before. */
export const duplicateRules = ['delivery_id', 'delivery_id_or_body'] as const;
export type DuplicateRule = (typeof duplicateRules)[number];

/** Where a fact of a delivery is found: in a header, or under a path of the JSON body (`a.b`). */
export type FactSource =
  | { readonly in: 'header'; readonly name: string }
  | { readonly in: 'body'; readonly path: readonly string[] };

export interface SourcePreset {
  readonly signatureScheme: SignatureScheme;
  readonly signatureHeader: string | null;
  /** The first source that has a value wins. */
  readonly eventTypeFrom: readonly FactSource[];
  /** The sender's own id of a delivery. Without any, the body's hash is the id. */
  readonly deliveryIdFrom: readonly FactSource[];
  readonly maxPayloadSizeBytes: number;
  /**
   * `defer` for senders that never repeat: what is refused is gone. The others try again by themselves.
   */
  readonly overLimitPolicy: OverLimitPolicy;
  /** What `published` in `allowed_ips` stands for. Never applied unasked, because such lists change. */
  readonly publishedRanges: readonly string[];
}

const header = (name: string): FactSource => ({ in: 'header', name });
const body = (path: string): FactSource => ({ in: 'body', path: path.split('.') });

const mebibyte = 1_048_576;

const custom: SourcePreset = {
  signatureScheme: 'hmac_hex',
  signatureHeader: 'X-Webhook-Signature',
  // What the signature covers comes first: a header beside it is anybody's word.
  eventTypeFrom: [body('type'), body('event_type'), body('event'), header('x-event-type')],
  deliveryIdFrom: [body('event_id'), body('id'), header('x-delivery-id')],
  maxPayloadSizeBytes: mebibyte,
  overLimitPolicy: 'reject',
  publishedRanges: [],
};

const presets: Readonly<Record<string, SourcePreset>> = {
  custom,
  // GitHub Docs, "Webhook events and payloads": 25 MB at most; "Handling failed webhook deliveries": never repeated by itself.
  // Its ranges are published at api.github.com/meta and change: none are written down here.
  github: {
    signatureScheme: 'github',
    signatureHeader: 'X-Hub-Signature-256',
    eventTypeFrom: [header('x-github-event')],
    deliveryIdFrom: [header('x-github-delivery')],
    maxPayloadSizeBytes: 25 * mebibyte,
    overLimitPolicy: 'defer',
    publishedRanges: [],
  },
  // Stripe Docs, "Webhooks" and "Domains and IP addresses".
  stripe: {
    signatureScheme: 'stripe',
    signatureHeader: 'Stripe-Signature',
    eventTypeFrom: [body('type')],
    deliveryIdFrom: [body('id')],
    maxPayloadSizeBytes: mebibyte,
    overLimitPolicy: 'reject',
    publishedRanges: [
      '3.18.12.63/32',
      '3.130.192.231/32',
      '13.235.14.237/32',
      '13.235.122.149/32',
      '18.211.135.69/32',
      '35.154.171.200/32',
      '52.15.183.38/32',
      '54.88.130.119/32',
      '54.88.130.237/32',
      '54.187.174.169/32',
      '54.187.205.235/32',
      '54.187.216.72/32',
    ],
  },
  // Telegram Bot API, setWebhook; "Marvin's Marvellous Guide to All Things Webhook" for the ranges.
  telegram: {
    signatureScheme: 'telegram',
    signatureHeader: 'X-Telegram-Bot-Api-Secret-Token',
    eventTypeFrom: [],
    deliveryIdFrom: [body('update_id')],
    maxPayloadSizeBytes: mebibyte,
    overLimitPolicy: 'reject',
    publishedRanges: ['149.154.160.0/20', '91.108.4.0/22'],
  },
  standard_webhooks: {
    signatureScheme: 'standard_webhooks',
    signatureHeader: 'webhook-signature',
    eventTypeFrom: [body('type')],
    deliveryIdFrom: [header('webhook-id'), header('svix-id')],
    maxPayloadSizeBytes: mebibyte,
    overLimitPolicy: 'reject',
    publishedRanges: [],
  },
  // The sender's specification, UK-WEBHOOK-SENDER-SERVICE-TZ: deterministic event ids, three tries in seconds.
  infrasafe: {
    signatureScheme: 'timestamped_hmac',
    signatureHeader: 'x-webhook-signature',
    eventTypeFrom: [body('event')],
    deliveryIdFrom: [body('event_id')],
    maxPayloadSizeBytes: mebibyte,
    overLimitPolicy: 'reject',
    publishedRanges: [],
  },
};

export function presetOf(sourceService: string): SourcePreset {
  return Object.hasOwn(presets, sourceService) ? (presets[sourceService] as SourcePreset) : custom;
}

/** The source that a name was meant to be: `GitHub`, `standard-webhooks`. null where it is one, or like none. */
export function misspeltSource(sourceService: string): string | null {
  if (Object.hasOwn(presets, sourceService)) return null;
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return Object.keys(presets).find((name) => plain(name) === plain(sourceService)) ?? null;
}

/** `header:Name` or `body:a.b`, as in `event_type_from` and `delivery_id_from`; null where it is neither. */
export function parseFactSource(text: string): FactSource | null {
  const match = /^(header|body):([A-Za-z0-9_.-]{1,200})$/.exec(text);
  if (match === null) return null;
  return match[1] === 'header' ? header((match[2] as string).toLowerCase()) : body(match[2] as string);
}

/** What a genuine delivery calls itself: its event type and its id. Runs only after the signature held. */

import type { DeliveryHeaders } from '../schemes/scheme.ts';
import type { FactSource } from '../sources/sources.ts';
import { numberText, parseExactly } from './exact-json.ts';
import type { SignatureScheme } from './verify-signature.ts';

/** Of a webhook: where its sender says what a delivery is. */
export interface Naming {
  readonly sourceService: string;
  readonly scheme: SignatureScheme;
  readonly eventTypeFrom: readonly FactSource[];
  readonly deliveryIdFrom: readonly FactSource[];
}

export interface Identity {
  readonly eventType: string | null;
  readonly delivery: ReturnType<typeof deliveryIdOf>;
}

export function identifyDelivery(naming: Naming, headers: DeliveryHeaders, payload: unknown): Identity {
  return {
    eventType: eventTypeOf(naming.sourceService, naming.eventTypeFrom, headers, payload),
    delivery: deliveryIdOf(naming.scheme, naming.deliveryIdFrom, headers, payload),
  };
}

/** Longer types are cut: they go into columns, routing and labels of other systems. */
const longestType = 200;

/** The member of a Telegram update that says what it is (Telegram Bot API, Update: at most one of them is present). */
function telegramUpdateKind(payload: unknown): string | null {
  if (typeof payload !== 'object' || payload === null) return null;
  return Object.keys(payload).find((name) => name !== 'update_id') ?? null;
}

function memberAt(payload: unknown, path: readonly string[]): unknown {
  let value = payload;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function readFact(
  sources: readonly FactSource[],
  headers: DeliveryHeaders,
  payload: unknown,
): { readonly text: string; readonly source: FactSource } | null {
  for (const source of sources) {
    const value = source.in === 'header' ? headers[source.name] : memberAt(payload, source.path);
    const text = typeof value === 'string' ? value.trim() : numberText(value);
    if (text !== null && text !== '') return { text, source };
  }
  return null;
}

/**
 * The event type: for GitHub the header with the body's `action` behind it (`issues.opened`), for Telegram the kind of
 * update, else the first source that has one.
 */
export function eventTypeOf(
  sourceService: string,
  sources: readonly FactSource[],
  headers: DeliveryHeaders,
  payload: unknown,
): string | null {
  const named = readFact(sources, headers, payload)?.text.slice(0, longestType) ?? null;
  if (named !== null && sourceService === 'github') {
    const action = memberAt(payload, ['action']);
    return typeof action === 'string' && action !== '' ? `${named}.${action}`.slice(0, longestType) : named;
  }
  return named ?? (sourceService === 'telegram' ? telegramUpdateKind(payload) : null);
}

/** The headers that Standard Webhooks signs with the body; no other scheme signs any. */
const signedHeaders: ReadonlySet<string> = new Set(['webhook-id', 'svix-id']);

/**
 * The sender's id of this delivery, whole, because two may differ in their last letter alone; or null where it gave none and
 * the body's hash must serve. `isSigned` where the scheme's signature covers the place that it was found in.
 */
export function deliveryIdOf(
  scheme: SignatureScheme,
  sources: readonly FactSource[],
  headers: DeliveryHeaders,
  payload: unknown,
): { readonly id: string; readonly isSigned: boolean } | null {
  const found = readFact(sources, headers, payload);
  if (found === null) return null;
  const { source, text } = found;
  const isSigned = source.in === 'body' || (scheme === 'standard_webhooks' && signedHeaders.has(source.name));
  return { id: text, isSigned };
}

/**
 * `["*"]` is all, also what has no type; `issues` also means each of its actions (`issues.opened`); `invoice.*` and
 * `payment_*` mean all that begin so.
 */
export function wantsEventType(wanted: readonly string[], eventType: string | null): boolean {
  if (wanted.includes('*')) return true;
  if (eventType === null) return false;
  return wanted.some((name) =>
    name.endsWith('*')
      ? eventType.startsWith(name.slice(0, -1))
      : name === eventType || eventType.startsWith(`${name}.`),
  );
}

/**
 * The JSON of a body: as it stands, or GitHub's form-encoded `payload` field. Null where it is neither: the bytes are
 * kept all the same.
 *
 * JSON is JSON whatever it is called: curl, and many a script after it, calls every body a form.
 */
export function parsePayload(body: Buffer, contentType: string | null): unknown {
  const text = body.toString('utf8');
  const isForm = contentType?.trimStart().toLowerCase().startsWith('application/x-www-form-urlencoded') === true;
  return parseOrNull(text) ?? (isForm ? parseOrNull(payloadField(text)) : null);
}

/** The form's first field of that name alone: read as a whole, a form of half a million fields took four seconds. */
function payloadField(form: string): string {
  const name = 'payload=';
  const start = form.startsWith(name) ? 0 : form.indexOf(`&${name}`) + 1;
  if (start === 0 && !form.startsWith(name)) return '';
  const end = form.indexOf('&', start);
  return new URLSearchParams(form.slice(start, end === -1 ? undefined : end)).get('payload') ?? '';
}

function parseOrNull(json: string): unknown {
  try {
    // RFC 8259, section 8.1: a byte order mark may be passed over.
    return parseExactly(json.startsWith('\uFEFF') ? json.slice(1) : json);
  } catch {
    return null;
  }
}

/** What a genuine delivery calls itself: its event type and its id. Runs only after the signature held. */

import type { DeliveryHeaders } from '../schemes/scheme.ts';
import type { FactSource } from '../sources/sources.ts';
import { memberSource } from './member-source.ts';
import { type ReadBody, readLoosely } from './read-body.ts';
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
  /** Its body is JSON. */
  readonly isJson: boolean;
}

export function identifyDelivery(naming: Naming, content: DeliveryContent): Identity {
  return {
    eventType: eventTypeOf(naming.sourceService, naming.eventTypeFrom, content),
    delivery: deliveryIdOf(naming.scheme, naming.deliveryIdFrom, content),
    isJson: content.parsed !== undefined,
  };
}

/** What the facts of a delivery are read from. */
export interface DeliveryContent {
  readonly headers: DeliveryHeaders;
  readonly json: string | null;
  /** undefined where the body is no JSON. */
  readonly parsed: unknown;
  /** Its charset is not known: only what is ASCII can be told. */
  readonly isLoose: boolean;
}

export function contentOf(headers: DeliveryHeaders, body: Buffer, read: ReadBody): DeliveryContent {
  const isLoose = read.text === null;
  return { headers, ...(isLoose ? readLoosely(body) : { json: read.json, parsed: read.parsed }), isLoose };
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
  content: DeliveryContent,
): { readonly text: string; readonly source: FactSource } | null {
  for (const source of sources) {
    const found = source.in === 'header' ? (content.headers[source.name] ?? null) : memberText(content, source.path);
    const text = found?.trim() ?? '';
    if (text !== '') return { text, source };
  }
  return null;
}

/** A text, or a number with the digits it was sent with; null for anything else. */
function memberText({ json, parsed, isLoose }: DeliveryContent, path: readonly string[]): string | null {
  const value = memberAt(parsed, path);
  if (typeof value === 'string') return isLoose && /[^\x20-\x7e]/.test(value) ? null : value;
  if (typeof value !== 'number') return null;
  return Number.isSafeInteger(value) || json === null ? String(value) : memberSource(json, path);
}

/**
 * The event type: for GitHub the header with the body's `action` behind it (`issues.opened`), for Telegram the kind of
 * update, else the first source that has one.
 */
export function eventTypeOf(
  sourceService: string,
  sources: readonly FactSource[],
  content: DeliveryContent,
): string | null {
  const named = readFact(sources, content)?.text.slice(0, longestType) ?? null;
  if (named !== null && sourceService === 'github') {
    const action = memberText(content, ['action']);
    return action === null || action === '' ? named : `${named}.${action}`.slice(0, longestType);
  }
  return named ?? (sourceService === 'telegram' ? telegramUpdateKind(content.parsed) : null);
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
  content: DeliveryContent,
): { readonly id: string; readonly isSigned: boolean } | null {
  const found = readFact(sources, content);
  if (found === null) return null;
  const { source, text } = found;
  const isSigned = source.in === 'body' || (scheme === 'standard_webhooks' && signedHeaders.has(source.name));
  return { id: text, isSigned };
}

/**
 * Whether a delivery is one of those that its webhook wants. One whose type cannot be read, because its body is no JSON, is
 * never dropped for that.
 */
export function isWanted(
  wanted: readonly string[],
  { eventType, isJson }: Pick<Identity, 'eventType' | 'isJson'>,
): boolean {
  return wantsEventType(wanted, eventType) || (eventType === null && !isJson);
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

/** Reads the event type and the id of a delivery. Runs only after its signature was verified. */

import type { DeliveryHeaders } from '../schemes/scheme.ts';
import type { FactSource } from '../source.ts';
import { meetsConditions, type TargetFilter } from '../target-filter.ts';
import { memberSource } from './member-source.ts';
import { formField, isForm, type ReadBody, readLoosely } from './read-body.ts';

/** Where the sender of a webhook puts type and id. */
export interface Naming {
  readonly eventTypeFrom: readonly FactSource[];
  readonly deliveryIdFrom: readonly FactSource[];
  /** Lower-case names of the headers that the signature covers in addition to the body. */
  readonly signedHeaders: readonly string[];
  readonly targets: readonly TargetFilter[];
  /** The first type of a stored delivery. It stands alone if types are read from another place by now. */
  readonly storedType?: string | null;
}

export interface Identity {
  /** The first one's, if it contains several events. */
  readonly eventType: string | null;
  /** All types, if it contains several events. */
  readonly eventTypes: readonly string[];
  readonly delivery: ReturnType<typeof deliveryIdOf>;
  /** Its body is JSON. */
  readonly isJson: boolean;
  /** The ids of the targets that get it. */
  readonly targets: readonly string[];
}

export function identifyDelivery(naming: Naming, content: DeliveryContent): Identity {
  const read = eventTypesOf(naming.eventTypeFrom, content);
  const { storedType = read[0] ?? null } = naming;
  const stored = storedType === null ? [] : [storedType];
  const eventTypes = stored[0] === read[0] ? read : stored;
  return {
    eventType: eventTypes[0] ?? null,
    eventTypes,
    delivery: deliveryIdOf(naming.signedHeaders, naming.deliveryIdFrom, content),
    isJson: content.parsed !== undefined,
    targets: wantingTargets(naming.targets, eventTypes, content),
  };
}

function wantingTargets(
  targets: readonly TargetFilter[],
  eventTypes: readonly string[],
  content: DeliveryContent,
): string[] {
  const identity = { eventTypes, isJson: content.parsed !== undefined };
  return targets
    .filter(
      ({ eventTypes: wanted, conditions }) =>
        isWanted(wanted, identity) && meetsConditions(conditions, (path) => valuesAt(content.parsed, path)),
    )
    .map(({ id }) => id);
}

/** What the facts of a delivery are read from. */
export interface DeliveryContent {
  readonly headers: DeliveryHeaders;
  readonly json: string | null;
  /** undefined if the body is not JSON. */
  readonly parsed: unknown;
  /** The text of a form; null if the body is not a form. */
  readonly form: string | null;
  /** The charset is unknown: only ASCII can be read. */
  readonly isLoose: boolean;
}

export function contentOf(headers: DeliveryHeaders, body: Buffer, read: ReadBody): DeliveryContent {
  const isLoose = read.text === null;
  const { json, parsed } = isLoose ? readLoosely(body) : read;
  return { headers, json, parsed, form: isForm(headers['content-type'] ?? null) ? read.text : null, isLoose };
}

/** Longer types are cut, because they are used in columns, routing and labels of other systems. */
const longestType = 200;
/** Types per delivery; further ones are ignored. */
const mostTypes = 100;

/** The values at a path: one, or with `*` those of each item, up to a bound. */
function valuesAt(payload: unknown, path: readonly string[]): unknown[] {
  let values = [payload];
  for (const name of path) {
    values = values.flatMap((value) => {
      if (typeof value !== 'object' || value === null) return [];
      if (name === '*') return Array.isArray(value) ? value : [];
      return Object.hasOwn(value, name) ? [(value as Record<string, unknown>)[name]] : [];
    });
  }
  return values;
}

/** The values of a source, trimmed; empty if it has none. */
function readSource(source: FactSource, content: DeliveryContent): string[] {
  switch (source.in) {
    case 'header':
      return present([content.headers[source.name]]);
    case 'body':
      return present(memberTexts(content, source.path));
    case 'form':
      return present([content.form === null ? null : formField(content.form, source.name)]);
    case 'member name':
      return present([memberName(content.parsed, source.except)]);
    case 'joined':
      return joined(source, content);
  }
}

function present(texts: readonly (string | null | undefined)[]): string[] {
  return texts.flatMap((text) => text?.trim() || []);
}

function joined({ parts, separator, needsAll }: FactSource & { in: 'joined' }, content: DeliveryContent): string[] {
  const [first = [], ...rest] = parts.map((part) => readSource(part, content));
  if (needsAll && rest.some((texts) => texts.length === 0)) return [];
  return rest.reduce(
    (heads, tails) =>
      tails.length === 0 ? heads : heads.flatMap((head) => tails.map((tail) => head + separator + tail)),
    first.slice(0, 1),
  );
}

function memberName(payload: unknown, except: string | null): string | null {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return null;
  return Object.keys(payload).find((name) => name !== except) ?? null;
}

/** Texts, and numbers with their exact digits. */
function memberTexts({ json, parsed, isLoose }: DeliveryContent, path: readonly string[]): (string | null)[] {
  return valuesAt(parsed, path).map((value) => {
    if (typeof value === 'string') return isLoose && /[^\x20-\x7e]/.test(value) ? null : value;
    if (typeof value !== 'number') return null;
    return Number.isSafeInteger(value) || json === null || path.includes('*')
      ? String(value)
      : memberSource(json, path);
  });
}

/** The event types of a delivery, from the first source that has any; several if it contains several events. */
export function eventTypesOf(sources: readonly FactSource[], content: DeliveryContent): string[] {
  for (const source of sources) {
    const types = [...new Set(readSource(source, content).map((type) => type.slice(0, longestType)))];
    if (types.length > 0) return types.slice(0, mostTypes);
  }
  return [];
}

/**
 * The sender's id of this delivery, uncut, because two may differ only in their last letter; null if it has none, and
 * the body's hash is used. `isSigned`: the signature covers the place of the id.
 */
export function deliveryIdOf(
  signedHeaders: readonly string[],
  sources: readonly FactSource[],
  content: DeliveryContent,
): { readonly id: string; readonly isSigned: boolean } | null {
  for (const source of sources) {
    const [id] = readSource(source, content);
    if (id !== undefined) return { id, isSigned: isSigned(source, signedHeaders) };
  }
  return null;
}

function isSigned(source: FactSource, signedHeaders: readonly string[]): boolean {
  if (source.in === 'joined') return source.parts.every((part) => isSigned(part, signedHeaders));
  return source.in !== 'header' || signedHeaders.includes(source.name);
}

/**
 * Whether its webhook wants a delivery. A delivery without a readable type, because its body is not JSON, is never
 * dropped.
 */
export function isWanted(
  wanted: readonly string[],
  { eventTypes, isJson }: Pick<Identity, 'eventTypes' | 'isJson'>,
): boolean {
  if (eventTypes.length === 0) return wantsEventType(wanted, null) || !isJson;
  return eventTypes.some((type) => wantsEventType(wanted, type));
}

/**
 * `["*"]` matches everything, even without a type; `issues` also matches each of its actions (`issues.opened`);
 * `invoice.*` and `payment_*` match every type with this beginning.
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

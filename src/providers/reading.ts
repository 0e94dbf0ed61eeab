/** Helpers to parse replies, which are untrusted. */
import { isObject, parsedJson } from '../encodings/tolerant.ts';
import type { ProviderReply } from '../outbound/exchange.ts';

export { isObject };
export type Json = Readonly<Record<string, unknown>>;

/** No reply about places or routes is longer, and the worst reply of this length parses in about 50 ms. */
const longestReplyBytes = 512 * 1024;

/** The body as JSON; undefined for HTML, truncated JSON, an empty body, or one that is too long. */
export function parseJson(reply: ProviderReply): unknown {
  return reply.body.length > longestReplyBytes ? undefined : parsedJson(reply.body.toString('utf8'));
}

/** A member's object, or an empty object, so that optional branches need no checks. */
export function objectIn(value: unknown, member: string): Json {
  const found = isObject(value) ? value[member] : undefined;
  return isObject(found) ? found : {};
}

export function listIn(value: unknown, member: string): readonly unknown[] {
  const found = isObject(value) ? value[member] : undefined;
  return Array.isArray(found) ? found : [];
}

/** A member's text; null if it is missing, empty or not a text. */
export function textIn(value: unknown, member: string): string | null {
  const found = isObject(value) ? value[member] : undefined;
  return typeof found === 'string' && found !== '' ? found : null;
}

const maxMessageLength = 300;

/** A vendor's message, shortened to a line that may be shown. */
export function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > maxMessageLength ? `${line.slice(0, maxMessageLength)}…` : line;
}

/**
 * `Retry-After` in milliseconds, from seconds (some send fractions) or an HTTP date; null if it is missing or invalid.
 * `Date.parse` reads `-1` and `2/3` as dates long ago, which would mean "at once".
 */
export function retryAfterMs({ headers }: Pick<ProviderReply, 'headers'>): number | null {
  const value = headers['retry-after']?.trim();
  if (value === undefined) return null;
  if (/^\d{1,10}(?:\.\d{1,6})?$/.test(value)) return Math.ceil(Number(value) * 1000);
  const date = /^[A-Z][a-z]{2}/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now());
}

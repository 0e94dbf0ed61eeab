/**
 * Conditional requests (RFC 9110, 13; RFC 9111, 4.3): the caller's own, answered from the cache, and the gateway's,
 * which ask an upstream whether a cached answer is still valid.
 */
import type { HttpOutput } from '../providers/http/operations.ts';

type Headers = Readonly<Record<string, string>>;
type Head = Pick<HttpOutput, 'status' | 'headers'>;

/** Conditions that a cached answer can satisfy. Others, such as `If-Match`, are passed to the upstream. */
const conditionNames: ReadonlySet<string> = new Set(['if-none-match', 'if-modified-since']);
/** Headers of a 304 that describe the answer (RFC 9110, 15.4.5), and `Last-Modified`, which some clients use. */
const namesOf304: ReadonlySet<string> = new Set([
  ...['age', 'cache-control', 'content-location', 'etag', 'expires', 'last-modified', 'vary'],
]);
/** Headers of the body as it was sent; a 304 has no body (RFC 9111, 3.2). */
const namesOfBody: ReadonlySet<string> = new Set([
  ...['content-length', 'content-encoding', 'content-range', 'transfer-encoding'],
]);

export function isCondition(name: string): boolean {
  return conditionNames.has(name);
}

export function isConditional(headers: Headers): boolean {
  return Object.keys(headers).some(isCondition);
}

export function withoutConditions(headers: Headers): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isCondition(name)));
}

export function hasValidator(headers: Headers): boolean {
  return 'etag' in headers || 'last-modified' in headers;
}

/** The request that revalidates a cached answer, with the gateway's conditions in place of the caller's. */
export function withValidators(headers: Headers, kept: Headers): Record<string, string> {
  return {
    ...withoutConditions(headers),
    ...(kept.etag === undefined ? {} : { 'if-none-match': kept.etag }),
    ...(kept['last-modified'] === undefined ? {} : { 'if-modified-since': kept['last-modified'] }),
  };
}

/**
 * Whether a 304 confirms the cached answer. The request named only that one; an upstream that names another has
 * answered from a cache of its own, or confuses them. Tags are compared weakly, because some servers weaken them (nginx
 * with compression). Many servers put the time of the 304 into `Last-Modified`, so a tag decides alone.
 */
export function isAbout(kept: Headers, headersOf304: Headers): boolean {
  if (kept.etag !== undefined)
    return headersOf304.etag === undefined || opaque(headersOf304.etag) === opaque(kept.etag);
  const modified = headersOf304['last-modified'];
  return modified === undefined || modified === kept['last-modified'];
}

/** The headers of a cached answer, updated by a 304 (RFC 9111, 4.3.4). Its age is that of the 304. */
export function freshened(kept: Head, headersOf304: Headers): Head {
  const { age: _past, ...lasting } = kept.headers;
  const updates = Object.entries(headersOf304).filter(([name]) => !namesOfBody.has(name));
  return { status: kept.status, headers: { ...lasting, ...Object.fromEntries(updates) } };
}

/**
 * Whether two sets of headers agree in everything that matters to a cache and its callers; request ids and the like may
 * differ.
 */
export function saysTheSame(one: Headers, other: Headers): boolean {
  return [...namesOf304].every((name) => name === 'age' || one[name] === other[name]);
}

/** Whether the caller already has the answer. A list of tags decides alone; the time counts only without one. */
export function callerHas(conditions: Headers, answer: Headers): boolean {
  const tags = conditions['if-none-match'];
  if (tags !== undefined) return tags.trim() === '*' || (answer.etag !== undefined && listsTag(tags, answer.etag));
  const sinceMs = httpDateMs(conditions['if-modified-since']);
  const modifiedMs = httpDateMs(answer['last-modified']);
  return sinceMs !== null && modifiedMs !== null && modifiedMs <= sinceMs;
}

export function headersOf304(headers: Headers): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => namesOf304.has(name)));
}

/** Weak comparison (RFC 9110, 8.8.3.2). A tag may contain commas, and some servers omit its quotes. */
function listsTag(list: string, tag: string): boolean {
  const tags = list.match(/(?:W\/)?"[^"]*"|[^\s,"]+/g) ?? [];
  return tags.some((one) => opaque(one) === opaque(tag));
}

function opaque(tag: string): string {
  return tag.trim().replace(/^W\//, '');
}

/** null for an invalid HTTP date: such a condition is ignored (RFC 9110, 13.1.3). */
function httpDateMs(text: string | undefined): number | null {
  if (text === undefined || !/^[A-Z][a-z]+, .+ GMT$/.test(text)) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

/**
 * Conditional requests (RFC 9110, 13; RFC 9111, 4.3): the caller's own, answered from what is kept, and ours, that ask an
 * upstream whether what is kept still holds.
 */
import type { HttpOutput } from '../providers/http/operations.ts';

type Headers = Readonly<Record<string, string>>;
type Head = Pick<HttpOutput, 'status' | 'headers'>;

/** Conditions that a kept answer can meet. Others, as `If-Match`, are for the upstream alone. */
const conditionNames: ReadonlySet<string> = new Set(['if-none-match', 'if-modified-since']);
/** What a 304 says of the answer that it stands for (RFC 9110, 15.4.5), and `Last-Modified`, by which some clients go. */
const namesOf304: ReadonlySet<string> = new Set([
  ...['age', 'cache-control', 'content-location', 'etag', 'expires', 'last-modified', 'vary'],
]);
/** Of the body as it was sent then, which a 304 does not send again (RFC 9111, 3.2). */
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

/** The request that asks whether a kept answer still holds, in the place of the caller's own conditions. */
export function withValidators(headers: Headers, kept: Headers): Record<string, string> {
  return {
    ...withoutConditions(headers),
    ...(kept.etag === undefined ? {} : { 'if-none-match': kept.etag }),
    ...(kept['last-modified'] === undefined ? {} : { 'if-modified-since': kept['last-modified'] }),
  };
}

/**
 * Whether a 304 is about the kept answer. It has been asked about that one alone; an upstream that names another has
 * answered from a cache of its own that knows better, or confuses them. Tags are compared weakly: some servers weaken
 * them on the way (nginx, where it compresses). Many give `Last-Modified` the time of the 304, so that a tag decides alone.
 */
export function isAbout(kept: Headers, headersOf304: Headers): boolean {
  if (kept.etag !== undefined)
    return headersOf304.etag === undefined || opaque(headersOf304.etag) === opaque(kept.etag);
  const modified = headersOf304['last-modified'];
  return modified === undefined || modified === kept['last-modified'];
}

/** The head of a kept answer with what a 304 says of it (RFC 9111, 4.3.4). Its age is the 304's. */
export function freshened(kept: Head, headersOf304: Headers): Head {
  const { age: _past, ...lasting } = kept.headers;
  const updates = Object.entries(headersOf304).filter(([name]) => !namesOfBody.has(name));
  return { status: kept.status, headers: { ...lasting, ...Object.fromEntries(updates) } };
}

/** Whether two heads agree in all that a cache and its callers go by; ids of a request and the like may differ. */
export function saysTheSame(one: Headers, other: Headers): boolean {
  return [...namesOf304].every((name) => name === 'age' || one[name] === other[name]);
}

/** Whether the caller has the answer already. A list of tags decides alone; only without one does the time. */
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

/** Weak comparison (RFC 9110, 8.8.3.2). A tag may hold commas, and some servers leave its quotes out. */
function listsTag(list: string, tag: string): boolean {
  const tags = list.match(/(?:W\/)?"[^"]*"|[^\s,"]+/g) ?? [];
  return tags.some((one) => opaque(one) === opaque(tag));
}

function opaque(tag: string): string {
  return tag.trim().replace(/^W\//, '');
}

/** null for what is no date of HTTP: such a condition is ignored (RFC 9110, 13.1.3). */
function httpDateMs(text: string | undefined): number | null {
  if (text === undefined || !/^[A-Z][a-z]+, .+ GMT$/.test(text)) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

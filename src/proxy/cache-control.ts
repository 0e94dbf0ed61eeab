/** Parses `Cache-Control` and the other headers that determine freshness (RFC 9111, 4.2). */

type Headers = Readonly<Record<string, string>>;

/**
 * Directives by name; the first of two equal ones counts (RFC 9111, 4.2.1). A value may be quoted, and then contain
 * commas.
 */
export function parseCacheControl(header: string | undefined): ReadonlyMap<string, string> {
  const directives = new Map<string, string>();
  for (const [, name = '', value = ''] of (header ?? '').matchAll(/([^\s,;="]+)(?:\s*=\s*("[^"]*"|[^\s,;]*))?/g)) {
    const known = name.toLowerCase();
    if (!directives.has(known)) directives.set(known, value.replaceAll('"', ''));
  }
  return directives;
}

/** 0 for an invalid number: the answer is stale (RFC 9111, 4.2.1). */
export function secondsOf(text: string | undefined): number {
  return text !== undefined && /^\d+$/.test(text) ? Math.min(Number(text), 2 ** 31) : 0;
}

/** The remaining freshness in seconds, negative after it has expired; null if the upstream does not state it. */
export function freshSecondsLeft(
  headers: Headers,
  directives: ReadonlyMap<string, string>,
  nowMs: number,
): number | null {
  const ageSeconds = secondsOf(headers.age);
  const explicit = directives.get('s-maxage') ?? directives.get('max-age');
  if (explicit !== undefined) return secondsOf(explicit) - ageSeconds;
  if (headers.expires === undefined) return null;
  const expiresMs = Date.parse(headers.expires);
  const dateMs = Date.parse(headers.date ?? '');
  if (Number.isNaN(expiresMs)) return 0;
  return Math.floor((expiresMs - (Number.isNaN(dateMs) ? nowMs : dateMs)) / 1000) - ageSeconds;
}

/**
 * How long an answer may be kept: as the service's `cache_ttl_seconds` says, else as the upstream does (RFC 9111, with the
 * tenant as the one user of a shared cache), else not at all.
 */
import type { HttpOutput } from '../providers/http/operations.ts';
import { longestCacheTtlSeconds } from '../providers/http/settings.ts';
import { isForwarded } from './headers.ts';
import { isAsked, overridesMethod } from './question.ts';

/** Kept back from every request, so that no answer varies by them. */
const neverSent: ReadonlySet<string> = new Set(['origin']);
/** The caller already has something, or wants a part: their answers are theirs alone. */
const privateHeaders = ['range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range'];
/** Answers that keep their meaning. 206 is a part. */
const keptStatuses: ReadonlySet<number> = new Set([200, 203, 204]);
const keptWhenTheUpstreamSays: ReadonlySet<number> = new Set([...keptStatuses, 301, 308, 404, 410]);

export function mayBeCached(method: string, headers: Readonly<Record<string, string>>): boolean {
  return method === 'GET' && !overridesMethod(headers) && !privateHeaders.some((name) => name in headers);
}

/** Seconds, 0: not kept. `configured` null leaves it to the upstream. */
export function ttlSecondsOf(
  { status, headers }: Pick<HttpOutput, 'status' | 'headers'>,
  configured: number | null,
  nowMs: number,
): number {
  if (variesUnknowably(headers.vary) || 'set-cookie' in headers) return 0;
  if (configured !== null) return keptStatuses.has(status) ? configured : 0;
  return keptWhenTheUpstreamSays.has(status) ? upstreamTtlSeconds(headers, nowMs) : 0;
}

function variesUnknowably(vary: string | undefined): boolean {
  if (vary === undefined) return false;
  return vary
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .some((name) => name === '*' || !isAsked(name) || !(isForwarded(name) || neverSent.has(name)));
}

function upstreamTtlSeconds(headers: Readonly<Record<string, string>>, nowMs: number): number {
  const directives = parseCacheControl(headers['cache-control']);
  if (directives.has('no-store') || directives.has('no-cache') || directives.has('private')) return 0;
  const explicit = directives.get('s-maxage') ?? directives.get('max-age');
  const lifetime = explicit === undefined ? lifetimeByExpiry(headers, nowMs) : seconds(explicit);
  const ageSeconds = seconds(headers.age ?? '0');
  return Math.min(longestCacheTtlSeconds, Math.max(0, lifetime - ageSeconds));
}

function lifetimeByExpiry(headers: Readonly<Record<string, string>>, nowMs: number): number {
  const expiresMs = Date.parse(headers.expires ?? '');
  const dateMs = Date.parse(headers.date ?? '');
  if (Number.isNaN(expiresMs)) return 0;
  return Math.floor((expiresMs - (Number.isNaN(dateMs) ? nowMs : dateMs)) / 1000);
}

function seconds(text: string): number {
  return /^\d{1,10}$/.test(text) ? Number(text) : 0;
}

function parseCacheControl(header: string | undefined): ReadonlyMap<string, string> {
  const directives = new Map<string, string>();
  for (const part of (header ?? '').split(',')) {
    const [name, value = ''] = part.split('=', 2);
    directives.set((name as string).trim().toLowerCase(), value.trim().replaceAll('"', ''));
  }
  return directives;
}

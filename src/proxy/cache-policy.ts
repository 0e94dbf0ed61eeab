/**
 * How long an answer may be cached, and for which use: by the service's `cache_ttl_seconds`, else by the upstream's
 * headers (RFC 9111), else not at all.
 *
 * It is a shared cache with the tenant as its only user: all callers of the tenant use the gateway's credential, so the
 * rule for answers to `Authorization` (3.5) does not apply; `private` is honoured.
 *
 * The package `http-cache-semantics` is not used: it guesses lifetimes if the upstream is silent, knows no
 * `cache_ttl_seconds`, chooses among answers by `Vary`, which is part of the key here, and uses one clock without a
 * deadline for revalidation. It would leave more to do than it does.
 */
import type { Lifetime } from '../gateway/call.ts';
import type { HttpOutput } from '../providers/http/operations.ts';
import { longestCacheTtlSeconds } from '../providers/http/settings.ts';
import { freshSecondsLeft, parseCacheControl, secondsOf } from './cache-control.ts';
import { hasValidator, isCondition } from './conditions.ts';
import { isForwarded } from './headers.ts';
import { isAsked, overridesMethod } from './question.ts';

/** Never sent to the upstream, so no answer varies by them. */
const neverSent: ReadonlySet<string> = new Set(['origin']);
/** The caller wants a part or a certain state, so the answer is for this caller only. */
const privateHeaders = ['range', 'if-match', 'if-unmodified-since', 'if-range'];
/** Statuses of complete answers. A 206 is partial. */
const keptStatuses: ReadonlySet<number> = new Set([200, 203, 204]);
const keptWhenTheUpstreamSays: ReadonlySet<number> = new Set([...keptStatuses, 301, 308, 404, 410]);
/** The maximum time after freshness for which an answer is served or kept for revalidation. */
const longestBeyondSeconds = 86_400;

/** Whether a cached GET may answer the request, and its own answer be cached. */
export function mayBeCached(method: string, headers: Readonly<Record<string, string>>): boolean {
  return method === 'GET' && !overridesMethod(headers) && !privateHeaders.some((name) => name in headers);
}

/** null: not cached. `configured`: the service's own TTL in seconds; null leaves it to the upstream. */
export function lifetimeOf(
  { status, headers }: Pick<HttpOutput, 'status' | 'headers'>,
  configured: number | null,
  nowMs: number,
): Lifetime | null {
  if (variesUnknowably(headers.vary) || 'set-cookie' in headers) return null;
  // An event stream has no end that a later caller could get.
  if (/^text\/event-stream\b/i.test(headers['content-type'] ?? '')) return null;
  const directives = parseCacheControl(headers['cache-control']);
  const isConfirmable = status === 200 && hasValidator(headers);
  const confirmableSeconds = isConfirmable ? longestBeyondSeconds : 0;
  if (configured !== null) {
    if (!keptStatuses.has(status)) return null;
    // After its TTL, an answer that the administrator chose to cache replaces that of a failing upstream.
    return {
      ttlSeconds: configured,
      staleSeconds: longestBeyondSeconds,
      staleWhileRevalidateSeconds: beyond(directives, 'stale-while-revalidate', 0),
      confirmableSeconds,
    };
  }
  if (!keptWhenTheUpstreamSays.has(status) || directives.has('no-store') || directives.has('private')) return null;
  const leftSeconds = directives.has('no-cache') ? 0 : freshSecondsLeft(headers, directives, nowMs);
  if (leftSeconds === null) return null;
  const lifetime = {
    ttlSeconds: Math.min(longestCacheTtlSeconds, Math.max(0, leftSeconds)),
    staleSeconds: beyond(directives, 'stale-if-error', leftSeconds),
    staleWhileRevalidateSeconds: beyond(directives, 'stale-while-revalidate', leftSeconds),
    confirmableSeconds,
  };
  const { ttlSeconds, staleWhileRevalidateSeconds } = lifetime;
  return ttlSeconds + staleWhileRevalidateSeconds + confirmableSeconds > 0 ? lifetime : null;
}

/**
 * Seconds that a directive grants after freshness, minus those already past. `s-maxage` alone forbids stale answers in
 * a shared cache, and so does the absence of these directives; an upstream that grants some in addition means it.
 */
function beyond(directives: ReadonlyMap<string, string>, name: string, leftSeconds: number): number {
  const mustBeValid = ['no-cache', 'must-revalidate', 'proxy-revalidate'].some((rule) => directives.has(rule));
  if (mustBeValid) return 0;
  return Math.min(longestBeyondSeconds, Math.max(0, secondsOf(directives.get(name)) + Math.min(0, leftSeconds)));
}

function variesUnknowably(vary: string | undefined): boolean {
  if (vary === undefined) return false;
  return vary
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .some((name) => name === '*' || !isAsked(name) || isCondition(name) || !(isForwarded(name) || neverSent.has(name)));
}

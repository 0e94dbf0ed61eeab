/**
 * How long an answer may be kept, and for what: as the service's `cache_ttl_seconds` says, else as the upstream does (RFC
 * 9111), else not at all.
 *
 * The cache is a shared one whose one user is the tenant: the credential is the gateway's, and the same for all of the
 * tenant's callers, so that the rule for answers to `Authorization` (3.5) does not apply; `private` is heeded.
 *
 * Not `http-cache-semantics`: it guesses lifetimes where the upstream is silent, knows no `cache_ttl_seconds`, chooses
 * among answers by `Vary`, which here is the key's work, and goes by one clock with no deadline for what is kept to be
 * confirmed. What it would leave to do is more than what it would do.
 */
import type { Lifetime } from '../gateway/call.ts';
import type { HttpOutput } from '../providers/http/operations.ts';
import { longestCacheTtlSeconds } from '../providers/http/settings.ts';
import { freshSecondsLeft, parseCacheControl, secondsOf } from './cache-control.ts';
import { hasValidator, isCondition } from './conditions.ts';
import { isForwarded } from './headers.ts';
import { isAsked, overridesMethod } from './question.ts';

/** Kept back from every request, so that no answer varies by them. */
const neverSent: ReadonlySet<string> = new Set(['origin']);
/** The caller wants a part, or a certain state: their answers are theirs alone. */
const privateHeaders = ['range', 'if-match', 'if-unmodified-since', 'if-range'];
/** Answers that keep their meaning. 206 is a part. */
const keptStatuses: ReadonlySet<number> = new Set([200, 203, 204]);
const keptWhenTheUpstreamSays: ReadonlySet<number> = new Set([...keptStatuses, 301, 308, 404, 410]);
/** Beyond its freshness nothing is given, or kept to be confirmed, for longer. */
const longestBeyondSeconds = 86_400;

/** Whether a request may be answered by what a GET has left, and its answer kept. */
export function mayBeCached(method: string, headers: Readonly<Record<string, string>>): boolean {
  return method === 'GET' && !overridesMethod(headers) && !privateHeaders.some((name) => name in headers);
}

/** null: not kept. `configured`: the service's own TTL in seconds; null leaves it to the upstream. */
export function lifetimeOf(
  { status, headers }: Pick<HttpOutput, 'status' | 'headers'>,
  configured: number | null,
  nowMs: number,
): Lifetime | null {
  if (variesUnknowably(headers.vary) || 'set-cookie' in headers) return null;
  // It has no end that a later caller could be given.
  if (/^text\/event-stream\b/i.test(headers['content-type'] ?? '')) return null;
  const directives = parseCacheControl(headers['cache-control']);
  const isConfirmable = status === 200 && hasValidator(headers);
  const confirmableSeconds = isConfirmable ? longestBeyondSeconds : 0;
  if (configured !== null) {
    if (!keptStatuses.has(status)) return null;
    // Past its TTL an answer that the administrator chose to keep stands in for an upstream that fails.
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
 * Seconds that a directive grants beyond freshness, less those that are over already. `s-maxage` alone forbids stale
 * answers to a shared cache, and so does their absence here; beside it an upstream that grants some means it.
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

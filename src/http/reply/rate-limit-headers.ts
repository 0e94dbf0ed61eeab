/**
 * Sets `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).
 *
 * They show the tenant's own limit of the family. If the limit of an account refuses the call, they show that one under
 * its own name, and the policy names both: the tenant's limit has a remainder, but no account can be asked.
 *
 * A cache hit is not counted and queries no limit: it repeats the tenant's window as this replica last saw it, and no
 * more than the share of this replica while Redis is away.
 */
import type { FastifyReply } from 'fastify';
import { setBounded } from '../../bounded-map.ts';
import type { Clock } from '../../clock.ts';
import type { SpentLimit } from '../../errors.ts';
import type { CallResult } from '../../gateway/call.ts';
import type { TenantId } from '../../ids.ts';
import type { Family, RateLimiter } from '../../limits/limits.ts';

const familyWindowSeconds = 60;
/** At the bound the least recently seen tenant is dropped, and counts as unused. */
const maxTenants = 10_000;

export interface RateLimitHeaders {
  /** Sets both headers; `familyLimit` is null if nothing was charged. */
  set(reply: FastifyReply, tenantId: TenantId, familyLimit: CallResult['familyLimit']): void;
  /** After a refusal: this limit has no remainder until the wait is over. */
  setRefused(reply: FastifyReply, limit: SpentLimit, retryAfterSeconds: number): void;
}

/** `shareOf`: the most that this replica may spend of a limit now. Default: all of it. */
export function createRateLimitHeaders(
  family: Family | 'webhooks',
  limit: number,
  clock: Clock,
  shareOf: RateLimiter['shareOf'] = (maxRequests) => maxRequests,
): RateLimitHeaders {
  const policy = `"${family}";q=${limit};w=${familyWindowSeconds}`;
  const lastSeen = new Map<TenantId, { remaining: number; resetAtMs: number }>();

  return {
    set(reply, tenantId, familyLimit) {
      reply.header('ratelimit-policy', policy);
      if (familyLimit !== null) {
        const resetAtMs = clock.now() + familyLimit.resetSeconds * 1000;
        setBounded(lastSeen, tenantId, { remaining: familyLimit.remaining, resetAtMs }, maxTenants);
        reply.header('ratelimit', `"${family}";r=${familyLimit.remaining};t=${Math.ceil(familyLimit.resetSeconds)}`);
        return;
      }
      const seen = lastSeen.get(tenantId);
      const leftMs = seen === undefined ? 0 : seen.resetAtMs - clock.now();
      const { remaining, seconds } =
        seen === undefined || leftMs <= 0
          ? { remaining: limit, seconds: familyWindowSeconds }
          : { remaining: seen.remaining, seconds: Math.ceil(leftMs / 1000) };
      reply.header('ratelimit', `"${family}";r=${Math.min(remaining, shareOf(limit))};t=${seconds}`);
    },
    setRefused(reply, { name, maxRequests, windowSeconds }, retryAfterSeconds) {
      const own = `${quoted(name)};q=${maxRequests};w=${windowSeconds}`;
      reply.header('ratelimit-policy', name === family ? policy : `${policy}, ${own}`);
      reply.header('ratelimit', `${quoted(name)};r=0;t=${Math.ceil(retryAfterSeconds)}`);
    },
  };
}

/** A string of RFC 9651 is ASCII, but a service's name may be in any script. */
function quoted(name: string): string {
  return `"${/^[\x20-\x7e]*$/.test(name) ? name.replaceAll(/[\\"]/g, '\\$&') : encodeURIComponent(name)}"`;
}

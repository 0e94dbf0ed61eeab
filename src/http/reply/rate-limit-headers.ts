/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).
 *
 * What is shown is the tenant's own limit of the family. Where the limit of an account refuses, that one is shown, under
 * its own name, and the policy names both: the tenant has something left, and yet nobody who could be asked.
 *
 * A cache hit is not counted, so nothing is asked for it: it repeats what this replica saw last of the tenant's window.
 */
import type { FastifyReply } from 'fastify';
import { setBounded } from '../../bounded-map.ts';
import type { Clock } from '../../clock.ts';
import type { SpentLimit } from '../../errors.ts';
import type { CallResult } from '../../gateway/call.ts';
import type { TenantId } from '../../ids.ts';
import type { Family } from '../../limits/limits.ts';

const familyWindowSeconds = 60;
/** At the bound the tenant seen longest ago is forgotten, and counts as untouched. */
const maxTenants = 10_000;

export interface RateLimitHeaders {
  /** Sets both headers; `familyLimit` null where nothing was charged. */
  set(reply: FastifyReply, tenantId: TenantId, familyLimit: CallResult['familyLimit']): void;
  /** After a refusal: nothing is left of this limit until the wait is over. */
  setRefused(reply: FastifyReply, limit: SpentLimit, retryAfterSeconds: number): void;
}

export function createRateLimitHeaders(family: Family | 'webhooks', limit: number, clock: Clock): RateLimitHeaders {
  const policy = `"${family}";q=${limit};w=${familyWindowSeconds}`;
  const untouched = `"${family}";r=${limit};t=${familyWindowSeconds}`;
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
      if (seen === undefined || leftMs <= 0) reply.header('ratelimit', untouched);
      else reply.header('ratelimit', `"${family}";r=${seen.remaining};t=${Math.ceil(leftMs / 1000)}`);
    },
    setRefused(reply, { name, maxRequests, windowSeconds }, retryAfterSeconds) {
      const own = `${quoted(name)};q=${maxRequests};w=${windowSeconds}`;
      reply.header('ratelimit-policy', name === family ? policy : `${policy}, ${own}`);
      reply.header('ratelimit', `${quoted(name)};r=0;t=${Math.ceil(retryAfterSeconds)}`);
    },
  };
}

/** A string of RFC 9651 is ASCII; a service may be named in any script. */
function quoted(name: string): string {
  return `"${/^[\x20-\x7e]*$/.test(name) ? name.replaceAll(/[\\"]/g, '\\$&') : encodeURIComponent(name)}"`;
}

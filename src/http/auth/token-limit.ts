/**
 * The request limit per minute of a service token: counts every authenticated request of the token, for all its tenants
 * and over all replicas.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createCallTrace } from '../../audit/call-trace.ts';
import type { Clock } from '../../clock.ts';
import { ServiceError } from '../../errors.ts';
import { writeDown } from '../../gateway/ask-chain.ts';
import { createCallRecord } from '../../gateway/call-record.ts';
import { parseTenantId } from '../../ids.ts';
import type { Intake } from '../../intake/intake.ts';
import { createAnnouncementThrottle } from '../../limits/announcement-throttle.ts';
import type { LimitState, LimitSubject, RateLimiter } from '../../limits/limits.ts';
import { describeSpent, sentenceOf } from '../../limits/refusal-text.ts';
import { callerOf, principalTextOf, sourceServiceOf } from '../request/request-context.ts';

export interface TokenLimit {
  /**
   * Counts a request of a token with a limit. Throws `RATE_LIMIT_EXCEEDED` after the refusal is in the audit log, and
   * `SERVICE_UNAVAILABLE` if it cannot be written there.
   */
  admit(request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

export interface TokenLimitDeps {
  readonly limiter: Pick<RateLimiter, 'spend'>;
  readonly intake: Pick<Intake, 'record'>;
  readonly clock: Clock;
}

const windowSeconds = 60;
/** Tokens are counted under one pseudo-tenant, because a token may serve several tenants. */
const tokensTenant = parseTenantId('service_tokens');

export function createTokenLimit({ limiter, intake, clock }: TokenLimitDeps): TokenLimit {
  const announceRefusal = createAnnouncementThrottle(clock);

  const noteRefusal = (request: FastifyRequest, state: LimitState): Promise<void> => {
    const call = {
      tenantId: callerOf(request).tenantId,
      operation: 'request',
      serviceType: 'token',
      requestId: request.id,
      sourceService: sourceServiceOf(request),
      principal: principalTextOf(request),
    };
    const trace = createCallTrace(clock.now());
    const isShare = state.share === undefined ? {} : { is_share: true as const };
    trace.addSkipped({ at_ms: 0, reason: 'token_limit', until_ms: state.windowEndMs - trace.startedAtMs, ...isShare });
    const record = createCallRecord(call, announceRefusal, trace);
    record.refusedByLimit(null, state, clock.now());
    return writeDown({ intake }, record);
  };

  return {
    async admit(request, reply) {
      const { principal } = callerOf(request);
      if (principal.requestsPerMinute === null) return;
      const subject = subjectOf(principal.id, principalTextOf(request), principal.requestsPerMinute);
      const decision = await limiter.spend(tokensTenant, [subject], 1);
      if (decision.granted) return;
      await noteRefusal(request, decision.refusedBy);
      const retryAfterSeconds = Math.min(windowSeconds, Math.max(1, Math.ceil(decision.retryAfterMs / 1_000)));
      reply.header('ratelimit-policy', `"token";q=${principal.requestsPerMinute};w=${windowSeconds}`);
      reply.header('ratelimit', `"token";r=0;t=${retryAfterSeconds}`);
      throw new ServiceError(
        'RATE_LIMIT_EXCEEDED',
        sentenceOf(
          describeSpent(
            `the token’s own limit of ${principal.requestsPerMinute} requests a minute`,
            decision.refusedBy,
          ),
        ),
        { retryAfterSeconds },
      );
    },
  };
}

function subjectOf(id: string, name: string, perMinute: number): LimitSubject {
  return {
    key: id,
    serviceId: null,
    // The audit log limits the length of a service's name.
    name: name.slice(0, 100),
    isCountedHereAlone: true,
    windows: [{ windowType: 'minute', maxRequests: perMinute }],
  };
}

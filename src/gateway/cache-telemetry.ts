/** What the outside is told of hits and misses: a metric each, and an event that may be dropped. */
import type { CachedAnswer, CacheQuestion } from './cache/cached-answer.ts';
import { cacheKeyOf } from './cache/cached-answer.ts';
import type { CacheLayer } from './cache/hit-counts.ts';
import type { Call } from './call.ts';
import type { CallDeps } from './deps.ts';

type TelemetryDeps = Pick<CallDeps, 'metrics' | 'publishTelemetry' | 'clock'>;

export function announceHit(
  deps: TelemetryDeps,
  call: Pick<Call, 'requestId'>,
  hit: { readonly from: CacheLayer; readonly answer: CachedAnswer; readonly hits: number },
  nowMs: number,
): void {
  const { answer, from } = hit;
  deps.metrics.cacheHit(answer.serviceName, answer.operation);
  deps.publishTelemetry({
    type: 'integration.cache.hit',
    tenantId: answer.tenantId,
    serviceName: answer.serviceName,
    correlationId: call.requestId,
    occurredAtMs: nowMs,
    aggregateId: answer.cacheKey,
    fields: {
      cache_key: answer.cacheKey,
      operation: answer.operation,
      layer: from,
      cache_age_seconds: Math.max(0, Math.floor((nowMs - answer.fetchedAtMs) / 1000)),
      remaining_ttl_seconds: Math.max(0, Math.floor((answer.freshUntilMs - nowMs) / 1000)),
      hit_count: hit.hits,
    },
  });
}

/** A question that no layer could answer; which service will is not known yet, so the family of services is named. */
export function announceMiss(
  deps: TelemetryDeps,
  call: Pick<Call, 'requestId' | 'cacheMode'> & { readonly capability: Pick<Call['capability'], 'cache'> },
  question: CacheQuestion,
): void {
  deps.metrics.cacheMiss(question.group, question.operation);
  const cacheKey = cacheKeyOf(question);
  deps.publishTelemetry({
    type: 'integration.cache.miss',
    tenantId: question.tenantId,
    serviceName: question.group,
    correlationId: call.requestId,
    occurredAtMs: deps.clock.now(),
    aggregateId: cacheKey,
    fields: {
      cache_key: cacheKey,
      operation: question.operation,
      will_populate: call.capability.cache !== null && call.cacheMode !== 'off',
    },
  });
}

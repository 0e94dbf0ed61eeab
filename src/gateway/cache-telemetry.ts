/** Reports cache hits and misses: a metric for each, and an event that may be dropped. */

import type { AskedQuestion, CachedAnswer } from '../cache/cached-answer.ts';
import type { CacheLayer } from '../cache/hit-counts.ts';
import type { Call } from './call.ts';
import type { CallDeps } from './deps.ts';

type TelemetryDeps = Pick<CallDeps, 'metrics' | 'publishTelemetry' | 'clock'>;

/** Reports a hit. */
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

/**
 * Reports a question that no cache layer could answer, once its provider is known, so that hits and misses of one
 * service and operation give its hit rate. `service`: the service that answered; null: none, so the family is named.
 * `isKept`: whether the answer is cached for later callers. An answer that may not be cached is not counted as a miss.
 */
export function announceMiss(
  deps: TelemetryDeps,
  call: Pick<Call, 'requestId'>,
  question: AskedQuestion,
  { service, isKept }: { readonly service: string | null; readonly isKept: boolean },
): void {
  const serviceName = service ?? question.group;
  if (isKept || service === null) deps.metrics.cacheMiss(serviceName, question.operation);
  const { cacheKey } = question;
  deps.publishTelemetry({
    type: 'integration.cache.miss',
    tenantId: question.tenantId,
    serviceName,
    correlationId: call.requestId,
    occurredAtMs: deps.clock.now(),
    aggregateId: cacheKey,
    fields: { cache_key: cacheKey, operation: question.operation, will_populate: isKept },
  });
}

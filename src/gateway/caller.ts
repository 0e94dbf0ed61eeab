/** The caller's part of a call: identity, rights and terms. */
import { AskedQuestion, type CacheMode } from '../cache/cached-answer.ts';
import type { Call } from './call.ts';

/** One tenant request, as authenticated by the edge. */
export type Caller = Pick<
  Call,
  | 'tenantId'
  | 'cacheMode'
  | 'requestId'
  | 'traceparent'
  | 'sourceService'
  | 'principal'
  | 'services'
  | 'deadlineAtMs'
  | 'maxWaitMs'
>;

/**
 * A key for callers that may share requests and cached answers: those of one tenant with the same permitted services.
 * Empty if all services are permitted.
 */
export function callerGroup({ services = null }: Pick<Call, 'services'>): string {
  return services === null ? '' : `${[...services].sort().join('\n')}\n`;
}

/** The cache mode of a call; `off` if its capability is never cached. */
export function modeOf({ capability, cacheMode }: Call): CacheMode {
  return capability.cache === null ? 'off' : cacheMode;
}

/** The cache key of a call. */
export function questionOf(call: Call): AskedQuestion {
  return new AskedQuestion({
    tenantId: call.tenantId,
    group: call.capability.serviceType,
    operation: call.capability.operation,
    question: `${callerGroup(call)}${call.provider ?? ''}\n${call.question}`,
    scope: call.cacheScope?.scope ?? null,
    detail: call.cacheScope?.detail ?? null,
  });
}

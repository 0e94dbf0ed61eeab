/** The caller of a call; everything else is in the question itself. */
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
 * Callers of one group may share requests and cached answers: those of one tenant that may use the same services. Empty
 * for callers who may use all services.
 */
export function callerGroup({ services = null }: Pick<Call, 'services'>): string {
  return services === null ? '' : `${[...services].sort().join('\n')}\n`;
}

export function modeOf({ capability, cacheMode }: Call): CacheMode {
  return capability.cache === null ? 'off' : cacheMode;
}

/** The cache's key of a call's question. */
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

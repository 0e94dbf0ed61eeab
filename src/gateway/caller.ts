/** What a call must know of the request around it; everything else is in the question itself. */
import { AskedQuestion, type CacheMode } from '../cache/cached-answer.ts';
import type { Call } from './call.ts';

/** One tenant request, as the edge has authenticated it. */
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
 * Callers of one group may share requests and kept answers: those of a tenant that may use the same services. The text is
 * empty for those who may use all.
 */
export function callerGroup({ services = null }: Pick<Call, 'services'>): string {
  return services === null ? '' : `${[...services].sort().join('\n')}\n`;
}

export function modeOf({ capability, cacheMode }: Call): CacheMode {
  return capability.cache === null ? 'off' : cacheMode;
}

/** What the cache knows a call's question by. */
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

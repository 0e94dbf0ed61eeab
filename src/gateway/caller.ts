/** What a call must know of the request around it; everything else is in the question itself. */
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

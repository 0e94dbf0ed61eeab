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

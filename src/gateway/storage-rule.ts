/** How long an answer may be kept: as the operation says, and never longer than its vendor's terms allow. */
import { adapterNameOf, type ExternalService } from '../directory/service.ts';
import { findAdapter } from '../providers/registry.ts';

interface Lifetime {
  readonly ttlSeconds: number;
  /** Beyond that, as a stale answer. */
  readonly staleSeconds: number;
}

export function withinTerms(service: Pick<ExternalService, 'serviceName' | 'config'>, wanted: Lifetime): Lifetime {
  const maxSeconds = findAdapter(adapterNameOf(service))?.facts.storage.maxSeconds ?? Number.POSITIVE_INFINITY;
  const ttlSeconds = Math.min(wanted.ttlSeconds, maxSeconds);
  return { ttlSeconds, staleSeconds: Math.min(wanted.staleSeconds, maxSeconds - ttlSeconds) };
}

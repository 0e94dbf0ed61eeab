/** How long an answer may be cached: as the operation says, but no longer than the vendor's terms allow. */
import type { Lifetime } from '../cache/lifetime.ts';
import { adapterNameOf, type ExternalService } from '../directory/service.ts';
import { findAdapter } from '../providers/registry.ts';

/** Shortens a lifetime to the vendor's maximum; its stale times count towards it. */
export function withinTerms(service: Pick<ExternalService, 'serviceName' | 'config'>, wanted: Lifetime): Lifetime {
  const maxSeconds = findAdapter(adapterNameOf(service))?.facts.storage.maxSeconds ?? Number.POSITIVE_INFINITY;
  const ttlSeconds = Math.min(wanted.ttlSeconds, maxSeconds);
  const beyond = (seconds = 0): number => Math.min(seconds, maxSeconds - ttlSeconds);
  return {
    ttlSeconds,
    staleSeconds: beyond(wanted.staleSeconds),
    staleWhileRevalidateSeconds: beyond(wanted.staleWhileRevalidateSeconds),
    confirmableSeconds: beyond(wanted.confirmableSeconds),
  };
}

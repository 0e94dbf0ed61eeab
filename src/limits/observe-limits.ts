/** Limits as they are spent, for the gauge of their use. */
import type { TenantId } from '../ids.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { LimitState, LimitSubject } from './limits.ts';

/** Every window of each subject that a decision has looked at; a subject that has none any more shows nothing any more. */
export function observeLimits(
  metrics: Pick<Metrics, 'rateLimitUtilization'>,
  tenantId: TenantId,
  subjects: readonly LimitSubject[],
  states: readonly LimitState[],
): void {
  for (const { key, name, serviceId, windows: limited } of subjects) {
    const windows = states
      .filter(({ subject }) => subject.key === key)
      .map(({ maxRequests, usedRequests, windowEndMs }) => ({
        ratio: maxRequests === 0 ? 1 : Math.min(1, usedRequests / maxRequests),
        untilMs: windowEndMs,
      }));
    if (windows.length > 0 || limited.length === 0) {
      metrics.rateLimitUtilization(name, serviceId ?? `${tenantId} ${key}`, key, windows);
    }
  }
}

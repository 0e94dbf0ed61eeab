/** Updates the gauge of limit use with each decision. */
import type { TenantId } from '../ids.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { LimitState, LimitSubject } from './limits.ts';

/** Sets the windows of each subject of a decision, and removes windows that a subject no longer has. */
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

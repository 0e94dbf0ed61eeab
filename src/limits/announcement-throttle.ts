/**
 * Limits how often a spent limit is announced as an event. The audit log has every refused call; the event is for
 * operators, and a caller that retries in a loop must not cause a flood of events.
 */
import { setBounded } from '../bounded-map.ts';
import type { Clock } from '../clock.ts';
import type { LimitState } from './limits.ts';

const quietMs = 1_000;
/** At the bound the limit announced longest ago is dropped, and may be announced once more than needed. */
const maxSubjects = 10_000;

/** Returns a function that is true if this process has not announced the limit within the last second. */
export function createAnnouncementThrottle(clock: Clock): (tenantId: string, state: LimitState) => boolean {
  const announcedAtMs = new Map<string, number>();
  return (tenantId, { subject, windowType }) => {
    const key = `${tenantId} ${subject.key} ${windowType}`;
    const nowMs = clock.now();
    const lastMs = announcedAtMs.get(key);
    if (lastMs !== undefined && nowMs - lastMs < quietMs) return false;
    setBounded(announcedAtMs, key, nowMs, maxSubjects);
    return true;
  };
}

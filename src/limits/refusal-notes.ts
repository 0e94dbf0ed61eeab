/**
 * Limits how often a spent limit is announced as an event. Each refused call has its audit row; the event is for
 * operators, and a caller that keeps asking must not cause a flood of events.
 */
import { setBounded } from '../bounded-map.ts';
import type { Clock } from '../clock.ts';
import type { LimitState } from './limits.ts';

const quietMs = 1_000;
/** Limits remembered; at the bound the one announced first is dropped, and may be announced once too often. */
const maxSubjects = 10_000;

/** Returns true if this process has not announced the limit within the last second. */
export function createRefusalNotes(clock: Clock): (tenantId: string, state: LimitState) => boolean {
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

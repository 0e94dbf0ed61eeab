/**
 * How often a spent limit is announced. Each refused call has its audit row; the event is for operators, and a
 * caller that keeps asking must not turn one spent limit into a flood of events.
 */
import { setBounded } from '../bounded-map.ts';
import type { Clock } from '../clock.ts';
import type { LimitState } from './limits.ts';

const quietMs = 1_000;
/** Limits remembered; at the bound the one announced first is forgotten, and announced once more than needed. */
const maxSubjects = 10_000;

/** True where the limit was not announced within the last second by this process. */
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

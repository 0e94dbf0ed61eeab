/**
 * Decides whether a failure of one part of a service (a path, a spreadsheet, a question) counts against the whole
 * service. A bad path that one caller asks for must not open the breaker for all others. A failure of a part counts
 * only
 * - if another part has failed too, with no success in between; the earlier failures of the first part then count as
 *   well,
 * - at most twice per part, and
 * - if the part is not known as broken. A part that failed while the service answered others is broken until it
 *   succeeds, or for five minutes.
 *
 * A failure that concerns no particular part (a refused connection, a host without an address) always counts.
 */
import { setBounded } from '../bounded-map.ts';
import type { Clock } from '../clock.ts';

const countedPerPart = 2;
const brokenForMs = 300_000;
/** At this limit the oldest entry is dropped: the part's next failure counts as new. */
const maxParts = 500;
/** If this many parts fail, the service itself counts as failing, and an open breaker lets no call through. */
const scoutedParts = 16;

/** The failed parts of one service. */
export interface PartFailures {
  /**
   * Returns how many failures now count against the service, including this one. `part` null: the failure concerns no
   * particular part.
   */
  countFailure(part: string | null): number;
  /** Call it when the service answered; `part` null: no particular part. */
  countSuccess(part: string | null): void;
  /** Whether this part has not failed, and the failures of other parts do not show an outage. */
  mayStillWork(part: string): boolean;
}

/** Creates the record of a service without failures. */
export function createPartFailures(clock: Clock): PartFailures {
  /** Failures of each part since the last success. */
  const failuresByPart = new Map<string, number>();
  let serviceFailures = 0;
  /** Parts that failed while others were answered, and since when. */
  const broken = new Map<string, number>();

  const isBroken = (part: string): boolean => {
    const sinceMs = broken.get(part);
    if (sinceMs === undefined) return false;
    const ageMs = clock.now() - sinceMs;
    if (ageMs >= 0 && ageMs < brokenForMs) return true;
    broken.delete(part);
    return false;
  };

  return {
    countFailure(part) {
      if (part === null) {
        serviceFailures += 1;
        return 1;
      }
      if (isBroken(part)) return 0;
      const times = (failuresByPart.get(part) ?? 0) + 1;
      if (failuresByPart.size < maxParts || times > 1) failuresByPart.set(part, times);
      if (times > countedPerPart) return 0;
      if (serviceFailures > 0) return 1;
      if (failuresByPart.size === 1) return 0;
      // The failures held back for the first part count now too.
      const [first = 0] = failuresByPart.values();
      return failuresByPart.size === 2 && times === 1 ? Math.min(first, countedPerPart) + 1 : 1;
    },
    countSuccess(part) {
      const nowMs = clock.now();
      for (const failed of failuresByPart.keys()) {
        setBounded(broken, failed, nowMs, maxParts);
      }
      failuresByPart.clear();
      serviceFailures = 0;
      if (part !== null) broken.delete(part);
    },
    mayStillWork: (part) =>
      serviceFailures === 0 &&
      failuresByPart.size > 0 &&
      failuresByPart.size < scoutedParts &&
      !failuresByPart.has(part),
  };
}

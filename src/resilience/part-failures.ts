/**
 * Failures of parts of a service: a path, a spreadsheet, a question. What one caller asks for is not the provider's
 * outage, so the failures of a part count against the service only
 *
 *   - once another part fails too, with no success of any part between them,
 *   - twice at most for each part, and
 *   - not where the part failed before while others were answered: that is its own trouble, until it succeeds.
 *
 * A failure of no part in particular (a refused connection, a host without an address) counts always.
 */
import { setBounded } from '../bounded-map.ts';
import type { Clock } from '../clock.ts';

const countedPerPart = 2;
const ownForMs = 300_000;
/** At this limit the part noted longest ago is forgotten: its next failure counts as new. */
const maxOwn = 500;
/** From this many failing parts on, the service itself counts as failing. */
const scoutedParts = 16;

export interface PartFailures {
  /**
   * How many failures count against the service, including this one. `null`: the failure concerns no particular part.
   */
  note(part: string | null): number;
  /** Notes that the service answered; `part` null: no particular part. */
  noteSuccess(part: string | null): void;
  /** True if failures of other parts alone say nothing about this one. */
  isUntouched(part: string): boolean;
}

export function createPartFailures(clock: Clock): PartFailures {
  /** Since the last success: failures of each part. */
  const run = new Map<string, number>();
  let ofService = 0;
  /** Parts that failed while others were answered, and since when. */
  const own = new Map<string, number>();

  const isOwn = (part: string): boolean => {
    const sinceMs = own.get(part);
    if (sinceMs === undefined) return false;
    const ageMs = clock.now() - sinceMs;
    if (ageMs >= 0 && ageMs < ownForMs) return true;
    own.delete(part);
    return false;
  };

  return {
    note(part) {
      if (part === null) {
        ofService += 1;
        return 1;
      }
      if (isOwn(part)) return 0;
      const times = (run.get(part) ?? 0) + 1;
      if (run.size < maxOwn || times > 1) run.set(part, times);
      if (times > countedPerPart) return 0;
      if (ofService > 0) return 1;
      if (run.size === 1) return 0;
      // The second part to fail also counts the failures that were held back for the first.
      const [first = 0] = run.values();
      return run.size === 2 && times === 1 ? Math.min(first, countedPerPart) + 1 : 1;
    },
    noteSuccess(part) {
      const nowMs = clock.now();
      for (const failed of run.keys()) {
        setBounded(own, failed, nowMs, maxOwn);
      }
      run.clear();
      ofService = 0;
      if (part !== null) own.delete(part);
    },
    isUntouched: (part) => ofService === 0 && run.size > 0 && run.size < scoutedParts && !run.has(part),
  };
}

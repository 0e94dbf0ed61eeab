/** Decides which problems are new and which have ended, from the stored marks and the current problems. */
import { createHash } from 'node:crypto';
import type { Problem } from '../health/problem.ts';
import type { AlertMark } from '../storage/tables/alerts.ts';

/** A problem that ends within this time is not reported. */
export const reportAfterMs = 30_000;
/** A problem that returns within this time counts as not ended. */
export const endAfterMs = 300_000;

export interface SeenProblem {
  /** Empty: a problem of the service itself. */
  readonly tenant: string;
  readonly problem: Problem;
}

export type ProblemMark = AlertMark<Problem>;

export interface AlertPlan {
  readonly begun: readonly ProblemMark[];
  readonly ended: readonly ProblemMark[];
  readonly kept: readonly ProblemMark[];
  readonly removedKeys: readonly string[];
}

/** Plans the reports. `marks` and `seen` cover the same tenants: a problem that is marked but not seen has ended. */
export function planAlerts(marks: readonly ProblemMark[], seen: readonly SeenProblem[], nowMs: number): AlertPlan {
  const now = new Date(nowMs);
  const marked = new Map(marks.map((mark) => [mark.key, mark]));
  const present = new Map(seen.map(({ tenant, problem }) => [keyOf(tenant, problem), { tenant, problem }]));
  const placesWithProblems = new Set(seen.map(({ tenant, problem }) => placeOf(tenant, problem)));
  const plan = {
    begun: [] as ProblemMark[],
    ended: [] as ProblemMark[],
    kept: [] as ProblemMark[],
    removedKeys: [] as string[],
  };

  for (const [key, { tenant, problem }] of present) {
    const { begunAt, toldAt } = marked.get(key) ?? { begunAt: now, toldAt: null };
    const isDue = toldAt === null && nowMs - begunAt.getTime() >= reportAfterMs;
    const mark = { key, tenant, problem, begunAt, missingSince: null, toldAt: isDue ? now : toldAt };
    plan.kept.push(mark);
    if (isDue) plan.begun.push(mark);
  }
  for (const mark of marks) {
    if (present.has(mark.key)) continue;
    const missingSince = mark.missingSince ?? now;
    if (nowMs - missingSince.getTime() < endAfterMs) {
      plan.kept.push({ ...mark, missingSince });
      continue;
    }
    plan.removedKeys.push(mark.key);
    // A problem that got worse ("degraded" became "down") has not ended.
    if (mark.toldAt !== null && !placesWithProblems.has(placeOf(mark.tenant, mark.problem))) {
      plan.ended.push({ ...mark, missingSince });
    }
  }
  return plan;
}

function keyOf(tenant: string, { kind, service, link }: Problem): string {
  return createHash('sha256')
    .update(JSON.stringify([tenant, kind, service ?? null, link]))
    .digest('hex');
}

/** The part that a problem concerns. Problems of the service itself concern a part each. */
function placeOf(tenant: string, { kind, service, link }: Problem): string {
  return JSON.stringify([tenant, service ?? kind, link]);
}

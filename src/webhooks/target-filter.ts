/**
 * Decides which of a webhook's targets get an event. Plain data, because large bodies are checked in another thread.
 */
import type { TargetCondition } from '../storage/tables/webhooks/webhook-targets.ts';

export interface TargetFilter {
  /** Of the queue that its deliveries stand in. */
  readonly id: string;
  readonly eventTypes: readonly string[];
  readonly conditions: readonly TargetCondition[];
}

/** `$.a.b[0]`, `a.b.0` or `a['b.c']` as its parts; null if it is not a path. */
export function parseJsonPath(path: string): readonly string[] | null {
  const steps = path.replace(/^\$\.?/, '');
  const parts: string[] = [];
  let read = 0;
  for (const [step, index, quoted, doublyQuoted, plain] of steps.matchAll(pathStep)) {
    parts.push((index ?? quoted ?? doublyQuoted ?? plain) as string);
    read += step.length;
  }
  return read > 0 && read === steps.length ? parts : null;
}

/** `[0]`, `['a.b']` (one name, whatever it holds), `["a.b"]`, `.a`. */
const pathStep = /\[(\d+|\*)\]|\['([^']+)'\]|\["([^"]+)"\]|(?:^|\.)([^.[\]]+)/gy;

export function meetsConditions(
  conditions: readonly TargetCondition[],
  valuesAt: (path: readonly string[]) => readonly unknown[],
): boolean {
  return conditions.every((condition) => {
    const values = valuesAt(parseJsonPath(condition.path) ?? []);
    if (condition.exists !== undefined && condition.exists !== values.length > 0) return false;
    if ('equals' in condition && !values.includes(condition.equals)) return false;
    return condition.in === undefined || values.some((value) => condition.in?.includes(value));
  });
}

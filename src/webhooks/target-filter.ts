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

/** `$.a.b[0]`, `a.b.0` or `a['b']` as its parts; null if it is not a path. */
export function parseJsonPath(path: string): readonly string[] | null {
  const plain = path
    .replace(/^\$\.?/, '')
    .replaceAll(/\[(\d+|\*)\]/g, '.$1')
    .replaceAll(
      /\[(?:'([^']*)'|"([^"]*)")\]/g,
      (_, one: string | undefined, two: string | undefined) => `.${one ?? two}`,
    )
    .replace(/^\./, '');
  const parts = plain.split('.');
  return plain !== '' && parts.every((part) => part !== '' && !/[[\]]/.test(part)) ? parts : null;
}

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

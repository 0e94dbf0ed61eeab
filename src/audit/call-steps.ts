/**
 * Lists the steps of one call in order of time: from the traces of its rows, or from the rows themselves, and from its
 * events.
 */
import type { KeptTrace, TraceStep } from './call-trace.ts';
import type { IntegrationLog } from './list-entries.ts';

/** An event of the call. */
export interface CallEvent {
  readonly type: string;
  readonly log_id: string | null;
  /** Whether the broker has confirmed it; null if unknown. */
  readonly is_published: boolean | null;
  readonly at: string;
}

/** A cache layer that answered. */
export interface AnsweringLayer {
  readonly layer: string | null;
  readonly ageSeconds: number | null;
  readonly atMs: number;
}

type HitStep = {
  readonly kind: 'cache';
  readonly at_ms: number;
  readonly duration_ms: null;
  readonly layer: string | null;
  readonly outcome: 'hit';
  readonly age_seconds: number | null;
};
type EventStep = { readonly kind: 'event'; readonly at_ms: number } & Omit<CallEvent, 'at'>;
type CallStep = (TraceStep & { readonly log_id?: string | null }) | HitStep | EventStep;

/**
 * Lists the steps. `rows` are those of providers that were asked; `at_ms` of a step counts from `startMs` (Unix
 * milliseconds).
 */
export function stepsOf(
  traces: readonly KeptTrace[],
  rows: readonly IntegrationLog[],
  hits: readonly AnsweringLayer[],
  events: readonly CallEvent[],
  startMs: number,
): readonly CallStep[] {
  const steps: CallStep[] = traces.length > 0 ? traces.flatMap((trace) => movedTo(trace, rows, startMs)) : [];
  if (traces.length === 0) steps.push(...rows.map((row) => stepOfRow(row, startMs)));
  for (const { layer, ageSeconds, atMs } of hits) {
    const at = atMs - startMs;
    steps.push({ kind: 'cache', at_ms: at, duration_ms: null, layer, outcome: 'hit', age_seconds: ageSeconds });
  }
  for (const { at, ...event } of events) steps.push({ kind: 'event', at_ms: Date.parse(at) - startMs, ...event });
  // The sort is stable: steps of one millisecond keep their order.
  return steps.toSorted((one, other) => one.at_ms - other.at_ms);
}

/** Unix milliseconds of the first and the last step. */
export function spanOf({ started_at_ms, steps }: KeptTrace): readonly number[] {
  const ends = steps.map((step) => started_at_ms + step.at_ms + ('duration_ms' in step ? step.duration_ms : 0));
  return [started_at_ms, ...ends];
}

function movedTo(trace: KeptTrace, rows: readonly IntegrationLog[], startMs: number): CallStep[] {
  const byMs = trace.started_at_ms - startMs;
  return trace.steps.map((step): CallStep => {
    const at_ms = step.at_ms + byMs;
    switch (step.kind) {
      case 'attempt': {
        const requests = step.requests.map((request) => ({ ...request, at_ms: request.at_ms + byMs }));
        return { ...step, at_ms, requests, log_id: rowOf(rows, step.service_name, startMs + at_ms) };
      }
      case 'skipped':
        return { ...step, at_ms, ...(step.until_ms === undefined ? {} : { until_ms: step.until_ms + byMs }) };
      default:
        return { ...step, at_ms };
    }
  });
}

/** A row covers all attempts at its provider. */
function rowOf(rows: readonly IntegrationLog[], serviceName: string, atMs: number): string | null {
  const row = rows.findLast((row) => row.service_name === serviceName && Date.parse(row.started_at) <= atMs);
  return row?.id ?? null;
}

const outcomes: Readonly<Record<string, string>> = { success: 'ok', rate_limited: 'throttled' };

function stepOfRow(row: IntegrationLog, startMs: number): CallStep {
  return {
    kind: 'attempt',
    at_ms: Date.parse(row.started_at) - startMs,
    duration_ms: row.duration_ms ?? 0,
    service_name: row.service_name,
    number: row.retry_count + 1,
    outcome: outcomes[row.status] ?? row.error_code?.toLowerCase() ?? row.status,
    requests: [],
    log_id: row.id,
  };
}

/** Reports one call by its request id: from the audit rows, and from what this replica remembers of the cache. */
import type { TenantId } from '../ids.ts';
import { type StoredMark, selectMarks } from '../storage/tables/audit/integration-logs.ts';
import { type CallEvent, spanOf, stepsOf } from './call-steps.ts';
import type { KeptTrace } from './call-trace.ts';
import { type IntegrationLog, type LogReaderDeps, listEntries } from './list-entries.ts';

/** A cache look-up, as the gateway remembers it. */
export interface RememberedLookUp {
  readonly outcome: 'hit' | 'miss';
  /** For a hit: memory, redis, postgres or stale. */
  readonly layer: string | null;
  readonly operation: string;
  readonly serviceName: string;
  readonly ageSeconds: number | null;
  readonly atMs: number;
}

export interface RememberedTrace extends KeptTrace {
  readonly operation: string;
}

/** Why the report of a call is incomplete. */
export type Incompleteness =
  | 'rows_without_trace'
  | 'trace_cut'
  | 'more_rows'
  | 'cache_of_another_replica'
  | 'queue_of_a_sheet';

export interface DescribeCallDeps extends LogReaderDeps {
  lookUpsOf(tenantId: TenantId, requestId: string): readonly RememberedLookUp[];
  /** Traces of calls without audit rows: answered by another caller's fetch, or with every provider skipped. */
  tracesOf(tenantId: TenantId, requestId: string): readonly RememberedTrace[];
}

/** A batch may have more rows under one id; the log lists all of them. */
const maxRows = 1_000;

/** Describes a call; null if the tenant has no row with this id and the memory has nothing. */
export async function describeCall(deps: DescribeCallDeps, tenantId: TenantId, requestId: string) {
  const { logs, nextCursor } = await listEntries(deps, tenantId, { requestId }, null, maxRows);
  const rows = logs.toReversed().toSorted((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at));
  const lookUps = deps.lookUpsOf(tenantId, requestId);
  const remembered = deps.tracesOf(tenantId, requestId);
  if (rows.length === 0 && lookUps.length === 0 && remembered.length === 0) return null;
  const marks =
    rows.length === 0 ? [] : await deps.db.forTenant(tenantId, (tx) => selectMarks(tx, tenantId, requestId, maxRows));
  // Oldest first, like the rows.
  const kept = marks.toReversed().flatMap(({ trace }) => (trace === null ? [] : [trace as KeptTrace]));
  const traces = [...kept, ...remembered];
  const asked = rows.filter((row) => !isRefusal(row));
  const times = [
    ...rows.flatMap((row) => [row.started_at, row.completed_at ?? row.started_at].map((time) => Date.parse(time))),
    ...lookUps.map(({ atMs }) => atMs),
    ...traces.flatMap(spanOf),
  ];
  const [startedAtMs, completedAtMs] = [least(times), -least(times.map((time) => -time))];
  const events: CallEvent[] = [
    ...asked.flatMap((row) =>
      eventsOf(
        row,
        marks.find(({ id }) => id === row.id),
      ),
    ),
    ...lookUps.map(({ outcome, atMs }) => {
      const type = `integration.cache.${outcome}`;
      return { type, log_id: null, is_published: null, at: timeOf(atMs) };
    }),
  ].toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const hits = lookUps.filter(({ outcome }) => outcome === 'hit');
  const incomplete = incompletenessOf({ rows, kept, lookUps, isCut: nextCursor !== null });
  return {
    request_id: requestId,
    source: rows.length > 0 ? ('audit' as const) : ('memory' as const),
    operation: rows[0]?.operation ?? lookUps[0]?.operation ?? remembered[0]?.operation ?? null,
    source_service: rows[0]?.source_service ?? null,
    principal: rows[0]?.principal ?? null,
    started_at: timeOf(startedAtMs),
    completed_at: timeOf(completedAtMs),
    duration_ms: completedAtMs - startedAtMs,
    estimated_cost: Math.round(rows.reduce((sum, row) => sum + row.estimated_cost, 0) * 1e9) / 1e9,
    cache: lookUps.map((lookUp) => ({
      outcome: lookUp.outcome,
      layer: lookUp.layer,
      operation: lookUp.operation,
      service_name: lookUp.serviceName,
      age_seconds: lookUp.ageSeconds,
      at: timeOf(lookUp.atMs),
    })),
    attempts: asked.map((row) => attemptOf(row, startedAtMs)),
    limits: rows.filter(isRefusal).map((row) => ({
      log_id: row.id,
      name: row.service_name,
      operation: row.operation,
      refused_at: row.started_at,
      error_code: row.error_code,
      error_message: row.error_message,
    })),
    events,
    steps: stepsOf(traces, asked, hits, events, startedAtMs),
    complete: incomplete.length === 0,
    incomplete_because: incomplete,
    is_cut: nextCursor !== null,
  };
}

/** A limit or a budget refused: nothing was sent. */
function isRefusal({ status, endpoint, service_id, error_code }: IntegrationLog): boolean {
  if (status !== 'rate_limited' || endpoint !== null) return false;
  return service_id === null || error_code === 'RATE_LIMIT_EXCEEDED' || error_code === 'BUDGET_EXCEEDED';
}

function attemptOf(row: IntegrationLog, callStartedAtMs: number) {
  return {
    log_id: row.id,
    place: row.attempt,
    service_name: row.service_name,
    operation: row.operation,
    http_method: row.http_method,
    endpoint: row.endpoint,
    status: row.status,
    response_status_code: row.response_status_code,
    error_code: row.error_code,
    error_message: row.error_message,
    retry_count: row.retry_count,
    estimated_cost: row.estimated_cost,
    started_at: row.started_at,
    starts_after_ms: Date.parse(row.started_at) - callStartedAtMs,
    duration_ms: row.duration_ms,
  };
}

/** Each row is the source of its two events (outbox/facts.ts). */
function eventsOf(row: IntegrationLog, mark: StoredMark | undefined): CallEvent[] {
  const outcome = row.error_code === null ? 'completed' : 'failed';
  return [
    {
      type: 'integration.request.sent',
      log_id: row.id,
      is_published: mark?.is_sent_published ?? null,
      at: row.started_at,
    },
    {
      type: `integration.request.${outcome}`,
      log_id: row.id,
      is_published: mark?.is_outcome_published ?? null,
      at: row.completed_at ?? row.started_at,
    },
  ];
}

function incompletenessOf(known: {
  readonly rows: readonly IntegrationLog[];
  readonly kept: readonly KeptTrace[];
  readonly lookUps: readonly RememberedLookUp[];
  readonly isCut: boolean;
}): Incompleteness[] {
  const { rows, kept, lookUps, isCut } = known;
  const incomplete: Incompleteness[] = [];
  if (rows.length > 0 && kept.length === 0) incomplete.push('rows_without_trace');
  if (kept.some(({ cut = 0 }) => cut > 0)) incomplete.push('trace_cut');
  if (isCut) incomplete.push('more_rows');
  // Only the replica that made the cache look-up knows its result.
  const hasAskedCache = kept.some(({ steps }) => steps.some(({ kind }) => kind === 'cache'));
  if (hasAskedCache && lookUps.length === 0) incomplete.push('cache_of_another_replica');
  // Requests to one spreadsheet wait in their own queue before the first step.
  if (rows.some(({ operation }) => operation.startsWith('sheets_'))) incomplete.push('queue_of_a_sheet');
  return incomplete;
}

function least(numbers: readonly number[]): number {
  return numbers.reduce((least, number) => Math.min(least, number));
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString();
}

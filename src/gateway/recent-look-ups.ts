/**
 * Remembers the cache look-ups of this replica's latest calls, and the traces of calls without an audit row: hits,
 * answers fetched by another caller, calls whose providers were all skipped. The memory is bounded and lost with the
 * process.
 */
import type { CallTrace } from '../audit/call-trace.ts';
import type { RememberedLookUp, RememberedTrace } from '../audit/describe-call.ts';
import { setBounded } from '../bounded-map.ts';
import type { TenantId } from '../ids.ts';
import type { TelemetryEvent } from '../outbox/events.ts';
import type { Call } from './call.ts';

interface RecentLookUps {
  note(event: TelemetryEvent): void;
  of(tenantId: TenantId, requestId: string): readonly RememberedLookUp[];
  noteTrace(call: Pick<Call, 'tenantId' | 'requestId' | 'capability'>, trace: CallTrace): void;
  tracesOf(tenantId: TenantId, requestId: string): readonly RememberedTrace[];
}

const maxLookUps = 10_000;
/** Traces are larger than look-ups, and rarer. */
const maxTraced = 2_000;
/** A batch makes many look-ups under one request id. */
const maxLookUpsPerCall = 50;

/** Creates an empty memory. */
export function createRecentLookUps(): RecentLookUps {
  // A ring buffer: every call writes to it and few requests read it, so writing is cheap and reading searches.
  const lookUps: TelemetryEvent[] = [];
  let next = 0;
  const traces = new Map<string, RememberedTrace[]>();
  const keyOf = (tenantId: string, requestId: string): string => `${tenantId} ${requestId}`;
  return {
    note(event) {
      if (event.correlationId === null) return;
      lookUps[next] = event;
      next = (next + 1) % maxLookUps;
    },
    of: (tenantId, requestId) =>
      [...lookUps.slice(next), ...lookUps.slice(0, next)]
        .filter((event) => event.correlationId === requestId && event.tenantId === tenantId)
        .slice(0, maxLookUpsPerCall)
        .map(lookUpOf),
    noteTrace({ tenantId, requestId, capability }, trace) {
      const key = keyOf(tenantId, requestId);
      const known = traces.get(key);
      const remembered = { ...trace.kept(), operation: capability.operation };
      if (known === undefined) setBounded(traces, key, [remembered], maxTraced);
      else if (known.length < maxLookUpsPerCall && known.every(({ steps }) => steps !== remembered.steps)) {
        known.push(remembered);
      }
    },
    tracesOf: (tenantId, requestId) => traces.get(keyOf(tenantId, requestId)) ?? [],
  };
}

function lookUpOf({ type, fields, serviceName, occurredAtMs }: TelemetryEvent): RememberedLookUp {
  const isHit = type === 'integration.cache.hit';
  return {
    outcome: isHit ? 'hit' : 'miss',
    layer: isHit && 'layer' in fields ? String(fields.layer) : null,
    operation: String(fields.operation),
    serviceName,
    ageSeconds: isHit && 'cache_age_seconds' in fields ? Number(fields.cache_age_seconds) : null,
    atMs: occurredAtMs,
  };
}

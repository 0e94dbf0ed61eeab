/**
 * Remembers the cache look-ups of this replica's latest calls, and the traces of calls without an audit row: hits,
 * answers fetched by another caller, calls whose providers were all skipped. The memory is bounded and lost with the
 * process.
 */
import type { CallTrace } from '../audit/call-trace.ts';
import type { RememberedLook, RememberedTrace } from '../audit/describe-call.ts';
import { setBounded } from '../bounded-map.ts';
import type { TenantId } from '../ids.ts';
import type { TelemetryEvent } from '../outbox/events.ts';
import type { Call } from './call.ts';

interface RecentLooks {
  note(event: TelemetryEvent): void;
  of(tenantId: TenantId, requestId: string): readonly RememberedLook[];
  noteTrace(call: Pick<Call, 'tenantId' | 'requestId' | 'capability'>, trace: CallTrace): void;
  tracesOf(tenantId: TenantId, requestId: string): readonly RememberedTrace[];
}

const maxLooks = 10_000;
/** Traces are larger than look-ups, and rarer. */
const maxTraced = 2_000;
/** A batch makes many look-ups under one request id. */
const maxLooksPerCall = 50;

/** Creates an empty memory. */
export function createRecentLooks(): RecentLooks {
  // A ring buffer: every call writes to it and few requests read it, so writing is cheap and reading searches.
  const looks: TelemetryEvent[] = [];
  let next = 0;
  const traces = new Map<string, RememberedTrace[]>();
  const keyOf = (tenantId: string, requestId: string): string => `${tenantId} ${requestId}`;
  return {
    note(event) {
      if (event.correlationId === null) return;
      looks[next] = event;
      next = (next + 1) % maxLooks;
    },
    of: (tenantId, requestId) =>
      [...looks.slice(next), ...looks.slice(0, next)]
        .filter((event) => event.correlationId === requestId && event.tenantId === tenantId)
        .slice(0, maxLooksPerCall)
        .map(lookOf),
    noteTrace({ tenantId, requestId, capability }, trace) {
      const key = keyOf(tenantId, requestId);
      const known = traces.get(key);
      const remembered = { ...trace.kept(), operation: capability.operation };
      if (known === undefined) setBounded(traces, key, [remembered], maxTraced);
      else if (known.length < maxLooksPerCall && known.every(({ steps }) => steps !== remembered.steps)) {
        known.push(remembered);
      }
    },
    tracesOf: (tenantId, requestId) => traces.get(keyOf(tenantId, requestId)) ?? [],
  };
}

function lookOf({ type, fields, serviceName, occurredAtMs }: TelemetryEvent): RememberedLook {
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

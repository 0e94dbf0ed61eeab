/**
 * Remembers the cache look-ups of this replica's latest calls, and the traces of calls without an audit row: hits,
 * answers fetched by another caller, calls whose providers were all skipped. The memory is bounded and lost with the
 * process.
 */
import type { CallTrace } from '../audit/call-trace.ts';
import type { RememberedLook, RememberedTrace } from '../audit/tell-call.ts';
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

const maxCalls = 10_000;
/** Traces are larger than look-ups, and rarer. */
const maxTraced = 2_000;
/** A batch makes many look-ups under one request id. */
const maxLooksPerCall = 50;

/** Creates an empty memory. */
export function createRecentLooks(): RecentLooks {
  const byCall = new Map<string, RememberedLook[]>();
  const traces = new Map<string, RememberedTrace[]>();
  const keyOf = (tenantId: string, requestId: string): string => `${tenantId} ${requestId}`;
  return {
    note({ tenantId, correlationId, serviceName, occurredAtMs, type, fields }) {
      if (correlationId === null) return;
      const isHit = type === 'integration.cache.hit';
      const look: RememberedLook = {
        outcome: isHit ? 'hit' : 'miss',
        layer: isHit && 'layer' in fields ? String(fields.layer) : null,
        operation: String(fields.operation),
        serviceName,
        ageSeconds: isHit && 'cache_age_seconds' in fields ? Number(fields.cache_age_seconds) : null,
        atMs: occurredAtMs,
      };
      const key = keyOf(tenantId, correlationId);
      const known = byCall.get(key);
      if (known === undefined) setBounded(byCall, key, [look], maxCalls);
      else if (known.length < maxLooksPerCall) known.push(look);
    },
    of: (tenantId, requestId) => byCall.get(keyOf(tenantId, requestId)) ?? [],
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

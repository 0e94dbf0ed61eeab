/**
 * What the cache said to the latest calls of this replica. A pure hit leaves no row behind, so this memory alone can tell
 * of it; it is bounded, and gone with the process.
 */
import { setBounded } from '../bounded-map.ts';
import type { TenantId } from '../ids.ts';
import type { TelemetryEvent } from '../outbox/events.ts';

interface CacheLook {
  readonly outcome: 'hit' | 'miss';
  /** Of a hit: memory, redis, postgres or stale. */
  readonly layer: string | null;
  readonly operation: string;
  readonly serviceName: string;
  readonly ageSeconds: number | null;
  readonly atMs: number;
}

interface RecentLooks {
  note(event: TelemetryEvent): void;
  of(tenantId: TenantId, requestId: string): readonly CacheLook[];
}

const maxCalls = 10_000;
/** A batch asks many questions under one request id. */
const maxLooksPerCall = 50;

export function createRecentLooks(): RecentLooks {
  const byCall = new Map<string, CacheLook[]>();
  const keyOf = (tenantId: string, requestId: string): string => `${tenantId} ${requestId}`;
  return {
    note({ tenantId, correlationId, serviceName, occurredAtMs, type, fields }) {
      if (correlationId === null) return;
      const isHit = type === 'integration.cache.hit';
      const look: CacheLook = {
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
  };
}

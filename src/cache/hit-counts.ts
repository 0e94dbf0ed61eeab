/**
 * Counts hits: for the cost report, and for `/cache/stats`.
 *
 * A hit increases a number in its entry; once a second the numbers are passed on. A crash loses a second of statistics
 * about cached answers, never a billed request.
 */
import { setBounded } from '../bounded-map.ts';
import type { Clock } from '../clock.ts';
import type { TenantId } from '../ids.ts';
import type { Intake } from '../intake/intake.ts';
import type { CachedAnswer } from './cached-answer.ts';
import type { MemoryEntry } from './memory-layer.ts';

export type CacheLayer = 'memory' | 'redis' | 'postgres' | 'stale';

export interface LayerCount {
  readonly layer: CacheLayer | 'miss';
  readonly serviceName: string;
  readonly operation: string;
  readonly count: number;
}

export interface HitCounts {
  memoryHit(entry: MemoryEntry): void;
  hit(layer: CacheLayer, answer: CachedAnswer): void;
  /** `serviceName`: the service that then answered; the family if none did. */
  miss(tenantId: TenantId, serviceName: string, operation: string): void;
  /** Of this process since it started. */
  ofTenant(tenantId: TenantId): readonly LayerCount[];
  flush(): void;
}

/** Tenants with counts; the one seen first is evicted. */
const maxTenants = 2_000;

export interface HitCountsDeps {
  readonly clock: Clock;
  readonly intake: Pick<Intake, 'addUsage'>;
  /** Called with hits on an answer; for answers in memory once a second. */
  countStored(cacheKey: string, hits: number): void;
}

export function createHitCounts(deps: HitCountsDeps): HitCounts {
  const { clock, intake } = deps;
  let touched: MemoryEntry[] = [];
  const tenants = new Map<TenantId, Map<string, { -readonly [Key in keyof LayerCount]: LayerCount[Key] }>>();

  const count = (tenantId: TenantId, layer: LayerCount['layer'], service: string, operation: string, by: number) => {
    let counts = tenants.get(tenantId);
    if (counts === undefined) {
      counts = new Map();
      setBounded(tenants, tenantId, counts, maxTenants);
    }
    const key = `${layer} ${service} ${operation}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { layer, serviceName: service, operation, count: by });
    else known.count += by;
  };
  const settle = (layer: CacheLayer, answer: CachedAnswer, hits: number): void => {
    const { tenantId, serviceName, operation } = answer;
    count(tenantId, layer, serviceName, operation, hits);
    deps.countStored(answer.cacheKey, hits);
    intake.addUsage({
      tenantId,
      serviceName,
      operation,
      atMs: clock.now(),
      requests: hits,
      errors: 0,
      cached: hits,
      costUsd: 0,
      savedByCacheUsd: answer.costUsd * hits,
    });
  };

  return {
    memoryHit(entry) {
      entry.hits += 1;
      // The list is as long as the number of entries hit within a second.
      if (entry.uncountedHits === 0) touched.push(entry);
      entry.uncountedHits += 1;
    },
    hit: (layer, answer) => settle(layer, answer, 1),
    miss: (tenantId, serviceName, operation) => count(tenantId, 'miss', serviceName, operation, 1),
    ofTenant: (tenantId) => Array.from(tenants.get(tenantId)?.values() ?? []),
    flush() {
      const entries = touched;
      touched = [];
      for (const entry of entries) {
        settle('memory', entry.answer, entry.uncountedHits);
        entry.uncountedHits = 0;
      }
    },
  };
}

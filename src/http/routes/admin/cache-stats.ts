/** The reply to `/cache/stats`. */
import Type from 'typebox';
import type { CacheLayer, LayerCount } from '../../../cache/hit-counts.ts';
import type { TenantId } from '../../../ids.ts';
import { count, nullable, oneOf } from '../../../schema-parts.ts';
import { sizeOfCache } from '../../../storage/tables/response-cache.ts';
import type { AdminRoutesDeps } from './admin-route-deps.ts';

const counts = { hits: count, misses: count, hit_rate: nullable(Type.Number()) };

export const cacheStatsSchema = Type.Object(
  {
    scope: Type.Literal('replica', {
      description:
        'Hits and misses are those of the replica that answers, since it started; `integration_cache_hits_total` has all.',
    }),
    ...counts,
    layers: Type.Array(
      Type.Object({
        layer: oneOf(['memory', 'redis', 'postgres', 'stale']),
        hits: count,
        entries: nullable(count),
        size_bytes: nullable(count),
      }),
    ),
    services: Type.Array(
      Type.Object({
        service_name: Type.String(),
        ...counts,
        operations: Type.Array(Type.Object({ operation: Type.String(), ...counts, entries: count, size_bytes: count })),
      }),
    ),
    operations: Type.Array(Type.Object({ operation: Type.String(), ...counts })),
  },
  { title: 'CacheStats' },
);

const layers: readonly CacheLayer[] = ['memory', 'redis', 'postgres', 'stale'];

/**
 * A miss counts for the service that then answered; if none did, it is listed by operation only. Sizes by service are
 * those of the database layer, which holds every answer.
 */
export async function reportCacheStats({ db, cache }: Pick<AdminRoutesDeps, 'db' | 'cache'>, tenantId: TenantId) {
  await cache.writeNoted();
  const seen = cache.countsOf(tenantId);
  const inMemory = cache.memorySizeOf(tenantId);
  const stored = await db.forTenant(tenantId, (tx) => sizeOfCache(tx, tenantId));
  const sum = <Item>(items: readonly Item[], of: (item: Item) => number) =>
    items.reduce((total, item) => total + of(item), 0);
  const hits = seen.filter(({ layer }) => layer !== 'miss');
  const misses = seen.filter(({ layer }) => layer === 'miss');
  const countsWhere = (matches: (seen: LayerCount) => boolean) =>
    countsOf(
      sum(hits.filter(matches), (hit) => hit.count),
      sum(misses.filter(matches), (miss) => miss.count),
    );
  const countsOf = (hitCount: number, missCount: number) => ({
    hits: hitCount,
    misses: missCount,
    hit_rate: hitCount + missCount === 0 ? null : Math.round((1e4 * hitCount) / (hitCount + missCount)) / 1e4,
  });
  const sizeOfLayer = {
    memory: { entries: sum(inMemory, (size) => size.entries), size_bytes: sum(inMemory, (size) => size.sizeBytes) },
    // Redis has no counts per tenant; its entries are in PostgreSQL too.
    redis: { entries: null, size_bytes: null },
    postgres: { entries: sum(stored, (size) => size.entries), size_bytes: sum(stored, (size) => size.size_bytes) },
    stale: { entries: null, size_bytes: null },
  };
  // A name that only misses have may be a family's: no service answered.
  const serviceNames = namesOf([...hits.map((hit) => hit.serviceName), ...stored.map((row) => row.service_name)]);
  const operations = namesOf([...seen, ...stored].map(({ operation }) => operation));
  return {
    scope: 'replica',
    ...countsWhere(() => true),
    layers: layers.map((layer) => ({
      layer,
      hits: countsWhere((hit) => hit.layer === layer).hits,
      ...sizeOfLayer[layer],
    })),
    services: serviceNames.map((name) => ({
      service_name: name,
      ...countsWhere((count) => count.serviceName === name),
      operations: operations.flatMap((operation) => {
        const counted = countsWhere((count) => count.serviceName === name && count.operation === operation);
        const size = stored.find((row) => row.service_name === name && row.operation === operation);
        if (counted.hit_rate === null && size === undefined) return [];
        return [{ operation, ...counted, entries: size?.entries ?? 0, size_bytes: size?.size_bytes ?? 0 }];
      }),
    })),
    operations: operations.map((operation) => ({
      operation,
      ...countsWhere((count) => count.operation === operation),
    })),
  };
}

function namesOf(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

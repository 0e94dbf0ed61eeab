/** SQL of `integration_cache`: cached answers that survive a restart and are shared when Redis no longer has them. */
import type { TenantId } from '../../ids.ts';
import { renderJsonRows } from '../postgres/json-rows.ts';
import { columnOf, countOf, effectOf, rowsOf } from '../postgres/statement.ts';

/** Data stored beside the answer; only the gateway reads it. */
export interface CacheRowMetadata {
  readonly kind: string;
  readonly scope: string | null;
  readonly detail: string | null;
  readonly cost_usd: number;
  readonly epochs: { readonly tenant: number; readonly scope: number } | null;
  /** Unix milliseconds, like the next: the row is kept until both have passed. Earlier versions wrote neither. */
  readonly stand_in_until?: number;
  readonly refresh_until?: number;
}

export interface CacheRow {
  readonly cache_key: string;
  readonly management_company_id: TenantId;
  readonly service_id: string | null;
  readonly service_name: string;
  readonly operation: string;
  /** As text: the driver must not parse an answer that is passed on unchanged. */
  readonly body: string;
  readonly metadata: CacheRowMetadata;
  readonly ttl_seconds: number;
  readonly fetched_at: Date;
  readonly expires_at: Date;
  readonly stale_until: Date;
}

export interface NewCacheRow extends Omit<CacheRow, 'ttl_seconds'> {
  readonly id: string;
}

/**
 * Fresh and stale answers by key, of any tenant: the key's hash includes the tenant, and the caller compares it. `is
 * true` keeps the planner from using the index of `stale_until`, which contains all rows.
 */
export const findCacheRows = rowsOf<CacheRow>(
  'integration_cache_find',
  `select cache_key, management_company_id, service_id, service_name, operation, response_data::text as body, metadata,
          ttl_seconds, fetched_at, expires_at, stale_until
     from integration_cache
    where cache_key = any($1) and (stale_until > $2) is true`,
).by((cacheKeys: readonly string[], nowMs: number) => [cacheKeys, new Date(nowMs)]);

/**
 * Keys must be distinct and ascending, so that replicas that store the same ones do not deadlock. An older answer never
 * replaces a newer one. The commit does not wait for the disk: answers lost in a crash of PostgreSQL are fetched again.
 */
export const upsertCacheRows = effectOf(
  'integration_cache_upsert',
  `insert into integration_cache (id, management_company_id, cache_key, service_id, service_name, operation,
                                  request_hash, response_data, metadata, ttl_seconds, fetched_at, expires_at,
                                  stale_until, cache_status)
   select id, management_company_id, cache_key, service_id, service_name, operation, split_part(cache_key, ':', 3),
          coalesce(body, body_text::json), metadata, greatest(0, extract(epoch from expires_at - fetched_at))::int,
          fetched_at, expires_at, stale_until,
          case when metadata ->> 'kind' = 'not_found' then 'negative' else 'active' end
     from json_to_recordset($1::json)
       as fresh (id uuid, management_company_id text, cache_key text, service_id uuid, service_name text,
                 operation text, body json, body_text text, metadata json, fetched_at timestamptz,
                 expires_at timestamptz, stale_until timestamptz)
    where (select set_config('synchronous_commit', 'off', true)) is not null
   on conflict on constraint integration_cache_key do update
      set service_id = excluded.service_id, service_name = excluded.service_name,
          response_data = excluded.response_data, metadata = excluded.metadata, ttl_seconds = excluded.ttl_seconds,
          fetched_at = excluded.fetched_at, expires_at = excluded.expires_at, stale_until = excluded.stale_until,
          cache_status = excluded.cache_status
    where integration_cache.fetched_at <= excluded.fetched_at`,
).by((rows: readonly NewCacheRow[]) => [renderJsonRows(rows, 'body')]);

/** Adds to the hits of stored answers and skips the others. Keys must be ascending, as above. */
export const addCacheHits = effectOf(
  'integration_cache_add_hits',
  `with seen as (
     select cache.id, fresh.hits
       from integration_cache cache
       join unnest($1::text[], $2::int[]) as fresh (cache_key, hits) using (cache_key)
      order by cache.cache_key
        for no key update of cache)
   update integration_cache set hit_count = hit_count + seen.hits from seen where integration_cache.id = seen.id`,
).by((hits: readonly (readonly [cacheKey: string, hits: number])[]) => [
  hits.map(([cacheKey]) => cacheKey),
  hits.map(([, count]) => count),
]);

export interface CacheRowFilter {
  readonly cacheKey: string | null;
  readonly serviceName: string | null;
  readonly operation: string | null;
  /** A pattern with `*`, over `<service name or first part of the key>:<operation>:<hash>`. */
  readonly pattern: string | null;
}

/** Deletes the rows that match the filter and returns their keys. */
export const deleteCacheRows = columnOf<string>(
  'integration_cache_delete',
  `delete from integration_cache
    where management_company_id = $1
      and ($2::text is null or cache_key = $2)
      and ($3::text is null or service_name = $3)
      and ($4::text is null or operation = $4)
      and ($5::text is null or cache_key like $5
           or service_name || substr(cache_key, strpos(cache_key, ':')) like $5)
returning cache_key`,
).by((tenantId: TenantId, filter: CacheRowFilter) => [
  tenantId,
  filter.cacheKey,
  filter.serviceName,
  filter.operation,
  filter.pattern === null ? null : likePattern(filter.pattern),
]);

function likePattern(pattern: string): string {
  return pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
}

/** The answers of one scope without their bodies, from which a partial invalidation chooses. */
export const listScopeRows = rowsOf<Pick<CacheRow, 'cache_key' | 'service_name' | 'operation' | 'metadata'>>(
  'integration_cache_scope',
  `select cache_key, service_name, operation, metadata from integration_cache
    where management_company_id = $1 and metadata ->> 'scope' = $2`,
).by((tenantId: TenantId, scope: string) => [tenantId, scope]);

export const deleteCacheKeys = effectOf(
  'integration_cache_delete_keys',
  'delete from integration_cache where management_company_id = $1 and cache_key = any($2)',
).by((tenantId: TenantId, cacheKeys: readonly string[]) => [tenantId, cacheKeys]);

/**
 * Deletes at most `limit` answers that are too old even to serve stale; returns how many. Skips rows that another
 * replica has locked.
 */
export const deleteExpiredCacheRows = countOf(
  'integration_cache_delete_expired',
  `delete from integration_cache
    where id in (select id from integration_cache where stale_until <= $1 limit $2 for update skip locked)`,
).by((nowMs: number, limit: number) => [new Date(nowMs), limit]);

/**
 * Keys of a tenant's answers that are still usable at `nowMs`, newest first; `before` is the last row of the previous
 * page.
 */
export const listCacheKeys = rowsOf<Pick<CacheRow, 'cache_key' | 'fetched_at' | 'stale_until'>>(
  'integration_cache_keys',
  `select cache_key, fetched_at, stale_until from integration_cache
    where management_company_id = $1 and stale_until > $2
      and ($3::timestamptz is null or (fetched_at, cache_key) < ($3, $4))
    order by fetched_at desc, cache_key desc
    limit $5`,
).by(
  (
    tenantId: TenantId,
    before: { readonly fetchedAt: Date; readonly cacheKey: string } | null,
    limit: number,
    nowMs: number,
  ) => [tenantId, new Date(nowMs), before?.fetchedAt ?? null, before?.cacheKey ?? null, limit],
);

export interface CacheSizeRow {
  readonly service_name: string;
  readonly operation: string;
  readonly entries: number;
  readonly size_bytes: number;
}

export const sizeOfCache = rowsOf<CacheSizeRow>(
  'integration_cache_size',
  `select service_name, operation, count(*)::int as entries, sum(octet_length(response_data::text))::float8 as size_bytes
     from integration_cache where management_company_id = $1 group by 1, 2 order by 1, 2`,
).by((tenantId: TenantId) => [tenantId]);

export interface CacheListRow extends Omit<CacheRow, 'body' | 'metadata'> {
  readonly cache_status: string;
  readonly size_bytes: number;
}

/**
 * Newest first; `before` is the last row of the previous page. Answers that have expired at `nowMs` are kept for when a
 * provider fails.
 */
export const listCacheRows = rowsOf<CacheListRow>(
  'integration_cache_list',
  `select cache_key, management_company_id, service_id, service_name, operation, ttl_seconds, fetched_at, expires_at,
          stale_until, octet_length(response_data::text) as size_bytes,
          case when expires_at <= $7 then 'stale' else cache_status end as cache_status
     from integration_cache
    where management_company_id = $1 and stale_until > $7
      and ($2::text is null or service_name = $2)
      and ($3::text is null or operation = $3)
      and ($4::timestamptz is null or (fetched_at, cache_key) < ($4, $5))
    order by fetched_at desc, cache_key desc
    limit $6`,
).by(
  (
    tenantId: TenantId,
    page: {
      readonly serviceName: string | null;
      readonly operation: string | null;
      readonly before: { readonly fetchedAt: Date; readonly cacheKey: string } | null;
      readonly limit: number;
    },
    nowMs: number,
  ) => [
    tenantId,
    page.serviceName,
    page.operation,
    page.before?.fetchedAt ?? null,
    page.before?.cacheKey ?? null,
    page.limit,
    new Date(nowMs),
  ],
);

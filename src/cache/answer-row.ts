/** Converts an answer to a row of `integration_cache`, and back. */
import { newId, type TenantId } from '../ids.ts';
import type { CacheRow, NewCacheRow } from '../storage/tables/response-cache.ts';
import { type AskedQuestion, type CachedAnswer, fieldsOf } from './cached-answer.ts';

export function rowOf(answer: CachedAnswer, nowMs: number): NewCacheRow {
  return {
    id: newId(nowMs),
    cache_key: answer.cacheKey,
    management_company_id: answer.tenantId,
    service_id: answer.serviceId,
    service_name: answer.serviceName,
    operation: answer.operation,
    body: answer.body.toString('utf8'),
    metadata: {
      kind: answer.kind,
      scope: answer.scope,
      detail: answer.detail,
      cost_usd: answer.costUsd,
      epochs: answer.epochs,
      stand_in_until: answer.staleUntilMs,
      refresh_until: answer.refreshUntilMs,
    },
    fetched_at: new Date(answer.fetchedAtMs),
    expires_at: new Date(answer.freshUntilMs),
    stale_until: new Date(answer.keptUntilMs),
  };
}

export function answerOf(question: AskedQuestion, row: CacheRow): CachedAnswer {
  return {
    ...fieldsOf(question),
    kind: row.metadata.kind as CachedAnswer['kind'],
    serviceId: row.service_id,
    serviceName: row.service_name,
    body: Buffer.from(row.body),
    fetchedAtMs: row.fetched_at.getTime(),
    freshUntilMs: row.expires_at.getTime(),
    staleUntilMs: row.metadata.stand_in_until ?? row.stale_until.getTime(),
    refreshUntilMs: row.metadata.refresh_until ?? row.expires_at.getTime(),
    keptUntilMs: row.stale_until.getTime(),
    costUsd: row.metadata.cost_usd,
    epochs: row.metadata.epochs,
  };
}

/** Only the columns that a selector is matched against. */
export function selectableOf(
  tenantId: TenantId,
  row: Pick<CacheRow, 'cache_key' | 'service_name' | 'operation' | 'metadata'>,
): CachedAnswer {
  const question = {
    tenantId,
    group: row.cache_key.slice(0, row.cache_key.indexOf(':')),
    operation: row.operation,
    question: '',
    scope: row.metadata.scope,
    detail: row.metadata.detail,
  };
  const ends = { fetchedAtMs: 0, freshUntilMs: 0, staleUntilMs: 0, refreshUntilMs: 0, keptUntilMs: 0 };
  const unread = { body: Buffer.alloc(0), ...ends, costUsd: 0, epochs: null };
  return {
    ...question,
    ...unread,
    cacheKey: row.cache_key,
    serviceName: row.service_name,
    serviceId: null,
    kind: row.metadata.kind as CachedAnswer['kind'],
  };
}

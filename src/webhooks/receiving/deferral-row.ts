/**
 * The queue of a tenant's deferred deliveries: the due times of its first and last place. One queue for all replicas,
 * in Redis, so that they share its pace and keep one order.
 *
 * Each request to Redis carries what this process knows of the queue, and the later of both states counts: a Redis that
 * lost its memory thus gets the state back. While Redis is away each replica continues from what it knows, at its share
 * of the pace.
 */
import { setBounded } from '../../bounded-map.ts';
import type { Clock } from '../../clock.ts';
import type { TenantId } from '../../ids.ts';
import { minuteMs } from '../../limits/limit-windows.ts';
import { type LuaScript, type SharedStore, StoreAway } from '../../storage/redis/shared-store.ts';

export type RowAnswer =
  | { readonly kind: 'place'; readonly notBeforeMs: number }
  /** The next place would be more than a day ahead: too late to be a delay. */
  | { readonly kind: 'full' }
  /**
   * The queue is empty. `recentPlaces`: at most so many places were due within the last minute without being counted by
   * the limiter.
   */
  | { readonly kind: 'over'; readonly recentPlaces: number; readonly nextFreeInMs: number };

export interface DeferralRows {
  /** A place behind the waiting deliveries; null if none waits. */
  join(tenantId: TenantId): Promise<RowAnswer>;
  /** A place behind the waiting deliveries; if none waits, the first place of a new queue, `waitMs` from now. */
  joinOrBegin(tenantId: TenantId, waitMs: number): Promise<Exclude<RowAnswer, { kind: 'over' }>>;
}

export interface DeferralRowsDeps {
  readonly store: Pick<SharedStore, 'kind' | 'runScript' | 'replicasSeen'>;
  readonly clock: Clock;
  /** `RATE_LIMIT_WEBHOOKS_PER_MINUTE`. */
  readonly perMinute: number;
  /** Queues left in the outbox when this process started. */
  readonly known?: readonly KnownRow[];
}

/** Unix milliseconds at which its places are due. */
export interface KnownRow {
  readonly tenantId: TenantId;
  readonly firstMs: number;
  readonly lastMs: number;
}

type Row = Omit<KnownRow, 'tenantId'>;

/** A place counts at most as long as a token of the limiter: no rolling minute contains more than the limit. */
export const windowMs = minuteMs;
const longestDeferralMs = 86_400_000;
/** At the bound the least recently used queue is dropped here; Redis still has it. */
const maxTenants = 10_000;

/** No earliest time: only a waiting delivery has a place. */
const onlyJoin = -1;

const rowScript: LuaScript = {
  name: 'webhook-row',
  lua: `local floor, ceil, max = math.floor, math.ceil, math.max
local pace, wait, window, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local known_first, known_last = tonumber(ARGV[5]), tonumber(ARGV[6])
local time = redis.call('TIME')
local now = time[1] * 1000 + floor(time[2] / 1000)
local row = redis.call('HMGET', KEYS[1], 'first', 'last')
local first, last = tonumber(row[1] or 0), tonumber(row[2] or 0)
if known_last - last >= 1 then
  if first == 0 or known_first < first then first = known_first end
  last = known_last
end
if wait < 0 and last <= now then return { 'over', now, ceil(first), ceil(last) } end
local place = max(now + max(wait, 0), last + pace)
if place - now > longest then return { 'full', now, ceil(first), ceil(last) } end
if last <= now - window then first = place end
redis.call('HSET', KEYS[1], 'first', string.format('%.3f', first), 'last', string.format('%.3f', place))
redis.call('PEXPIRE', KEYS[1], ceil(place - now + window))
return { 'place', now, ceil(first), ceil(place) }`,
};

export function createDeferralRows(deps: DeferralRowsDeps): DeferralRows {
  const { store, clock, perMinute } = deps;
  const paceMs = windowMs / perMinute;
  /** Most recently used last. */
  const rows = new Map<TenantId, Row>();

  const keep = (tenantId: TenantId, row: Row): void => {
    setBounded(rows, tenantId, row, maxTenants);
  };
  for (const { tenantId, ...row } of deps.known ?? []) keep(tenantId, row);

  const over = ({ firstMs, lastMs }: Row, nowMs: number): RowAnswer => {
    const sinceMs = Math.max(firstMs, nowMs - windowMs);
    const recentPlaces = lastMs <= nowMs - windowMs ? 0 : Math.floor((lastMs - sinceMs) / paceMs) + 1;
    return { kind: 'over', recentPlaces, nextFreeInMs: Math.max(0, sinceMs + windowMs - nowMs) };
  };

  const askShared = async (tenantId: TenantId, waitMs: number): Promise<RowAnswer> => {
    const { firstMs, lastMs } = rows.get(tenantId) ?? { firstMs: 0, lastMs: 0 };
    const args = [paceMs, waitMs, windowMs, longestDeferralMs, firstMs, lastMs];
    const reply = await store.runScript(rowScript, [`{${tenantId}}:webhook-row`], args);
    const [kind, nowMs, first, last] = reply as ['over' | 'full' | 'place', number, number, number];
    if (last > 0) keep(tenantId, { firstMs: first, lastMs: last });
    if (kind === 'place') return { kind, notBeforeMs: last };
    return kind === 'full' ? { kind } : over({ firstMs: first, lastMs: last }, nowMs);
  };

  /** The same as the script: for a single process without Redis, and for a replica's share. */
  const askAlone = (tenantId: TenantId, waitMs: number): RowAnswer => {
    const nowMs = clock.now();
    const row = rows.get(tenantId) ?? { firstMs: 0, lastMs: 0 };
    if (waitMs < 0 && row.lastMs <= nowMs) return over(row, nowMs);
    const sharePaceMs = paceMs * Math.max(1, store.replicasSeen());
    const placeMs = Math.max(nowMs + Math.max(waitMs, 0), row.lastMs + sharePaceMs);
    if (placeMs - nowMs > longestDeferralMs) return { kind: 'full' };
    keep(tenantId, { firstMs: row.lastMs <= nowMs - windowMs ? placeMs : row.firstMs, lastMs: placeMs });
    return { kind: 'place', notBeforeMs: Math.ceil(placeMs) };
  };

  const ask = async (tenantId: TenantId, waitMs: number): Promise<RowAnswer> => {
    if (store.kind !== 'redis') return askAlone(tenantId, waitMs);
    try {
      return await askShared(tenantId, waitMs);
    } catch (error) {
      if (!(error instanceof StoreAway)) throw error;
      return askAlone(tenantId, waitMs);
    }
  };

  return {
    join: (tenantId) => ask(tenantId, onlyJoin),
    async joinOrBegin(tenantId, waitMs) {
      const answer = await ask(tenantId, Math.max(0, waitMs));
      if (answer.kind === 'over') throw new Error('a row that is begun has a place');
      return answer;
    },
  };
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestDatabase } from '../../../test/support/database.ts';
import { newId, parseTenantId } from '../../ids.ts';
import { findCacheRows, type NewCacheRow, upsertCacheRows } from './response-cache.ts';

const rowOf = (cacheKey: string, body: string): NewCacheRow => ({
  id: newId(),
  management_company_id: parseTenantId('company_one'),
  cache_key: cacheKey,
  service_id: null,
  service_name: 'google_maps',
  operation: 'geocode',
  body,
  metadata: { kind: 'good', scope: null, detail: null, cost_usd: 0, epochs: null },
  fetched_at: new Date(0),
  expires_at: new Date(60_000),
  stale_until: new Date(120_000),
});

test('a stored answer comes back byte by byte', async (t) => {
  const { db } = await startTestDatabase(t);
  const query = { query: db.querySystem.bind(db) };
  const bodies = [
    '{ "b" :1,"a":\t[1.50, 1e2 ],"a":"Ташкент" }',
    String.raw`{"nul":"\u0000","half":"\ud800","quote":"\"","slash":"\\u0041"}`,
    '[]',
    'null',
    '"text"',
    '12345678901234567890',
  ];
  await upsertCacheRows(
    query,
    bodies.map((body, index) => rowOf(`geocoding:geocode:${index}`, body)),
  );
  const found = await findCacheRows(
    query,
    bodies.map((_, index) => `geocoding:geocode:${index}`),
    0,
  );
  const byKey = new Map(found.map(({ cache_key, body }) => [cache_key, body]));
  assert.deepEqual(
    bodies.map((_, index) => byKey.get(`geocoding:geocode:${index}`)),
    bodies,
  );
});

test('answers are looked up by their keys, though the lookup was planned while there were none', async (t) => {
  const { db } = await startTestDatabase(t);
  const plan = await db.acrossTenants('test', async (tx) => {
    // From its sixth time on a prepared statement keeps one plan.
    for (let times = 0; times < 8; times += 1) await findCacheRows(tx, ['geocoding:geocode:1'], 0);
    const rows = Array.from({ length: 2_000 }, (_, index) => rowOf(`geocoding:geocode:${10_000 + index}`, '{}'));
    await upsertCacheRows(tx, rows);
    return tx.query<{ 'QUERY PLAN': string }>({
      text: `explain execute integration_cache_find('{geocoding:geocode:10001}', now())`,
    });
  });
  const text = plan.rows.map((row) => row['QUERY PLAN']).join('\n');
  assert.match(text, /integration_cache_key/);
  assert.doesNotMatch(text, /Seq Scan|ix_integration_cache_stale_until/);
});

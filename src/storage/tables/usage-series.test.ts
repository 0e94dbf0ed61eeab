import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger, startTestDatabase } from '../../../test/support/database.ts';
import { sampleLog, sampleTenant, sampleWebhook } from '../../../test/support/intake-samples.ts';
import { silentRelay } from '../../../test/support/silent-relay.ts';
import { createMasker } from '../../audit/mask.ts';
import { systemClock } from '../../clock.ts';
import type { TenantId } from '../../ids.ts';
import { createIntake } from '../../intake/group-commit.ts';
import { deleteExpiredRows } from '../postgres/expired-rows.ts';
import { readSeries, type SeriesMetric, type SeriesStep } from './usage-series.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;

test('each fact is counted once in its minute, hour and day, with an estimate of its latency', async (t) => {
  const { db } = await startTestDatabase(t);
  const deps = {
    db,
    relay: silentRelay(),
    masker: createMasker(),
    clock: systemClock,
    logger: silentLogger,
    spool: null,
  };
  const intake = createIntake(deps);
  t.after(() => intake.close());
  const dayStartMs = Math.floor(Date.now() / dayMs) * dayMs;
  const at = (minute: number, second = 0) => dayStartMs + minute * minuteMs + second * 1000;
  const logs = [
    sampleLog({ startedAtMs: at(0), completedAtMs: at(0) + 40 }),
    sampleLog({ startedAtMs: at(0, 59), completedAtMs: at(0, 59) + 40 }),
    sampleLog({ startedAtMs: at(1), completedAtMs: at(1) + 900, attempt: 2, status: 'error' }),
    sampleLog({ startedAtMs: at(1), completedAtMs: at(1), operation: 'health_check', serviceName: 'yandex_maps' }),
  ];
  await Promise.all(logs.map((log) => intake.record({ logs: [log] })));
  await intake.record({ logs: [logs[0] as (typeof logs)[0]] });
  await intake.record({ webhookEvent: sampleWebhook({ receivedAtMs: at(1) }) });
  const usage = { tenantId: sampleTenant, serviceName: 'google_maps', operation: 'geocode', requests: 1, errors: 0 };
  for (const minute of [1, 1, 2]) {
    intake.addUsage({ ...usage, atMs: at(minute), cached: 1, costUsd: 0, savedByCacheUsd: 0.005 });
  }
  await intake.writeUsage();

  const read = async (metric: SeriesMetric, step: SeriesStep = 'minute', tenantId = sampleTenant) => {
    const asked = { metric, step, fromMs: dayStartMs, toMs: dayStartMs + dayMs, groups: [], limit: 100 };
    const points = await db.readForTenant(tenantId, (tx) => readSeries(tx, tenantId, asked));
    return points.map(({ at_ms, value }) => [(at_ms - dayStartMs) / minuteMs, value]);
  };
  assert.deepEqual(await read('calls'), [
    [0, 2],
    [1, 3],
    [2, 1],
  ]);
  assert.deepEqual(await read('calls', 'hour'), [[0, 6]]);
  assert.deepEqual(await read('calls', 'day'), [[0, 6]]);
  assert.deepEqual(await read('errors'), [
    [0, 0],
    [1, 1],
    [2, 0],
  ]);
  assert.deepEqual(await read('cache_hits', 'day'), [[0, 3]]);
  assert.deepEqual(await read('cache_misses', 'day'), [[0, 2]]);
  assert.deepEqual(await read('saved', 'hour'), [[0, 0.015]]);
  assert.deepEqual(await read('webhooks', 'day'), [[0, 1]]);
  // 2 of 3 lie between 25 and 50 ms, and the third between 500 and 1000.
  assert.deepEqual(await read('latency_p50', 'day'), [[0, 43.8]]);
  assert.deepEqual(await read('latency_p95', 'day'), [[0, 925]]);
  assert.deepEqual(await read('calls', 'day', 'uk_company_2' as TenantId), []);
});

test('expired minutes and hours are removed, and days stay as long as the logs', async (t) => {
  const { db } = await startTestDatabase(t);
  await db.querySystem({
    text: `insert into usage_series (management_company_id, step, bucket_start, service_name, operation)
           select $1, step, date_trunc(step, now() - age), 's', 'geocode'
             from (values ('minute'), ('hour'), ('day')) steps (step),
                  unnest(array[interval '1 day', interval '3 days', interval '40 days', interval '100 days']) age`,
    values: [sampleTenant],
  });
  await deleteExpiredRows(db, new Date(Date.now() - 90 * dayMs).toISOString().slice(0, 10));
  const { rows } = await db.querySystem({
    text: 'select step, count(*) from usage_series group by step order by step',
  });
  assert.deepEqual(rows, [
    { step: 'day', count: 3 },
    { step: 'hour', count: 2 },
    { step: 'minute', count: 1 },
  ]);
});

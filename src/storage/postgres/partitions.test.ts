import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { startTestDatabase } from '../../../test/support/database.ts';
import { parseTenantId } from '../../ids.ts';
import type { Database } from './database.ts';
import { dropPartitionsBefore, ensurePartitions } from './partitions.ts';

const dayMs = 86_400_000;
const tenantId = parseTenantId('company_one');
/** Far from the days that the template already has. */
const noonMs = Date.parse('2031-03-01T12:00:00Z');

function insertLog(db: Database, startedAt: string): Promise<unknown> {
  return db.forTenant(tenantId, (tx) =>
    tx.query({
      text: `insert into integration_logs (id, management_company_id, service_name, service_type, operation, started_at, status)
             values ($1, $2, 'google_maps', 'geocoding', 'geocode', $3, 'success')`,
      values: [randomUUID(), tenantId, startedAt],
    }),
  );
}

async function rowsByPartition(db: Database): Promise<Record<string, number>> {
  const { rows } = await db.querySystem<{ name: string; count: number }>({
    text: 'select tableoid::regclass::text as name, count(*) as count from integration_logs group by 1 order by 1',
  });
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}

test('partitions from yesterday to some days ahead are made once, also by several replicas at once', async (t) => {
  const { db, openAnother } = await startTestDatabase(t);
  const other = openAnother();
  const made = await Promise.all([db, other, db, other].map((replica) => ensurePartitions(replica, noonMs, 2)));
  assert.equal(made.flat().length, 3 * 4);
  assert.ok(made.flat().includes('integration_logs_20310228'));
  assert.ok(made.flat().includes('webhook_events_20310303'));
  assert.deepEqual(await ensurePartitions(db, noonMs, 2), []);
});

test('a row goes to its own UTC day, on either side of midnight', async (t) => {
  const { db } = await startTestDatabase(t);
  await ensurePartitions(db, noonMs, 1);
  await insertLog(db, '2031-03-01T00:00:00.000Z');
  await insertLog(db, '2031-03-01T23:59:59.999Z');
  await insertLog(db, '2031-03-02T04:59:59+05:00');
  await insertLog(db, '2031-03-02T05:00:00+05:00');
  assert.deepEqual(await rowsByPartition(db), { integration_logs_20310301: 3, integration_logs_20310302: 1 });
});

test('a row of a day without a partition is kept, and moves where it belongs when its day is made', async (t) => {
  const { db } = await startTestDatabase(t);
  await insertLog(db, '2031-02-28T10:00:00Z');
  await insertLog(db, '2031-06-01T10:00:00Z');
  assert.deepEqual(await rowsByPartition(db), { integration_logs_default: 2 });
  await ensurePartitions(db, noonMs, 1);
  assert.deepEqual(await rowsByPartition(db), { integration_logs_20310228: 1, integration_logs_default: 1 });
});

test('dropping days removes whole partitions and late rows before the day, and nothing from it on', async (t) => {
  const { db } = await startTestDatabase(t);
  for (const day of [0, 1, 2]) await ensurePartitions(db, noonMs + day * dayMs, 0);
  await insertLog(db, '2031-03-01T10:00:00Z');
  await insertLog(db, '2031-03-02T10:00:00Z');
  await insertLog(db, '2031-01-01T10:00:00Z');
  await insertLog(db, '2031-06-01T10:00:00Z');
  const dropped = await dropPartitionsBefore(db, 'integration_logs', '2031-03-02');
  assert.ok(dropped.includes('integration_logs_20310228') && dropped.includes('integration_logs_20310301'));
  assert.ok(!dropped.includes('integration_logs_20310302'));
  assert.deepEqual(await rowsByPartition(db), { integration_logs_20310302: 1, integration_logs_default: 1 });
  assert.deepEqual(await dropPartitionsBefore(db, 'integration_logs', '2031-03-02'), []);
});

test('a partition has the indexes of its parent and no second set of them', async (t) => {
  const { db } = await startTestDatabase(t);
  const { rows } = await db.asOwner((tx) =>
    tx.query<{ name: string; count: number }>({
      text: `
        select c.relname as name, count(*) as count from pg_class c join pg_index i on i.indrelid = c.oid
         where c.relname = 'integration_logs' or (c.relispartition and c.relname like 'integration_logs\\_%' and c.relkind = 'r')
         group by 1`,
    }),
  );
  assert.ok(rows.length >= 4);
  assert.equal(new Set(rows.map(({ count }) => count)).size, 1);
});

test('a day that is none never becomes SQL', async (t) => {
  const { db } = await startTestDatabase(t);
  await assert.rejects(dropPartitionsBefore(db, 'integration_logs', `2031-01-01'; drop table leases`), RangeError);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestDatabase } from '../../../test/support/database.ts';
import { newId, type ServiceId } from '../../ids.ts';
import { listDueProbesAcrossTenants, scheduleProbesAcrossTenants } from './probe-schedule.ts';

test('the services due are every active one that is called; a change since it was looked at keeps one due', async (t) => {
  const { db } = await startTestDatabase(t);
  const add = async (name: string, type: string, baseUrl: string | null, isActive = true): Promise<ServiceId> => {
    const id = newId() as ServiceId;
    await db.querySystem({
      text: `insert into external_services (id, management_company_id, service_name, service_type, display_name, base_url,
               is_active) values ($1, $2, 'service', $3, 'Service', $4, $5)`,
      values: [id, `tenant_${name}`, type, baseUrl, isActive],
    });
    return id;
  };
  const api = await add('api', 'api', 'https://api.example.com');
  const vendor = await add('vendor', 'geocoding', null);
  const sender = await add('sender', 'webhook', 'https://api.example.com');
  await add('silent_sender', 'webhook', null);
  await add('inactive', 'api', 'https://api.example.com', false);
  const startedAtMs = Date.now() + 1_000;
  const dueIds = async (atMs: number) => (await listDueProbesAcrossTenants(db, atMs, 10)).map(({ id }) => id);

  assert.deepEqual(new Set(await dueIds(startedAtMs)), new Set([api, vendor, sender]));
  assert.equal((await listDueProbesAcrossTenants(db, startedAtMs, 2)).length, 2);

  await db.querySystem({
    text: `update external_services set probe_due_at = $2 where id = $1`,
    values: [sender, new Date(startedAtMs + 1)],
  });
  const scheduled = [api, vendor, sender].map((id) => ({
    id,
    dueAtMs: startedAtMs + 3_600_000,
    checkedAtMs: id === api ? startedAtMs : null,
  }));
  await scheduleProbesAcrossTenants(db, scheduled, startedAtMs);
  assert.deepEqual(await dueIds(startedAtMs + 2), [sender]);
  assert.equal((await dueIds(startedAtMs + 3_600_000)).length, 3);
  const { rows } = await db.querySystem<{ last_health_check: Date }>({
    text: 'select last_health_check from external_services where last_health_check is not null',
  });
  assert.deepEqual(
    rows.map((row) => row.last_health_check.getTime()),
    [startedAtMs],
  );
});

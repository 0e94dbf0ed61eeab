import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestDatabase } from '../../../test/support/database.ts';
import { waitFor } from '../../../test/support/wait-for.ts';
import { newId, parseTenantId } from '../../ids.ts';
import { deleteService } from './external-services.ts';
import { lockServiceHealth, type ServiceHealthRow, saveHealthState } from './service-health.ts';

test('a service can be deleted while its health is being noted', async (t) => {
  const { db } = await startTestDatabase(t);
  const tenantId = parseTenantId('tenant');
  const id = newId();
  await db.querySystem({
    text: `insert into external_services (id, management_company_id, service_name, service_type, display_name)
           values ($1, $2, 'api', 'api', 'API')`,
    values: [id, tenantId],
  });
  await db.forTenant(tenantId, (tx) => lockServiceHealth(tx, tenantId, id));

  let deleting: Promise<unknown> = Promise.resolve();
  await db.forTenant(tenantId, async (tx) => {
    const row = await lockServiceHealth(tx, tenantId, id);
    deleting = db.forTenant(tenantId, (other) => deleteService(other, tenantId, id));
    deleting.catch(() => {}); // Looked at below.
    const { rows: own } = await tx.query<{ pid: number }>({ text: 'select pg_backend_pid() as pid' });
    await waitFor('the deletion to wait', async () => {
      const { rows } = await db.querySystem({
        text: 'select from pg_stat_activity where $1::int = any(pg_blocking_pids(pid))',
        values: [own[0]?.pid],
      });
      return rows.length > 0;
    });
    await saveHealthState(tx, tenantId, row as ServiceHealthRow);
  });
  await deleting;
  assert.equal(await db.forTenant(tenantId, (tx) => lockServiceHealth(tx, tenantId, id)), null);
});

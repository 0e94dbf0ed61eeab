import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { createDataDir } from '../../test/support/data-dir.ts';
import { silentLogger } from '../../test/support/database.ts';
import { parseTenantId } from '../ids.ts';
import { openDatabase } from './database.ts';
import { openEmbeddedPostgres } from './embedded-postgres.ts';
import { migrate } from './migrate.ts';
import { ensurePartitions } from './partitions.ts';

// PostgreSQL 16 and newer tell "may administer" from "may set role"; a managed service gives its customers such a login.
test('a login that may create roles but is no superuser sets everything up on the newest PostgreSQL', async (t) => {
  const embedded = await openEmbeddedPostgres(await createDataDir(t), silentLogger);
  t.after(() => embedded.close());
  const admin = new pg.Client({ connectionString: embedded.url });
  await admin.connect();
  await admin.query(`create role customer login password 'customer' createrole nosuperuser nobypassrls`);
  await admin.query('create database customers_own owner customer');
  await admin.end();
  const url = new URL(embedded.url);
  url.username = 'customer';
  url.password = 'customer';
  url.pathname = '/customers_own';

  await migrate({ url: url.href, logger: silentLogger });
  const db = openDatabase({ url: url.href, applicationName: 'test', logger: silentLogger });
  t.after(() => db.close());
  await ensurePartitions(db, Date.now(), 1);

  const tenantId = parseTenantId('uk_company_1');
  const asTenant = await db.forTenant(tenantId, (tx) => tx.query({ text: 'select current_user as role' }));
  assert.deepEqual(asTenant.rows, [{ role: 'integration_service_tenant' }]);
  const asSystem = await db.querySystem({ text: 'select current_user as role' });
  assert.deepEqual(asSystem.rows, [{ role: 'integration_service_system' }]);
  await assert.rejects(
    db.forTenant(tenantId, (tx) => tx.query({ text: 'select * from leases' })),
    { code: '42501' },
  );
});

/** One login owns the tables, another works with them: what the second one cannot do, tried in SQL. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { createDataDir } from '../../../test/support/data-dir.ts';
import { silentLogger } from '../../../test/support/database.ts';
import { checkDatabase } from '../../cli/doctor/check-database.ts';
import { parseTenantId } from '../../ids.ts';
import { openEmbeddedPostgres } from '../embedded/embedded-postgres.ts';
import { openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { dropPartitionsBefore, ensurePartitions } from './partitions.ts';

const tenantId = parseTenantId('uk_company_1');

test('the service’s login works with tables that it can neither alter nor read past a policy', async (t) => {
  const embedded = await openEmbeddedPostgres(await createDataDir(t), silentLogger);
  t.after(() => embedded.close());
  const admin = new pg.Client({ connectionString: embedded.url });
  await admin.connect();
  for (const statement of [
    `create role "the owner" login createrole noinherit nosuperuser nobypassrls password 'owner'`,
    `create role app login noinherit nosuperuser nobypassrls password 'app'`,
    'create database parted owner "the owner"',
  ]) {
    await admin.query(statement);
  }
  await admin.end();
  const urlOf = (username: string, password: string): string =>
    Object.assign(new URL(embedded.url), { username, password, pathname: '/parted' }).href;
  const [ownerUrl, url] = [urlOf('the owner', 'owner'), urlOf('app', 'app')];

  await migrate({ url: ownerUrl, serviceUrl: url, logger: silentLogger });
  assert.deepEqual(await migrate({ url: ownerUrl, serviceUrl: url, logger: silentLogger }), [], 'a second start');
  const db = openDatabase({ url, ownerUrl, applicationName: 'test', logger: silentLogger });
  t.after(() => db.close());
  await ensurePartitions(db, Date.now(), 1);
  await dropPartitionsBefore(db, 'integration_logs', '2020-01-01');
  await db.forTenant(tenantId, (tx) =>
    tx.query({
      text: `insert into integration_logs (id, management_company_id, service_name, service_type, operation, started_at, status)
             values (gen_random_uuid(), $1, 'google_maps', 'geocoding', 'geocode', now(), 'success')`,
      values: [tenantId],
    }),
  );

  const login = new pg.Client({ connectionString: url });
  await login.connect();
  t.after(() => login.end());
  const refused = [
    'create table mine ()',
    'create schema mine',
    'create role mine',
    'alter table integration_logs no force row level security',
    'alter table integration_logs disable row level security',
    'drop policy integration_logs_tenant_policy on integration_logs',
    'drop table budgets',
    'truncate integration_logs',
    'select * from integration_logs',
    'select * from external_services',
    'select * from schema_migrations',
    'update integration_logs set status = status',
    'delete from log_bodies',
    'set role "the owner"',
    'grant select on budgets to app',
    'alter role app superuser',
    'alter role integration_service_tenant bypassrls',
  ];
  for (const statement of refused) {
    await assert.rejects(login.query(statement), { code: '42501' }, statement);
  }
  for (const statement of [
    'update integration_logs set status = status',
    'delete from integration_logs',
    'update log_bodies set body = body',
    'delete from log_bodies',
    'update configuration_audit set changed_by = changed_by',
    'delete from configuration_audit',
    'delete from audit_chain',
    'insert into audit_batches (management_company_id, kind, entries) values (current_user, $$rows$$, $$$$)',
  ]) {
    await assert.rejects(
      db.forTenant(tenantId, (tx) => tx.query({ text: statement })),
      { code: '42501' },
      `as a tenant: ${statement}`,
    );
  }

  const found = await checkDatabase({ url, ownerUrl, isEmbedded: false, now: Date.now });
  const said = (name: string) => found.find(({ check }) => check === name);
  assert.deepEqual(
    ['database roles', 'database schema', 'tenants apart', 'login without a role', 'schema and login'].map(
      (name) => said(name)?.status,
    ),
    Array(5).fill('ok'),
    JSON.stringify(found),
  );
  assert.match(said('schema and login')?.detail ?? '', /can neither create nor alter/);
  const [both] = (await checkDatabase({ url: ownerUrl, ownerUrl, isEmbedded: false, now: Date.now })).filter(
    ({ check }) => check === 'schema and login',
  );
  assert.equal(both?.status, 'warning');
  assert.match(both?.detail ?? '', /can create tables and alter/);
});

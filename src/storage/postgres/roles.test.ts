import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { createDataDir } from '../../../test/support/data-dir.ts';
import { databaseServerUrl, silentLogger, startEmptyDatabase, withServer } from '../../../test/support/database.ts';
import { parseTenantId } from '../../ids.ts';
import { openEmbeddedPostgres } from '../embedded/embedded-postgres.ts';
import { type Database, openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { dropPartitionsBefore, ensurePartitions } from './partitions.ts';

// PostgreSQL 16 and newer tell "may administer" from "may set role"; a managed service gives its customers such a login.
async function openAsCustomer(t: TestContext): Promise<{ url: string; db: Database }> {
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
  return { url: url.href, db };
}

const tenantId = parseTenantId('uk_company_1');

test('a login that may create roles but is no superuser sets everything up on the newest PostgreSQL', async (t) => {
  const { db } = await openAsCustomer(t);
  const asTenant = await db.forTenant(tenantId, (tx) => tx.query({ text: 'select current_user as role' }));
  assert.deepEqual(asTenant.rows, [{ role: 'integration_service_tenant' }]);
  const asSystem = await db.querySystem({ text: 'select current_user as role' });
  assert.deepEqual(asSystem.rows, [{ role: 'integration_service_system' }]);
  await assert.rejects(
    db.forTenant(tenantId, (tx) => tx.query({ text: 'select * from leases' })),
    { code: '42501' },
  );
});

test('the owner of the tables sees no row, through a partition neither, and still moves late rows and drops old days', async (t) => {
  const { url, db } = await openAsCustomer(t);
  const insertLog = (startedAt: string) =>
    db.forTenant(tenantId, (tx) =>
      tx.query({
        text: `insert into integration_logs (id, management_company_id, service_name, service_type, operation, started_at, status)
               values ($1, $2, 'google_maps', 'geocoding', 'geocode', $3, 'success')`,
        values: [randomUUID(), tenantId, startedAt],
      }),
    );
  const days = async () =>
    (
      await db.querySystem<{ name: string }>({
        text: 'select tableoid::regclass::text as name from integration_logs order by 1',
      })
    ).rows.map(({ name }) => name);
  for (const at of ['2031-03-01T10:00:00Z', '2031-01-01T10:00:00Z', '2031-06-01T10:00:00Z']) await insertLog(at);

  await ensurePartitions(db, Date.parse('2031-03-01T12:00:00Z'), 0);
  assert.deepEqual(await days(), ['integration_logs_20310301', 'integration_logs_default', 'integration_logs_default']);

  const owner = new pg.Client({ connectionString: url });
  await owner.connect();
  t.after(() => owner.end());
  for (const table of ['integration_logs', 'integration_logs_20310301', 'integration_logs_default']) {
    assert.deepEqual((await owner.query(`select id from ${table}`)).rows, [], table);
  }

  await dropPartitionsBefore(db, 'integration_logs', '2031-03-02');
  assert.deepEqual(await days(), ['integration_logs_default'], 'the late row of June is left');
});

test('a login of an older PostgreSQL stops inheriting, and sees no row without a role', async (t) => {
  const version = await withServer(async (server) => {
    const { rows } = await server.query("select current_setting('server_version_num')::int as version");
    return rows[0].version as number;
  });
  if (version >= 160_000) return t.diagnostic('this server says of each membership whether it is inherited');
  const login = `owner_${randomUUID().slice(0, 8)}`;
  await withServer((server) =>
    server.query(`create role ${login} login password 'owner' createrole inherit nosuperuser nobypassrls`),
  );
  const emptyUrl = new URL(await startEmptyDatabase(t));
  const database = emptyUrl.pathname.slice(1);
  await withServer(async (server) => {
    // Roles of this cluster were made by others: an administrator lets the login take them.
    await server.query(`grant integration_service_tenant, integration_service_system to ${login}`);
    await server.query(`alter database "${database}" owner to ${login}`);
  });
  const inDatabase = new pg.Client({
    connectionString: Object.assign(new URL(databaseServerUrl), { pathname: `/${database}` }).href,
  });
  await inDatabase.connect();
  await inDatabase.query(`alter schema public owner to ${login}`);
  await inDatabase.end();
  t.after(() =>
    withServer(async (server) => {
      await server.query(`alter database "${database}" owner to current_user`);
      const admin = new pg.Client({
        connectionString: Object.assign(new URL(databaseServerUrl), { pathname: `/${database}` }).href,
      });
      await admin.connect();
      await admin.query(`drop owned by ${login} cascade`);
      await admin.end();
      await server.query(`drop role ${login}`);
    }),
  );
  const url = Object.assign(new URL(emptyUrl), { username: login, password: 'owner' }).href;
  await migrate({ url, logger: silentLogger });

  const owner = new pg.Client({ connectionString: url });
  await owner.connect();
  await owner.query('begin');
  await owner.query('set local role integration_service_system');
  await owner.query(
    `insert into budgets (management_company_id, service_name, monthly_limit_usd, action) values ('uk_1', '*', 1, 'alert')`,
  );
  await owner.query('reset role');
  const { rows } = await owner.query('select * from budgets');
  await owner.query('rollback');
  await owner.end();
  assert.deepEqual(rows, []);
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { startTestDatabase } from '../../../test/support/database.ts';
import { parseTenantId, type TenantId } from '../../ids.ts';
import type { Queryable } from './database.ts';

const [one, two] = [parseTenantId('company_one'), parseTenantId('company_two')];

function insertBudget(tx: Queryable, tenantId: TenantId): Promise<unknown> {
  return tx.query({
    text: `insert into budgets (management_company_id, service_name, monthly_limit_usd, action) values ($1, '*', 10, 'alert')`,
    values: [tenantId],
  });
}

function insertLog(tx: Queryable, tenantId: TenantId): Promise<unknown> {
  return tx.query({
    text: `insert into integration_logs (id, management_company_id, service_name, service_type, operation, started_at, status)
           values ($1, $2, 'google_maps', 'geocoding', 'geocode', now(), 'success')`,
    values: [randomUUID(), tenantId],
  });
}

test('a tenant sees, changes and deletes its own rows only, also where a statement forgets to say so', async (t) => {
  const { db } = await startTestDatabase(t);
  for (const tenantId of [one, two]) {
    await db.forTenant(tenantId, async (tx) => {
      await insertBudget(tx, tenantId);
      await insertLog(tx, tenantId);
    });
  }
  for (const table of ['budgets', 'integration_logs']) {
    const seen = await db.forTenant(one, (tx) =>
      tx.query({ text: `select management_company_id as id from ${table}` }),
    );
    assert.deepEqual(seen.rows, [{ id: one }]);
  }
  const changed = await db.forTenant(one, (tx) => tx.query({ text: `update budgets set alerted_percent = 50` }));
  assert.equal(changed.rowCount, 1);
  const left = await db.querySystem({
    text: 'select management_company_id as id, alerted_percent from budgets order by 1',
  });
  assert.deepEqual(left.rows, [
    { id: one, alerted_percent: 50 },
    { id: two, alerted_percent: 0 },
  ]);
});

test('what was recorded is changed and deleted under no tenant’s role', async (t) => {
  const { db } = await startTestDatabase(t);
  for (const table of ['integration_logs', 'log_bodies', 'usage_daily', 'webhook_events', 'webhook_attempts']) {
    const refused = { code: '42501' };
    const set = `update ${table} set management_company_id = management_company_id`;
    await assert.rejects(
      db.forTenant(one, (tx) => tx.query({ text: `delete from ${table}` })),
      refused,
      table,
    );
    await assert.rejects(
      db.forTenant(one, (tx) => tx.query({ text: set })),
      refused,
      table,
    );
  }
  const changes = db.forTenant(one, (tx) => tx.query({ text: 'delete from configuration_audit' }));
  await assert.rejects(changes, { code: '42501' });
});

test('a row of another tenant cannot be written, nor one be given away', async (t) => {
  const { db } = await startTestDatabase(t);
  await assert.rejects(
    db.forTenant(one, (tx) => insertBudget(tx, two)),
    { code: '42501' },
  );
  await db.forTenant(one, (tx) => insertBudget(tx, one));
  await assert.rejects(
    db.forTenant(one, (tx) => tx.query({ text: 'update budgets set management_company_id = $1', values: [two] })),
    { code: '42501' },
  );
});

test('every table with a tenant in it has row-level security, forced, and a named policy for each role', async (t) => {
  const { db } = await startTestDatabase(t);
  const { rows } = await db.asOwner((tx) =>
    tx.query<{ name: string; enabled: boolean; forced: boolean; policies: string[] }>({
      text: `
        select c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
               array(select polname::text from pg_policy where polrelid = c.oid order by 1) as policies
          from pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
           and exists (select from pg_attribute where attrelid = c.oid and attname = 'management_company_id')`,
    }),
  );
  assert.ok(rows.length >= 15);
  for (const { name, enabled, forced, policies } of rows) {
    assert.deepEqual({ name, enabled, forced }, { name, enabled: true, forced: true });
    assert.deepEqual(policies, [`${name}_system_policy`, `${name}_tenant_policy`]);
  }
});

test('a partition cannot be reached around its parent', async (t) => {
  const { db } = await startTestDatabase(t);
  const { rows } = await db.asOwner((tx) =>
    tx.query<{ name: string; secured: boolean }>({
      text: `select relname as name, relrowsecurity as secured from pg_class where relispartition and relkind = 'r'`,
    }),
  );
  assert.ok(rows.length >= 12);
  for (const { name, secured } of rows) {
    assert.equal(secured, true, name);
    for (const text of [`select from ${name}`, `delete from ${name}`, `truncate ${name}`]) {
      await assert.rejects(
        db.forTenant(one, (tx) => tx.query({ text })),
        { code: '42501' },
        text,
      );
      await assert.rejects(db.querySystem({ text }), { code: '42501' }, text);
    }
  }
});

test('a tenant without a name sees nothing and writes nothing', async (t) => {
  const { db } = await startTestDatabase(t);
  await db.forTenant(one, (tx) => insertBudget(tx, one));
  for (const forget of ['reset app.tenant_id', `set local app.tenant_id = ''`]) {
    const seen = await db.forTenant(one, async (tx) => {
      await tx.query({ text: forget });
      return tx.query({ text: 'select from budgets' });
    });
    assert.equal(seen.rowCount, 0);
  }
  await assert.rejects(
    db.forTenant(one, async (tx) => {
      await tx.query({ text: 'reset app.tenant_id' });
      await insertBudget(tx, one);
    }),
    { code: '42501' },
  );
});

test('the tenant of one transaction is unknown to the next on the same connection', async (t) => {
  const { openAnother } = await startTestDatabase(t);
  const db = openAnother({ maxConnections: 4 }); // One connection for tenants.
  await db.forTenant(one, (tx) => insertBudget(tx, one));
  const [first, second] = await Promise.all([
    db.forTenant(two, (tx) => tx.query({ text: `select current_setting('app.tenant_id') as tenant` })),
    db.forTenant(one, (tx) => tx.query({ text: `select current_setting('app.tenant_id') as tenant` })),
  ]);
  assert.deepEqual([first.rows, second.rows], [[{ tenant: two }], [{ tenant: one }]]);
});

test('reset role leads back to the tenant role, and a role left behind does not reach the next transaction', async (t) => {
  const { openAnother } = await startTestDatabase(t);
  const db = openAnother({ maxConnections: 4 });
  const reset = await db.forTenant(one, async (tx) => {
    await tx.query({ text: 'reset role' });
    return tx.query({ text: 'select current_user as role' });
  });
  assert.deepEqual(reset.rows, [{ role: 'integration_service_tenant' }]);

  // The tests' login is a superuser, so nothing can keep a statement from leaving for it; the next one is safe again.
  await db.forTenant(one, (tx) => tx.query({ text: `select set_config('role', 'none', false)` }));
  const next = await db.forTenant(one, (tx) => tx.query({ text: 'select current_user as role' }));
  assert.deepEqual(next.rows, [{ role: 'integration_service_tenant' }]);
});

test('a tenant cannot reach the leases, the migrations, or make anything', async (t) => {
  const { db } = await startTestDatabase(t);
  for (const text of [
    'select from leases',
    'select from schema_migrations',
    'create table mine (id int)',
    'truncate budgets',
    'alter table budgets disable row level security',
    'drop policy budgets_tenant_policy on budgets',
  ]) {
    await assert.rejects(
      db.forTenant(one, (tx) => tx.query({ text })),
      { code: '42501' },
      text,
    );
  }
});

test('a name that is no tenant never becomes SQL', async (t) => {
  const { db } = await startTestDatabase(t);
  const hostile = `x'; set local role none; select '` as TenantId;
  await assert.rejects(async () => db.forTenant(hostile, (tx) => tx.query({ text: 'select 1' })), {
    code: 'TENANT_REQUIRED',
  });
});

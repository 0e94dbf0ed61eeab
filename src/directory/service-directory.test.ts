import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createManualClock } from '../../test/support/clock.ts';
import { silentLogger, startTestDatabase } from '../../test/support/database.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { ServiceError } from '../errors.ts';
import { parseTenantId, type ServiceId } from '../ids.ts';
import { appendEvent } from '../outbox/append-event.ts';
import { createKeyring } from '../secrets/keyring.ts';
import type { Database, Statement } from '../storage/postgres/database.ts';
import { changeService, createService, draftOfRow, removeService, type ServiceDraft } from './manage-services.ts';
import { openServiceDirectory } from './service-directory.ts';

const tenant = parseTenantId('uk_one');
const otherTenant = parseTenantId('uk_two');
const keyring = createKeyring([{ id: 'k1', key: Buffer.alloc(32, 'directory-test') }]);
const context = { changedBy: 'admin', requestId: 'req-1' };

const draft: ServiceDraft = {
  service_name: 'google_maps',
  service_type: 'geocoding',
  display_name: 'Google Maps',
  base_url: null,
  config: {},
  is_active: true,
  rate_limit_per_minute: 60,
  rate_limit_per_hour: 0,
  rate_limit_per_day: null,
  rate_limit_per_month: null,
  priority: 100,
  fallback_service_id: null,
  description: null,
  tags: ['maps'],
  api_key: 'canary-key',
};

async function start(
  t: TestContext,
  bounds: { readonly maxServices?: number } = {},
  prepare: (db: Database) => Promise<unknown> = async () => {},
) {
  const { db, openAnother } = await startTestDatabase(t);
  await prepare(db);
  const clock = createManualClock();
  const statements: string[] = [];
  const database = { away: false };
  const counted: Pick<Database, 'querySystem' | 'listen'> = {
    listen: (channel, onNotify) => db.listen(channel, onNotify),
    querySystem: async <Row>(statement: Statement) => {
      statements.push(statement.name ?? statement.text);
      if (database.away) throw new Error('connect ECONNREFUSED');
      return db.querySystem<Row>(statement);
    },
  };
  const directory = await openServiceDirectory({ db: counted, keyring, clock, logger: silentLogger, ...bounds });
  t.after(() => directory.close());
  const manage = { db: openAnother(), keyring, appendEvent, clock };
  return { db, directory, manage, clock, statements, database };
}

test('a tenant’s services come in order of priority, and a hundred callers at once load them once', async (t) => {
  const { directory, manage, statements } = await start(t);
  await createService(manage, tenant, { ...draft, service_name: 'second', priority: 200 }, context);
  await createService(manage, tenant, draft, context);
  await createService(manage, otherTenant, { ...draft, service_name: 'foreign' }, context);

  const [services] = await Promise.all(Array.from({ length: 100 }, () => directory.ofTenant(tenant)));

  assert.deepEqual(
    services?.map(({ serviceName }) => serviceName),
    ['google_maps', 'second'],
  );
  assert.deepEqual(services?.[0]?.rateLimits, { perMinute: 60, perHour: null, perDay: null, perMonth: null });
  assert.equal(statements.length, 1);
});

test('the account is opened only for a service of the directory, and never stands in the service itself', async (t) => {
  const { directory, manage } = await start(t);
  await createService(manage, tenant, { ...draft, credentials: { client: 'c' } }, context);

  const [service] = await directory.ofTenant(tenant);
  assert.ok(service);

  assert.equal(directory.accountOf(service).apiKey, 'canary-key');
  assert.deepEqual(directory.accountOf(service).credentials, { client: 'c' });
  assert.ok(!JSON.stringify(service).includes('canary-key'));
  assert.throws(() => directory.accountOf({ ...service }));
});

test('a change made by another replica is seen without waiting for the TTL', async (t) => {
  const { directory, manage } = await start(t);
  const row = await createService(manage, tenant, draft, context);
  await directory.ofTenant(tenant);

  await changeService(manage, tenant, row.id, (current) => ({ ...draftOfRow(current), is_active: false }), context);

  await waitFor('the change', async () => (await directory.ofTenant(tenant))[0]?.isActive === false);
  const [service] = await directory.ofTenant(tenant);
  assert.equal(service && directory.accountOf(service).apiKey, 'canary-key', 'a secret that is not sent stays');
  await removeService(manage, tenant, row.id, context);
  await waitFor('the deletion', async () => (await directory.ofTenant(tenant)).length === 0);
});

test('while the database is away the last known services are used, up to their bound of age', async (t) => {
  const { directory, manage, clock, database } = await start(t);
  await createService(manage, tenant, draft, context);
  await directory.ofTenant(tenant);
  database.away = true;

  clock.advance(3_600_000);
  assert.equal((await directory.ofTenant(tenant)).length, 1);
  await assert.rejects(directory.ofTenant(otherTenant));

  clock.advance(25 * 3_600_000);
  await assert.rejects(directory.ofTenant(tenant));
  database.away = false;
  assert.equal((await directory.ofTenant(tenant)).length, 1);
});

test('registering a service announces it in the same transaction', async (t) => {
  const { db, manage } = await start(t);
  const row = await createService(manage, tenant, draft, context);

  const { rows } = await db.querySystem<{ body: Record<string, unknown> }>({ text: 'select body from outbox_events' });

  assert.equal(rows.length, 1);
  const [event] = rows;
  assert.equal(event?.body.event_type, 'integration.service.registered');
  assert.equal(event?.body.service_id, row.id);
  assert.equal(event?.body.created_by, 'admin');
});

test('names are unique, and fallbacks are of the same type, of the same tenant and no circle', async (t) => {
  const { manage } = await start(t);
  const isError = (code: string, path?: string) => (error: unknown) =>
    error instanceof ServiceError && error.code === code && (path === undefined || error.errors?.[0]?.path === path);
  const first = await createService(manage, tenant, draft, context);
  const second = await createService(
    manage,
    tenant,
    { ...draft, service_name: 'second', fallback_service_id: first.id },
    context,
  );
  const sheets = await createService(
    manage,
    tenant,
    { ...draft, service_name: 'sheets', service_type: 'sheets' },
    context,
  );
  const foreign = await createService(manage, otherTenant, draft, context);
  const fallBackOn = (id: ServiceId) =>
    changeService(manage, tenant, first.id, (row) => ({ ...draftOfRow(row), fallback_service_id: id }), context);

  await assert.rejects(createService(manage, tenant, draft, context), isError('CONFLICT'));
  for (const { id } of [first, second, sheets, foreign]) {
    await assert.rejects(fallBackOn(id), isError('INVALID_REQUEST', 'fallback_service_id'));
  }
  await assert.rejects(removeService(manage, tenant, foreign.id, context), isError('NOT_FOUND'));
});

test('5,000 tenants are read once each and stay, and a change reads its own tenant alone', async (t) => {
  // Before the directory listens: a notification during a read makes it read again.
  const { db, directory, statements } = await start(t, {}, (empty) =>
    empty.querySystem({
      text: `insert into external_services (id, management_company_id, service_name, service_type, display_name)
             select gen_random_uuid(), 'many_' || n, 'maps', 'geocoding', 'Maps' from generate_series(1, 5000) n`,
    }),
  );
  const tenants = Array.from({ length: 5_000 }, (_, index) => parseTenantId(`many_${index + 1}`));
  // A few at a time, since callers wait at most two seconds for a connection.
  for (let from = 0; from < tenants.length; from += 20) {
    await Promise.all(tenants.slice(from, from + 20).map((one) => directory.ofTenant(one)));
  }
  assert.equal(statements.length, 5_000);
  for (const one of tenants) await directory.ofTenant(one);
  assert.equal(statements.length, 5_000, 'all of them are in memory');

  await db.querySystem({
    text: `update external_services set display_name = 'Other' where management_company_id = 'many_7'`,
  });
  const seventh = tenants[6] as (typeof tenants)[number];
  await waitFor('the change', async () => (await directory.ofTenant(seventh))[0]?.displayName === 'Other');
  for (const one of tenants) await directory.ofTenant(one);
  assert.equal(statements.length, 5_001);
});

test('at the bound of services the tenant asked for longest ago makes room', async (t) => {
  const { directory, manage, statements } = await start(t, { maxServices: 5 });
  const tenants = ['uk_a', 'uk_b', 'uk_c'].map((name) => parseTenantId(name));
  for (const one of tenants) await createService(manage, one, draft, context);
  const [first, second, third] = tenants as [typeof tenant, typeof tenant, typeof tenant];
  for (const one of tenants) await directory.ofTenant(one);
  assert.equal(statements.length, 3);

  await directory.ofTenant(third);
  await directory.ofTenant(second);
  assert.equal(statements.length, 3, 'a tenant counts once and each of its services once: two of them fit');
  await directory.ofTenant(first);
  assert.equal(statements.length, 4);
});

test('the list of all active services is read again only after one was changed', async (t) => {
  const { db, directory, manage, statements } = await start(t);
  const row = await createService(manage, tenant, draft, context);
  await createService(manage, otherTenant, { ...draft, is_active: false }, context);
  await waitFor('both notifications', async () => {
    statements.length = 0;
    await directory.activeOfAllTenants();
    await directory.activeOfAllTenants();
    return statements.length === 0;
  });
  assert.deepEqual(await directory.activeOfAllTenants(), [
    { id: row.id, tenantId: tenant, serviceName: 'google_maps', serviceType: 'geocoding' },
  ]);

  await db.querySystem({ text: 'update external_services set is_active = true' });
  await waitFor('the other one', async () => (await directory.activeOfAllTenants()).length === 2);
});

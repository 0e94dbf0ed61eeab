import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { startTestDatabase } from '../../test/support/database.ts';
import { systemClock } from '../clock.ts';
import type { Emulates } from '../config/emulation.ts';
import { parseTenantId } from '../ids.ts';
import type { DurableEvent } from '../outbox/events.ts';
import { createKeyring } from '../secrets/keyring.ts';
import { listServicesOfTenant } from '../storage/tables/external-services.ts';
import { withEmulatedAccounts } from './emulated-accounts.ts';
import { type EnvironmentProvider, registerEnvironmentServices } from './environment-services.ts';
import { changeService, draftOfRow } from './manage-services.ts';
import type { ExternalService, ServiceDirectory } from './service.ts';
import { openAccount } from './service-row.ts';

const tenantId = parseTenantId('uk_1');
const key = (text: string) => ({ kind: 'api-key', text }) as const;

function google(credential: EnvironmentProvider['credential'], baseUrl: string | null = null): EnvironmentProvider {
  return {
    serviceName: 'google_maps',
    serviceType: 'geocoding',
    displayName: 'Google Maps',
    priority: 100,
    fallbackServiceName: null,
    credential,
    baseUrl,
  };
}

async function startEnvironment(t: TestContext) {
  const { db } = await startTestDatabase(t);
  const keyring = createKeyring([{ id: 'k', key: randomBytes(32) }]);
  const events: DurableEvent[] = [];
  const deps = {
    db,
    keyring,
    clock: systemClock,
    appendEvent: async (_tx: unknown, event: DurableEvent) => void events.push(event),
  };
  const read = async () => {
    const [row] = await db.forTenant(tenantId, (tx) => listServicesOfTenant(tx, tenantId));
    if (row === undefined) return null;
    return { row, account: openAccount(keyring, row) };
  };
  const register = async (provider: EnvironmentProvider, emulates: Emulates = 'keyless') => {
    await registerEnvironmentServices(deps, tenantId, [provider], emulates);
    return read();
  };
  return { deps, db, events, register, read };
}

test('a provider without a credential is emulated, and with one it is real, without a trace of the emulator', async (t) => {
  const { register } = await startEnvironment(t);
  const before = await register(google(null));
  assert.equal(before?.row.config.emulated, true);
  assert.equal(before?.row.base_url, null);
  const after = await register(google(key('AIza-1')));
  assert.equal(after?.row.config.emulated, undefined);
  assert.equal(after?.account.apiKey, 'AIza-1');
  const again = await register(google(null));
  assert.deepEqual([again?.account.apiKey, again?.row.config.emulated], [null, true]);
});

test('a second start with the same environment writes and announces nothing', async (t) => {
  const { register, events } = await startEnvironment(t);
  await register(google(key('AIza-1'), 'http://emulator:9000'));
  const first = await register(google(key('AIza-1'), 'http://emulator:9000'));
  assert.equal(events.length, 1);
  assert.deepEqual(first?.row.updated_at, first?.row.created_at);
  assert.ok(!JSON.stringify(first?.row.config).includes('AIza'));
});

test("an admin's limits, priority and credential survive a restart", async (t) => {
  const { register, deps } = await startEnvironment(t);
  const created = await register(google(key('AIza-1')));
  const id = created?.row.id as string;
  await changeService(
    deps,
    tenantId,
    id,
    (row) => ({ ...draftOfRow(row), priority: 7, rate_limit_per_day: 500, is_active: false }),
    { changedBy: 'anna', requestId: null },
  );
  const kept = await register(google(key('AIza-2')));
  assert.deepEqual(
    [kept?.row.priority, kept?.row.rate_limit_per_day, kept?.row.is_active, kept?.account.apiKey],
    [7, 500, false, 'AIza-2'],
  );
  await changeService(deps, tenantId, id, (row) => ({ ...draftOfRow(row), api_key: 'admins' }), {
    changedBy: 'anna',
    requestId: null,
  });
  for (const mode of ['keyless', 'none'] as const) {
    const withoutKey = await register(google(null), mode);
    assert.deepEqual([withoutKey?.account.apiKey, withoutKey?.row.config.emulated], ['admins', undefined]);
  }
});

test('EMULATOR=off leaves a provider without credential absent, and brings it back with one', async (t) => {
  const { register } = await startEnvironment(t);
  assert.equal(await register(google(null), 'none'), null);
  await register(google(key('AIza-1')), 'none');
  assert.equal((await register(google(null), 'none'))?.row.is_active, false);
  assert.equal((await register(google(key('AIza-1')), 'none'))?.row.is_active, true);
});

test('EMULATOR=on emulates also what has a credential', async (t) => {
  const { register } = await startEnvironment(t);
  assert.equal((await register(google(key('AIza-1')), 'all'))?.row.config.emulated, true);
  const back = await register(google(key('AIza-1')), 'keyless');
  assert.deepEqual([back?.row.config.emulated, back?.account.apiKey], [undefined, 'AIza-1']);
});

test('a base URL of the environment goes when the environment has none', async (t) => {
  const { register } = await startEnvironment(t);
  assert.equal((await register(google(key('a'), 'http://proxy')))?.row.base_url, 'http://proxy');
  assert.equal((await register(google(key('a'))))?.row.base_url, null);
});

test('an address that an admin has set is not emulated away by the next start', async (t) => {
  const { register, deps } = await startEnvironment(t);
  const id = (await register(google(null)))?.row.id as string;
  await changeService(
    deps,
    tenantId,
    id,
    (row) => {
      const { emulated: _, ...config } = row.config;
      return { ...draftOfRow(row), base_url: 'https://maps.example', config };
    },
    { changedBy: 'anna', requestId: null },
  );
  const kept = await register(google(null));
  assert.deepEqual([kept?.row.base_url, kept?.row.config.emulated], ['https://maps.example', undefined]);
});

test('replicas that start together register each provider once', async (t) => {
  const { deps, events, db } = await startEnvironment(t);
  const providers = [
    google(key('a')),
    { ...google(null), serviceName: 'yandex_maps', fallbackServiceName: 'google_maps' },
  ];
  await Promise.all(Array.from({ length: 6 }, () => registerEnvironmentServices(deps, tenantId, providers, 'keyless')));
  assert.equal(events.length, 2);
  const rows = await db.forTenant(tenantId, (tx) => listServicesOfTenant(tx, tenantId));
  assert.deepEqual(
    rows.map(({ service_name }) => service_name),
    ['google_maps', 'yandex_maps'],
  );
  assert.equal(rows[1]?.fallback_service_id, rows[0]?.id);
});

test('a mark of an earlier start makes nothing up where nothing is emulated now, nor for an account with a secret', async () => {
  const service = (id: string, hasApiKey: boolean) =>
    ({
      id,
      serviceType: 'geocoding',
      config: { emulated: true },
      hasApiKey,
      hasCredentials: false,
    }) as unknown as ExternalService;
  const services = [service('bare', false), service('keyed', true)];
  const inner = {
    ofTenant: async () => services,
    accountOf(asked: ExternalService) {
      assert.ok(services.includes(asked));
      return { baseUrl: null };
    },
  } as unknown as ServiceDirectory;
  const access = { url: 'http://emulator', googleCredentials: null };
  for (const [emulates, expected] of [
    ['none', [null, null]],
    ['keyless', ['http://emulator', null]],
    ['all', ['http://emulator', 'http://emulator']],
  ] as const) {
    const directory = withEmulatedAccounts(inner, emulates, emulates === 'none' ? null : access);
    const here = await directory.ofTenant(tenantId);
    assert.deepEqual(
      here.map((one) => directory.accountOf(one).baseUrl),
      expected,
    );
    assert.deepEqual(
      here.map(({ config }) => config.emulated),
      expected.map((url) => (url === null ? undefined : true)),
    );
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { geocodeCapability } from '../../test/support/call-pipeline.ts';
import type { ExternalService } from '../directory/service.ts';
import type { QuestionPlace } from '../directory/service-regions.ts';
import { parseTenantId, type ServiceId } from '../ids.ts';
import type { Adapter } from '../providers/provider.ts';
import { findAdapter } from '../providers/registry.ts';
import { resolveProviders } from './resolve-providers.ts';

const tenantId = parseTenantId('uk_one');
const adapters = ['google_maps', 'yandex_maps', 'offline_gazetteer'];

function serviceOf(serviceName: string, overrides: Partial<ExternalService> = {}): ExternalService {
  return {
    id: serviceName as ServiceId,
    tenantId,
    serviceName,
    serviceType: 'geocoding',
    displayName: serviceName,
    baseUrl: null,
    config: {},
    isActive: true,
    rateLimits: { perMinute: null, perHour: null, perDay: null, perMonth: null },
    priority: 100,
    fallbackServiceId: null,
    description: null,
    tags: [],
    hasApiKey: false,
    hasCredentials: false,
    createdBy: null,
    updatedAtMs: 0,
    ...overrides,
  };
}

async function namesOf(
  services: readonly ExternalService[],
  provider: string | null = null,
  place: QuestionPlace = { country: null, area: null },
): Promise<string[]> {
  const attempts = { geocode: async () => ({ kind: 'empty' }) as const };
  const providers = await resolveProviders(
    {
      directory: { ofTenant: async () => services, accountOf: () => assert.fail('no secret is opened') },
      findAdapter: (name) =>
        adapters.includes(name)
          ? ({ name, attempts, serviceType: 'geocoding', facts: findAdapter(name)?.facts } as unknown as Adapter)
          : null,
    },
    { tenantId, capability: geocodeCapability, provider, place },
  );
  return providers.map(({ service }) => service.serviceName);
}

test('services are asked by priority, each followed by its fallback, each once', async () => {
  const services = [
    serviceOf('google_maps', { fallbackServiceId: 'offline_gazetteer' as ServiceId }),
    serviceOf('yandex_maps'),
    serviceOf('offline_gazetteer'),
  ];
  assert.deepEqual(await namesOf(services), ['google_maps', 'offline_gazetteer', 'yandex_maps']);
});

test('a circle of fallbacks ends', async () => {
  const services = [
    serviceOf('google_maps', { fallbackServiceId: 'yandex_maps' as ServiceId }),
    serviceOf('yandex_maps', { fallbackServiceId: 'google_maps' as ServiceId }),
  ];
  assert.deepEqual(await namesOf(services), ['google_maps', 'yandex_maps']);
});

test('a service of type maps geocodes like the others, in priority order', async () => {
  const maps = serviceOf('second_google', { serviceType: 'maps', config: { adapter: 'google_maps' } });
  assert.deepEqual(await namesOf([maps, serviceOf('yandex_maps')]), ['second_google', 'yandex_maps']);
  assert.deepEqual(await namesOf([maps, serviceOf('yandex_maps')], 'second_google'), ['second_google']);
});

test('services that are inactive, of another type or without a suitable adapter are not asked', async () => {
  const services = [
    serviceOf('google_maps', { isActive: false }),
    serviceOf('yandex_maps', { serviceType: 'api' }),
    serviceOf('bing'),
    serviceOf('offline_gazetteer'),
  ];
  assert.deepEqual(await namesOf(services), ['offline_gazetteer']);
});

test('a name selects one service: by its own name first, then by its adapter’s, then by the adapter’s short name', async () => {
  const second = serviceOf('maps_of_ours', { config: { adapter: 'google_maps' } });
  const services = [second, serviceOf('google_maps'), serviceOf('yandex_maps')];

  assert.deepEqual(await namesOf(services, 'google_maps'), ['google_maps']);
  assert.deepEqual(await namesOf(services, 'maps_of_ours'), ['maps_of_ours']);
  assert.deepEqual(await namesOf(services, 'google'), ['maps_of_ours']);
  assert.deepEqual(await namesOf(services, 'yandex'), ['yandex_maps']);
  await assert.rejects(namesOf(services, 'bing'), { code: 'INVALID_REQUEST' });
});

test('a service may have another priority in a country or an area', async () => {
  const tashkent = { south: 41.1, west: 69.1, north: 41.5, east: 69.5 };
  const services = [
    serviceOf('google_maps', { priority: 100 }),
    serviceOf('yandex_maps', { priority: 200, config: { regions: [{ country: 'UZ', bounds: tashkent }] } }),
    serviceOf('offline_gazetteer', { priority: 900, config: { regions: [{ country: 'KZ', priority: 150 }] } }),
  ];
  const area = { south: 41.2, west: 69.2, north: 41.3, east: 69.3 };
  const at = (country: string | null, where: QuestionPlace['area']) =>
    namesOf(services, null, { country, area: where });
  const usual = ['google_maps', 'yandex_maps', 'offline_gazetteer'];
  assert.deepEqual(await at('UZ', area), ['yandex_maps', 'google_maps', 'offline_gazetteer']);
  assert.deepEqual(await at('UZ', null), usual);
  assert.deepEqual(await at('RU', area), usual);
  assert.deepEqual(await at('KZ', null), ['google_maps', 'offline_gazetteer', 'yandex_maps']);
});

test('an emulated provider is asked first or by name, and never after a real one', async () => {
  const emulated = { config: { emulated: true } };
  const gazetteer = serviceOf('offline_gazetteer', { priority: 900 });
  const names = (google: Partial<ExternalService>, yandex: Partial<ExternalService>, provider: string | null = null) =>
    namesOf([serviceOf('google_maps', google), serviceOf('yandex_maps', yandex), gazetteer], provider);
  assert.deepEqual(await names({}, emulated), ['google_maps', 'offline_gazetteer']);
  assert.deepEqual(await names({ fallbackServiceId: 'yandex_maps' as ServiceId }, emulated), [
    'google_maps',
    'offline_gazetteer',
  ]);
  assert.deepEqual(await names(emulated, {}), ['google_maps', 'yandex_maps', 'offline_gazetteer']);
  assert.deepEqual(await names(emulated, emulated), ['google_maps', 'yandex_maps', 'offline_gazetteer']);
  assert.deepEqual(await names({}, emulated, 'yandex_maps'), ['yandex_maps']);
});

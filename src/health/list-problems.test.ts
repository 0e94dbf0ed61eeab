import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger, startTestDatabase } from '../../test/support/database.ts';
import { systemClock } from '../clock.ts';
import type { ExternalService, HealthStatus } from '../directory/service.ts';
import { newId, type TenantId } from '../ids.ts';
import { createProblemList } from './list-problems.ts';
import type { ServicePauseSeen } from './problem.ts';

const tenant = 'uk_company_1' as TenantId;
const minuteMs = 60_000;

/** Three geocoders and an API on a real database; Yandex Maps has had `status` and `pause` for half an hour. */
async function startList(
  t: { after(fn: () => unknown): void },
  yandex: { readonly status: HealthStatus; readonly pause: ServicePauseSeen | null },
) {
  const { db } = await startTestDatabase(t);
  const nowMs = systemClock.now();
  const services = [
    ['google_maps', 'Google Maps', 'geocoding'],
    ['yandex_maps', 'Yandex Maps', 'geocoding'],
    ['two_gis', '2GIS', 'geocoding'],
    ['nominatim', 'Nominatim', 'maps'],
    ['crm', 'CRM', 'api'],
  ].map(
    ([serviceName, displayName, serviceType]) =>
      ({
        id: newId(),
        serviceName,
        displayName,
        serviceType,
        isActive: true,
        config: {},
      }) as unknown as ExternalService,
  );
  for (const { id, serviceName, displayName, serviceType } of services) {
    await db.querySystem({
      text: `insert into external_services (id, management_company_id, service_name, service_type, display_name)
             values ($1, $2, $3, $4, $5)`,
      values: [id, tenant, serviceName, serviceType, displayName],
    });
  }
  const isYandex = ({ id }: Pick<ExternalService, 'id'>): boolean => id === services[1]?.id;
  const sinceMs = nowMs - 30 * minuteMs;
  await db.querySystem({
    text: `insert into service_health (service_id, management_company_id, status, unhealthy_since)
           values ($1, $2, 'down', $3)`,
    values: [services.find(isYandex)?.id, tenant, new Date(sinceMs)],
  });
  const listProblems = createProblemList({
    db,
    clock: systemClock,
    logger: silentLogger,
    directory: { ofTenant: async () => services },
    health: {
      healthOf: (service) => ({
        status: isYandex(service) ? yandex.status : 'healthy',
        lastError: null,
        checkedAtMs: null,
      }),
    },
    pauseOf: async (service) => (isYandex(service) ? yandex.pause : null),
    limitsOf: async () => [],
    forecastsOf: async () => [],
    operationsOf: () => ['health_check', 'geocode', 'reverse'],
    monthOf: () => ({ firstDay: '2026-11-01', lastDay: '2026-11-30' }),
    isStoreAvailable: () => true,
    isBusAvailable: () => true,
    spoolBytes: () => 0,
    stalls: () => ({ count: 0, longestMs: 0 }),
    emulatedInEarnest: [],
    outbox: () => ({ backlogCount: 0, oldestAgeSeconds: 0 }),
  });
  return {
    sinceWords: new Date(sinceMs).toISOString().slice(0, 16).replace('T', ' '),
    untilMs: nowMs + minuteMs,
    list: (boundTo?: ReadonlySet<string>) => listProblems(tenant, boundTo),
    async answer(
      serviceName: string,
      count: number,
      row: { operation?: string; status?: string; minutesAgo?: number } = {},
    ) {
      const { operation = 'geocode', status = 'success', minutesAgo = 10 } = row;
      await db.querySystem({
        text: `insert into integration_logs
                 (id, management_company_id, service_name, service_type, operation, started_at, status)
               select gen_random_uuid(), $1, $2, 'geocoding', $3, $4, $5 from generate_series(1, $6)`,
        values: [tenant, serviceName, operation, new Date(nowMs - minutesAgo * minuteMs), status, count],
      });
    },
  };
}

test('a refused key is listed with its start and with how many calls each other provider took over', async (t) => {
  const pause = { because: 'credentials_refused', untilMs: Date.now() + minuteMs } as const;
  const { list, answer, sinceWords } = await startList(t, { status: 'down', pause });
  const [before] = await list();
  assert.ok(before?.message.startsWith(`Yandex Maps has refused the key since ${sinceWords} UTC; `), before?.message);
  assert.equal(before?.count, undefined);

  await answer('two_gis', 312);
  await answer('nominatim', 4, { operation: 'reverse' });
  // None of these counts as taken over: before the outage, failed, a probe, another kind, asked before Yandex Maps.
  await answer('two_gis', 5, { minutesAgo: 31 });
  await answer('two_gis', 5, { status: 'error' });
  await answer('two_gis', 5, { operation: 'health_check' });
  await answer('two_gis', 5, { operation: 'distance' });
  await answer('crm', 5);
  await answer('google_maps', 5);

  const [problem, ...others] = await list();
  assert.deepEqual(others, []);
  assert.deepEqual([problem?.kind, problem?.service, problem?.count], ['key_refused', 'yandex_maps', 316]);
  assert.match(problem?.link ?? '', /^\/console\/services\//);
  const words = `Yandex Maps has refused the key since ${sinceWords} UTC (312 calls went to 2GIS, 4 to Nominatim); it is not asked`;
  assert.ok(problem?.message.startsWith(words), problem?.message);
  const wordsRu = `Yandex Maps не принимает ключ с ${sinceWords} UTC (312 вызовов ушло в 2GIS, 4 в Nominatim); запросов`;
  assert.ok(problem?.message_ru.startsWith(wordsRu), problem?.message_ru);

  const [bound] = await list(new Set(['yandex_maps']));
  assert.deepEqual(
    [bound?.kind, bound?.count],
    ['key_refused', undefined],
    'the providers that took over are not named',
  );
  assert.doesNotMatch(`${bound?.message} ${bound?.message_ru}`, /2GIS|Nominatim/);
  assert.deepEqual(await list(new Set(['two_gis'])), []);
});

test('counts of a provider that is down have the right word forms', async (t) => {
  const { list, answer, sinceWords } = await startList(t, { status: 'down', pause: null });
  let total = 0;
  for (const [more, en, ru] of [
    [1, '1 call went to 2GIS', '1 вызов ушёл в 2GIS'],
    [1, '2 calls went to 2GIS', '2 вызова ушли в 2GIS'],
    [9, '11 calls went to 2GIS', '11 вызовов ушло в 2GIS'],
    [10, '21 calls went to 2GIS', '21 вызов ушёл в 2GIS'],
    [20_000, '10000 or more calls went to 2GIS', 'не менее 10000 вызовов ушло в 2GIS'],
  ] as const) {
    await answer('two_gis', more);
    total = Math.min(10_000, total + more);
    const [problem] = await list();
    assert.equal(problem?.message, `Yandex Maps has been down since ${sinceWords} UTC (${en})`);
    assert.equal(problem?.message_ru, `Yandex Maps не работает с ${sinceWords} UTC (${ru})`);
    assert.equal(problem?.count, total);
  }
});

test('a degraded provider has no count of calls taken over', async (t) => {
  const { list, answer } = await startList(t, { status: 'degraded', pause: null });
  await answer('two_gis', 3);
  const [problem] = await list();
  assert.deepEqual([problem?.kind, problem?.count], ['provider_degraded', undefined]);
});

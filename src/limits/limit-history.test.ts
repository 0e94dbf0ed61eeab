import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger, startTestDatabase } from '../../test/support/database.ts';
import type { ExternalService } from '../directory/service.ts';
import { newId, parseTenantId, type ServiceId } from '../ids.ts';
import { createInProcessStore } from '../storage/redis/in-process-store.ts';
import { createLimitHistory, startLimitHistory } from './limit-history.ts';
import { watchSpenders } from './limit-spenders.ts';
import { accountLimits, familyLimit } from './limit-subjects.ts';
import { createRateLimiter } from './rate-limiter.ts';

const tenant = parseTenantId('uk_limit_history');

test('each used window is recorded once, with its highest count', async (t) => {
  const { db } = await startTestDatabase(t);
  let nowMs = Date.UTC(2026, 10, 22, 12, 30, 5);
  const clock = { now: () => nowMs };
  const service = {
    id: newId() as ServiceId,
    tenantId: tenant,
    serviceName: 'google_maps',
    rateLimits: { perMinute: 5, perHour: null, perDay: 100, perMonth: null },
  } as ExternalService;
  const { limiter, takeSpenders } = watchSpenders(
    createRateLimiter({
      store: createInProcessStore({ clock, logger: silentLogger }),
      clock,
      logger: silentLogger,
    }),
  );
  const familyLimits = { geocoding: 50 };
  let mayRun = true;
  const deps = {
    db,
    limiter,
    familyLimits,
    clock,
    logger: silentLogger,
    directory: { ofTenant: async () => [service] },
    listTenantsWithTraffic: async () => [tenant],
    takeSpenders,
    tryHold: async () => mayRun,
  };
  const history = createLimitHistory(deps);
  const written = async () => {
    const { rows } = await db.querySystem<Record<string, unknown>>({
      text: `select service_name, window_type, window_start, request_count, remaining_requests, is_rate_limited
               from api_rate_limits order by service_name, window_type`,
    });
    return rows.map((row) => [
      row.service_name,
      row.window_type,
      (row.window_start as Date).toISOString(),
      row.request_count,
      row.remaining_requests,
      row.is_rate_limited,
    ]);
  };

  await history.writeAll();
  assert.deepEqual(await written(), []);
  const spend = (units: number) =>
    limiter.spend(tenant, [familyLimit('geocoding', familyLimits), ...accountLimits(service)], units);
  await spend(2);
  await history.writeAll();
  await spend(3);
  await history.writeAll();
  nowMs += 58_000;
  await history.writeAll();
  // The next minute has begun, but the rolling minute still counts the request, which belongs to the earlier one.
  assert.deepEqual(await written(), [
    ['geocoding', 'minute', '2026-11-22T12:30:00.000Z', 5, 45, false],
    ['google_maps', 'day', '2026-11-22T00:00:00.000Z', 5, 95, false],
    ['google_maps', 'minute', '2026-11-22T12:30:00.000Z', 5, 0, true],
  ]);
  mayRun = false;
  await db.querySystem({ text: 'delete from api_rate_limits' });
  await history.writeAll();
  assert.deepEqual(await written(), [], 'another replica has the lease');
  await history.writeSpenders();
  assert.equal((await written()).length, 3, 'a replica records its own use without the lease');
  await db.querySystem({ text: 'delete from api_rate_limits' });
  await history.writeSpenders();
  assert.deepEqual(await written(), [], 'no use since');
  const started = startLimitHistory(deps);
  await spend(1);
  await started.close();
  assert.equal((await written()).length, 3, 'the close records the last use');
});

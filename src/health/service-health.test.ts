import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger, startTestDatabase } from '../../test/support/database.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { systemClock } from '../clock.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { appendEvent } from '../outbox/append-event.ts';
import type { Statement } from '../storage/postgres/database.ts';
import { openServiceHealth } from './service-health.ts';

test('of 5,000 services, a change reads the health of the changed one only', async (t) => {
  const { db } = await startTestDatabase(t);
  await db.querySystem({
    text: `insert into external_services (id, management_company_id, service_name, service_type, display_name)
           select gen_random_uuid(), 'uk_health', 'maps-' || n, 'geocoding', 'Maps' from generate_series(1, 5000) n`,
  });
  const read: number[] = [];
  const metrics = createMetrics({ clock: systemClock, processMetrics: false });
  const health = await openServiceHealth({
    db: {
      listen: db.listen.bind(db),
      forTenant: db.forTenant.bind(db),
      async querySystem<Row>(statement: Statement) {
        const found = await db.querySystem<Row>(statement);
        read.push(found.rowCount);
        return found;
      },
    },
    clock: systemClock,
    metrics,
    logger: silentLogger,
    appendEvent,
  });
  t.after(() => health.close());
  assert.deepEqual(read, [5_000]);

  await db.querySystem({ text: `update external_services set is_active = false where service_name = 'maps-7'` });
  await waitFor('the service that was switched off to be read', () => read.length > 1);
  assert.deepEqual(read, [5_000, 0]);
  await db.querySystem({ text: `update external_services set is_active = true where service_name = 'maps-7'` });
  await waitFor('the service that was switched on to be read', () => read.length > 2);
  assert.deepEqual(read, [5_000, 0, 1]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger, startTestDatabase } from '../../test/support/database.ts';
import { systemClock } from '../clock.ts';
import { parseTenantId } from '../ids.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { appendEvent } from '../outbox/append-event.ts';
import { monthOf } from './month.ts';
import { startBudgetWatch } from './watch-budgets.ts';

interface AlertBody {
  readonly metadata: Readonly<Record<string, unknown>> & { readonly threshold_percent: number };
  readonly utilization_percent: number;
  readonly blocked_operations: readonly string[];
}

const tenant = parseTenantId('uk_budget_watch');

test('each threshold is told of once a month, by one of many replicas', async (t) => {
  const { db } = await startTestDatabase(t);
  const metrics = createMetrics({ clock: systemClock, processMetrics: false });
  const watches = [1, 2, 3].map(() =>
    startBudgetWatch({
      db,
      directory: { ofTenant: async () => [] },
      guard: { reconcile: async () => {} },
      metrics,
      clock: systemClock,
      logger: silentLogger,
      appendEvent,
      intervalMs: 3_600_000,
    }),
  );
  t.after(() => Promise.all(watches.map((watch) => watch.close())));
  const look = () => Promise.all(watches.map((watch) => watch.runOnce()));
  const spend = (usd: number) =>
    db.querySystem({
      text: `insert into usage_daily (day, management_company_id, service_name, operation, total_cost)
             values ($1, $2, 'google_maps', 'geocode', $3)
             on conflict (management_company_id, day, service_name, operation)
             do update set total_cost = usage_daily.total_cost + excluded.total_cost`,
      values: [monthOf(systemClock.now()).firstDay, tenant, usd],
    });
  const told = async () => {
    const { rows } = await db.querySystem<{ body: AlertBody }>({
      text: 'select body from outbox_events order by occurred_at, id',
    });
    for (const { body } of rows) {
      const { kind, budget, month, spent_usd, monthly_limit_usd } = body.metadata;
      assert.deepEqual([kind, budget, monthly_limit_usd], ['budget', 'google_maps', 10]);
      assert.match(String(month), /^\d{4}-(?:0[1-9]|1[0-2])$/);
      assert.ok(typeof spent_usd === 'number' && spent_usd > 0);
    }
    return rows.map(({ body }) => [body.metadata.threshold_percent, body.utilization_percent, body.blocked_operations]);
  };
  await db.querySystem({
    text: `insert into budgets (management_company_id, service_name, monthly_limit_usd, action) values ($1, 'google_maps', 10, 'block')`,
    values: [tenant],
  });

  await spend(4.9);
  await look();
  assert.deepEqual(await told(), []);
  await spend(0.2);
  await look();
  await look();
  assert.deepEqual(await told(), [[50, 51, []]]);
  // Past two at once: the higher one says it all.
  await spend(4.9);
  await look();
  assert.deepEqual(await told(), [
    [50, 51, []],
    [100, 100, ['*']],
  ]);
  assert.match((await metrics.render()).text, /integration_budget_utilization\{service="google_maps"\} 1\b/);

  await db.querySystem({ text: 'delete from budgets' });
  await look();
  assert.doesNotMatch((await metrics.render()).text, /integration_budget_utilization\{/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger, startTestDatabase } from '../../test/support/database.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { systemClock } from '../clock.ts';
import { parseTenantId } from '../ids.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { appendEvent } from '../outbox/append-event.ts';
import type { Statement } from '../storage/postgres/database.ts';
import { monthOf } from './month.ts';
import { createBudgetWatch } from './watch-budgets.ts';

interface AlertBody {
  readonly metadata: Readonly<Record<string, unknown>> & { readonly threshold_percent: number };
  readonly utilization_percent: number;
  readonly blocked_operations: readonly string[];
}

const tenant = parseTenantId('uk_budget_watch');

test('each threshold is announced once a month over all replicas', async (t) => {
  const { db } = await startTestDatabase(t);
  const metrics = createMetrics({ clock: systemClock, processMetrics: false });
  const watches = [1, 2, 3].map(() =>
    createBudgetWatch({
      db,
      directory: { ofTenant: async () => [] },
      guard: { reconcile: async () => {} },
      metrics,
      clock: systemClock,
      logger: silentLogger,
      appendEvent,
    }),
  );
  t.after(() => Promise.all(watches.map((watch) => watch.close())));
  const runRound = () => Promise.all(watches.map((watch) => watch.runRound()));
  /** Counts usage as the intake does for a call. */
  const spend = (usd: number) =>
    db.querySystem({
      text: `with series as (
               insert into usage_series (management_company_id, step, bucket_start, service_name, operation, request_count)
               values ($2, 'minute', date_trunc('minute', now()), 'google_maps', 'geocode', 1)
               on conflict (management_company_id, step, bucket_start, service_name, operation)
               do update set request_count = usage_series.request_count + 1)
             insert into usage_daily (day, management_company_id, service_name, operation, total_cost)
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
  await runRound();
  assert.deepEqual(await told(), []);
  await spend(0.2);
  await runRound();
  await runRound();
  assert.deepEqual(await told(), [[50, 51, []]]);
  // Two thresholds are passed at once: only the higher one is announced.
  await spend(4.9);
  await runRound();
  assert.deepEqual(await told(), [
    [50, 51, []],
    [100, 100, ['*']],
  ]);
  assert.match((await metrics.render()).text, /integration_budget_utilization\{service="google_maps"\} 1\b/);

  await db.querySystem({ text: 'delete from budgets' });
  await waitFor('the gauge of the deleted budget to disappear', async () => {
    await runRound();
    return !/integration_budget_utilization\{/.test((await metrics.render()).text);
  });
});

test('of 5,000 budgets, a round reads only those with traffic or changes', async (t) => {
  const { db } = await startTestDatabase(t);
  await db.querySystem({
    text: `insert into budgets (management_company_id, service_name, monthly_limit_usd, action)
           select 'idle_' || n, '*', 10, 'alert' from generate_series(1, 5000) n`,
  });
  const read: number[] = [];
  const watch = createBudgetWatch({
    db: {
      listen: db.listen.bind(db),
      acrossTenants: db.acrossTenants.bind(db),
      async querySystem<Row>(statement: Statement) {
        const found = await db.querySystem<Row>(statement);
        read.push(found.rowCount);
        return found;
      },
    },
    directory: { ofTenant: async () => [] },
    guard: { reconcile: async () => {} },
    metrics: createMetrics({ clock: systemClock, processMetrics: false }),
    clock: systemClock,
    logger: silentLogger,
    appendEvent,
  });
  t.after(() => watch.close());
  await watch.runRound();
  assert.ok(read.includes(5_000), 'the first round checks all budgets');
  const readByRound = async (): Promise<readonly number[]> => {
    read.length = 0;
    await watch.runRound();
    return [...read];
  };

  assert.deepEqual(await readByRound(), [0], 'one query for the traffic');
  await db.querySystem({
    text: `insert into usage_series (management_company_id, step, bucket_start, service_name, operation, request_count)
           values ('idle_7', 'minute', date_trunc('minute', now()), 'google_maps', 'geocode', 1)`,
  });
  assert.deepEqual(await readByRound(), [1, 1], 'the tenant with traffic, and its budget');
  await db.querySystem({
    text: `update budgets set monthly_limit_usd = 20 where management_company_id = 'idle_8'`,
  });
  await waitFor('the changed budget to be checked too', async () => (await readByRound()).at(-1) === 2);
});

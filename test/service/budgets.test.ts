/** Budgets end to end: set over HTTP, announced at their thresholds, and never exceeded if they block. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { budgetCounterKey } from '../../src/costs/budget-accounts.ts';
import { openBudgetDirectory } from '../../src/costs/budget-directory.ts';
import { type BudgetGuard, createBudgetGuard } from '../../src/costs/budget-guard.ts';
import { monthOf } from '../../src/costs/month.ts';
import { parseTenantId } from '../../src/ids.ts';
import { createInProcessStore } from '../../src/storage/redis/in-process-store.ts';
import { openRedisStore } from '../../src/storage/redis/redis-store.ts';
import { type SharedStore, StoreAway } from '../../src/storage/redis/shared-store.ts';
import { type Cleanup, closeInReverse } from '../support/cleanup.ts';
import { silentLogger, startTestDatabase, type TestDatabase } from '../support/database.ts';
import { startProxiedApi } from '../support/proxied-api.ts';
import { busyMachineDeadlineMs, redisUrl } from '../support/redis.ts';
import { startTestService } from '../support/service.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

test('a budget is set, spent, blocks, and is removed', async (t) => {
  const app = await startTestService(t);
  const admin = { authorization: `Bearer ${app.adminToken}` };
  const put = (name: string, body: unknown) => app.call('PUT', `/budgets/${name}`, body, admin);

  const made = await put('google_maps', { monthly_limit_usd: 0.0125, action: 'block' });
  assert.equal(made.status, 200, made.text);
  const month = monthOf(Date.now());
  assert.deepEqual(made.json, {
    service_name: 'google_maps',
    monthly_limit_usd: 0.0125,
    action: 'block',
    spent_usd: 0,
    resets_at: new Date(month.endsAtMs).toISOString(),
  });
  // The answer can be sent back unchanged.
  assert.deepEqual((await put('google_maps', made.json)).json, made.json);
  assert.equal((await put('*', { monthly_limit_usd: 100 })).json.action, 'alert');
  assert.equal((await put('no_such_service', { monthly_limit_usd: 1 })).status, 404);
  assert.equal((await put('google_maps', { monthly_limit_usd: -1 })).status, 400);
  assert.equal((await put('google_maps', { monthly_limit_usd: 1e-9 })).json.errors[0].path, 'monthly_limit_usd');
  assert.equal((await put('google_maps', { monthly_limit_usd: 1, action: 'shout' })).json.errors[0].path, 'action');
  assert.equal((await app.call('GET', '/budgets')).status, 403);

  // A budget of zero blocks as soon as it is known; earlier calls count as spent.
  assert.equal((await put('google_maps', { monthly_limit_usd: 0, action: 'block' })).status, 200);
  let house = 0;
  const askGoogle = () => app.geocode(`Ташкент, улица Навои, ${++house}`, { provider: 'google_maps' });
  const refused = await waitFor('the budget holds', async () => {
    const reply = await askGoogle();
    return reply.status === 429 && reply;
  });
  assert.equal(refused.json.code, 'BUDGET_EXCEEDED');
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  const spentOf = async (name: string): Promise<number> =>
    (await app.call('GET', `/budgets/${name}`, undefined, admin)).json.spent_usd;
  const before = await spentOf('google_maps');

  // Two calls fit into 0.0125 USD at 0.005 each; the third is answered by another provider.
  assert.equal((await put('google_maps', { monthly_limit_usd: before + 0.0125, action: 'block' })).status, 200);
  await waitFor('the first call goes to Google', async () => (await askGoogle()).status === 200);
  assert.equal((await app.geocode('Ташкент, улица Бабура, 2')).json.provider, 'google_maps');
  assert.equal((await app.geocode('Ташкент, улица Бабура, 3')).json.provider, 'yandex_maps');
  assert.equal((await askGoogle()).json.code, 'BUDGET_EXCEEDED');
  for (const name of ['google_maps', '*']) {
    assert.equal(Math.round((await spentOf(name)) * 1e6), Math.round((before + 0.01) * 1e6), name);
  }
  const logs = (await app.call('GET', '/logs?status=rate_limited')).json.logs as Record<string, string>[];
  assert.ok(logs.length >= 3);
  assert.ok(logs.every((log) => log.error_code === 'BUDGET_EXCEEDED' && log.service_name === 'google_maps'));
  const listed = await app.call('GET', '/budgets', undefined, admin);
  assert.deepEqual(
    listed.json.budgets.map(({ service_name }: Record<string, unknown>) => service_name),
    ['*', 'google_maps'],
  );

  // With more money, calls continue within a second.
  assert.equal((await put('google_maps', { monthly_limit_usd: 1, action: 'block' })).status, 200);
  await waitFor('calls go to Google again', async () => {
    const reply = await app.geocode(`Ташкент, улица Навои, ${100 + Math.floor(Math.random() * 1e6)}`);
    return reply.json.provider === 'google_maps';
  });
  assert.equal((await app.call('DELETE', '/budgets/google_maps', undefined, admin)).status, 204);
  assert.equal((await app.call('DELETE', '/budgets/google_maps', undefined, admin)).status, 404);
  assert.equal((await app.call('GET', '/budgets/google_maps', undefined, admin)).status, 404);
});

test('a budget applies as soon as it is answered, and includes what was spent before it existed', async (t) => {
  const app = await startTestService(t);
  const admin = { authorization: `Bearer ${app.adminToken}` };
  const block = { monthly_limit_usd: 0.0125, action: 'block' };
  let house = 0;
  const askGoogle = async () =>
    (await app.geocode(`Ташкент, улица Навои, ${++house}`, { provider: 'google_maps' })).status;

  await app.call('PUT', '/budgets/google_maps', block, admin);
  assert.equal(await askGoogle(), 200);
  await app.call('PUT', '/budgets/google_maps', { ...block, action: 'alert' }, admin);
  assert.equal(await askGoogle(), 200);
  assert.equal((await app.call('PUT', '/budgets/google_maps', block, admin)).json.spent_usd, 0.01);
  assert.equal(await askGoogle(), 429);
  await app.call('DELETE', '/budgets/google_maps', undefined, admin);
  assert.equal(await askGoogle(), 200);
});

test('calls that cost less than a millionth of a dollar spend the budget at their price', async (t) => {
  const { app, ask, register } = await startProxiedApi(t);
  await register('storage', { config: { cost_per_request: 4e-7 } });
  const budget = { monthly_limit_usd: 0.000002, action: 'block' };
  assert.equal((await app.admin('PUT', '/budgets/storage', budget)).status, 200);
  const statuses: number[] = [];
  for (let number = 1; number <= 6; number += 1) statuses.push((await ask(`storage/${number}`)).status);
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429]);
  assert.equal((await app.admin('GET', '/budgets/storage')).json.spent_usd, 0.000002);

  const { json: costs } = await app.admin('GET', '/costs?group_by=service,operation');
  assert.deepEqual([costs.total_cost, costs.rows[0].total_cost], [0.000002, 0.000002]);
  const { json: log } = await app.admin('GET', '/logs?service_name=storage&status=success&limit=1');
  const { json: call } = await app.admin('GET', `/calls/${log.logs[0].request_id}`);
  assert.equal(call.estimated_cost, 4e-7);
});

const priceUsd = 0.005;

async function spendUsd(database: TestDatabase, tenant: string, usd: number): Promise<void> {
  await database.db.querySystem({
    text: `insert into usage_daily (day, management_company_id, service_name, operation, request_count, total_cost)
           values ((now() at time zone 'UTC')::date, $1, 'google_maps', 'geocode', 1, $2)
           on conflict (management_company_id, day, service_name, operation)
           do update set total_cost = usage_daily.total_cost + excluded.total_cost`,
    values: [tenant, usd],
  });
}

/** `count` replicas on one database; Redis at `url`, or the in-process store if it is null. */
async function startReplicas(
  t: Cleanup,
  count: number,
  limitUsd: number,
  urls: readonly (string | null)[],
  wrap: (store: SharedStore) => SharedStore = (store) => store,
) {
  closeInReverse(t);
  const database = await startTestDatabase(t);
  const tenant = parseTenantId(`t_${randomUUID().slice(0, 18)}`);
  await database.db.querySystem({
    text: `insert into budgets (management_company_id, service_name, monthly_limit_usd, action) values ($1, '*', $2, 'block')`,
    values: [tenant, limitUsd],
  });
  const replicas: { guard: BudgetGuard; store: SharedStore }[] = [];
  for (let index = 0; index < count; index += 1) {
    const url = urls[index % urls.length];
    const opened =
      url === null || url === undefined
        ? createInProcessStore({ clock: systemClock, logger: silentLogger })
        : await openRedisStore({ urls: [url], logger: silentLogger, deadlineMs: busyMachineDeadlineMs });
    t.after(() => opened.close());
    const store = wrap(opened);
    const directory = await openBudgetDirectory({ db: database.db, logger: silentLogger });
    t.after(() => directory.close());
    const guard = createBudgetGuard({ db: database.db, store, directory, clock: systemClock, logger: silentLogger });
    replicas.push({ guard, store });
  }
  const budget = {
    management_company_id: tenant,
    service_name: '*',
    monthly_limit_usd: limitUsd,
    action: 'block',
  } as const;
  const reserve = (index: number, usd = priceUsd) =>
    (replicas[index % count] as (typeof replicas)[number]).guard.reserve(tenant, 'google_maps', usd);
  /** How many of that many concurrent calls are granted, and their reservations. */
  const reserveMany = async (asked: number) => {
    const decisions = await Promise.all(Array.from({ length: asked }, (_, index) => reserve(index)));
    return decisions.flatMap((decision) => (decision.kind === 'reserved' ? [decision.reservation] : []));
  };
  return { database, tenant, budget, replicas, reserve, reserveMany };
}

test('1,000 concurrent calls over three replicas spend exactly the budget', async (t) => {
  const { database, tenant, reserveMany } = await startReplicas(t, 3, 1, [redisUrl]);
  await spendUsd(database, tenant, 0.1);
  // 0.90 USD are left: 180 calls.
  const granted = await reserveMany(1_000);
  assert.equal(granted.length, 180);
  assert.equal((await reserveMany(100)).length, 0);
  // Reservations that were not billed are free again, and no more.
  for (const reservation of granted.slice(0, 30)) reservation.settle(0);
  for (const reservation of granted.slice(30)) reservation.settle(priceUsd);
  const again = await waitFor('the money is back', async () => {
    const more = await reserveMany(60);
    return more.length > 0 && more;
  });
  assert.ok(again.length + (await reserveMany(60)).length <= 30);
});

for (const [where, url] of [
  ['in Redis', redisUrl],
  ['in a single process', null],
] as const) {
  test(`fractions of a millionth of a dollar add up exactly ${where}`, async (t) => {
    const { reserve } = await startReplicas(t, 1, 0.000002, [url]);
    const decisions = await Promise.all(Array.from({ length: 20 }, () => reserve(0, 4e-7)));
    assert.equal(decisions.filter(({ kind }) => kind === 'reserved').length, 5);
  });
}

test('a reservation whose reply was lost is not charged twice', async (t) => {
  const lost = { replies: 0 };
  const { reserveMany } = await startReplicas(t, 1, 1, [redisUrl], (store) => ({
    ...store,
    async runScript(script, keys, args) {
      const reply = await store.runScript(script, keys, args);
      if (
        script.name === 'budget reserve' &&
        Array.isArray(reply) &&
        typeof reply[0] === 'string' &&
        lost.replies < 3
      ) {
        lost.replies += 1;
        throw new StoreAway();
      }
      return reply;
    },
  }));
  assert.equal((await reserveMany(150)).length, 150);
  assert.equal(lost.replies, 3);
  assert.equal((await reserveMany(100)).length, 50);
});

test('without Redis a single process spends exactly the budget', async (t) => {
  const { database, tenant, reserve, reserveMany } = await startReplicas(t, 1, 1, [null]);
  await spendUsd(database, tenant, 0.5);
  const granted = await reserveMany(1_000);
  assert.equal(granted.length, 100);
  const refused = await reserve(0);
  assert.equal(refused.kind === 'refused' && refused.because, 'spent', 'the share of a single process is the budget');
  for (const reservation of granted.slice(0, 10)) reservation.settle(0);
  assert.equal((await reserveMany(100)).length, 10);
});

test('while Redis is away each replica spends its share, and the sum stays within the budget', async (t) => {
  const proxy = await startTcpProxy(t, redisUrl);
  const { replicas, reserve, reserveMany, budget, database } = await startReplicas(t, 3, 1, [proxy.through(redisUrl)]);
  await waitFor('the replicas see each other', () => replicas.every(({ store }) => store.replicasSeen() >= 3));
  const before = await reserveMany(60);
  assert.equal(before.length, 60);
  for (const reservation of before) reservation.settle(priceUsd);
  await spendUsd(database, budget.management_company_id, 0.3);

  proxy.cut();
  await waitFor('Redis is away', () => replicas.every(({ store }) => !store.isAvailable()));
  const alone = await reserveMany(1_000);
  // 0.70 USD are left for all: at most 140 calls, and with three equal shares almost all of them.
  assert.ok(alone.length > 0 && alone.length <= 140, String(alone.length));
  const refused = await reserve(0);
  assert.ok(refused.kind === 'refused');
  assert.equal(refused.because, 'share_spent');
  assert.ok(refused.untilMs <= Date.now() + 5_000, 'asking again makes sense long before the month ends');

  proxy.resume();
  await waitFor('Redis is back', () => replicas.every(({ store }) => store.isAvailable()));
  const after = await reserveMany(1_000);
  assert.ok(60 + alone.length + after.length <= 200, `${alone.length} + ${after.length}`);
});

test('a counter that Redis lost is counted again, with reservations in progress', async (t) => {
  const { replicas, reserveMany, budget } = await startReplicas(t, 1, 1, [redisUrl]);
  const underWay = await reserveMany(150);
  assert.equal(underWay.length, 150);
  const store = replicas[0]?.store;
  await store?.delete([budgetCounterKey(budget, monthOf(Date.now()))]);
  await reserveMany(1);
  assert.ok((await reserveMany(1_000)).length <= 49);
});

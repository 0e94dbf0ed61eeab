/**
 * Deliveries over the limit are published at the limit's pace, counted over all replicas, also after their replica was
 * killed.
 */
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { windowMs } from '../../src/webhooks/receiving/deferral-row.ts';
import { rabbitmqUrl } from '../support/broker.ts';
import { startTestDatabase } from '../support/database.ts';
import { consumeEventsOf } from '../support/events.ts';
import { redisUrl } from '../support/redis.ts';
import { type ReplicaProcess, startReplicaProcess } from '../support/replica-process.ts';
import { jwtSecretOfTests, readReply, signAdminToken } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { postDelivery } from '../support/webhooks.ts';

const perMinute = 300;
const deferred = 36;
const secret = 'the sender’s secret';

test('two replicas share the pace, and one publishes what the other had deferred before it was killed', async (t) => {
  const tenant = `defer_${randomUUID().slice(0, 18)}`;
  const database = await startTestDatabase(t);
  const events = await consumeEventsOf(t, tenant);
  const env = {
    DATABASE_URL: database.url,
    REDIS_URL: new URL('/6', redisUrl).href,
    RABBITMQ_URL: rabbitmqUrl,
    EMULATOR: 'off',
    MANAGEMENT_COMPANY_ID: tenant,
    ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 9).toString('base64')}`,
    JWT_SECRET: jwtSecretOfTests,
    RATE_LIMIT_WEBHOOKS_PER_MINUTE: String(perMinute),
  };
  // The first replica holds the pick-up lease, so it publishes due events until it is killed.
  const first = await startReplicaProcess(t, env);
  const second = await startReplicaProcess(t, env);
  const created = await readReply(
    await fetch(`${first.url}/api/v1/webhooks`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await signAdminToken({ tenants: '*', scope: 'admin' })}`,
        'x-management-company-id': tenant,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ webhook_name: 'deferring', over_limit_policy: 'defer', secret_key: secret }),
    }),
  );
  assert.equal(created.status, 201, created.text);
  const { pathname } = new URL(created.json.webhook_url);
  const post = async (replica: ReplicaProcess, id: number): Promise<string> => {
    const body = JSON.stringify({ id });
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    const { status, json, text } = await postDelivery(`${replica.url}${pathname}`, body, {
      'x-webhook-signature': signature,
    });
    assert.deepEqual([status, json?.status], [200, 'accepted'], text);
    return json.event_id;
  };

  // Sequential, so that there is an order, and alternating between both.
  const accepted: string[] = [];
  for (let id = 0; id < perMinute + deferred; id += 1) accepted.push(await post(id % 2 === 0 ? first : second, id));
  const { rows } = await database.db.querySystem<{ id: string; origin: string; not_before: Date }>({
    text: 'select id, origin, not_before from outbox_events where not_before is not null order by not_before',
  });
  const late = accepted.slice(perMinute);
  assert.deepEqual(
    rows.map(({ id }) => id),
    late,
    'both share the limit, and the row is in the order of arrival',
  );
  assert.equal(new Set(rows.map(({ origin }) => origin)).size, 2, 'both replicas deferred');
  for (const [index, row] of rows.slice(1).entries()) {
    const gapMs = row.not_before.getTime() - (rows[index]?.not_before.getTime() ?? 0);
    assert.ok(gapMs >= Math.floor(windowMs / perMinute), `a place ${gapMs} ms behind the last`);
  }

  const firstArrivals = () => {
    const byId = new Map<string, number>();
    for (const { webhook_event_id: id, arrivedAtMs } of events.all) {
      if (id !== undefined && !byId.has(id)) byId.set(id, arrivedAtMs);
    }
    return byId;
  };
  await waitFor('a third of the row to be published', () => firstArrivals().size >= perMinute + deferred / 3, 120_000);
  await first.kill();
  await waitFor('all accepted deliveries to be published', () => firstArrivals().size === accepted.length, 60_000);

  const arrivals = firstArrivals();
  assert.deepEqual(
    [...arrivals.keys()].filter((id) => late.includes(id)),
    late,
    'in the order of arrival',
  );
  for (const { id, not_before } of rows) {
    assert.ok((arrivals.get(id) ?? 0) >= not_before.getTime(), 'an event was published before its place');
  }
  await waitFor('the outbox to be empty', async () => {
    const left = await database.db.querySystem({ text: 'select from outbox_events limit 1' });
    return left.rows.length === 0;
  });
  t.diagnostic(JSON.stringify({ accepted: accepted.length, deferred: late.length, consumed: events.all.length }));
});

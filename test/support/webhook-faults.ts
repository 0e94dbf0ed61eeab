/**
 * A sender that repeats until it gets 200, the service as a process behind connections that can be cut, and the final
 * check.
 */
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from 'rabbitmq-client';
import { rabbitmqUrl } from './broker.ts';
import { type Cleanup, closeInReverse } from './cleanup.ts';
import { createDataDir } from './data-dir.ts';
import { startTestDatabase } from './database.ts';
import { jwtSecretOfTests, signAdminToken } from './service.ts';
import { startServiceProcess } from './service-process.ts';
import { startTcpProxy } from './tcp-proxy.ts';
import { waitFor } from './wait-for.ts';

const senders = 24;
const secret = 'the sender’s secret';

/** Collects the webhook events of one tenant from the shared exchange. */
async function consumeReceived(t: Cleanup, tenant: string): Promise<Map<string, number>> {
  closeInReverse(t);
  const connection = new Connection({ url: rabbitmqUrl, acquireTimeout: 10_000 });
  const channel = await connection.acquire();
  t.after(async () => {
    await channel.close();
    await connection.close();
  });
  const exchange = 'integration.events';
  await channel.exchangeDeclare({ exchange, type: 'topic', durable: true });
  const { queue } = await channel.queueDeclare({ queue: '', exclusive: true, autoDelete: true });
  await channel.queueBind({ queue, exchange, routingKey: 'integration.webhook.received' });
  const times = new Map<string, number>();
  await channel.basicConsume({ queue, noAck: true }, ({ body }) => {
    const event = (Buffer.isBuffer(body) ? JSON.parse(body.toString()) : body) as Record<string, string>;
    if (event.management_company_id !== tenant) return;
    const id = event.webhook_event_id as string;
    times.set(id, (times.get(id) ?? 0) + 1);
  });
  return times;
}

export interface Faults {
  kill(): Promise<void>;
  cutDatabase(): void;
  cutBroker(): void;
  resume(): void;
  /** Awaited before everything is resumed at the end, so that an outage keeps its length. */
  over: Promise<void>;
}

/**
 * Sends `count` deliveries like Stripe: each is repeated under its id until it gets 200. Then checks that each is
 * stored once under the id that its sender got, that its event was published, and that the counters are exact.
 */
export async function sendThroughFaults(
  t: Cleanup & Pick<TestContext, 'diagnostic'>,
  count: number,
  onAcknowledged: (acknowledged: number, faults: Faults) => Promise<void> | void,
  targetUrls: readonly string[] = [],
): Promise<{ counts: Record<string, number>; eventIds: readonly string[]; kills: number }> {
  const tenant = `kill_${randomUUID().slice(0, 18)}`;
  const database = await startTestDatabase(t);
  const published = await consumeReceived(t, tenant);
  const databaseProxy = await startTcpProxy(t, database.url);
  const brokerProxy = await startTcpProxy(t, rabbitmqUrl);
  const env = {
    DATABASE_URL: databaseProxy.through(database.url),
    RABBITMQ_URL: brokerProxy.through(rabbitmqUrl),
    DATA_DIR: await createDataDir(t),
    MANAGEMENT_COMPANY_ID: tenant,
    ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 9).toString('base64')}`,
    JWT_SECRET: jwtSecretOfTests,
    RATE_LIMIT_WEBHOOKS_PER_MINUTE: '1000000',
    LOG_LEVEL: 'INFO',
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
  };
  let running = await startServiceProcess(t, env);
  const created = await fetch(`${running.url}/api/v1/webhooks`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await signAdminToken({ tenants: '*', scope: 'admin' })}`,
      'x-management-company-id': tenant,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      webhook_name: 'killed',
      secret_key: secret,
      ...(targetUrls.length === 0 ? {} : { targets: targetUrls.map((url) => ({ url })) }),
    }),
  });
  const { webhook_url } = (await created.json()) as { webhook_url: string };
  const { pathname } = new URL(webhook_url);

  let kills = 0;
  let repeats = 0;
  const faults: Faults = {
    async kill() {
      kills += 1;
      await running.kill();
      running = await startServiceProcess(t, env);
    },
    cutDatabase: () => databaseProxy.cut(),
    cutBroker: () => brokerProxy.cut(),
    resume() {
      databaseProxy.resume();
      brokerProxy.resume();
    },
    over: Promise.resolve(),
  };

  const acknowledged = new Map<string, string>();
  const waiting = Array.from({ length: count }, (_, index) => `delivery-${index}`);
  let faulting: Promise<void> = Promise.resolve();
  const send = async (id: string): Promise<void> => {
    const body = JSON.stringify({ id, type: 'order.paid', filler: 'x'.repeat(200) });
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    for (;;) {
      try {
        const reply = await fetch(`${running.url}${pathname}`, {
          method: 'POST',
          headers: { 'x-webhook-signature': signature },
          body,
          signal: AbortSignal.timeout(15_000),
        });
        const answer = (await reply.json()) as { event_id: string };
        if (reply.status === 200) {
          acknowledged.set(id, answer.event_id);
          break;
        }
        assert.ok([429, 503].includes(reply.status), `only 429 and 503 are expected: ${reply.status}`);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
      }
      repeats += 1;
      await delay(25); // The sender's own pause before it repeats; it waits for no condition.
    }
    const now = acknowledged.size;
    faulting = faulting.then(() => onAcknowledged(now, faults));
    await faulting;
  };
  await Promise.all(
    Array.from({ length: senders }, async () => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) await send(id);
    }),
  );
  await faults.over;
  faults.resume();

  const select = async <Row>(text: string) => (await database.db.querySystem<Row>({ text })).rows;
  await waitFor(
    'every delivery to be stored and its event published',
    async () => {
      const [left] = await select<{ stored: number; waiting: number }>(
        `select (select count(*) from webhook_events) as stored, (select count(*) from outbox_events) as waiting`,
      );
      return (
        left !== undefined &&
        left.stored >= count &&
        left.waiting === 0 &&
        [...acknowledged.values()].every((id) => published.has(id))
      );
    },
    60_000,
  );
  const rows = await select<{ id: string; delivery_id: string }>('select id, delivery_id from webhook_events');
  assert.equal(rows.length, count, 'each is stored once');
  const idByDelivery = new Map(rows.map(({ id, delivery_id }) => [delivery_id, id]));
  assert.equal(idByDelivery.size, count);
  for (const [deliveryId, eventId] of acknowledged) {
    assert.equal(idByDelivery.get(deliveryId), eventId, 'the sender got the stored id');
  }
  const [counters] = await select<{ total_received: number }>('select total_received from webhook_configs');
  assert.equal(counters?.total_received, count, 'the counters are exact');
  const redelivered = [...published.values()].filter((times) => times > 1).length;
  const counts = { acknowledged: acknowledged.size, stored: rows.length, published: published.size };
  t.diagnostic(JSON.stringify({ ...counts, kills, repeats, redelivered }));
  return { counts, eventIds: [...acknowledged.values()], kills };
}

/** PostgreSQL is away and the spool's disk is full: every delivery that got 200 is kept, and others get 503. */
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { rabbitmqUrl } from '../support/broker.ts';
import { createDataDir } from '../support/data-dir.ts';
import { startTestDatabase } from '../support/database.ts';
import { consumeEventsOf } from '../support/events.ts';
import { jwtSecretOfTests, readReply, signAdminToken } from '../support/service.ts';
import { startServiceProcess } from '../support/service-process.ts';
import { findSmallDisk } from '../support/small-disk.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';
import { postDelivery } from '../support/webhooks.ts';

const senders = 12;
const secret = 'the sender’s secret';
/** Small deliveries still fit when large ones do not. */
const fillerSizes = [10, 20_000, 300, 6_000, 2_000];

test('on a full disk every delivery with 200 is kept and published, and the rest gets 503', async (t) => {
  const tenant = `disk_${randomUUID().slice(0, 18)}`;
  const disk = findSmallDisk();
  const database = await startTestDatabase(t);
  const events = await consumeEventsOf(t, tenant);
  const databaseProxy = await startTcpProxy(t, database.url);
  const dataDir = await createDataDir(t);
  const env = {
    DATABASE_URL: databaseProxy.through(database.url),
    RABBITMQ_URL: rabbitmqUrl,
    DATA_DIR: dataDir,
    MANAGEMENT_COMPANY_ID: tenant,
    ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 9).toString('base64')}`,
    JWT_SECRET: jwtSecretOfTests,
    RATE_LIMIT_WEBHOOKS_PER_MINUTE: '1000000',
    LOG_LEVEL: 'INFO',
  };
  const service = await startServiceProcess(t, env, disk.launcher(dataDir));
  const created = await readReply(
    await fetch(`${service.url}/api/v1/webhooks`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await signAdminToken({ tenants: '*', scope: 'admin' })}`,
        'x-management-company-id': tenant,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ webhook_name: 'full', secret_key: secret }),
    }),
  );
  assert.equal(created.status, 201, created.text);
  const { pathname } = new URL(created.json.webhook_url);
  const acceptedIds = new Map<string, string>();
  const refused = new Set<string>();
  const post = async (number: number): Promise<void> => {
    const id = `delivery-${number}`;
    const body = JSON.stringify({ id, filler: 'x'.repeat(fillerSizes[number % fillerSizes.length] as number) });
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    const { status, json, headers, text } = await postDelivery(`${service.url}${pathname}`, body, {
      'x-webhook-signature': signature,
    });
    if (status === 200) {
      assert.equal(json.status, 'accepted');
      acceptedIds.set(id, json.event_id);
      refused.delete(id);
      return;
    }
    assert.deepEqual([status, json?.code], [503, 'SERVICE_UNAVAILABLE'], text);
    assert.ok(Number(headers.get('retry-after')) >= 1, 'Retry-After is missing');
    refused.add(id);
  };
  let number = 0;
  const postUntil = (isEnough: () => boolean) =>
    Promise.all(
      Array.from({ length: senders }, async () => {
        while (!isEnough()) await post(number++);
      }),
    );

  await postUntil(() => acceptedIds.size >= 20);
  databaseProxy.cut();
  await postUntil(() => refused.size >= 300);
  const segments = await readdir(spoolOf(disk.kind, service.pid, dataDir), { recursive: true });
  const used = segments.filter((name) => name.endsWith('.seg')).length;
  assert.ok(used <= acceptedIds.size, `refusals leave no files: ${used} for ${acceptedIds.size} deliveries`);
  const acceptedInAll = acceptedIds.size;
  databaseProxy.resume();

  const stored = async () =>
    (
      await database.db.querySystem<{ id: string; delivery_id: string }>({
        text: 'select id, delivery_id from webhook_events',
      })
    ).rows;
  const isPublished = (ids: Iterable<string>) => {
    const published = new Set(events.all.map(({ webhook_event_id }) => webhook_event_id));
    return [...ids].every((id) => published.has(id));
  };
  await waitFor('all that was accepted to be published', () => isPublished(acceptedIds.values()), 60_000);
  const kept = await stored();
  assert.deepEqual(new Map(kept.map(({ id, delivery_id }) => [delivery_id, id])), acceptedIds);
  assert.equal(kept.length, acceptedInAll, 'each once, without the refused ones');

  // The senders repeat the refused deliveries.
  for (const id of [...refused].slice(0, 40)) await post(Number(id.replace('delivery-', '')));
  assert.equal(acceptedIds.size, acceptedInAll + 40);
  await waitFor('the rest to be published', () => isPublished(acceptedIds.values()), 60_000);
  await waitFor('the spool to be empty', async () => {
    const left = await readdir(spoolOf(disk.kind, service.pid, dataDir), { recursive: true });
    return left.every((name) => !/\.(seg|refused|damaged)$/.test(name));
  });
  t.diagnostic(JSON.stringify({ disk: disk.kind, accepted: acceptedInAll, refused: refused.size + 40 }));
});

/** Only the process sees the small file system; Linux shows it to others under the process's id. */
function spoolOf(kind: string, pid: number, dataDir: string): string {
  return kind === 'small file system' ? join(`/proc/${pid}/root`, dataDir, 'spool') : join(dataDir, 'spool');
}

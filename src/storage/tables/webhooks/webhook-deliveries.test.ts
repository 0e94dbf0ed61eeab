import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { startTestDatabase } from '../../../../test/support/database.ts';
import { parseTenantId } from '../../../ids.ts';
import type { Database } from '../../postgres/database.ts';
import { type ClaimBounds, claimDueDeliveries } from './claim-deliveries.ts';
import { settleDelivery } from './webhook-deliveries.ts';
import { redriveDelivery } from './webhook-redrives.ts';

const oneEach: ClaimBounds = {
  busy: new Map(),
  busyTenants: new Map(),
  slow: new Set(),
  perWebhook: 8,
  most: 128,
  lockMs: 60_000,
};

/** So many deliveries of a webhook of its own, due for `dueSeconds` and a little less each. */
async function makeDue(
  db: Database,
  tenantId: string,
  count: number,
  dueSeconds: number,
  webhookId: string = randomUUID(),
): Promise<void> {
  await db.querySystem({
    text: `
      insert into webhook_deliveries (id, management_company_id, webhook_id, webhook_event_id, event_received_at, state,
        next_attempt_at)
      select gen_random_uuid(), $1, $2, gen_random_uuid(), now(), 'pending',
             now() - ($4 * 1000 - number) * interval '1 millisecond'
        from generate_series(1, $3) as number`,
    values: [tenantId, webhookId, count, dueSeconds],
  });
}

async function claim(db: Database, bounds: Partial<ClaimBounds>): Promise<string[]> {
  const claimed = await claimDueDeliveries({ query: db.querySystem }, { ...oneEach, ...bounds });
  return claimed.map((delivery) => delivery.management_company_id).toSorted();
}

test('a tenant with a backlog over many webhooks leaves another its turn', async (t) => {
  const { db } = await startTestDatabase(t);
  for (let webhook = 0; webhook < 10; webhook++) await makeDue(db, 'backlog', 20, 3_600);
  await makeDue(db, 'other', 3, 1);

  // Where all is free, both are served alike; a free place goes to the tenant with fewer tries in hand.
  assert.deepEqual(await claim(db, { most: 4 }), ['backlog', 'backlog', 'other', 'other']);
  const inHand = new Map([
    ['backlog', 2],
    ['other', 1],
  ]);
  assert.deepEqual(await claim(db, { most: 1, busyTenants: inHand }), ['other']);
  assert.deepEqual(await claim(db, { most: 3 }), ['backlog', 'backlog', 'backlog'], 'and nothing is left unused');
});

test('no more is taken than there is room for', async (t) => {
  const { db } = await startTestDatabase(t);
  for (let webhook = 0; webhook < 3; webhook++) await makeDue(db, 'tenant', 5, 60);
  assert.equal((await claim(db, { most: 7 })).length, 7);
});

test('a delivery that is sent again while its last try is under way is not given up with that', async (t) => {
  const { db } = await startTestDatabase(t);
  const tenantId = parseTenantId('tenant');
  const webhookId = randomUUID();
  await db.querySystem({
    text: `
      insert into webhook_configs (id, management_company_id, webhook_name, webhook_url, webhook_token,
        webhook_token_sha256, source_service, signature_scheme, max_payload_size_bytes, over_limit_policy, target_url)
      values ($1, $2, 'a', 'u', 't', 's', 'custom', 'none', 1, 'reject', 'http://target')`,
    values: [webhookId, tenantId],
  });
  await makeDue(db, tenantId, 1, 60, webhookId);
  await db.querySystem({ text: 'update webhook_deliveries set tries_since_redrive = 10, attempt_count = 10' });
  const [last] = await claimDueDeliveries({ query: db.querySystem }, oneEach);
  assert.ok(last !== undefined);

  const event = { id: last.webhook_event_id, webhookId, receivedAt: last.event_received_at };
  const redriven = await db.forTenant(tenantId, (tx) =>
    redriveDelivery(tx, tenantId, event, [{ id: webhookId, newDeliveryId: randomUUID() }]),
  );
  assert.deepEqual(redriven.deliveryIds, [last.id]);
  const failure = {
    responseStatusCode: 500,
    responseHeaders: null,
    responseBody: null,
    errorMessage: 'the target answered 500',
  };
  const urls = { targetUrl: 'http://target', askedUrl: 'http://target' };
  const attempt = { attemptId: randomUUID(), ...urls, startedAtMs: Date.now(), durationMs: 1 };
  await settleDelivery(
    { query: db.querySystem },
    last,
    { ...attempt, ...failure, switchesOff: null, next: { state: 'dead' } },
    null,
  );

  const [again] = await claimDueDeliveries({ query: db.querySystem }, oneEach);
  assert.deepEqual(
    [again?.id, again?.tries_since_redrive, again?.attempt_count],
    [last.id, 0, 11],
    'it is due at once, with all its tries before it, and the one that failed is shown',
  );
});

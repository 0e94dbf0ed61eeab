/** Deliveries in the console: their state, and sending them again. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService, type TestService } from '../test/support/service.ts';
import { waitFor } from '../test/support/wait-for.ts';
import { startTarget } from '../test/support/webhook-target.ts';
import { postDelivery, startWebhook } from '../test/support/webhooks.ts';

const statesOf = async (app: TestService, id: string): Promise<string> => {
  const { targets } = (await app.admin('GET', `/webhooks/events/${id}`)).json;
  return targets
    .map(({ status }: { status: string }) => status)
    .toSorted()
    .join();
};

test('a delivery shows its attempts by target, and is sent again to the target that did not accept it', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  const good = await startTarget(t);
  let isDown = true;
  const bad = await startTarget(t, (_, reply) => void reply.writeHead(isDown ? 410 : 200).end('gone for good'));
  const hook = await startWebhook(service, {
    webhook_name: 'orders',
    signature_scheme: 'none',
    event_types: ['order.*'],
    targets: [{ url: good.url }, { url: bad.url }],
  });
  const { event_id: id } = (await postDelivery(hook.url, '{"type":"order.paid","id":"1"}', {})).json;
  await postDelivery(hook.url, '{"type":"other","id":"2"}', {});
  await waitFor('one dead, one delivered', async () => (await statesOf(service, id)) === 'dead,delivered');

  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/webhooks/deliveries/${id}`);
  await signIn(page, service);
  const atBad = page.getByRole('region', { name: 'At its targets' }).getByRole('listitem').filter({ hasText: bad.url });
  await atBad.getByText(/attempt 1: the target answered 410/).waitFor();
  await atBad.getByText(/later, took/).waitFor();

  await page.getByRole('button', { name: 'Send again', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Send this delivery again?' });
  const whoGets = dialog.getByRole('region', { name: 'Who gets it' });
  assert.equal(await dialog.getByLabel('Send to').inputValue(), 'failed', 'the failed targets are the default');
  assert.deepEqual(
    [await whoGets.getByText(bad.url).count(), await whoGets.getByText(good.url).count()],
    [1, 0],
    'the target that accepted it gets nothing',
  );
  await whoGets.getByText(`the same webhook-id, ${id}`).waitFor();
  await dialog.getByLabel('Send to').selectOption('the bus and every target');
  await whoGets.getByText(good.url).waitFor();
  await dialog.getByText(/a new event with webhook_event_id/).waitFor();
  await dialog.getByLabel('Send to').selectOption('the targets that did not accept it');
  isDown = false;
  await page.route(
    '**/retry',
    async (route) => {
      await route.fetch();
      await route.fulfill({ status: 504, json: {} });
    },
    { times: 1 },
  );
  await dialog.getByRole('button', { name: 'Send again' }).click();
  await dialog.getByRole('alert').waitFor();
  // The first answer was lost, so that the second press is the same change.
  await dialog.getByRole('button', { name: 'Send again' }).click();
  await page.getByText('The delivery was sent again.').waitFor();
  await atBad.getByText('attempt 2, manual: 200').waitFor();
  await atBad.getByText('sent again manually 1 time').waitFor();
  assert.deepEqual([good.received.length, bad.received.length], [1, 2]);
  assert.equal(bad.received[1]?.headers['webhook-id'], id);

  const { events } = (await service.admin('GET', `/webhooks/events?webhook_id=${hook.id}&status=ignored`)).json;
  await page.goto(`${service.url}/console/webhooks/deliveries/${events[0].id}`);
  await page.getByText('It cannot be sent again. This delivery was ignored').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Send again', exact: true }).count(), 0);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Русский' }).click();
  await page.goto(`${service.url}/console/webhooks/deliveries/${events[0].id}`);
  await page.getByText('Отправить снова нельзя. Доставка пропущена').waitFor();
  assert.deepEqual(faults, []);
});

test('all matching deliveries are counted, sent again, shown after a reload, and stopped', async (t: TestContext) => {
  const service = await startTestService(t, {
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
    RATE_LIMIT_WEBHOOKS_PER_MINUTE: '100000',
  });
  const held: ServerResponse[] = [];
  let isHeld = true;
  const target = await startTarget(t, (_, reply) => void (isHeld ? held.push(reply) : reply.end()));
  const hook = await startWebhook(service, {
    webhook_name: 'payments',
    signature_scheme: 'none',
    target_url: target.url,
    target_paused: true,
  });
  for (let id = 0; id < 130; id++) await postDelivery(hook.url, `{"id":"${id}"}`, {});
  await service.database.db.querySystem({
    text: `update webhook_deliveries set state = 'dead', next_attempt_at = null`,
  });
  await service.admin('POST', `/webhooks/${hook.id}/resume-target`, { retry_dead: false });

  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/webhooks/deliveries?delivery_status=dead`);
  await signIn(page, service);
  await page.getByRole('button', { name: 'Send all matches again' }).click();
  const dialog = page.getByRole('dialog', { name: 'Send all matches again?' });
  assert.equal(await dialog.getByLabel('Send to').inputValue(), 'failed');
  await dialog.getByText('130 deliveries match, 130 of them can be sent again').waitFor();
  await dialog.getByText(`payments: 130, to ${target.url}`).waitFor();
  assert.equal(target.received.length, 0, 'counting sends nothing');
  await dialog.getByLabel('Received from').fill('2999-01-01T00:00');
  await dialog.getByText('0 deliveries match').waitFor();
  assert.ok(await dialog.getByRole('button', { name: 'Send 0 again' }).isDisabled());
  await dialog.getByLabel('Received from').fill('');
  await dialog.getByRole('button', { name: 'Send 130 again' }).click();
  await page.getByText('Sending has started.').waitFor();

  const panel = page.getByRole('region', { name: 'Sent again in bulk' });
  await panel.getByText('100 of 130 deliveries sent').waitFor();
  await panel.getByText('waiting: 100').waitFor();
  await page.reload();
  await panel.getByText('100 of 130 deliveries sent').waitFor();
  assert.equal(await panel.getByRole('progressbar').getAttribute('value'), '100');
  await panel.getByRole('button', { name: /^Stop the redrive/ }).click();
  await panel.getByText('stopped', { exact: true }).waitFor();
  isHeld = false;
  for (const reply of held) reply.end();
  await panel.getByText('accepted by targets: 100').waitFor();
  assert.equal(target.received.length, 100, 'more was sent after the stop');

  await page.getByRole('button', { name: 'Send all matches again' }).click();
  await dialog.getByText('30 deliveries match, 30 of them can be sent again').waitFor();
  await dialog.getByRole('button', { name: 'Send 30 again' }).click();
  await panel.getByText('30 of 30 deliveries sent · accepted by targets: 30 · given up: 0 · waiting: 0').waitFor();
  assert.equal(new Set(target.received.map(({ headers }) => headers['webhook-id'])).size, 130);
  await page.getByRole('button', { name: 'Русский' }).click();
  await page.getByRole('region', { name: 'Массовая отправка' }).getByText('отправлено 30 из 30 доставок').waitFor();
  assert.deepEqual(faults, []);
});

/** The list of deliveries: its filters as text, and bodies that were not stored. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';
import { postDelivery, startWebhook } from '../test/support/webhooks.ts';

test('deliveries are found by sender, time and body text; each filter is a pill, and the fields are aligned', async (t: TestContext) => {
  const service = await startTestService(t);
  const orders = await startWebhook(service, { webhook_name: 'orders', signature_scheme: 'none' });
  const shop = await startWebhook(service, {
    webhook_name: 'shop',
    source_service: 'shop_1',
    signature_scheme: 'none',
  });
  await postDelivery(orders.url, '{"type":"order.paid","id":"1","note":"needle"}', {});
  await postDelivery(orders.url, '{"type":"order.paid","id":"2"}', {});
  await postDelivery(shop.url, '{"type":"sale","id":"3"}', {});

  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/webhooks/deliveries`);
  await signIn(page, service);
  const rows = page.getByRole('region', { name: 'Deliveries', exact: true }).locator('tbody tr');
  const haveRows = (count: number) =>
    page.waitForFunction((wanted) => document.querySelectorAll('main tbody tr').length === wanted, count);
  await haveRows(3);

  await page.getByLabel('Body contains', { exact: true }).fill('needle');
  await page.getByRole('button', { name: 'Find', exact: true }).click();
  await page.waitForURL(/payload_contains=needle/);
  await haveRows(1);
  const asked = new URL(page.url()).searchParams;
  assert.ok(Date.parse(asked.get('from_date') ?? '') < Date.now() - 86_400_000, 'the search sets its own start');
  await page.getByRole('button', { name: /^Remove the filter Received from/ }).waitFor();
  await page.getByRole('button', { name: 'Remove the filter Body contains needle' }).click();
  await haveRows(3);
  assert.equal(await page.getByLabel('Body contains', { exact: true }).inputValue(), '');

  await page.getByLabel('Sender', { exact: true }).selectOption('shop_1');
  await haveRows(1);
  await rows.filter({ hasText: 'sale' }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Remove the filter Sender shop_1' }).waitFor();
  await page.getByLabel('Webhook', { exact: true }).selectOption('orders');
  await page.getByText('No delivery matches these filters.').waitFor();
  await page.getByText(/Webhook: orders · Sender: shop_1/).waitFor();
  await page.getByRole('button', { name: 'Clear filters' }).first().click();
  await haveRows(3);
  assert.equal(new URL(page.url()).search, '');

  await page.getByLabel('Received before', { exact: true }).fill('2020-01-01T00:00:00');
  await page.getByText('No delivery matches these filters.').waitFor();
  await page.getByRole('button', { name: /^Remove the filter Received before/ }).click();
  await haveRows(3);

  await page.getByLabel('To the target', { exact: true }).selectOption('given up');
  await page.getByRole('button', { name: 'Remove the filter To the target given up' }).click();
  await haveRows(3);

  const overlaps = await page.locator('form[role=search]').evaluate((form) => {
    const boxes = [...form.querySelectorAll('input, select, button')].map((one) => one.getBoundingClientRect());
    return boxes.filter((a, index) =>
      boxes.some(
        (b, other) => other > index && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom,
      ),
    ).length;
  });
  assert.equal(overlaps, 0, 'fields overlap');
  const middles = await page.locator('form[role=search]').evaluate((form) => {
    const controls = [...form.querySelectorAll('input, select, button')].map((control) => {
      const { top, height } = control.getBoundingClientRect();
      return Math.round(top + height / 2);
    });
    return [...new Set(controls)].toSorted((a, b) => a - b);
  });
  for (const [index, middle] of middles.slice(1).entries()) {
    assert.ok(middle - (middles[index] ?? 0) > 30, `controls are not aligned: ${middles.join()}`);
  }
  assert.deepEqual(faults, []);
});

test('the body of a refused delivery is not stored: neither its page nor the explanation of its signature shows null', async (t: TestContext) => {
  const service = await startTestService(t);
  const hook = await startWebhook(service, { webhook_name: 'strict', signature_scheme: 'hmac_hex' });
  const refused = await postDelivery(hook.url, '{"type":"a","id":"1"}', { 'x-webhook-signature': '0'.repeat(64) });
  assert.equal(refused.status, 401, refused.text);
  const { events } = (await service.admin('GET', '/webhooks/events?status=refused')).json;
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/webhooks/deliveries/${events[0].id}`);
  await signIn(page, service);
  const said = page.getByText('The body was not stored with this delivery: see the sender’s own log.');
  await said.waitFor();
  await page.getByRole('link', { name: 'Explain a signature' }).click();
  await page.getByRole('heading', { name: 'Explain a signature' }).waitFor();
  await said.waitFor();
  assert.equal(await page.getByLabel('Body, byte for byte').inputValue(), '');
  assert.match(await page.getByLabel('Headers, one per line').inputValue(), /content-type/);

  await page.goto(`${service.url}/console/webhooks/${hook.id}/signature?delivery=${hook.id}`);
  await page.getByRole('alert').filter({ hasText: 'There is no' }).waitFor();
  assert.deepEqual(faults, []);
});

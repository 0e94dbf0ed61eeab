/** After a change the page loads its data again: until that second answer arrives, old data is not shown as current. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser, openServiceForm, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';
import { postDelivery, startWebhook } from '../test/support/webhooks.ts';

/** Holds the answers to reads of these addresses until the returned function is called. */
async function holdReads(page: Page, address: string | RegExp): Promise<() => Promise<void>> {
  const held = Promise.withResolvers<void>();
  await page.route(address, async (route) => {
    if (route.request().method() === 'GET') await held.promise;
    await route.continue();
  });
  return async () => {
    const answered = page.waitForResponse(
      (reply) => reply.request().method() === 'GET' && reply.url().includes('/api/v1/'),
    );
    held.resolve();
    await answered;
    await page.unroute(address);
  };
}

test('a service that is switched, undone and saved shows its new state at once, and text typed meanwhile stays', async (t: TestContext) => {
  const { service, id, page, faults } = await openServiceForm(t);
  const one = new RegExp(`/api/v1/services/${id}$`);
  const off = page.getByRole('button', { name: 'Switch off' });
  await off.waitFor();
  let release = await holdReads(page, one);
  await off.click();
  await page.getByRole('button', { name: 'Switch on' }).waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await off.waitFor();
  await release();

  const description = page.getByLabel('Description');
  const shownAs = page.getByLabel('Shown as');
  const save = page.getByRole('button', { name: 'Save', exact: true });
  release = await holdReads(page, one);
  const sent = Promise.withResolvers<void>();
  await page.route(one, async (route) => {
    if (route.request().method() === 'PATCH') await sent.promise;
    await route.fallback();
  });
  await description.fill('the first');
  await save.click();
  await shownAs.fill('typed while it was sent');
  sent.resolve();
  await page.getByText('Saved.').first().waitFor();
  const changes = page.getByRole('region', { name: 'What changes' });
  await changes.getByText('the first').waitFor({ state: 'detached' });
  await changes.getByText('typed while it was sent').waitFor();
  assert.equal(await shownAs.inputValue(), 'typed while it was sent');
  await save.click();
  await page.getByText('Nothing is changed.').waitFor();
  assert.ok(await save.isDisabled(), 'saved values can be sent again');
  await release();
  const { description: saved, display_name: name } = (await service.admin('GET', `/services/${id}`)).json;
  assert.deepEqual([saved, name], ['the first', 'typed while it was sent']);

  await off.click();
  await page.getByRole('button', { name: 'Switch on' }).waitFor();
  await page.route(one, (route) =>
    route.request().method() === 'PATCH'
      ? route.fulfill({ status: 503, json: { detail: 'The database is away.' } })
      : route.fallback(),
  );
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await page.getByText('It was not undone: The database is away.').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Switch on' }).isVisible());
  assert.deepEqual(faults, []);
});

test('a webhook that is paused, switched off or given a new address shows this before it is loaded again', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  const { json } = await service.admin('POST', '/webhooks', {
    webhook_name: 'payments',
    signature_scheme: 'none',
    target_url: 'http://127.0.0.1:9/in',
  });
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/webhooks/${json.id}`);
  await signIn(page, service);
  const head = page.locator('.object-head');
  const pause = head.getByRole('button', { name: 'Pause the target' });
  await pause.waitFor();
  const release = await holdReads(page, new RegExp(`/api/v1/webhooks/${json.id}$`));
  await pause.click();
  const resume = head.getByRole('button', { name: 'Resume the target' });
  await resume.waitFor();
  const targets = page.getByRole('region', { name: 'Targets' });
  await targets.getByRole('button', { name: /^Resume/ }).click();
  await targets.getByRole('button', { name: /^Pause/ }).waitFor();
  await pause.waitFor();
  await head.getByRole('button', { name: 'Switch off' }).click();
  await head.getByRole('button', { name: 'Switch on' }).waitFor();
  await head.getByRole('button', { name: 'New address' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'New address' }).click();
  await page.waitForFunction(
    (old) => !document.querySelector('main .stack')?.textContent?.includes(old),
    json.webhook_url,
  );
  await release();
  assert.deepEqual(faults, []);
});

test('lists of tokens and budgets show a creation, change or removal before they are loaded again', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/tokens`);
  await signIn(page, service);
  const list = page.getByRole('region', { name: 'Service tokens' });
  await list.waitFor();
  let release = await holdReads(page, /\/api\/v1\/tokens\?/);
  await page.getByRole('button', { name: 'New token', exact: true }).click();
  const form = page.getByRole('dialog', { name: 'New token' });
  await form.getByLabel('Name', { exact: true }).fill('crm');
  await form.getByLabel('geocoding', { exact: true }).check();
  await form.getByRole('button', { name: 'Create token' }).click();
  const shown = page.getByRole('dialog', { name: 'The token is shown only once' });
  await shown.getByRole('checkbox').check();
  await shown.getByRole('button', { name: 'Done' }).click();
  await list.getByRole('button', { name: 'Edit crm' }).click();
  const edit = page.getByRole('dialog', { name: /crm/ });
  await edit.getByLabel('Name', { exact: true }).fill('crm 2');
  await edit.getByRole('button', { name: 'Save' }).click();
  await list.getByRole('button', { name: 'Revoke crm 2' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click();
  await list.getByRole('button', { name: 'Revoke crm 2' }).waitFor({ state: 'detached' });
  await list.getByText('crm 2').waitFor();
  await release();

  await page.goto(`${service.url}/console/costs`);
  const budgets = page.getByRole('region', { name: 'Budgets' });
  await budgets.getByText('No budget yet.').waitFor();
  release = await holdReads(page, /\/api\/v1\/budgets$/);
  await budgets.getByRole('spinbutton').fill('5');
  await budgets.getByRole('button', { name: 'Save' }).click();
  await budgets.getByRole('row', { name: /\$5\.00/ }).waitFor();
  await budgets.getByRole('button', { name: /^Edit/ }).click();
  await budgets.getByRole('spinbutton').fill('7');
  await budgets.getByRole('button', { name: 'Save' }).click();
  await budgets.getByRole('row', { name: /\$7\.00/ }).waitFor();
  assert.equal(await budgets.getByRole('row', { name: /\$5\.00/ }).count(), 0);
  await budgets.getByRole('button', { name: /^Remove the budget/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
  await budgets.getByRole('row', { name: /\$7\.00/ }).waitFor({ state: 'detached' });
  await release();
  assert.deepEqual(faults, []);
});

test('after an invalidation the counts are shown as old until they are loaded again, and the list loses the answers too', async (t: TestContext) => {
  const service = await startTestService(t);
  await service.geocode('Ташкент, улица Навои, 5');
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/cache`);
  await signIn(page, service);
  const latest = page.getByRole('region', { name: 'Newest entries' });
  await latest.locator('tbody tr').first().waitFor();
  const release = await holdReads(page, /\/api\/v1\/cache\/(stats|entries)/);
  await page.getByRole('button', { name: /^Invalidate google_maps geocode/ }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Invalidate/ })
    .click();
  await page.locator('main [aria-busy=true] .tiles').waitFor();
  await latest.locator('[aria-busy=true]').waitFor();
  await release();
  await page.locator('main [aria-busy=true]').first().waitFor({ state: 'detached' });
  assert.deepEqual(faults, []);
});

test('an accepted delivery cannot be accepted twice while it is loaded again', async (t: TestContext) => {
  const service = await startTestService(t);
  const hook = await startWebhook(service, { webhook_name: 'orders', signature_scheme: 'hmac_hex' });
  await postDelivery(hook.url, '{"type":"a","id":"1"}', { 'x-webhook-signature': '0'.repeat(64) });
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/webhooks/deliveries`);
  await signIn(page, service);
  await page.locator('main .row-link').first().click();
  const sheet = page.getByRole('dialog', { name: /^Delivery / });
  const accept = sheet.getByRole('button', { name: 'Accept after all' });
  await accept.waitFor();
  await page.route('**/webhooks/events/*/accept', (route) =>
    route.fulfill({ json: { status: 'accepted', event_id: 'e' } }),
  );
  const release = await holdReads(page, /\/api\/v1\/webhooks\/events\/[^/]+$/);
  await accept.click();
  await page.getByText('The delivery was accepted.').waitFor();
  assert.ok(await accept.isDisabled());
  await sheet.locator('[aria-busy=true]').waitFor();
  await release();
  await sheet.locator('[aria-busy=true]').waitFor({ state: 'detached' });
  assert.ok(await accept.isEnabled(), 'the button stays off after the delivery was loaded again');
  assert.deepEqual(faults, []);
});

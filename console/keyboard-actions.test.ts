/** The main actions of every page by keyboard: the focus is visible at each step, and returns when a dialog closes. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { liveThroughDay } from '../test/support/console-day.ts';
import { startTestService } from '../test/support/service.ts';
import { Keyboard } from './keyboard-driver.ts';

test('by keyboard: follow a problem, filter calls, open and close one, compare two; put a chain in order, edit, switch off and undo', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  await liveThroughDay(t, service);
  for (const name of ['first', 'second']) {
    await service.admin('POST', '/services', {
      service_name: name,
      service_type: 'api',
      base_url: 'https://example.org',
    });
  }
  const { page, faults } = await openBrowser(t, service.url);
  const keys = new Keyboard(page);
  await page.route('**/api/v1/problems', (route) =>
    route.fulfill({
      json: [{ kind: 'k', severity: 'error', since: null, message: 'A key is refused', link: '/console/calls' }],
    }),
  );
  await page.goto(`${service.url}/console`);
  await signIn(page, service);
  await keys.act(page.getByRole('link', { name: 'A key is refused' }));
  await keys.comesTo(page.getByRole('heading', { level: 1, name: 'Calls' }));

  const status = page.getByLabel('Status', { exact: true });
  await keys.tabTo(status);
  await page.keyboard.type('err');
  await page.waitForURL(/status=error/);
  assert.ok(await keys.isOn(status), 'a chosen filter must keep the focus');
  await keys.act(page.getByRole('button', { name: 'Clear filters' }).first());
  await page.waitForURL((url) => url.search === '');
  await keys.seen();
  const rows = page.locator('main .row-link');
  await keys.act(rows.nth(1));
  const sheet = page.getByRole('dialog', { name: /^Call / });
  await sheet.waitFor();
  await keys.seen();
  assert.ok(await sheet.evaluate((own) => own.contains(document.activeElement)));
  await keys.press('Escape');
  await keys.comesTo(rows.nth(1));
  const choices = page.getByRole('checkbox', { name: /^Compare the call of / });
  await keys.act(choices.nth(0), 'Space');
  await keys.act(choices.nth(1), 'Space');
  const compare = page.getByRole('link', { name: 'Compare the two calls' });
  await keys.tabTo(compare, 'Shift+Tab');
  await keys.press('Enter');
  await sheet.getByRole('region', { name: 'Two calls side by side' }).waitFor();
  await keys.press('Escape');
  await keys.comesTo(compare);

  await keys.act(page.getByRole('link', { name: 'Services', exact: true }));
  await keys.comesTo(page.getByRole('heading', { level: 1, name: 'Services' }));
  const chain = page.getByRole('region', { name: 'Any API: asked in this order' });
  const second = chain.getByRole('link', { name: 'second' });
  await keys.tabTo(second);
  await keys.press('Alt+ArrowUp');
  await keys.comesTo(second);
  await keys.tabTo(chain.getByRole('button', { name: 'Apply order' }), 'Shift+Tab');
  const listOfServices = '**/api/v1/services?*';
  const held = Promise.withResolvers<void>();
  await page.route(listOfServices, async (route) => {
    await held.promise;
    await route.continue();
  });
  await keys.press('Enter');
  await page.getByText('The order is applied.').waitFor();
  await keys.seen();
  assert.match(
    (await chain.getByRole('listitem').nth(1).textContent()) ?? '',
    /second/,
    'before the list is loaded again',
  );
  const cameAgain = page.waitForResponse(/api\/v1\/services\?/);
  held.resolve();
  await cameAgain;
  await page.unroute(listOfServices);
  assert.match((await chain.getByRole('listitem').nth(1).textContent()) ?? '', /second/);
  await keys.act(second);
  const settings = page.getByRole('link', { name: 'Settings' });
  await settings.waitFor();
  await keys.seen();
  await keys.act(settings);
  await keys.tabTo(page.getByLabel('Description'));
  await page.keyboard.type('asked first');
  const save = page.getByRole('button', { name: 'Save', exact: true });
  await keys.act(save);
  await page.getByText('Saved.').waitFor();
  await page.getByText('Nothing is changed.').waitFor();
  await keys.comesTo(save);
  const off = page.getByRole('button', { name: 'Switch off' });
  await keys.tabTo(off, 'Shift+Tab');
  await keys.press('Enter');
  const on = page.getByRole('button', { name: 'Switch on' });
  await keys.comesTo(on);
  await page.getByText('second is off').waitFor();
  await keys.press('u');
  await keys.comesTo(off);
  await page.getByText('second is on.').waitFor();
  await keys.act(page.getByRole('button', { name: 'Delete' }));
  await keys.comesTo(page.getByRole('button', { name: 'Cancel' }));
  await keys.press('Escape');
  await keys.comesTo(page.getByRole('button', { name: 'Delete' }));
  assert.deepEqual(faults, []);
});

test('by keyboard: create a webhook, open a delivery and send it again; ask in the Playground; explain a refusal', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  await liveThroughDay(t, service);
  const { page, faults } = await openBrowser(t, service.url);
  const keys = new Keyboard(page);
  await page.goto(`${service.url}/console/webhooks`);
  await signIn(page, service);
  await keys.act(page.getByRole('link', { name: 'New webhook' }));
  const name = page.getByLabel('Name', { exact: true });
  await name.waitFor();
  await keys.seen();
  await keys.tabTo(name);
  await page.keyboard.type('by keys');
  await keys.press('Enter');
  const ready = page.getByRole('dialog', { name: 'The webhook is ready' });
  await ready.waitFor();
  await keys.seen();
  await keys.act(ready.getByLabel('I have saved the secret'), 'Space');
  await keys.act(ready.getByRole('button', { name: 'Done' }));
  await page.getByRole('heading', { level: 2, name: /by keys/ }).waitFor();
  await keys.seen();

  await keys.act(page.getByRole('link', { name: 'Webhooks', exact: true }));
  await keys.act(page.getByRole('navigation', { name: 'Webhook pages' }).getByRole('link', { name: 'Deliveries' }));
  const delivery = page.getByRole('row', { name: /payment\.created/ }).locator('.row-link');
  await keys.act(delivery);
  const sheet = page.getByRole('dialog', { name: /^Delivery / });
  const again = sheet.getByRole('button', { name: 'Send again' }).first();
  await keys.act(again);
  const question = page.getByRole('dialog', { name: 'Send this delivery again?' });
  await keys.act(question.getByRole('button', { name: 'Send again' }));
  await question.waitFor({ state: 'detached' });
  await keys.comesTo(again);
  await keys.press('Escape');
  await keys.comesTo(delivery);

  await keys.act(page.getByRole('link', { name: 'Playground', exact: true }));
  await keys.comesTo(page.getByRole('heading', { level: 1, name: 'Playground' }));
  const address = page.getByLabel('Address', { exact: true });
  await keys.tabTo(address);
  await page.keyboard.type('Ташкент, улица Навои, 5');
  await keys.press('Enter');
  await page.getByRole('region', { name: 'Answers' }).getByRole('row').nth(1).waitFor();
  await keys.comesTo(address);

  await keys.act(page.getByRole('link', { name: 'Limits', exact: true }));
  await keys.comesTo(page.getByRole('heading', { level: 1, name: 'Limits' }));
  const id = page.getByLabel('Request id', { exact: true });
  await keys.tabTo(id);
  await page.keyboard.type('morning-call');
  await keys.act(page.getByRole('button', { name: 'Explain' }));
  await page.waitForURL(/request_id=morning-call/);
  await keys.comesTo(page.getByRole('button', { name: 'Explain' }));
  assert.deepEqual(faults, []);
});

test('by keyboard: set, edit and remove a budget; invalidate a pattern; create a token and copy it; pause the events', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  await liveThroughDay(t, service);
  const { page, faults } = await openBrowser(t, service.url);
  const keys = new Keyboard(page);
  await page.goto(`${service.url}/console/costs`);
  await signIn(page, service);
  const budgets = page.getByRole('region', { name: 'Budgets' });
  await keys.act(budgets.getByRole('button', { name: /^Edit/ }).first());
  const limit = budgets.getByLabel('USD a month');
  await keys.comesTo(limit);
  await keys.press('Control+a');
  await page.keyboard.type('25');
  await keys.press('Enter');
  await budgets.getByText('$25.00').waitFor();
  await keys.seen();
  await keys.act(budgets.getByRole('button', { name: /^Remove/ }).first());
  await keys.comesTo(page.getByRole('button', { name: 'Cancel' }));
  await keys.act(page.getByRole('dialog').getByRole('button', { name: 'Remove' }));
  await budgets.getByText('$25.00').waitFor({ state: 'detached' });
  await keys.seen();

  await keys.act(page.getByRole('link', { name: 'Cache', exact: true }));
  await keys.comesTo(page.getByRole('heading', { level: 1, name: 'Cache' }));
  const pattern = page.getByLabel('Pattern', { exact: true });
  await keys.tabTo(pattern);
  await page.keyboard.type('google_maps:*');
  await keys.press('Enter');
  await keys.comesTo(page.getByRole('button', { name: 'Cancel' }));
  await keys.act(page.getByRole('dialog').getByRole('button', { name: 'Invalidate' }));
  await keys.comesTo(pattern);

  await keys.act(page.getByRole('link', { name: 'Tokens', exact: true }));
  const create = page.getByRole('button', { name: 'New token', exact: true });
  await keys.act(create);
  const form = page.getByRole('dialog', { name: 'New token' });
  await keys.tabTo(form.getByLabel('Name', { exact: true }));
  await page.keyboard.type('crm');
  await keys.press('Enter');
  const shown = page.getByRole('dialog', { name: 'The token is shown only once' });
  await shown.waitFor();
  await keys.seen();
  await keys.act(shown.getByRole('button', { name: 'Copy' }).first());
  await shown.getByRole('status').filter({ hasText: 'Copied' }).waitFor();
  await keys.act(shown.getByRole('button', { name: 'Done' }));
  await keys.comesTo(create);

  await keys.act(page.getByRole('link', { name: 'Events', exact: true }));
  await keys.comesTo(page.getByRole('heading', { level: 1, name: 'Events' }));
  await keys.act(page.getByRole('button', { name: 'Pause' }));
  await keys.comesTo(page.getByRole('button', { name: 'Resume' }));
  assert.deepEqual(faults, []);
});

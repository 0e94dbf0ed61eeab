/** On a wide screen a row's sheet opens beside its list, which stays usable; on a narrow one it covers the list. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService, type TestService } from '../test/support/service.ts';

/** Rows are opened by mouse and by keyboard; Escape closes from either side, and an address opens the same row. */
async function walkBesideList(page: Page, url: string, path: string, kind: string): Promise<void> {
  const sheet = page.getByRole('dialog', { name: new RegExp(`^${kind} `) });
  const links = page.locator('main tbody .row-link');
  const rows = page.locator('main tbody tr.linked');
  const idOf = async (row: number): Promise<string> =>
    decodeURIComponent((await links.nth(row).getAttribute('href'))?.split(`${path}/`)[1] ?? '');

  await links.nth(0).click();
  await sheet.waitFor();
  const [list, beside] = [await rows.nth(0).boundingBox(), await sheet.boundingBox()];
  assert.ok(list !== null && beside !== null && list.x + list.width <= beside.x, 'the list and the sheet overlap');
  assert.ok(beside.width >= 420, `${beside.width}`);
  assert.ok(await sheet.evaluate((own) => own.contains(document.activeElement)), 'the focus is not in the sheet');

  const second = await idOf(1);
  await links.nth(1).click();
  await page.getByRole('dialog', { name: `${kind} ${second}` }).waitFor();
  assert.equal(await sheet.count(), 1);
  assert.equal(await rows.nth(1).getAttribute('aria-current'), 'true');
  const address = page.url();
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached' });
  assert.ok(await links.nth(1).evaluate((own) => own === document.activeElement), 'the focus is not on the row');

  await page.goto(address);
  await page.getByRole('dialog', { name: `${kind} ${second}` }).waitFor();
  await links.nth(2).focus();
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached' });
  assert.ok(await links.nth(2).evaluate((own) => own === document.activeElement), 'the focus has moved');

  await page.setViewportSize({ width: 1_024, height: 900 });
  await page.goto(address);
  await sheet.waitFor();
  assert.ok(await sheet.evaluate((own) => own.matches(':modal')));
  await page.setViewportSize({ width: 1_400, height: 900 });
  await page.waitForFunction(() => document.querySelector('dialog[open]:not(:modal)') !== null);
  assert.equal(new URL(page.url()).origin, url);
}

test('a call opens beside the list: another row can be opened, Escape closes it from either side, and its address stays the same', async (t: TestContext) => {
  const service = await startTestService(t);
  for (const house of [1, 2, 3]) await service.geocode(`Ташкент, улица Навои, ${house}`);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/calls`);
  await signIn(page, service);
  await walkBesideList(page, service.url, '/calls', 'Call');
  assert.deepEqual(faults, []);
});

/** The address of a new webhook, and a function that posts to it. */
async function receivingWebhook(service: TestService) {
  const { json } = await service.admin('POST', '/webhooks', { webhook_name: 'payments', signature_scheme: 'none' });
  const deliver = async (type: string): Promise<void> => {
    const reply = await fetch(`${service.url}${new URL(json.webhook_url).pathname}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ type, at: type }),
    });
    assert.equal(reply.status, 200, await reply.text());
  };
  return { id: json.id as string, deliver };
}

test('a delivery opens beside the list, among all deliveries and among those of its webhook', async (t: TestContext) => {
  const service = await startTestService(t);
  const webhook = await receivingWebhook(service);
  for (const type of ['one', 'two', 'three']) await webhook.deliver(type);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/webhooks/deliveries`);
  await signIn(page, service);
  // A page that is left before the sign-in is answered is left without it.
  await page.locator('nav#pages').waitFor();
  for (const path of ['/webhooks/deliveries', `/webhooks/${webhook.id}/deliveries`]) {
    await page.setViewportSize({ width: 1_280, height: 900 });
    await page.goto(`${service.url}/console${path}`);
    await walkBesideList(page, service.url, path, 'Delivery');
  }
  assert.deepEqual(faults, []);
});

test('deliveries that arrive while one is open are counted but not shown; the open one shows its progress', async (t: TestContext) => {
  const service = await startTestService(t);
  const webhook = await receivingWebhook(service);
  await webhook.deliver('one');
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/webhooks/deliveries`);
  await signIn(page, service);
  const rows = page.locator('main tbody tr.linked');
  await rows.first().locator('.row-link').click();
  await page.getByRole('dialog', { name: /^Delivery / }).waitFor();
  await page.locator('.live-line').filter({ hasText: 'Paused: a row is open' }).waitFor();
  await webhook.deliver('two');
  const release = page.getByRole('button', { name: '1 new delivery' });
  await release.waitFor();
  assert.equal(await rows.count(), 1);
  assert.equal(await rows.first().getAttribute('aria-current'), 'true');
  await release.click();
  await rows.nth(1).waitFor();
  assert.equal(await rows.nth(1).getAttribute('aria-current'), 'true');
  assert.deepEqual(faults, []);
});

test('an event of the bus opens beside the list too', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/events`);
  await signIn(page, service);
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  await service.geocode('Ташкент, улица Навои, 1');
  const details = page.getByRole('button', { name: /^Details of / });
  await details.nth(1).waitFor();
  await details.nth(0).click();
  const sheet = page.getByRole('dialog', { name: /^Event / });
  await sheet.waitFor();
  assert.ok(await sheet.evaluate((own) => !own.matches(':modal') && own.contains(document.activeElement)));
  const first = await sheet.getByRole('heading').first().textContent();
  // One more event may have arrived before the list paused.
  const other = page
    .locator('main tbody tr:not([aria-current])')
    .first()
    .getByRole('button', { name: /^Details of / });
  await other.click();
  await page.waitForFunction((before) => document.querySelector('dialog h2')?.textContent !== before, first);
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached' });
  assert.ok(await page.evaluate(() => /^Details of /.test(document.activeElement?.getAttribute('aria-label') ?? '')));
  assert.deepEqual(faults, []);
});

/** The console as an operator meets it: in a browser, over the whole service. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { chromium, type Page } from 'playwright-core';
import { findTestBrowser } from '../scripts/test-browser.ts';
import { startTestService, type TestService } from '../test/support/service.ts';
import { postDelivery, startWebhook } from '../test/support/webhooks.ts';

async function openConsole(t: TestContext, service: TestService): Promise<{ page: Page; faults: string[] }> {
  const executablePath = findTestBrowser();
  assert.ok(executablePath !== null, 'Chromium is needed: npm test installs it');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1_280, height: 1_500 } });
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 40[13]/.test(message.text())) faults.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(service.url) && !request.url().startsWith('data:')) faults.push(request.url());
  });
  await page.goto(`${service.url}/console`);
  return { page, faults };
}

async function enter(page: Page, tenant: string, token: string): Promise<void> {
  await page.fill('#tenant', tenant);
  await page.fill('#token', token);
  await page.click('text=Show');
}

test('an administrator sees parts, services, limits, costs, calls and live events, and nothing runs in what is shown', async (t) => {
  const service = await startTestService(t);
  await service.geocode('Ташкент, улица Навои, 5');
  await service.geocode('Ташкент, улица Навои, 5');
  await service.geocode('<img src=x onerror=alert(1)>');
  const { page, faults } = await openConsole(t, service);
  await enter(page, service.tenant, service.adminToken);

  await page.locator('#parts >> text=Database · postgresql').waitFor();
  await page.locator('#services >> text=google_maps').first().waitFor();
  await page.locator('#limits >> text=geocoding (tenant)').first().waitFor();
  await page.locator('#costs >> text=saved by the cache').waitFor();
  await page.locator('#logs tbody tr').first().waitFor();
  await page.locator('#events-state >> text=live').waitFor();
  await service.geocode('Самарканд, Регистан');
  await page.locator('#events >> text=request.completed').first().waitFor();

  await page.locator('#logs tbody tr').last().click();
  await page.locator('#detail[open]').waitFor();
  assert.match((await page.locator('#detail-text').textContent()) ?? '', /"operation": "geocode"/);
  await page.click('text=Close');
  const file = process.env.CONSOLE_SCREENSHOT;
  if (file !== undefined) await page.screenshot({ path: file, fullPage: true });
  assert.deepEqual(faults, []);
});

test('a wrong token is said so, and forgetting leaves nothing in the tab', async (t) => {
  const service = await startTestService(t);
  const { page } = await openConsole(t, service);
  await enter(page, service.tenant, 'wrong');
  await page.locator('#message.fault').waitFor();
  await page.click('text=Forget');
  assert.deepEqual(
    await page.evaluate(() => Object.keys((globalThis as unknown as { sessionStorage: object }).sessionStorage)),
    [],
  );
});

test('a service’s own token shows what it may, and says what needs more', async (t) => {
  const service = await startTestService(t);
  const { page, faults } = await openConsole(t, service);
  await enter(page, service.tenant, service.token);
  await page.locator('#limits >> text=geocoding (tenant)').first().waitFor();
  await page.locator('#services >> text=administrator’s token').waitFor();
  assert.deepEqual(faults, []);
});

test('a call is opened by the keyboard, and the focus stays where it was when the page looks again', async (t) => {
  const service = await startTestService(t);
  await service.geocode('Ташкент, улица Навои, 5');
  const { page, faults } = await openConsole(t, service);
  await enter(page, service.tenant, service.adminToken);
  const call = page.locator('#logs tbody tr').first();
  await call.waitFor(); // What is not shown yet takes no focus.
  await call.focus();
  await page.keyboard.press('Enter');
  await page.locator('#detail[open]').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('#detail:not([open])').waitFor({ state: 'attached' });

  const button = page.locator('#services button').last();
  const id = await button.getAttribute('data-key');
  await button.focus();
  const held = await button.elementHandle();
  await page.waitForFunction((old) => !(old as unknown as { isConnected: boolean }).isConnected, held);
  assert.equal(await page.locator('#services button:focus').getAttribute('data-key'), id);
  assert.deepEqual(faults, []);
});

test('to choose which calls are shown leaves the live events, and what a check found stays to be read', async (t) => {
  const service = await startTestService(t);
  const { page, faults } = await openConsole(t, service);
  await enter(page, service.tenant, service.adminToken);
  await page.locator('#events-state >> text=live').waitFor();
  await service.geocode('Самарканд, Регистан');
  const event = page.locator('#events .event', { hasText: 'request.completed' }).first();
  await event.waitFor();

  await page.selectOption('#log-status', 'timeout');
  await page.locator('#logs >> text=Nothing yet.').waitFor();
  assert.ok(await event.isVisible());
  await event.focus();
  await page.keyboard.press('Enter');
  await page.locator('#detail[open] >> text=integration.request.completed').waitFor();
  await page.keyboard.press('Escape');

  await page.locator('#services button').last().click();
  const message = page.locator('#message >> text=answered within');
  await message.waitFor();
  const held = await page.locator('#services button').last().elementHandle();
  await page.waitForFunction((old) => !(old as unknown as { isConnected: boolean }).isConnected, held);
  assert.ok(await message.isVisible());
  assert.deepEqual(faults, []);
});

test('deliveries are shown with what became of them, and a dead one is sent again', async (t) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  let posts = 0;
  const target = createServer((_request, reply) => {
    posts += 1;
    reply.writeHead(posts === 1 ? 410 : 200).end();
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  t.after(() => target.close());
  const targetUrl = `http://127.0.0.1:${(target.address() as AddressInfo).port}/in`;
  const hook = await startWebhook(service, {
    webhook_name: 'orders',
    signature_scheme: 'none',
    target_url: targetUrl,
  });
  await postDelivery(hook.url, '{"type":"order.paid","id":"1"}', {});
  const { page, faults } = await openConsole(t, service);
  await enter(page, service.tenant, service.adminToken);

  const delivery = page.locator('#deliveries tbody tr').first();
  await delivery.locator('text=order.paid').waitFor();
  await delivery.locator('text=dead').waitFor();
  await page.locator('#deliveries button').press('Enter');
  await page.locator('#message >> text=sent again').waitFor();
  await delivery.locator('text=delivered').waitFor();
  assert.equal(await page.locator('#detail[open]').count(), 0, 'the button opens no row');
  await delivery.press('Enter');
  await page.locator('#detail[open] >> text=delivery_id').waitFor();
  assert.deepEqual(faults, []);
});

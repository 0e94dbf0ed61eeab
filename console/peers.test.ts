/** More complaints about other consoles, from their issue trackers, tested here. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { liveThroughDay } from '../test/support/console-day.ts';
import { startTestService } from '../test/support/service.ts';
import { bodyOf, emptyDraft } from './src/pages/services/draft.ts';

test('a key pasted with spaces and a line break is stored without them', () => {
  const body = bodyOf({
    ...emptyDraft,
    service_name: ' crm\n',
    api_key: '\t AIza-key \r\n',
    base_url: ' https://example.org ',
  });
  assert.deepEqual([body.service_name, body.api_key, body.base_url], ['crm', 'AIza-key', 'https://example.org']);
});

test('a form is sent once however often its button is clicked, the wheel changes no number, and no password is filled into a key', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/services/new`);
  await signIn(page, service);
  await page.getByLabel('Name', { exact: true }).fill('once');
  await page.getByLabel('Base URL').fill('https://example.org');
  for (const secret of await page.locator('input[type="password"]').all()) {
    assert.equal(await secret.getAttribute('autocomplete'), 'new-password');
  }
  const perMinute = page.getByLabel('per minute');
  await perMinute.fill('60');
  await perMinute.hover();
  await page.mouse.wheel(0, 240);
  await page.waitForFunction(() => document.activeElement?.matches('input[type="number"]') === false);
  assert.equal(await perMinute.inputValue(), '60');

  let sent = 0;
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/api/v1/services')) sent += 1;
  });
  await page.getByRole('button', { name: 'Create service' }).evaluate((button: HTMLButtonElement) => {
    for (let count = 0; count < 3; count += 1) button.click();
  });
  await page.getByRole('heading', { level: 2, name: 'once' }).waitFor();
  assert.equal(sent, 1);
  assert.match(await page.title(), /^once · Services · /, 'the title must name the service');
  await page.getByRole('link', { name: '← All services' }).click();
  await page.getByRole('link', { name: 'once' }).waitFor();
  assert.match(await page.title(), /^Services · /);
  assert.deepEqual(faults, []);
});

test('after a deletion the focus stays near the row, and Back restores the scroll position of a list', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  await liveThroughDay(t, service);
  await service.admin('POST', '/tokens', { name: 'old crm', scopes: ['geocoding'] });
  const { page, faults } = await openBrowser(t, service.url, { viewport: { width: 1_280, height: 500 } });
  await page.goto(`${service.url}/console/tokens`);
  await signIn(page, service);
  await page
    .getByRole('row', { name: /old crm/ })
    .getByRole('button', { name: /^Revoke/ })
    .press('Enter');
  const dialog = page.getByRole('dialog', { name: /old crm/ });
  await dialog.getByRole('button', { name: 'Revoke' }).press('Enter');
  await page.getByRole('row', { name: /old crm.*revoked/ }).waitFor();
  await page.waitForFunction(() => document.activeElement?.closest('section.panel') !== null);

  await page.goto(`${service.url}/console/calls`);
  await page.locator('tbody tr').nth(5).waitFor();
  const last = page.locator('tbody .row-link').last();
  await last.scrollIntoViewIfNeeded();
  await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
  const before = await page.evaluate(() => window.scrollY);
  assert.ok(before > 200, `${before} px`);
  await page.getByRole('link', { name: 'Limits', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Limits' }).waitFor();
  await page.waitForFunction(() => window.scrollY === 0);
  await page.goBack();
  await page.waitForFunction((wanted) => Math.abs(window.scrollY - wanted) < 60, before);
  assert.deepEqual(faults, []);
});

test('a page replaced by an upgrade is reloaded, once', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console`);
  await signIn(page, service);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  let refused = 0;
  await page.route('**/*.js', (route) => {
    if (route.request().url().includes('/main') || refused > 0) return route.continue();
    refused += 1;
    return route.fulfill({ status: 404, body: '' });
  });
  await page.getByRole('link', { name: 'Tokens', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Tokens' }).waitFor();
  assert.equal(refused, 1);
});

test('at 400 % zoom the header leaves room for the page, and the menu scrolls to its end; the browser’s own fields follow the dark theme', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url, {
    viewport: { width: 320, height: 256 },
    colorScheme: 'dark',
  });
  await page.goto(`${service.url}/console/calls`);
  await signIn(page, service);
  await page.getByRole('heading', { level: 1, name: 'Calls' }).waitFor();
  assert.equal(
    await page.evaluate(() => getComputedStyle(document.querySelector('select') as Element).colorScheme),
    'dark',
  );
  await page.evaluate(() => window.scrollTo(0, 400));
  const covered = await page.evaluate(() => document.querySelector('.top')?.getBoundingClientRect().bottom ?? 0);
  assert.ok(covered <= 0, `the header covers ${covered} of 256 px`);
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.getByRole('button', { name: 'Menu' }).press('Enter');
  const events = page.getByRole('link', { name: 'Events', exact: true });
  await events.scrollIntoViewIfNeeded();
  await events.click();
  await page.getByRole('heading', { level: 1, name: 'Events' }).waitFor();
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 320);
  assert.deepEqual(faults, []);
});

/** More complaints about other consoles, from their issue trackers, tested here. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Locator } from 'playwright-core';
import { openBrowser, signIn } from '../test/support/console.ts';
import { liveThroughDay } from '../test/support/console-day.ts';
import { startTestService } from '../test/support/service.ts';
import { waitFor } from '../test/support/wait-for.ts';
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

  let loads = 0;
  page.on('load', () => {
    loads += 1;
  });
  await page.unrouteAll();
  await page.route('**/*.js', (route) =>
    route.request().url().includes('/main') ? route.continue() : route.fulfill({ status: 404, body: '' }),
  );
  await page.getByRole('link', { name: 'Events', exact: true }).click();
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  assert.equal(loads, 0, 'it reloads itself twice within a minute');
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

test('a range dragged over one of several charts is that chart’s alone, Back takes it back at once, and a second zoom leads back to the first', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  await liveThroughDay(t, service);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console?range=day`);
  await signIn(page, service);
  const drag = async (chart: Locator, from: number, to: number): Promise<void> => {
    const box = await chart.boundingBox();
    if (box === null) return; // The chart is being redrawn: the caller tries again.
    await page.mouse.move(box.x + box.width * from, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * to, box.y + 40, { steps: 5 });
    await page.mouse.up();
  };
  await page.getByRole('figure', { name: 'Webhooks' }).getByRole('img').waitFor();
  const before = await page.evaluate(() => history.length);
  const errors = page.getByRole('figure', { name: 'Errors' }).locator('.u-over');
  await errors.scrollIntoViewIfNeeded();
  await drag(errors, 0.3, 0.9);
  await page.getByRole('heading', { level: 1, name: 'Calls' }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get('status'), 'error,timeout,rate_limited,cancelled');
  assert.equal(await page.evaluate(() => history.length), before + 1);
  await page.goBack();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();

  await page.goto(`${service.url}/console/calls?range=24h&service_name=google_maps`);
  const histogram = page.locator('.histogram .u-over');
  const address = () => new URL(page.url()).searchParams.get('from');
  await histogram.waitFor();
  await waitFor('the first zoom', async () => {
    if (address() === null) await drag(histogram, 0.5, 0.99);
    return address() !== null;
  });
  const first = address();
  await waitFor('the second zoom', async () => {
    if (address() === first) await drag(histogram, 0.5, 0.99);
    return address() !== first;
  });
  await page.goBack();
  await page.waitForURL((url) => url.searchParams.get('from') === first);
  await page.getByRole('button', { name: /^Remove the filter Service/ }).click();
  assert.equal(address(), first, 'the range outlives another filter');
  assert.deepEqual(faults, []);
});

test('a tab whose session has ended sends no requests until the user signs in, and a detail that fails to load says so', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.clock.install();
  await page.goto(`${service.url}/console/webhooks/deliveries`);
  await signIn(page, service);
  await page.getByText('No delivery yet.').waitFor();
  await page.context().clearCookies();
  await page.clock.runFor(10_000);
  const again = page.getByRole('dialog', { name: 'Sign in' });
  await again.waitFor();
  let asked = 0;
  page.on('request', () => {
    asked += 1;
  });
  await page.clock.runFor(600_000);
  await page.clock.runFor(600_000);
  assert.equal(asked, 0, 'nothing polls for twenty minutes');
  const list = page.waitForResponse(/webhooks\/events\?/);
  await again.getByLabel('Token', { exact: true }).fill(service.adminToken);
  await page.keyboard.press('Enter');
  await list;
  await page.route('**/webhooks/events/*', (route) => route.fulfill({ status: 503, json: { detail: 'It broke.' } }));
  await page.goto(`${service.url}/console/webhooks/deliveries/0197a000-0000-7000-8000-000000000000`);
  const sheet = page.getByRole('dialog', { name: /^Delivery / });
  await sheet.getByRole('alert').getByText('It broke.').waitFor();
  await sheet.getByRole('button', { name: 'Try again' }).waitFor();
  assert.deepEqual(faults, []);
});

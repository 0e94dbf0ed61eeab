/** The console for an operator: in a browser, with the whole service. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { buildConsole } from '../scripts/build-console.ts';
import { openBrowser, signIn } from '../test/support/console.ts';
import { hostile, liveThroughDay } from '../test/support/console-day.ts';
import { createDataDir } from '../test/support/data-dir.ts';
import { startTestService } from '../test/support/service.ts';

const names = [
  'Overview',
  'Calls',
  'Services',
  'Webhooks',
  'Playground',
  'Limits',
  'Costs',
  'Cache',
  'Tokens',
  'Events',
];

test('the first load is small', async (t: TestContext) => {
  const { firstLoadBytes } = await buildConsole(await createDataDir(t));
  assert.ok(firstLoadBytes < 60 * 1024, `the first load is ${firstLoadBytes} bytes`);
});

test('an operator signs in by keyboard, opens every page by its link, and stays signed in', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/limits`);
  await page.getByLabel('Tenant', { exact: true }).fill(service.tenant);
  await page.getByLabel('Token', { exact: true }).fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').filter({ hasText: 'not valid' }).waitFor();
  await page.getByLabel('Token', { exact: true }).fill(service.adminToken);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Limits' }).waitFor();
  for (const name of names) {
    // At once: the page before it may still move the focus to its heading.
    await page.getByRole('link', { name, exact: true }).press('Enter');
    await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  }
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'Events' }).waitFor();
  await page.getByRole('button', { name: 'Русский' }).click();
  await page.getByRole('heading', { level: 1, name: 'События' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'События' }).waitFor();
  await page.getByRole('button', { name: 'English' }).click();
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await page.getByRole('heading', { level: 1, name: 'Limits' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  assert.deepEqual(faults, []);
});

test('a page that was just loaded shows no focus ring, and its first Tab reaches the link to the content', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console`);
  await signIn(page, service);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  const isFocused = (selector: string): Promise<boolean> =>
    page.evaluate((wanted) => document.activeElement?.matches(wanted) === true, selector);
  for (const open of [() => page.reload(), () => page.goto(`${service.url}/console/costs`)]) {
    await open();
    await page.locator('main h1').waitFor();
    await page.waitForFunction(() => !document.body.textContent?.includes('Loading…'));
    assert.ok(await isFocused('body'));
    assert.equal(await page.locator(':focus-visible').count(), 0);
    await page.keyboard.press('Tab');
    assert.ok(await isFocused('.skip'));
  }
  await page.goto(`${service.url}/console/calls/unknown`);
  await page.getByRole('dialog', { name: 'Call unknown' }).getByText('There is no call with this id').waitFor();
  const outline = (): Promise<string> =>
    page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle);
  assert.ok(await isFocused('dialog'), 'a screen reader would not begin in the sheet');
  assert.equal(await outline(), 'none');
  await page.keyboard.press('Tab');
  assert.ok(await isFocused('dialog button'));
  assert.equal(await outline(), 'solid');
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Limits', exact: true }).press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Limits' }).waitFor();
  assert.ok(await isFocused('h1'), 'a screen reader would not announce the new page');
  assert.deepEqual(faults, []);
});

test('hostile text is shown as text everywhere, and a call is opened and closed by keyboard', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  const day = await liveThroughDay(t, service);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/calls`);
  await signIn(page, service);
  const first = page.locator('main .row-link').first();
  await first.waitFor();
  await first.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: /^Call / }).waitFor();
  assert.match(page.url(), /\/console\/calls\/./);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(new URL(page.url()).pathname, '/console/calls');

  for (const path of [
    `/calls/${day.requestId}`,
    '/calls',
    '/services',
    '/tokens',
    `/webhooks/deliveries/${day.acceptedId}`,
    `/webhooks/deliveries/${day.refusedId}`,
    '/playground/sheet?spreadsheet_id=journal',
  ]) {
    await page.goto(`${service.url}/console${path}`);
    await page.locator('main h1').waitFor();
    if (path.includes('sheet')) await page.getByRole('button', { name: 'Read' }).click();
    await page.waitForLoadState('networkidle');
    assert.equal(await page.locator('img[src="x"], main script').count(), 0, path);
    assert.notEqual(await page.title(), '1', path);
  }
  await page
    .getByRole('cell', { name: hostile.slice(0, 10) })
    .first()
    .waitFor();
  assert.match((await page.locator('table.grid').textContent()) ?? '', /⟨U\+202E⟩/);
  assert.deepEqual(faults, []);
});

test('a chain is reordered by its arrows, and a form sends only changed members', async (t: TestContext) => {
  const service = await startTestService(t);
  for (const name of ['first', 'second']) {
    const priority = name === 'first' ? 10 : 20;
    await service.admin('POST', '/services', {
      service_name: name,
      service_type: 'api',
      base_url: 'https://example.org',
      priority,
    });
  }
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/services`);
  await signIn(page, service);
  const chain = page.getByRole('region', { name: 'Any API: asked in this order' });
  await chain.getByRole('button', { name: 'Move second up' }).press('Enter');
  await chain.getByRole('button', { name: 'Apply order' }).press('Enter');
  await page.getByText('The order is applied.').waitFor();
  const { json } = await service.admin('GET', '/services?service_type=api');
  const place = Object.fromEntries(
    json.services.map((one: { service_name: string; priority: number }) => [one.service_name, one.priority]),
  );
  assert.ok(place.second < place.first, JSON.stringify(place));

  await chain.getByRole('link', { name: 'first' }).click();
  await page.getByRole('link', { name: 'Settings' }).click();
  assert.ok(await page.getByRole('button', { name: 'Save' }).isDisabled(), 'Save is enabled without a change');
  await page.getByLabel('per minute').fill('-5');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('.field-fault').waitFor();
  assert.equal(await page.getByLabel('per minute').getAttribute('aria-invalid'), 'true');
  await page.getByLabel('per minute').fill('50');
  const sent = page.waitForRequest((request) => request.method() === 'PATCH');
  await page.getByRole('button', { name: 'Save' }).click();
  assert.deepEqual((await sent).postDataJSON(), { rate_limit_per_minute: 50 });
  await page.getByText('Saved.').waitFor();
  assert.deepEqual(faults, []);
});

test('a flood of live events keeps the page small, and each links to its object', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  const count = 5_000;
  await page.route('**/api/v1/events/stream*', (route) =>
    route.fulfill({
      contentType: 'text/event-stream',
      body: Array.from({ length: count }, (_, index) => {
        const event = {
          event_id: `event-${index}`,
          event_type: 'integration.request.completed',
          timestamp: new Date().toISOString(),
          service_name: 'google_maps',
          request_id: `request-${index}`,
        };
        return `data: ${JSON.stringify(event)}\n\n`;
      }).join(''),
    }),
  );
  await page.goto(`${service.url}/console/events`);
  await signIn(page, service);
  const newest = page.locator('tbody tr').first().getByRole('link', { name: 'call' });
  await newest.waitFor();
  assert.equal(await newest.getAttribute('href'), `/console/calls/request-${count - 1}`);
  assert.equal(await page.locator('tbody tr').count(), 200);
  assert.deepEqual(faults, []);
});

test('the overview shows each problem with a link, and sums the series of its range', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  const values: Record<string, number> = {
    calls: 40,
    errors: 4,
    latency_p50: 80,
    latency_p95: 640,
    cache_hits: 30,
    cache_misses: 10,
  };
  await page.route('**/api/v1/stats/series?*', (route) => {
    const metric = new URL(route.request().url()).searchParams.get('metric') ?? '';
    const minute = new Date(Math.floor(Date.now() / 60_000) * 60_000 - 300_000).toISOString();
    return route.fulfill({ json: { series: [{ labels: {}, points: [[minute, values[metric] ?? 0]] }] } });
  });
  await page.route('**/api/v1/problems', (route) =>
    route.fulfill({
      json: [
        {
          kind: 'key_refused',
          severity: 'critical',
          since: new Date().toISOString(),
          message: 'Yandex Maps has refused the key',
          message_ru: 'Яндекс Карты отклонили ключ',
          link: '/console/services',
        },
      ],
    }),
  );
  await page.goto(`${service.url}/console`);
  await signIn(page, service);
  await page.locator('.tile', { hasText: 'Errors' }).filter({ hasText: '10%' }).waitFor();
  await page.locator('.tile', { hasText: 'Cache hits' }).filter({ hasText: '75%' }).waitFor();
  await page.getByRole('img', { name: /^Latency\. p50: latest 80ms.*p95: latest 640ms/ }).waitFor();
  await page.getByText('All else is well').waitFor();
  if (process.env.CONSOLE_SCREENSHOTS !== undefined) {
    await page.screenshot({ path: `${process.env.CONSOLE_SCREENSHOTS}/overview-series.png`, fullPage: true });
  }
  await page.getByRole('link', { name: 'Yandex Maps has refused the key' }).click();
  await page.getByRole('heading', { level: 1, name: 'Services' }).waitFor();
  assert.deepEqual(faults, []);
});

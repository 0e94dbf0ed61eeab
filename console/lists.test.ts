/** Lists for a reader: rows that stay in place, links that keep what was seen, visible filters. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';

test('live rows wait while they are read, obey the filters, and a copied link shows the same rows later', async (t: TestContext) => {
  const service = await startTestService(t);
  const ask = (address: string) => service.call('POST', '/geocoding/geocode', { address }, { 'x-service-name': 'crm' });
  await ask('Ташкент, улица Навои, 5');
  const { page, faults } = await openBrowser(t, service.url);
  await page.addInitScript(() => {
    Object.defineProperty(navigator, 'clipboard', {
      value: { writeText: async (text: string) => Object.assign(window, { copied: text }) },
    });
  });
  await page.goto(`${service.url}/console/calls?live=1&range=1h&source_service=crm`);
  await signIn(page, service);
  const rows = page.locator('tbody tr');
  const status = page.locator('.live-line');
  await status.filter({ hasText: 'Live: new rows appear at the top' }).waitFor();
  await rows.first().waitFor();
  const first = await rows.first().locator('a').getAttribute('href');
  await rows.first().hover();
  await status.filter({ hasText: 'Paused: the pointer is on the rows' }).waitFor();
  await service.call('POST', '/geocoding/geocode', { address: 'Бухара, Накшбанди, 12' }, { 'x-service-name': 'other' });
  await ask('Самарканд, Регистан, 1');
  const release = page.getByRole('button', { name: /^[1-9]\d* new calls?$/ });
  await release.waitFor();
  assert.equal(await rows.first().locator('a').getAttribute('href'), first, 'the row under the pointer stays');
  await page.getByRole('button', { name: 'Copy link' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('status').filter({ hasText: 'Copied' }).waitFor();
  const link = new URL(await page.evaluate(() => (window as unknown as { copied: string }).copied));
  assert.equal(link.searchParams.get('range'), null);
  assert.equal(
    Date.parse(link.searchParams.get('to') ?? '') - Date.parse(link.searchParams.get('from') ?? ''),
    3_600_000,
  );

  await page.mouse.move(1, 1);
  await status.filter({ hasText: 'Live: new rows appear at the top' }).waitFor();
  await page.evaluate(() => window.getSelection()?.selectAllChildren(document.querySelector('main tbody') as Element));
  await status.filter({ hasText: 'Paused: text is selected' }).waitFor();
  await page.evaluate(() => window.getSelection()?.removeAllRanges());
  await page.waitForFunction((before) => document.querySelector('tbody a')?.getAttribute('href') !== before, first);
  assert.equal(await rows.filter({ hasText: 'other' }).count(), 0, 'the filters apply to live rows');
  await rows.first().locator('a').click();
  await page.getByRole('dialog', { name: /^Call / }).waitFor();
  await status.filter({ hasText: 'Paused: a row is open' }).waitFor();
  assert.equal(await rows.first().getAttribute('aria-current'), 'true');
  await page.keyboard.press('Escape');
  await page.route('**/api/v1/logs?*', (route) => route.fulfill({ status: 503, json: { detail: 'Away.' } }));
  await status.filter({ hasText: 'Not live now: the service does not answer' }).waitFor();
  await page.unroute('**/api/v1/logs?*');

  await page.goto(link.href);
  await rows.first().waitFor();
  assert.equal(
    (await rows.first().locator('a').getAttribute('href'))?.split('?')[0],
    first?.split('?')[0],
    'later rows are not in it',
  );
  assert.deepEqual(faults, []);
});

test('an empty list names its filters, half-typed times wait, an id is found at any time, and older calls open at their top', async (t: TestContext) => {
  const service = await startTestService(t);
  const made = await service.call('POST', '/geocoding/geocode', { address: 'Ташкент, улица Навои, 5' });
  assert.equal(made.status, 200);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/calls?status=timeout&range=45m`);
  await signIn(page, service);
  const list = page.getByRole('region', { name: 'Calls, newest first' });
  await list.getByText('Status: timeout · Range: 45 min').waitFor();
  await list.getByRole('button', { name: 'Clear filters' }).click();
  await list.getByRole('row').nth(1).waitFor();
  assert.equal(new URL(page.url()).search, '');

  const status = page.getByLabel('Status', { exact: true });
  await status.selectOption('several');
  const statuses = page.getByRole('group', { name: 'Any of these statuses' });
  await statuses.getByLabel('timeout').check();
  await statuses.getByLabel('error').check();
  await page.waitForURL(/status=error%2Ctimeout/);
  await list.getByText('Status: error, timeout').waitFor();
  await statuses.getByLabel('ok').check();
  await list.getByRole('row').nth(1).waitFor();
  await status.selectOption('all but ok');
  await statuses.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Remove the filter Status all but ok' }).click();
  assert.equal(new URL(page.url()).search, '');

  await page.getByLabel('Range', { exact: true }).selectOption('custom');
  const from = page.getByLabel('From', { exact: true });
  await from.fill('2026-01-10T10:00:07');
  await page.waitForURL(/from=2026-01-10/);
  await from.focus();
  await page.keyboard.press('Delete');
  assert.equal(await from.inputValue(), '');
  await from.blur();
  await from.waitFor({ state: 'detached' });
  assert.equal(new URL(page.url()).searchParams.get('from'), null, 'an empty field is no filter');

  const { logs } = (await service.call('GET', '/logs?operation=geocode')).json as { logs: { request_id: string }[] };
  const id = logs[0]?.request_id ?? '';
  await page.goto(`${service.url}/console/calls?to=2020-01-01T00:00:00.000Z`);
  await list.getByText('No call matches these filters.').waitFor();
  await page.getByLabel('Request id', { exact: true }).fill(id);
  await page.getByRole('button', { name: 'Find', exact: true }).click();
  await list.getByRole('row').nth(1).waitFor();
  assert.equal(new URL(page.url()).search, `?request_id=${encodeURIComponent(id)}`);

  await page.route('**/api/v1/logs?*', (route) => {
    const older = new URL(route.request().url()).searchParams.has('cursor');
    const page = Array.from({ length: 100 }, (_, index) => ({
      ...logs[0],
      id: `${older}-${index}`,
      request_id: `r${index}`,
    }));
    return route.fulfill({ json: { logs: page, next_cursor: older ? null : 'next' } });
  });
  await page.goto(`${service.url}/console/calls`);
  await list.getByRole('button', { name: 'Older' }).click();
  await list.getByRole('button', { name: 'Back to the newest' }).waitFor();
  const box = await list.boundingBox();
  assert.ok(box !== null && box.y >= 0 && box.y < 300, `the list begins at ${box?.y}`);
  assert.deepEqual(faults, []);
});

test('an open event stays when newer ones push it out of the list, and each number of an overview shows its range', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.addInitScript(() => {
    const usual = window.fetch;
    window.fetch = async (input, init) => {
      if (!String(input).includes('/events/stream')) return usual(input, init);
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          const send = (from: number, to: number): void => {
            for (let index = from; index < to; index += 1) {
              const event = { event_id: `e${index}`, event_type: 'integration.cache.hit', timestamp: new Date() };
              controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(event)}\n\n`));
            }
          };
          Object.assign(window, { sendEvents: send });
          send(0, 1);
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    };
  });
  await page.goto(`${service.url}/console/events`);
  await signIn(page, service);
  await page.getByRole('button', { name: /^Details of / }).click();
  const sheet = page.getByRole('dialog', { name: 'Event e0' });
  await sheet.waitFor();
  await page.evaluate(() =>
    (window as unknown as { sendEvents: (from: number, to: number) => void }).sendEvents(1, 700),
  );
  await page.locator('.live-line').filter({ hasText: 'more than 99 new events' }).waitFor();
  assert.ok(await sheet.isVisible());
  assert.equal(await page.locator('tbody tr').count(), 1, 'the list must pause under it');

  for (const path of ['', '/costs']) {
    await page.goto(`${service.url}/console${path}`);
    await page.locator('.tile').first().waitFor();
    const spans = await page
      .locator('.tile')
      .evaluateAll((tiles) => tiles.map((tile) => tile.querySelector('.tile-span')?.textContent ?? ''));
    assert.ok(spans.length > 0 && spans.every((span) => span.trim() !== ''), `${path}: ${spans.join('|')}`);
  }
  assert.deepEqual(faults, []);
});

/** The list of calls: its histogram, saved views, and two calls chosen for a comparison. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { operations } from '../src/providers/operations.ts';
import { openBrowser, signIn } from '../test/support/console.ts';
import { liveThroughDay } from '../test/support/console-day.ts';
import { startTestService } from '../test/support/service.ts';
import { waitFor } from '../test/support/wait-for.ts';
import { barsOf, spanOf } from './src/pages/calls/span.ts';
import { keepViews, readViews, searchOf, withoutView, withView } from './src/pages/calls/views.ts';

const now = Date.parse('2026-11-22T10:20:30Z');

test('bars begin on whole minutes, hours or days, are few, and are never finer than the stored series', () => {
  const span = (search: string) => spanOf(new URLSearchParams(search), now);
  assert.equal(span('range=15m').barMs, 60_000);
  assert.equal(span('range=1h').step, 'minute');
  assert.equal(span('').toMs - span('').fromMs >= 86_400_000, true, 'a day without a range');
  for (const search of ['range=15m', 'range=6h', 'range=7d', 'range=30d', 'from=2025-01-01T00:00:00Z', 'to=rubbish']) {
    const { fromMs, toMs, barMs } = span(search);
    assert.equal(fromMs % barMs, 0, search);
    assert.ok((toMs - fromMs) / barMs <= 77, `${search}: ${(toMs - fromMs) / barMs} bars`);
  }
  assert.equal(span('from=2026-11-10T10:00:00Z&to=2026-11-10T11:00:00Z').step, 'hour', 'minutes are no longer stored');
  assert.equal(span('from=2026-09-10T10:00:00Z&to=2026-09-10T11:00:00Z').step, 'day', 'nor are hours');
  assert.equal(span('from=2026-11-22T10:00:00Z&to=2026-11-22T10:00:10Z').barMs, 60_000);
});

test('the bars count the chosen service and operation, each point once', () => {
  const span = spanOf(new URLSearchParams('range=1h'), now);
  const at = (minutes: number) => new Date(span.fromMs + minutes * 60_000).toISOString();
  const answer = {
    series: [
      { labels: { service: 'a', operation: 'geocode' }, points: [[at(0), 3] as const, [at(1), 4] as const] },
      { labels: { service: 'b', operation: 'geocode' }, points: [[at(0), 5] as const, [at(-1), 9] as const] },
    ],
  };
  const total = (wanted: Record<string, string | null>) =>
    barsOf(span, answer, wanted).reduce((sum, value) => sum + value, 0);
  assert.equal(total({ service: null, operation: null }), 12);
  assert.equal(total({ service: 'a', operation: null }), 7);
  assert.equal(total({ service: 'b', operation: 'reverse' }), 0);
});

test('a view is saved per tenant, replaced by name, and invalid storage is ignored', () => {
  const views = withView(withView({ views: [], start: null }, 'mine', 'status=error'), ' mine ', 'status=timeout');
  assert.deepEqual(views.views, [{ name: 'mine', search: 'status=timeout' }]);
  keepViews('one', { ...views, start: 'mine' });
  assert.deepEqual(readViews('two').views, []);
  assert.equal(readViews('one').start, 'mine');
  assert.deepEqual(withoutView(readViews('one'), 'mine'), { views: [], start: null });
  for (const rubbish of ['[', '[]', '"a"', 'null', '{"views":[1,{"name":2}],"start":7}']) {
    keepViews('three', JSON.parse(JSON.stringify({ views: rubbish, start: rubbish })));
    assert.deepEqual(readViews('three').views, [], rubbish);
  }
  assert.equal(
    searchOf(new URLSearchParams('live=1&status=error&cursor=x&service_name=a')),
    searchOf(new URLSearchParams('service_name=a&status=error')),
  );
});

/** Drags from a quarter to three quarters of the histogram; returns whether the address then has a range. */
async function dragOverHistogram(page: Page): Promise<boolean> {
  const box = await page.locator('.histogram .u-over').boundingBox();
  assert.ok(box !== null);
  await page.mouse.move(box.x + box.width * 0.25, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, box.y + 40, { steps: 5 });
  await page.mouse.up();
  return page.waitForURL(/from=.*to=/, { timeout: 5_000 }).then(
    () => true,
    () => false,
  );
}

test('a range is chosen in the histogram by mouse and by keyboard, and reset', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  await liveThroughDay(t, service);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/calls?range=1h`);
  await signIn(page, service);
  const chart = page.getByRole('img', { name: /^Calls in this range\. Calls: / });
  await chart.waitFor();
  // The page may still move under the mouse while it loads.
  await waitFor('the range to be chosen', () => dragOverHistogram(page), 60_000);
  const address = new URL(page.url()).searchParams;
  const width = Date.parse(address.get('to') ?? '') - Date.parse(address.get('from') ?? '');
  assert.ok(width >= 25 * 60_000 && width <= 35 * 60_000, `${width} ms of an hour`);
  assert.equal(address.get('range'), null);
  assert.ok(await page.getByLabel('From', { exact: true }).inputValue(), 'the fields have another range');
  await page.getByRole('button', { name: 'Reset the range' }).click();
  assert.equal(new URL(page.url()).search, '');

  await page.goBack();
  await chart.focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => {
    const { searchParams } = new URL(url);
    return Date.parse(searchParams.get('to') ?? '') - Date.parse(searchParams.get('from') ?? '') === 60_000;
  });
  assert.deepEqual(faults, []);
});

test('a view is saved, opened by its link, made the default and removed; two calls are compared; every filter of the log exists', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  await liveThroughDay(t, service);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/calls`);
  await signIn(page, service);
  await page.getByLabel('Service', { exact: true }).selectOption('meters');
  await page.getByRole('button', { name: 'Save this view' }).press('Enter');
  await page.getByLabel('Name of the view').fill('meters <b>');
  await page.keyboard.press('Enter');
  const view = page.getByRole('list', { name: 'My views' }).getByRole('link', { name: 'meters <b>' });
  await view.waitFor();
  assert.equal(await view.getAttribute('aria-current'), 'true');
  const link = await view.getAttribute('href');
  await page.getByLabel('Start with this view').check();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await page.getByRole('link', { name: 'Limits', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Limits' }).waitFor();
  await page.getByRole('link', { name: 'Calls', exact: true }).click();
  await page.waitForURL(/service_name=meters/);
  await page.getByRole('button', { name: 'Remove the view meters <b>' }).press('Enter');
  await view.waitFor({ state: 'detached' });
  await page.goto(`${service.url}${link}`);
  await page.getByRole('button', { name: 'Keep the view meters <b>' }).press('Enter');
  await view.waitFor();

  const known = new Set(['cursor', 'limit', 'with_total', 'from_date', 'to_date']);
  const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as {
    paths: Record<string, { get: { parameters: { in: string; name: string }[] } }>;
  };
  const names = (document.paths['/api/v1/logs']?.get.parameters ?? [])
    .filter((parameter) => parameter.in === 'query' && !known.has(parameter.name))
    .map(({ name }) => name);
  assert.ok(names.length > 4, 'the document is read');
  for (const name of names) {
    const asked = page.waitForRequest((request) => new URL(request.url()).searchParams.get(name) === '1234');
    await page.goto(`${service.url}/console/calls?${name}=1234`);
    await asked;
    await page.getByRole('button', { name: /^Remove the filter .*1234$/ }).waitFor();
  }

  await page.goto(`${service.url}/console/calls?service_name=meters`);
  const rows = page.getByRole('checkbox', { name: /^Compare the call of / });
  await rows.first().press('Space');
  await page.getByText('Choose a second call to compare.').waitFor();
  await rows.nth(1).press('Space');
  await page.getByRole('link', { name: 'Compare the two calls' }).click();
  await page.getByRole('dialog', { name: /^Call / }).waitFor();
  assert.ok(new URL(page.url()).searchParams.get('compare'), page.url());
  assert.deepEqual(faults, []);
});

test('every operation of the log can be chosen, and one that a link names is shown as chosen', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/calls?operation=sheets_change`);
  await signIn(page, service);
  const field = page.getByLabel('Operation', { exact: true });
  await field.waitFor();
  assert.equal(await field.inputValue(), 'sheets_change');
  assert.deepEqual((await field.locator('option').allTextContents()).slice(1).sort(), [...operations].sort());
  await page.goto(`${service.url}/console/calls?operation=not_known_yet`);
  await field.waitFor();
  assert.equal(await field.inputValue(), 'not_known_yet');
  assert.deepEqual(faults, []);
});

test('an export may last longer than the deadline of other requests', async (t: TestContext) => {
  const service = await startTestService(t);
  await service.geocode('Ташкент, улица Навои, 5');
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/calls`);
  await signIn(page, service);
  await page.locator('main .row-link').first().waitFor();
  // As if each deadline had passed already.
  await page.evaluate(() => {
    AbortSignal.timeout = () => AbortSignal.abort();
  });
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export' }).click();
  assert.equal((await download).suggestedFilename(), 'calls.ndjson');
  assert.deepEqual(faults, []);
});

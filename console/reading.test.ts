/** Shown text can be selected and searched, keeps every digit, and is understandable without colour. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';
import { ExactNumber, parseAnswer } from './src/api/exact-number.ts';

test('numbers that a double would round keep their digits, and other numbers stay numbers', () => {
  const text =
    '{"id":12345678901234567891,"sum":12345678901234567.89,"far":1e400,"rate":1.10,"own":0.30000000000000004}';
  const { id, sum, far, rate, own } = parseAnswer(text) as Record<string, unknown>;
  for (const [value, source] of [
    [id, '12345678901234567891'],
    [sum, '12345678901234567.89'],
    [far, '1e400'],
  ] as const) {
    assert.ok(value instanceof ExactNumber, source);
    assert.equal(value.source, source);
    assert.equal(JSON.stringify({ value }), `{"value":${source}}`, 'its text changed');
  }
  assert.equal(rate, 1.1);
  assert.equal(own, 0.30000000000000004, 'a number written by JavaScript is not a rounded one');
});

async function dragOver(page: Page, text: Locator): Promise<void> {
  await text.scrollIntoViewIfNeeded();
  const box = await text.boundingBox();
  assert.ok(box !== null);
  await page.mouse.move(box.x + 1, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 1, box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
}

const logs = Array.from({ length: 100 }, (_, index) => ({
  id: `log-${index}`,
  request_id: `request-${index}`,
  service_name: `service-${index}`,
  operation: 'geocode',
  status: ['success', 'error', 'timeout', 'rate_limited', 'cancelled'][index % 5],
  started_at: new Date(Date.now() - index * 1_000).toISOString(),
  duration_ms: index,
  attempt: 1,
  response_status_code: 200,
  retry_count: 0,
  estimated_cost: 0.005,
  source_service: 'crm',
  error_message: index === 99 ? 'the needle in the last row' : null,
  error_code: null,
}));

test('the browser’s search finds every row, selecting names and headings does nothing else, and states are words', async (t: TestContext) => {
  const service = await startTestService(t);
  for (const name of ['first', 'second']) {
    await service.admin('POST', '/services', {
      service_name: name,
      display_name: `The ${name} one`,
      service_type: 'api',
      base_url: 'https://example.org',
    });
  }
  const { page, faults } = await openBrowser(t, service.url);
  await page.route('**/api/v1/logs?*', (route) => route.fulfill({ json: { logs, next_cursor: null } }));
  await page.route('**/api/v1/logs/log-*', (route) =>
    route.fulfill({ json: { ...logs[1], error_message: 'refused' } }),
  );
  await page.goto(`${service.url}/console/calls`);
  await signIn(page, service);
  await page.getByRole('cell', { name: 'service-99' }).waitFor();
  const find = (text: string) =>
    page.evaluate((wanted) => (window as unknown as { find(text: string): boolean }).find(wanted), text);
  assert.ok(await find('needle in the last row'), 'the browser’s search does not reach every row');

  // Without colours, each state has its word and the shape of its icon.
  const told = await page.evaluate(() =>
    [...document.querySelectorAll('tbody .status')].slice(0, 5).map((chip) => ({
      word: chip.textContent?.trim() ?? '',
      shape: chip.querySelector('path')?.getAttribute('d') ?? '',
    })),
  );
  assert.deepEqual(
    told.map(({ word }) => word),
    ['ok', 'error', 'timeout', 'limited', 'cancelled'],
  );
  const shapes = told.map(({ shape }) => shape);
  assert.equal(new Set([shapes[0], shapes[1], shapes[3], shapes[4]]).size, 4);

  await page.evaluate(() => window.getSelection()?.removeAllRanges());
  await page.goto(`${service.url}/console/calls/request-1`);
  const attempt = page.locator('details.attempt').last();
  await attempt.waitFor();
  const isOpen = () => attempt.evaluate((details: HTMLDetailsElement) => details.open);
  const before = await isOpen();
  await dragOver(page, attempt.locator('summary bdi').first());
  assert.notEqual(await page.evaluate(() => window.getSelection()?.toString()), '');
  assert.equal(await isOpen(), before, 'a selection must open or close nothing');
  await page.evaluate(() => window.getSelection()?.removeAllRanges());
  await attempt.locator('summary .attempt-name').click();
  assert.notEqual(await isOpen(), before, 'a click does');

  await page.goto(`${service.url}/console/services`);
  const name = page.getByText('The second one');
  await dragOver(page, name);
  assert.match((await page.evaluate(() => window.getSelection()?.toString())) ?? '', /second one|The second/);
  assert.deepEqual(faults, []);
});

test('in forced colours the selection is still visible', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url, { forcedColors: 'active' });
  await page.goto(`${service.url}/console?range=day`);
  await signIn(page, service);
  await page.getByRole('button', { pressed: true }).first().waitFor();
  const outlineOf = (element: Locator) => element.evaluate((own) => getComputedStyle(own).outlineStyle);
  assert.equal(await outlineOf(page.getByRole('button', { pressed: true }).first()), 'solid');
  assert.equal(await outlineOf(page.getByRole('button', { pressed: false }).first()), 'none');
  assert.equal(await outlineOf(page.getByRole('navigation', { name: 'Pages' }).locator('[aria-current]')), 'solid');
  assert.deepEqual(faults, []);
});

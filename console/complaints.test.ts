/** Complaints about other consoles, tested on this one. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';

for (const [timezoneId, offset] of [
  ['Asia/Tashkent', '+05:00'],
  ['America/Los_Angeles', '-08:00'],
] as const) {
  test(`a time typed in ${timezoneId} is sent as that instant, and survives a reload`, async (t: TestContext) => {
    const service = await startTestService(t);
    const { page, faults } = await openBrowser(t, service.url, { timezoneId });
    await page.goto(`${service.url}/console/calls?from=2026-01-10T00:00:00.000Z`);
    await signIn(page, service);
    const instant = new Date(`2026-01-12T10:30:00${offset}`).toISOString();
    const asked = page.waitForRequest(
      (request) => new URL(request.url()).searchParams.get('from_date') === instant && /\/logs\?/.test(request.url()),
    );
    await page.getByLabel('From', { exact: true }).fill('2026-01-12T10:30:00');
    await asked;
    await page.reload();
    await page.getByLabel('From', { exact: true }).waitFor();
    assert.match(await page.getByLabel('From', { exact: true }).inputValue(), /^2026-01-12T10:30/);
    await page.getByText(timezoneId).first().waitFor();
    assert.deepEqual(faults, []);
  });
}

test('Back undoes one choice, a changed filter returns to the first page, and the filters survive a reload', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/calls?cursor=abc`);
  await signIn(page, service);
  await page.getByLabel('Status', { exact: true }).selectOption('error');
  await page.waitForURL(/status=error/);
  assert.equal(new URL(page.url()).searchParams.get('cursor'), null);
  await page.getByLabel('Operation', { exact: true }).selectOption('geocode');
  await page.goBack();
  await page.waitForURL((url) => !url.search.includes('operation'));
  assert.equal(new URL(page.url()).searchParams.get('status'), 'error');
  await page.reload();
  await page.getByRole('button', { name: /^Remove the filter Status error/ }).waitFor();
  await page.getByText('No call matches these filters.').waitFor();
  assert.deepEqual(faults, []);
});

test('single keys work in a Russian layout, and the browser’s shortcuts are untouched', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/calls`);
  await signIn(page, service);
  await page.getByRole('heading', { level: 1, name: 'Calls' }).waitFor();
  const press = (key: string, code: string, ctrlKey = false): Promise<boolean> =>
    page.evaluate(
      (init) => document.body.dispatchEvent(new KeyboardEvent('keydown', { ...init, bubbles: true, cancelable: true })),
      { key, code, ctrlKey },
    );
  for (const [key, code] of [
    ['c', 'KeyC'],
    ['g', 'KeyG'],
    ['л', 'KeyK'],
    ['/', 'Slash'],
  ] as const) {
    assert.ok(await press(key, code, true), `Ctrl+${key} belongs to the browser`);
  }
  await press('п', 'KeyG');
  await press('д', 'KeyL');
  await page.getByRole('heading', { level: 1, name: 'Limits' }).waitFor();
  // In that layout the key of `/` is a full stop, and with Shift a comma.
  await press('.', 'Slash');
  await page.waitForFunction(() => document.activeElement?.matches('input[type="search"]') === true);
  await page.evaluate(() =>
    document.body.dispatchEvent(
      new KeyboardEvent('keydown', { key: ',', code: 'Slash', shiftKey: true, bubbles: true }),
    ),
  );
  await page.getByRole('dialog', { name: 'Shortcuts' }).waitFor();
  assert.deepEqual(faults, []);
});

test('text is copied without the clipboard API, also inside a dialog, and a failure is reported', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.addInitScript(() => {
    Object.defineProperty(navigator, 'clipboard', { value: undefined });
    Object.assign(window, { copied: [], canCopy: true });
    document.execCommand = () => {
      const state = window as unknown as { copied: string[]; canCopy: boolean };
      const { activeElement } = document;
      if (activeElement instanceof HTMLTextAreaElement) state.copied.push(activeElement.value);
      return state.canCopy;
    };
  });
  await page.goto(`${service.url}/console/webhooks/new`);
  await signIn(page, service);
  await page.getByLabel('Name', { exact: true }).fill('copied');
  await page.getByRole('button', { name: 'Create webhook' }).click();
  const dialog = page.getByRole('dialog', { name: 'The webhook is ready' });
  await dialog.getByRole('button', { name: 'Copy' }).nth(1).click();
  await dialog.getByRole('status').filter({ hasText: 'Copied' }).waitFor();
  const secret = (await dialog.getByRole('region', { name: 'Secret', exact: true }).textContent())?.trim();
  assert.deepEqual(await page.evaluate(() => (window as unknown as { copied: string[] }).copied), [secret]);
  await page.evaluate(() => Object.assign(window, { canCopy: false }));
  await dialog.getByRole('button', { name: 'Copy' }).first().click();
  await dialog.getByRole('status').filter({ hasText: 'Could not copy' }).waitFor();
  assert.deepEqual(faults, []);
});

test('text in a row can be selected without opening it, and large numbers keep all their digits', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  const api = createServer((_request, reply) =>
    reply.setHeader('content-type', 'application/json').end('{"id":12345678901234567891,"rate":1.10}'),
  );
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  t.after(() => api.close());
  const base_url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  await service.admin('POST', '/services', { service_name: 'ids', service_type: 'api', base_url });
  await service.call('GET', '/proxy/ids/one');
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/calls?service_name=ids`);
  await signIn(page, service);
  const cell = page.getByRole('cell', { name: 'ids' }).first();
  const box = await cell.locator('bdi').boundingBox();
  assert.ok(box !== null);
  await page.mouse.move(box.x + 1, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width, box.y + box.height / 2, { steps: 4 });
  await page.mouse.up();
  assert.equal(new URL(page.url()).pathname, '/console/calls');
  await page.evaluate(() => window.getSelection()?.removeAllRanges());
  await cell.click();
  await page.getByRole('dialog', { name: /^Call / }).waitFor();
  await page.getByText('12345678901234567891').first().waitFor();
  const sender = await service.admin('POST', '/webhooks', {
    webhook_name: 'ids',
    signature_scheme: 'none',
    targets: [{ url: `${base_url}/a` }, { url: `${base_url}/b`, paused: true }],
  });
  const came = await fetch(`${service.url}${new URL(sender.json.webhook_url).pathname}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"type":"a","id":"1","chat":98765432109876543211}',
  });
  const { event_id: id } = (await came.json()) as { event_id: string };
  await page.goto(`${service.url}/console/webhooks/deliveries/${id}`);
  await page.getByText('98765432109876543211').first().waitFor();
  await page
    .getByRole('listitem')
    .filter({ hasText: `waiting ${base_url}/b` })
    .waitFor();
  assert.deepEqual(faults, []);
});

test('a stream is closed while its page is hidden, and opened again when it is visible, with the missed time named', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  let closed = 0;
  page.on('requestfailed', (request) => {
    if (request.url().includes('/events/stream')) closed += 1;
  });
  const opens = () => page.waitForRequest((request) => request.url().includes('/events/stream'));
  const show = (state: string) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'visibilityState', { value, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
  const first = opens();
  await page.goto(`${service.url}/console/events`);
  await signIn(page, service);
  await first;
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  assert.equal(await page.getByText('No events were received').count(), 0);
  const gone = page.waitForEvent('requestfailed');
  await show('hidden');
  await gone;
  assert.equal(closed, 1);
  const again = opens();
  await show('visible');
  await again;
  const missed = page.getByText(/^No events were received from .+ to .+: those of that time are missing here\.$/);
  await missed.waitFor();
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByRole('button', { name: 'Resume', exact: true }).click();
  await missed.nth(1).waitFor();
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await missed.first().waitFor({ state: 'detached' });
  assert.deepEqual(faults, []);
});

test('a failed part does not affect the rest of the page, and a busy service is asked less often', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page } = await openBrowser(t, service.url);
  await page.route('**/api/v1/budgets', (route) => route.fulfill({ json: { budgets: [null] } }));
  await page.goto(`${service.url}/console/costs`);
  await signIn(page, service);
  await page.getByText('This part of the page has failed').first().waitFor();
  await page.getByRole('figure', { name: 'Cost by day' }).waitFor();
  let count = 0;
  await page.route('**/api/v1/logs?*', (route) => {
    count += 1;
    return route.fulfill({
      status: 429,
      headers: { 'retry-after': '30' },
      contentType: 'application/problem+json',
      json: { status: 429, code: 'RATE_LIMIT_EXCEEDED', detail: 'Too many requests.' },
    });
  });
  await page.clock.install();
  await page.goto(`${service.url}/console/calls?live=1`);
  await page.getByText('The service asks to wait 30 s').waitFor();
  await page.clock.runFor(20_000);
  assert.equal(count, 1, 'it was asked before Retry-After had passed');
});

/** A new filter without its answer yet: the rows shown belong to the old filter, and are marked. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';
import { postDelivery, startWebhook } from '../test/support/webhooks.ts';

test('rows of the old filter are faint and busy until the new answer arrives', async (t: TestContext) => {
  const service = await startTestService(t);
  await service.geocode('Ташкент, улица Навои, 5');
  const hook = await startWebhook(service, { webhook_name: 'orders', signature_scheme: 'none' });
  await postDelivery(hook.url, '{"type":"a","id":"1"}', {});
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console`);
  await signIn(page, service);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();

  for (const [path, api, asked, label, chosen, after] of [
    ['/calls', 'logs', 'status', 'Status', 'timeout', 'No call matches these filters.'],
    ['/webhooks/deliveries', 'webhooks/events', 'status', 'Status', 'refused', 'No delivery matches these filters.'],
    ['/costs', 'costs', 'group_by', 'By', 'day', ''],
  ] as const) {
    let answer = (): void => undefined;
    const isAnswered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route(`**/api/v1/${api}?*`, async (route) => {
      if (new URL(route.request().url()).searchParams.get(asked) === chosen) await isAnswered;
      await route.continue();
    });
    await page.goto(`${service.url}/console${path}`);
    const row = page.locator('main tbody tr').first();
    await row.waitFor();
    assert.equal(await page.locator('main [aria-busy=true]').count(), 0);
    await page.getByLabel(label, { exact: true }).selectOption(chosen);
    const old = page.locator('main [aria-busy=true]');
    await old.locator('tbody tr').first().waitFor();
    const opacity = await old.evaluateAll((boxes) =>
      boxes.flatMap((box) => [...box.children]).map((part) => Number(getComputedStyle(part).opacity)),
    );
    assert.ok(opacity.length > 0 && opacity.every((value) => value < 0.6), `${path}: ${opacity.join()}`);
    await page.getByRole('status').filter({ hasText: 'Loading…' }).waitFor();
    answer();
    await old.waitFor({ state: 'detached' });
    if (after !== '') await page.getByText(after).waitFor();
    await page.unrouteAll();
  }
  assert.deepEqual(faults, []);
});

test('paused live rows are replaced by the answer to another filter', async (t: TestContext) => {
  const service = await startTestService(t);
  await service.geocode('Ташкент, улица Навои, 5');
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/calls?live=1&service_name=google_maps`);
  await signIn(page, service);
  const row = page.locator('main tbody tr').first();
  await row.hover();
  await page.locator('.live-line').filter({ hasText: 'Paused: the pointer is on the rows' }).waitFor();
  await page.getByLabel('Status', { exact: true }).focus();
  await page.keyboard.type('timeout');
  await page.waitForURL(/status=timeout/);
  await page.getByText('No call matches these filters.').waitFor();
  assert.deepEqual(faults, []);
});

test('an answer about other input goes as soon as the input changes', async (t: TestContext) => {
  const service = await startTestService(t);
  await service.geocode('Ташкент, улица Навои, 5');
  const hook = await startWebhook(service, { webhook_name: 'orders', signature_scheme: 'hmac_hex' });
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/limits`);
  await signIn(page, service);
  await page.getByRole('button', { name: 'Try', exact: true }).click();
  const preview = page.getByText(/calls? would be refused\.$/);
  await preview.waitFor();
  await page.getByLabel('Per minute', { exact: true }).fill('1');
  await preview.waitFor({ state: 'detached' });

  await page.goto(`${service.url}/console/webhooks/${hook.id}/signature`);
  await page.getByLabel('Body, byte for byte').fill('{}');
  await page.getByRole('button', { name: 'Explain', exact: true }).click();
  const verdict = page.locator('main form [role=status]');
  await verdict.waitFor();
  await page.getByLabel('Body, byte for byte').fill('{"a":1}');
  await verdict.waitFor({ state: 'detached' });
  assert.deepEqual(faults, []);
});

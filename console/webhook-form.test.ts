/** The webhook form with its further targets, filled in by keyboard. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';

test('targets are added, ordered and removed by keyboard, and errors are shown at their fields', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/webhooks/new`);
  await signIn(page, service);
  await page.getByLabel('Name', { exact: true }).fill('payments');
  const targets = page.getByRole('group', { name: 'Further targets' });
  const address = targets.getByLabel('Address', { exact: true });
  const add = targets.getByRole('button', { name: 'Add a target' });
  const addByKey = async (): Promise<void> => {
    await add.press('Enter');
    await page.waitForFunction(() => document.activeElement instanceof HTMLInputElement);
  };

  await addByKey();
  await page.keyboard.type('http://127.0.0.1:9/first');
  assert.equal(await address.first().inputValue(), 'http://127.0.0.1:9/first', 'the focus is not in the new target');
  await targets.getByLabel('Types for this target').fill('payment.created, payment.failed');
  await targets.getByRole('button', { name: 'Add a condition' }).press('Enter');
  await targets.getByLabel('Path').fill('data.amount');
  await targets.getByLabel('Check').selectOption('is one of');
  await targets.getByLabel('Values').fill('5, "5", paid, true');
  await targets.getByLabel('Headers for this target').fill('X-Key: abc');
  await addByKey();
  await page.keyboard.type('ftp://second.example');
  await page.getByRole('button', { name: 'Create webhook' }).press('Enter');
  await address.nth(1).and(page.locator('[aria-invalid=true]')).waitFor();
  assert.equal(await address.first().getAttribute('aria-invalid'), null, 'the first address is valid');

  await address.nth(1).fill('http://127.0.0.1:9/second');
  const up = targets.getByRole('button', { name: 'Move target 2 up' });
  await up.press('Enter');
  await targets.getByText('Target 2 is now target 1.').waitFor();
  assert.equal(await address.first().inputValue(), 'http://127.0.0.1:9/second');
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Move target 1 down');
  await addByKey();
  await page.keyboard.type('http://127.0.0.1:9/third');
  await targets.getByRole('button', { name: 'Remove target 3' }).press('Enter');
  await page.waitForFunction(() => document.activeElement?.textContent === 'Add a target');

  const yaml = (await page.getByRole('region', { name: 'As YAML' }).textContent()) ?? '';
  assert.match(yaml, /targets:\n *- url: "http:\/\/127\.0\.0\.1:9\/second"/);
  const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/webhooks'));
  await page.getByRole('button', { name: 'Create webhook' }).press('Enter');
  const body = (await sent).postDataJSON() as { targets: unknown[] };
  assert.deepEqual(body.targets[1], {
    url: 'http://127.0.0.1:9/first',
    event_types: ['payment.created', 'payment.failed'],
    conditions: [{ path: 'data.amount', in: [5, '5', 'paid', true] }],
    headers: { 'X-Key': 'abc' },
    ordered: false,
    paused: false,
  });
  const dialog = page.getByRole('dialog', { name: 'The webhook is ready' });
  await dialog.getByText('Secret that signs deliveries to http://127.0.0.1:9/first').waitFor();
  await dialog.getByLabel('I have saved the secret').check();
  await dialog.getByRole('button', { name: 'Done' }).click();

  const row = page.getByRole('row', { name: /9\/first/ });
  await row.getByRole('button', { name: 'Pause http://127.0.0.1:9/first' }).press('Enter');
  await row.getByRole('button', { name: 'Resume http://127.0.0.1:9/first' }).waitFor();
  assert.match((await row.textContent()) ?? '', /1 condition/);
  assert.deepEqual(faults, []);
});

test('a form keeps its edits while deliveries arrive, sends only changes, and shows a colleague’s changes', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  const target = {
    url: 'http://127.0.0.1:9/a',
    event_types: ['a.*'],
    conditions: [{ path: 'kind', exists: true, equals: 'x' }],
    headers: { 'x-key': 'abc' },
    max_attempts: 3,
  };
  const { json } = await service.admin('POST', '/webhooks', {
    webhook_name: 'orders',
    signature_scheme: 'none',
    targets: [target],
  });
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/webhooks/${json.id}/settings`);
  await signIn(page, service);
  const save = page.getByRole('button', { name: 'Save' });
  await save.waitFor();
  assert.ok(await save.isDisabled(), 'Save is enabled without a change');

  await page.getByLabel('Send on to').fill('http://127.0.0.1:9/own');
  await page.getByRole('button', { name: 'Send a test' }).click();
  await page.getByText('A test delivery went through every step.').waitFor();
  await page.waitForLoadState('networkidle');
  assert.equal(await page.getByLabel('Send on to').inputValue(), 'http://127.0.0.1:9/own');

  await service.admin('PATCH', `/webhooks/${json.id}`, { tolerance_seconds: 60 });
  const sent = page.waitForRequest((request) => request.method() === 'PATCH');
  await save.click();
  assert.deepEqual((await sent).postDataJSON(), { target_url: 'http://127.0.0.1:9/own' });
  await page.getByText('It was changed meanwhile.').waitFor();
  await page.getByRole('button', { name: 'Load the current state' }).click();
  await page.getByText('It was changed meanwhile.').waitFor({ state: 'hidden' });
  await page.getByLabel('Maximum attempts').fill('4');
  const again = page.waitForRequest((request) => request.method() === 'PATCH');
  await save.click();
  const { targets } = (await again).postDataJSON() as { targets: Record<string, unknown>[] };
  assert.equal(targets[0]?.max_attempts, 4);
  await page.getByText('Saved.').waitFor();
  const after = await service.admin('GET', `/webhooks/${json.id}`);
  assert.deepEqual(after.json.targets[0].conditions, [
    { path: 'kind', exists: true },
    { path: 'kind', equals: 'x' },
  ]);
  assert.deepEqual(Object.keys(after.json.targets[0].headers), ['x-key'], 'an unchanged header must stay');
  assert.equal(after.json.targets[0].max_attempts, 4);
  assert.deepEqual(faults, []);
});

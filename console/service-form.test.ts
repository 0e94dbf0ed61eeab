/** The service form: known members of the configuration as fields, all others kept. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openServiceForm } from '../test/support/console.ts';
import {
  authsOf,
  formatPrice,
  formatTexts,
  mergePatch,
  parsePrice,
  parseTexts,
  withAuths,
} from './src/pages/services/config-members.ts';

test('a patch names changes at any depth, and sets removed members to null', () => {
  const before = { a: 1, headers: { x: '1', y: '2' }, auth: { in: 'basic' }, regions: [{ country: 'UZ' }] };
  assert.deepEqual(mergePatch(before, before), {});
  assert.deepEqual(mergePatch(before, { ...before, headers: { y: '3' } }), { headers: { x: null, y: '3' } });
  assert.deepEqual(mergePatch(before, { a: 1, auth: [{ in: 'basic' }] }), {
    headers: null,
    regions: null,
    auth: [{ in: 'basic' }],
  });
  assert.deepEqual(mergePatch({ auth: [{ in: 'a' }] }, { auth: { in: 'a' } }), { auth: { in: 'a' } });
});

test('field texts convert to the configuration and back', () => {
  for (const value of [{ a: 'x: y', b: '' }, { 'X-Key': '[masked]' }])
    assert.deepEqual(parseTexts(formatTexts(value)), value);
  for (const value of [0.005, 0, { geocode: 0.005, reverse: 0 }])
    assert.deepEqual(parsePrice(formatPrice(value)), value);
  assert.equal(parsePrice('a lot'), 'a lot', 'the service reports the error');
  assert.equal(parsePrice(' '), undefined);
  const one = { auth: { in: 'header', name: 'A' } };
  assert.deepEqual(withAuths(one, authsOf(one)), one, 'a single value without a list stays so');
  assert.deepEqual(withAuths({ auth: [{ in: 'basic' }] }, []), {});
});

test('every known member has a field, unknown members are kept, and an error is shown at its field', async (t: TestContext) => {
  const config = {
    idle_timeout_seconds: 20,
    auth: { in: 'header', name: 'X-Key' },
    headers: { 'X-Account': '1', 'X-Pin': 'secret pin' },
    secret_headers: ['X-Pin'],
    breaker: { failures_in_a_row: 4, open_seconds: 9 },
  };
  const { service, id, page, faults } = await openServiceForm(t, { api_key: 'key', config });
  const save = page.getByRole('button', { name: 'Save' });
  await save.waitFor();
  assert.ok(await save.isDisabled(), 'Save is enabled without a change');

  const headers = page.getByLabel('Headers of every request');
  assert.ok(!(await headers.inputValue()).includes('secret pin'));
  await headers.fill((await headers.inputValue()).replace(/^.*Account.*$/im, 'X-Trace: on'));
  await page.getByLabel('Time-out, seconds').fill('2.5');
  await page.getByLabel('Maximum retries').fill('1');
  await page.getByLabel('Breaker: open for, seconds').fill('');
  await page.getByLabel('Cache answers for, seconds').fill('60');
  await page.getByLabel('Price of a request, USD').fill('http: 0.002');
  await page.getByRole('button', { name: 'Add authentication' }).press('Enter');
  await page.getByLabel('Authentication', { exact: true }).nth(1).selectOption('OAuth 2 client credentials');
  await page.getByLabel('Token URL').fill('nowhere');
  await save.press('Enter');
  await page.locator('[aria-invalid=true]').and(page.getByLabel('Token URL')).waitFor();

  await page.getByLabel('Authentication', { exact: true }).nth(1).selectOption('signed by a template (HMAC)');
  await page.getByLabel('Name of the header or parameter').nth(1).fill('X-Sign');
  await page.getByLabel('What is signed').fill('{time}{body}');
  await save.press('Enter');
  await page.locator('[aria-invalid=true]').and(page.getByLabel('What is signed')).waitFor();
  await page.getByLabel('What is signed').fill('{timestamp}{body}');
  await page.getByLabel('Breaker: open for, seconds').fill('12');
  await page.getByRole('region', { name: 'As YAML' }).getByText('X-Trace').waitFor();
  const sent = page.waitForRequest((request) => request.method() === 'PATCH');
  await save.press('Enter');
  const patch = (await sent).postDataJSON() as { config: Record<string, Record<string, unknown>> };
  assert.deepEqual(Object.keys(patch), ['config'], 'unchanged members were sent');
  assert.ok(!('secret_headers' in patch.config) && !('idle_timeout_seconds' in patch.config));
  assert.deepEqual(patch.config.breaker, { open_seconds: 12 });
  await page.getByText('Saved.').waitFor();

  const after = (await service.admin('GET', `/services/${id}`)).json.config;
  assert.equal(after.idle_timeout_seconds, 20);
  assert.equal(after.timeout_seconds, 2.5);
  assert.equal(after.max_retries, 1);
  assert.equal(after.cache_ttl_seconds, 60);
  assert.deepEqual(after.breaker, { failures_in_a_row: 4, open_seconds: 12 });
  assert.deepEqual(after.cost_per_request, { http: 0.002 });
  assert.deepEqual(after.auth, [
    { in: 'header', name: 'X-Key' },
    { type: 'hmac', in: 'header', name: 'X-Sign', template: '{timestamp}{body}' },
  ]);
  assert.deepEqual(
    Object.keys(after.headers)
      .map((name) => name.toLowerCase())
      .sort(),
    ['x-pin', 'x-trace'],
  );

  await page.getByRole('link', { name: 'History' }).click();
  await page.getByText('test-admin').first().waitFor();
  await page.getByText('changed').first().waitFor();
  assert.deepEqual(faults, []);
});

test('typed text stays while the service is tested', async (t: TestContext) => {
  const { page, faults } = await openServiceForm(t);
  await page.getByLabel('Description').fill('half a sentence');
  await page.getByRole('button', { name: 'Test', exact: true }).click();
  await page.getByText(/^crm (answered within|failed the check)/).waitFor();
  await page.waitForLoadState('networkidle');
  assert.equal(await page.getByLabel('Description').inputValue(), 'half a sentence');
  assert.deepEqual(faults, []);
});

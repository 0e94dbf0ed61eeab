/** The overview in a browser: what changed against the span before, by whom the configuration was, and how each service does. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';

test('the overview compares with the span before, names who changed what, and counts the calls of each service', async (t: TestContext) => {
  const service = await startTestService(t);
  await service.admin('POST', '/services', {
    service_name: 'meters',
    service_type: 'api',
    base_url: 'https://meters.example.com',
  });
  for (const house of [1, 2, 3]) await service.geocode(`Ташкент, улица Навои, ${house}`);
  // Two calls in the hour before.
  await service.database.db.querySystem({
    text: `insert into usage_series (management_company_id, step, bucket_start, service_name, operation, request_count)
           values ($1, 'minute', date_trunc('minute', now() - interval '90 minutes'), 'google_maps', 'geocode', 2)`,
    values: [service.tenant],
  });
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console`);
  await signIn(page, service);

  const tile = page.locator('.tile').filter({ hasText: /^Calls/ });
  await tile.getByText('+50%').waitFor();
  assert.match((await tile.textContent()) ?? '', /^Calls3/);
  await page.locator('.tile').filter({ hasText: 'Webhooks' }).getByText('nothing before').waitFor();

  const changed = page.getByRole('region', { name: 'Changed lately' });
  await changed.getByRole('link', { name: 'meters' }).waitFor();
  await changed.getByText('test-admin').waitFor();
  await page.getByText('Dashed line: the configuration was changed.').waitFor();

  const google = page.locator('.chain li').filter({ hasText: 'Google Maps' });
  await google.getByRole('link', { name: '3 calls in 24 h' }).waitFor();
  await page.locator('.chain li').filter({ hasText: 'meters' }).getByText('not asked in 24 h').waitFor();
  await changed.getByRole('link', { name: 'meters' }).click();
  await page.getByRole('heading', { level: 1, name: 'Services' }).waitFor();
  assert.deepEqual(faults, []);
});

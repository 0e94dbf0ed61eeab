/** The cache page: the effect of an invalidation is shown before it is done. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';

test('a pattern shows how many cached answers match and what refilling them costs, and so does the dialog', async (t: TestContext) => {
  const service = await startTestService(t);
  for (const house of [1, 2]) await service.geocode(`Ташкент, улица Навои, ${house}`);
  await service.geocode('Ташкент, улица Навои, 1');
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/cache`);
  await signIn(page, service);
  const day = '33.3% hits of 3 requests';
  await page.locator('.tile').filter({ hasText: 'Last 24 hours' }).getByText(day).waitFor();
  await page
    .getByRole('row', { name: /google_maps/ })
    .getByText(day)
    .first()
    .waitFor();
  const misses = page.getByRole('row', { name: /google_maps/ }).getByRole('link', { name: '2 misses: see the calls' });
  await misses.click();
  await page.getByRole('heading', { level: 1, name: 'Calls' }).waitFor();
  await page.getByRole('button', { name: 'Remove the filter Cache misses' }).waitFor();
  await page.getByText('2 shown').waitFor();
  await page.goBack();
  await page.getByLabel('Pattern', { exact: true }).fill('google_maps:geocode:*');
  await page.getByText('2 cached answers match; refilling costs about $0.01').waitFor();
  await page.getByRole('button', { name: 'Invalidate 2', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Invalidate google_maps:geocode:*?' });
  await dialog
    .getByText('2 cached answers will be dropped. Fetching each of them again would cost about $0.01.')
    .waitFor();
  await dialog.getByRole('button', { name: 'Invalidate 2', exact: true }).click();
  await page.getByText('2 answers were dropped.').waitFor();
  assert.deepEqual(faults, []);
});

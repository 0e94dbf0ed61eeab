/** A page that is left open and loads nothing: its times stay true. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';

const dayMs = 86_400_000;

test('on a page left open overnight, times of yesterday get their date and what is left grows less', async (t: TestContext) => {
  const service = await startTestService(t);
  await service.admin('POST', '/tokens', {
    name: 'crm',
    scopes: ['geocoding'],
    expires_at: new Date(Date.now() + 30 * dayMs - 60_000).toISOString(),
  });
  const { page, faults } = await openBrowser(t, service.url);
  await page.clock.install();
  await page.goto(`${service.url}/console/tokens`);
  await signIn(page, service);
  const since = page.getByRole('region', { name: 'Signed in to this console' }).locator('tbody time').first();
  await page.getByText('in 30 days').waitFor();
  assert.match((await since.textContent()) ?? '', /^\d\d:\d\d:\d\d$/);
  await page.clock.fastForward(dayMs);
  await page.getByText('in 29 days').waitFor();
  assert.match((await since.textContent()) ?? '', /^\d{1,2} \w+, \d\d:\d\d:\d\d$/);
  assert.deepEqual(faults, []);
});

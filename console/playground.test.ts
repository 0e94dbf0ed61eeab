/** The Playground shows the cost of a call as the service counts it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';

test('a provider’s answer shows its cost, a cached one costs nothing, and a refused one shows none', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/playground?address=${encodeURIComponent('Ташкент, улица Навои, 5')}`);
  await signIn(page, service);
  const answer = page.getByRole('region', { name: 'Answers' }).getByRole('row').nth(1);
  const ask = page.getByRole('button', { name: 'Ask', exact: true });
  await ask.click();
  await answer.getByRole('cell', { name: '$0.005', exact: true }).waitFor();
  await ask.click();
  await answer.getByRole('cell', { name: '$0.00', exact: true }).waitFor();

  await page.goto(`${service.url}/console/playground/distance`);
  await page.getByLabel('From', { exact: true }).fill('41.311, 69.279');
  await page.getByLabel('To', { exact: true }).fill('39.654, 66.959');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await page.getByText(/Cost: (\$|–)/).waitFor();
  assert.deepEqual(faults, []);
});

/** On a wide screen a call stands beside the list, which goes on being a list; on a narrower one it lies over it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';

test('a call stands beside the list: another row is opened from it, Escape closes it from either side, and its address is the same', async (t: TestContext) => {
  const service = await startTestService(t);
  for (const house of [1, 2, 3]) await service.geocode(`Ташкент, улица Навои, ${house}`);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/calls`);
  await signIn(page, service);
  const sheet = page.getByRole('dialog', { name: /^Call / });
  const links = page.locator('main tbody .row-link');
  const rows = page.locator('main > :not(dialog) tbody tr');
  const idOf = async (row: number): Promise<string> =>
    decodeURIComponent((await links.nth(row).getAttribute('href'))?.split('/calls/')[1] ?? '');

  await links.nth(0).click();
  await sheet.waitFor();
  const [list, beside] = [await rows.nth(0).boundingBox(), await sheet.boundingBox()];
  assert.ok(list !== null && beside !== null && list.x + list.width <= beside.x, 'neither covers the other');
  assert.ok(beside.width >= 420, `${beside.width}`);
  assert.ok(await sheet.evaluate((own) => own.contains(document.activeElement)), 'the focus goes into the sheet');

  const second = await idOf(1);
  await links.nth(1).click();
  await page.getByRole('dialog', { name: `Call ${second}` }).waitFor();
  assert.equal(await sheet.count(), 1);
  assert.equal(await rows.nth(1).getAttribute('aria-current'), 'true');
  const address = page.url();
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached' });
  assert.ok(await links.nth(1).evaluate((own) => own === document.activeElement), 'the focus comes back to the row');

  await page.goto(address);
  await page.getByRole('dialog', { name: `Call ${second}` }).waitFor();
  await links.nth(2).focus();
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached' });
  assert.ok(await links.nth(2).evaluate((own) => own === document.activeElement), 'nor is it taken from another row');

  await page.setViewportSize({ width: 1_024, height: 900 });
  await page.goto(address);
  await sheet.waitFor();
  assert.ok(await sheet.evaluate((own) => own.matches(':modal')));
  await page.setViewportSize({ width: 1_400, height: 900 });
  await page.waitForFunction(() => document.querySelector('dialog[open]:not(:modal)') !== null);
  assert.deepEqual(faults, []);
});

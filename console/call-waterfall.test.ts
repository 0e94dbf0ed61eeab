/** One call's page in Chromium: its steps as text and bars, two calls on one axis, checked by axe-core. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openBrowser } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';
import { homeAddress, startVendors } from '../test/support/vendors.ts';

const axePath = join(import.meta.dirname, '../node_modules/axe-core/axe.min.js');
const folder = process.env.CONSOLE_SCREENSHOTS;

test('the steps of a call are a list, in both languages, beside those of another call', async (t) => {
  const vendors = await startVendors(t);
  const service = await startTestService(t, { ...vendors.env, REQUEST_MAX_RETRIES: '1' });
  const ask = (requestId: string, number: number) =>
    service.call('POST', '/geocoding/geocode', { address: homeAddress(number) }, { 'x-request-id': requestId });
  await ask('plain', 1);
  vendors.control.fail({ vendor: 'google_maps', mode: '503' });
  await ask('failed-over', 2);
  const axe = await readFile(axePath, 'utf8');
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console#code=${service.service.makeConsoleCode()}`);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();

  for (const [language, theme, width] of [
    ['en', 'light', 1_280],
    ['ru', 'dark', 360],
  ] as const) {
    await page.setViewportSize({ width, height: 900 });
    await page.evaluate(
      (chosen) => {
        for (const [name, value] of Object.entries(chosen)) localStorage.setItem(`console.${name}`, value);
      },
      { language, theme },
    );
    await page.goto(`${service.url}/console/calls/failed-over?compare=plain`);
    const title = language === 'en' ? 'Step by step' : 'По шагам';
    const attempt = language === 'en' ? 'google_maps, attempt 2' : 'google_maps, попытка 2';
    const sections = page.getByRole('region', { name: title });
    await sections.nth(1).getByRole('listitem').first().waitFor();
    const [steps, others] = [sections.nth(0).getByRole('listitem'), sections.nth(1).getByRole('listitem')];
    assert.equal(await steps.filter({ hasText: attempt }).filter({ hasText: 'HTTP 503' }).count(), 1);
    assert.equal(await steps.filter({ hasText: 'yandex_maps' }).filter({ hasText: 'HTTP 200' }).count(), 1);
    assert.equal(await others.filter({ hasText: attempt }).count(), 0);
    await page.waitForFunction(() => {
      const [one, other] = [...document.querySelectorAll('.time-scale')].map((scale) => scale.textContent);
      return one !== undefined && one === other;
    });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `${overflow} px beyond the screen at ${width}`);
    await page.evaluate(axe);
    const found = await page.evaluate(async () => {
      const { axe } = window as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: unknown[] }[] }> };
      };
      return (await axe.run()).violations.map(({ id, nodes }) => `${id} ${JSON.stringify(nodes)}`);
    });
    assert.deepEqual(found, []);
    if (folder !== undefined) {
      await sections.nth(0).screenshot({ path: join(folder, `waterfall-${language}-${theme}-${width}.png`) });
    }
  }
  assert.deepEqual(faults, []);
});

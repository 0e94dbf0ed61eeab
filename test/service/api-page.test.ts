/** The API page in a real browser, without any network except the service. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { findTestBrowser } from '../../scripts/test-browser.ts';
import { startTestService } from '../support/service.ts';

test('/docs shows the operations, and loads nothing from another host', async (t) => {
  const browserPath = findTestBrowser();
  assert.ok(browserPath !== null, 'no browser: npm test installs one');
  const app = await startTestService(t);
  const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const elsewhere: string[] = [];
  const faults: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(app.url) && !/^(data|blob):/.test(request.url())) elsewhere.push(request.url());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(`${app.url}/docs`);
  await page.getByText('The place of an address').first().waitFor();
  assert.equal(await page.evaluate('window.origin'), 'null', 'an origin of its own, not the console’s');
  const policy = (await fetch(`${app.url}/docs`)).headers.get('content-security-policy') ?? '';
  assert.match(policy, /^sandbox allow-scripts/);
  assert.doesNotMatch(policy, /allow-same-origin|script-src[^;]*unsafe-inline/);
  assert.deepEqual(elsewhere, []);
  assert.deepEqual(faults, []);
  const file = process.env.API_PAGE_SCREENSHOT;
  if (file !== undefined) await page.screenshot({ path: file });
});

/** The console in a real browser: script errors, blocked content and requests to other hosts count as faults. */
import assert from 'node:assert/strict';
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findTestBrowser } from '../../scripts/test-browser.ts';
import type { Cleanup } from './cleanup.ts';
import type { TestService } from './service.ts';

export interface WatchedPage {
  readonly page: Page;
  /** Empty if there are no faults. */
  readonly faults: string[];
}

export async function openBrowser(
  t: Cleanup,
  url: string,
  options: BrowserContextOptions = {},
  flags: readonly string[] = [],
): Promise<WatchedPage> {
  const executablePath = findTestBrowser();
  assert.ok(executablePath !== null, 'Chromium is needed: npm test installs it');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', ...flags] });
  t.after(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 }, locale: 'en-US', ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // The browser itself reports each refused request, which the pages show.
    if (message.type() === 'error' && !/status of (4\d\d|50[234])/.test(message.text())) faults.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url())) faults.push(request.url());
  });
  return { page, faults };
}

export async function signIn(
  page: Page,
  { tenant, adminToken }: Pick<TestService, 'tenant' | 'adminToken'>,
): Promise<void> {
  await page.getByLabel('Tenant', { exact: true }).fill(tenant);
  await page.getByLabel('Token', { exact: true }).fill(adminToken);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

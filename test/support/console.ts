/** The console in a real browser: script errors, blocked content and requests to other hosts count as faults. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findTestBrowser } from '../../scripts/test-browser.ts';
import type { Cleanup } from './cleanup.ts';
import { startTestService, type TestService } from './service.ts';

export interface WatchedPage {
  readonly page: Page;
  /** Empty if there are no faults. */
  readonly faults: string[];
}

/** The runner says so in each file's process; other programs have no end of a file at which to close a browser. */
const isTestFile = process.env.NODE_TEST_CONTEXT !== undefined;
/** One browser for the tests of a file: each has its own context, and a start takes a second. */
let sharedBrowser: Promise<Browser> | undefined;
if (isTestFile) after(async () => (await sharedBrowser)?.close());

function launch(flags: readonly string[]): Promise<Browser> {
  const executablePath = findTestBrowser();
  assert.ok(executablePath !== null, 'Chromium is needed: npm test installs it');
  return chromium.launch({ executablePath, args: ['--no-sandbox', ...flags] });
}

export async function openBrowser(
  t: Cleanup,
  url: string,
  options: BrowserContextOptions = {},
  flags: readonly string[] = [],
): Promise<WatchedPage> {
  const isShared = isTestFile && flags.length === 0;
  if (isShared) sharedBrowser ??= launch([]);
  const browser = await ((isShared && sharedBrowser) || launch(flags));
  if (!isShared) t.after(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 }, locale: 'en-US', ...options });
  t.after(() => context.close());
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

/** Signed in, at the settings of a new service `crm`. `members`: beside its name, type and base URL. */
export async function openServiceForm(
  t: Cleanup,
  members: Readonly<Record<string, unknown>> = {},
): Promise<WatchedPage & { readonly service: TestService; readonly id: string }> {
  const service = await startTestService(t);
  const { json } = await service.admin('POST', '/services', {
    service_name: 'crm',
    service_type: 'api',
    base_url: 'https://example.org',
    ...members,
  });
  const watched = await openBrowser(t, service.url);
  await watched.page.goto(`${service.url}/console/services/${json.id}/settings`);
  await signIn(watched.page, service);
  return { ...watched, service, id: json.id };
}

export async function signIn(
  page: Page,
  { tenant, adminToken }: Pick<TestService, 'tenant' | 'adminToken'>,
): Promise<void> {
  await page.getByLabel('Tenant', { exact: true }).fill(tenant);
  await page.getByLabel('Token', { exact: true }).fill(adminToken);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

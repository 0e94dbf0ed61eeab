/**
 * The screenshots of the README, from a scripted day on a service of its own.
 *
 *   npm run screenshots
 *
 * Fills two days of counts, lives through the day, and writes `docs/screenshots/*.png`.
 */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { chromium, type Page } from 'playwright-core';
import { migrate } from '../src/storage/postgres/migrate.ts';
import type { Cleanup } from '../test/support/cleanup.ts';
import type { TestService } from '../test/support/service.ts';
import { buildConsole } from './build-console.ts';
import { fillDay } from './fill-day.ts';
import { ensureTestBrowser } from './test-browser.ts';
import { ensureTestServices } from './test-services.ts';

const folder = join(import.meta.dirname, '../docs/screenshots');
const tenant = 'uk_company_1';
const viewport = { width: 1_280, height: 860 };

await buildConsole();
await mkdir(folder, { recursive: true });
const cleanups: (() => unknown)[] = [];
const later: Cleanup = { after: (cleanup) => void cleanups.push(cleanup as () => unknown) };
const say = (line: string): void => console.log(line);
try {
  const servers = await ensureTestServices(say);
  Object.assign(process.env, servers.env);
  cleanups.push(() => servers.close());
  const service = await startDay();
  const { liveThroughDay } = await import('../test/support/console-day.ts');
  const day = await liveThroughDay(later, service);
  const month = new Date().toISOString().slice(0, 7);
  const { json: costs } = await service.admin('GET', `/costs?group_by=service&from_date=${month}-01`);
  const { total_cost: spent } = costs.rows.find((row: { service: string }) => row.service === 'google_maps');
  await service.admin('PUT', '/budgets/*', { monthly_limit_usd: Math.round(spent * 3), action: 'alert' });
  await service.admin('PUT', '/budgets/google_maps', { monthly_limit_usd: Math.round(spent / 0.88), action: 'alert' });
  const browser = await chromium.launch({
    executablePath: ensureTestBrowser(say),
    args: ['--no-sandbox'],
  });
  cleanups.push(() => browser.close());
  const context = await browser.newContext({
    viewport,
    deviceScaleFactor: 1.5,
    locale: 'en-GB',
    timezoneId: 'Asia/Tashkent',
  });
  const page = await context.newPage();
  await page.goto(`${service.url}/console#code=${service.service.makeConsoleCode()}`);
  await page.locator('main h1').waitFor();

  // How busy the machine is that draws them is no part of the day.
  await page.route('**/api/v1/problems', async (route) => {
    const reply = await route.fetch();
    const problems = (await reply.json()) as { kind: string }[];
    await route.fulfill({ json: problems.filter(({ kind }) => !kind.includes('stall')) });
  });
  await page.setViewportSize({ ...viewport, height: 1_000 });
  await page.goto(`${service.url}/console?range=day`);
  await page.getByText('nearly spent').waitFor();
  await shoot(page, 'overview');
  await page.setViewportSize(viewport);
  await page.goto(`${service.url}/console/calls/${day.requestId}`);
  await shoot(page, 'call');
  await page.evaluate(() => {
    localStorage.setItem('console.theme', 'dark');
    localStorage.setItem('console.language', 'ru');
  });
  await page.goto(
    `${service.url}/console/playground?address=${encodeURIComponent('Ташкент, улица Навои, 5')}&providers=google_maps,yandex_maps`,
  );
  await page.locator('form button[type=submit]').click();
  await page.locator('main td a').first().waitFor();
  await shoot(page, 'playground');
} finally {
  for (const cleanup of cleanups.reverse()) await cleanup();
}

async function startDay(): Promise<TestService> {
  // These read the addresses of the servers when they are loaded.
  const { openTestDatabase, startEmptyDatabase } = await import('../test/support/database.ts');
  const { startTestReplica } = await import('../test/support/service.ts');
  const url = await startEmptyDatabase(later);
  await migrate({ url, logger: pino({ level: 'silent' }) });
  const database = openTestDatabase(later, url);
  await fillDay(database.db, tenant, Date.now());
  const first = { database, tenant, token: `token-${randomUUID()}` };
  return startTestReplica(later, first, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.locator('main h1').waitFor();
  await page
    .getByText(/Loading…|Загрузка…/)
    .first()
    .waitFor({ state: 'detached' });
  await page.screenshot({ path: join(folder, `${name}.png`) });
  console.log(`docs/screenshots/${name}.png`);
}

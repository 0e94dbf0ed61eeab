/**
 * Takes the README's screenshots of a scripted day.
 *
 *   npm run screenshots
 *
 * Starts a service with embedded stores in its own folder, replays the day, and writes `docs/screenshots/*.png`.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { chromium, type Page } from 'playwright-core';
import { startService } from '../src/composition/start.ts';
import { parseConfig } from '../src/config/config.ts';
import { createLogger } from '../src/logger.ts';
import { liveThroughDay } from '../test/support/console-day.ts';
import { readReply, type TestService } from '../test/support/service.ts';
import { buildConsole } from './build-console.ts';
import { ensureTestBrowser } from './test-browser.ts';

const folder = join(import.meta.dirname, '../docs/screenshots');
const tenant = 'uk_company_1';
const token = 'the-service-token-of-a-scripted-day';
const jwtSecret = 'the secret that a scripted day signs with';
const viewport = { width: 1_280, height: 860 };

await buildConsole();
await mkdir(folder, { recursive: true });
const dataDir = await mkdtemp(join(tmpdir(), 'integration-service-day-'));
const cleanups: (() => unknown)[] = [];
try {
  const service = await startDay();
  const day = await liveThroughDay({ after: (cleanup) => void cleanups.push(cleanup as () => unknown) }, service);
  const browser = await chromium.launch({
    executablePath: ensureTestBrowser((line) => console.log(line)),
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

  await page.goto(`${service.url}/console`);
  await shoot(page, 'overview');
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
  await rm(dataDir, { recursive: true, force: true });
}

async function startDay(): Promise<TestService> {
  const config = parseConfig({
    PORT: '0',
    HOST: '127.0.0.1',
    DATA_DIR: dataDir,
    MANAGEMENT_COMPANY_ID: tenant,
    SERVICE_TOKENS: `day:${token}`,
    JWT_SECRET: jwtSecret,
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
    LOG_LEVEL: 'ERROR',
  });
  const service = await startService(config, createLogger('error'));
  cleanups.push(() => service.close());
  const adminToken = await new SignJWT({ sub: 'operator', tenants: '*', scope: 'admin' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(jwtSecret));
  const call: TestService['call'] = async (method, path, body, headers = {}) =>
    readReply(
      await fetch(`${service.url}/api/v1${path}`, {
        method,
        headers: {
          'x-management-company-id': tenant,
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  const admin: TestService['admin'] = (method, path, body, headers = {}) =>
    call(method, path, body, { authorization: `Bearer ${adminToken}`, ...headers });
  return { service, url: service.url, tenant, call, admin } as TestService;
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

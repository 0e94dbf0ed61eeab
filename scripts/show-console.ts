/**
 * Records a new user's first run: a picture with a caption of each step (`docs/first-run.md`), and a video.
 *
 *   npm run show-console
 *
 * Starts a fresh service. The video (`.data/first-run/`) needs Playwright's ffmpeg (`npx playwright-core install ffmpeg`);
 * without it a message says that there is no video.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { startService } from '../src/composition/start.ts';
import { parseConfig } from '../src/config/config.ts';
import { createLogger } from '../src/logger.ts';
import { walkFirstRun } from '../test/support/first-run.ts';
import { buildConsole } from './build-console.ts';
import { ensureTestBrowser } from './test-browser.ts';

const root = join(import.meta.dirname, '..');
const pictures = 'docs/screenshots/first-run';
const videos = '.data/first-run';
const viewport = { width: 1_120, height: 720 };
const mostPictureBytes = 60 * 1024;

const cleanups: (() => unknown)[] = [];
try {
  await buildConsole();
  const dataDir = await mkdtemp(join(tmpdir(), 'integration-service-first-run-'));
  cleanups.push(() => rm(dataDir, { recursive: true, force: true }));
  const config = parseConfig({
    PORT: String(await findFreePort()),
    HOST: '127.0.0.1',
    DATA_DIR: dataDir,
    MANAGEMENT_COMPANY_ID: 'uk_company_1',
    LOG_LEVEL: 'ERROR',
  });
  const service = await startService(config, createLogger('error'));
  cleanups.push(() => service.close());
  const browser = await chromium.launch({
    executablePath: ensureTestBrowser((line) => console.log(line)),
    args: ['--no-sandbox'],
  });
  cleanups.push(() => browser.close());
  const { context, page } = await openRecorded(browser);
  page.setDefaultTimeout(120_000);
  await mkdir(join(root, pictures), { recursive: true });
  const lines: string[] = [];
  await walkFirstRun({
    page,
    url: service.url,
    link: `${service.url}/console#code=${service.makeConsoleCode()}`,
    async seen(caption) {
      const number = lines.length + 1;
      const name = `${pictures}/${number}.jpg`;
      await writeFile(join(root, name), await takePicture(page));
      lines.push(`${number}. ${caption}\n\n   ![Step ${number}](${name.replace('docs/', '')})`);
      console.log(`${name}: ${caption}`);
    },
  });
  await writeFile(join(root, 'docs/first-run.md'), documentOf(lines));
  const video = page.video();
  await context.close();
  if (video !== null) console.log(await video.path());
} finally {
  for (const cleanup of cleanups.reverse()) await cleanup();
}

async function openRecorded(browser: Browser): Promise<{ context: BrowserContext; page: Page }> {
  const shape = { viewport, locale: 'en-GB', timezoneId: 'Asia/Tashkent', reducedMotion: 'reduce' } as const;
  const recorded = await browser.newContext({ ...shape, recordVideo: { dir: join(root, videos), size: viewport } });
  try {
    return { context: recorded, page: await recorded.newPage() };
  } catch (error) {
    if (!/ffmpeg/i.test((error as Error).message)) throw error;
    await recorded.close();
    console.log('no video: Playwright has no ffmpeg here');
    const context = await browser.newContext(shape);
    return { context, page: await context.newPage() };
  }
}

/** The best quality whose file is small enough for the repository. */
async function takePicture(page: Page): Promise<Buffer> {
  for (let quality = 80; ; quality -= 10) {
    const picture = await page.screenshot({ type: 'jpeg', quality });
    if (picture.length <= mostPictureBytes || quality <= 20) return picture;
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

function documentOf(lines: readonly string[]): string {
  return `# First run

From a fresh start to a webhook delivery that is accepted, and one that is refused with a reason. \`npm run show-console\` writes
this page; \`console/first-run.test.ts\` tests the same steps.

${lines.join('\n\n')}

More about webhooks: [Webhooks](webhooks.md).
`;
}

/**
 * Draws every page, sheet and dialog of the console in eight variants (English and Russian, light and dark, 1280 and
 * 360 wide), and composes the variants into one picture each.
 *
 *   npm run contact-sheets -- [--only '^calls'] [--variants wide-en-light,narrow-ru-dark] [--out folder] [--rows 60000]
 *
 * The sizes `desk` (1440) and `vast` (2200) are drawn if their variants are named.
 *
 * Writes `.data/contact-sheets/*.png`, and the single pictures beside them.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { consoleViews, type View } from './console-views.ts';
import { openFilledService } from './filled-service.ts';
import { findTestBrowser } from './test-browser.ts';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    variants: { type: 'string', default: '' },
    out: { type: 'string', default: '.data/contact-sheets' },
    rows: { type: 'string', default: '60000' },
    database: { type: 'string' },
  },
});

const widths = {
  wide: { width: 1_280, height: 900 },
  narrow: { width: 360, height: 760 },
  desk: { width: 1_440, height: 900 },
  vast: { width: 2_200, height: 1_200 },
} as const;
const variants = (['wide', 'narrow', 'desk', 'vast'] as const)
  .flatMap((size) =>
    (['en', 'ru'] as const).flatMap((language) =>
      (['light', 'dark'] as const).map((theme) => ({ size, language, theme, name: `${size}-${language}-${theme}` })),
    ),
  )
  .filter(({ size, name }) =>
    options.variants === '' ? size === 'wide' || size === 'narrow' : options.variants.split(',').includes(name),
  );

const cleanups: (() => unknown)[] = [];
try {
  const filled = await openFilledService(
    { after: (cleanup) => void cleanups.push(cleanup as () => unknown) },
    { rows: Number(options.rows), url: options.database },
  );
  const browser = await chromium.launch({ executablePath: findTestBrowser() as string, args: ['--no-sandbox'] });
  cleanups.push(() => browser.close());
  await mkdir(join(options.out, 'single'), { recursive: true });
  const views = (await consoleViews(filled)).filter(({ name }) => new RegExp(options.only).test(name));
  const { url, service } = filled.service;
  const pages = await openPages(browser, url, () => service.makeConsoleCode());
  for (const view of views) {
    for (const [index, page] of pages.entries()) await draw(page, url, view, single(view.name, index));
    await compose(browser, view.name);
    console.log(join(options.out, `${view.name}.png`));
  }
} finally {
  for (const cleanup of cleanups.reverse()) await cleanup();
}

async function openPages(browser: Browser, url: string, makeCode: () => string): Promise<Page[]> {
  const pages: Page[] = [];
  for (const { size, language, theme } of variants) {
    const context = await browser.newContext({
      viewport: widths[size],
      locale: language === 'ru' ? 'ru-RU' : 'en-GB',
      timezoneId: 'Asia/Tashkent',
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    await page.addInitScript(
      ([shown, spoken]) => {
        localStorage.setItem('console.theme', shown as string);
        localStorage.setItem('console.language', spoken as string);
      },
      [theme, language],
    );
    await page.goto(`${url}/console#code=${makeCode()}`);
    await page.locator('main h1').waitFor();
    pages.push(page);
  }
  return pages;
}

async function draw(page: Page, url: string, view: View, path: string): Promise<void> {
  if (view.isSignedOut === true) await page.context().clearCookies();
  try {
    await page.goto(`${url}/console${view.path}`);
    await settle(page);
    await view.act?.(page);
    await settle(page);
  } catch (error) {
    console.error(`${path}: ${(error as Error).message.split('\n')[0]}`);
    process.exitCode = 1;
  }
  // A sheet or a dialog covers the window, so only the window is drawn.
  const isCovered = (await page.locator('dialog[open]').count()) > 0;
  const { width, height } = page.viewportSize() ?? widths.wide;
  // The first two screens of a long list are enough.
  const clip = { x: 0, y: 0, width, height: isCovered ? height : Math.min(height * 2, await heightOf(page)) };
  await page.screenshot({ path, clip, fullPage: true });
}

function single(view: string, variant: number): string {
  return join(options.out, 'single', `${view}-${variants[variant]?.name}.png`);
}

async function settle(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page
    .getByText(/Loading…|Загрузка…/)
    .first()
    .waitFor({ state: 'detached' });
  await page.evaluate('scrollTo(0, 0)');
  // Charts measure their size, and are drawn in the next frame.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
}

async function heightOf(page: Page): Promise<number> {
  return Number(await page.evaluate('document.documentElement.scrollHeight'));
}

async function compose(browser: Browser, name: string): Promise<void> {
  const pictures = await Promise.all(
    variants.map(async (variant, index) => {
      const file = await readFile(single(name, index));
      return `<img width="${variant.size === 'narrow' ? 300 : 600}" src="data:image/png;base64,${file.toString('base64')}">`;
    }),
  );
  const page = await browser.newPage({ viewport: { width: 2_440, height: 900 } });
  const isWide = (_: string, index: number): boolean => variants[index]?.size !== 'narrow';
  const rows = [pictures.filter(isWide), pictures.filter((one, index) => !isWide(one, index))]
    .map((some) => `<div>${some.join('')}</div>`)
    .join('');
  await page.setContent(
    `<style>body{margin:8px;background:#888}div{display:flex;align-items:flex-start;gap:8px;margin-bottom:8px}</style>${rows}`,
  );
  await page.screenshot({ path: join(options.out, `${name}.png`), fullPage: true });
  await page.close();
}

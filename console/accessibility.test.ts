/** Every page, in both languages and themes, wide and narrow: axe-core's rules, and no cut text at 360 px. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Cleanup, closeInReverse } from '../test/support/cleanup.ts';
import { openBrowser } from '../test/support/console.ts';
import { liveThroughDay, type ScriptedDay } from '../test/support/console-day.ts';
import { startTestService, type TestService } from '../test/support/service.ts';

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** The rules that look at colours, which is all that a theme changes. */
const colourRules = ['color-contrast', 'link-in-text-block'];
const axePath = join(import.meta.dirname, '../node_modules/axe-core/axe.min.js');
const folder = process.env.CONSOLE_SCREENSHOTS;

function placesOf(day: ScriptedDay): readonly string[] {
  return [
    '',
    '/calls',
    `/calls/${day.requestId}`,
    '/calls?status=timeout&range=1h',
    '/calls?service_name=meters&view=mine&live=1',
    '/services',
    '/services/new',
    '/webhooks',
    '/webhooks/new',
    `/webhooks/${day.webhookId}`,
    `/webhooks/${day.webhookId}/signature`,
    `/webhooks/${day.webhookId}/settings`,
    '/webhooks/deliveries',
    `/webhooks/deliveries/${day.acceptedId}`,
    `/webhooks/deliveries/${day.refusedId}`,
    '/playground?address=Ташкент',
    '/playground/distance',
    '/playground/sheet',
    '/playground/proxy',
    '/limits?request_id=none',
    '/costs?tenants=all&by=day',
    '/cache',
    '/tokens',
    '/events',
    '/nowhere',
  ];
}

/** Dialogs, form errors and a chart as a table, which a click opens. In Russian, light. */
const openedParts = [
  ['/tokens', 'button:has-text("Новый токен")', 'dialog[open]'],
  ['/tokens', 'button:has-text("Отозвать")', 'dialog[open]'],
  ['/webhooks/new', 'button:has-text("Добавить получателя")', '.target-list input'],
  ['/services/new', 'button:has-text("Добавить аутентификацию")', '.auth-row select'],
  ['/calls?status=error', 'button:has-text("Сохранить выборку")', '.saved-views form'],
  ['/costs', 'figure button:has-text("Таблицей")', '.chart-table'],
  ['/', 'button:has-text("Клавиши")', 'dialog[open]'],
  ['/playground?address=Ташкент', 'button:has-text("Спросить")', 'main td a'],
] as const;

const languages = ['en', 'ru'] as const;
const themes = ['light', 'dark'] as const;

const closers: (() => unknown)[] = [];
const ofFile: Cleanup = { after: (close) => void closers.push(close as () => unknown) };
let service: TestService;
let day: ScriptedDay;
let axe: string;

before(async () => {
  closeInReverse(ofFile);
  service = await startTestService(ofFile, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  day = await liveThroughDay(ofFile, service);
  axe = await readFile(axePath, 'utf8');
});
after(async () => {
  for (const close of closers) await close();
});

test('axe-core finds nothing on the sign-in page', async (t: TestContext) => {
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console`);
  const found: string[] = [];
  await checkPage(page, axe, 'sign-in', found);
  assert.deepEqual([found, faults], [[], []]);
});

test('axe-core finds nothing on any page, in either language and theme', async (t: TestContext) => {
  const { page, faults } = await openSignedIn(t);
  const found: string[] = [];
  for (const place of placesOf(day)) {
    await open(page, place);
    // A page is loaded once: language and theme change in place, as their buttons do.
    for (const language of languages) {
      await speak(page, language);
      for (const theme of themes) {
        await page.evaluate((chosen) => {
          document.documentElement.dataset.theme = chosen;
        }, theme);
        const name = nameOf(language, theme, 1_280, place);
        await checkPage(page, axe, name, found, theme === 'light' ? tags : colourRules);
        await picture(page, place, name);
      }
    }
  }
  assert.deepEqual([found, faults], [[], []]);
});

test('no text is cut on a narrow screen, in either language', async (t: TestContext) => {
  const { page, faults } = await openSignedIn(t);
  await page.setViewportSize({ width: 360, height: 900 });
  const found: string[] = [];
  for (const place of placesOf(day)) {
    await open(page, place);
    for (const language of languages) {
      await speak(page, language);
      // A theme does not change widths.
      const name = nameOf(language, 'light', 360, place);
      await checkNarrow(page, name, found);
      await picture(page, place, name);
    }
  }
  assert.deepEqual([found, faults], [[], []]);
});

test('axe-core finds nothing in dialogs, added form parts and shown answers', async (t: TestContext) => {
  const { page, faults } = await openSignedIn(t);
  await page.evaluate(() => localStorage.setItem('console.language', 'ru'));
  const found: string[] = [];
  for (const [path, opens, waits] of openedParts) {
    await page.goto(`${service.url}/console${path}`);
    await page.locator(opens).first().click();
    await page.locator(waits).first().waitFor();
    await checkPage(page, axe, `${path} ${opens}`, found);
  }
  assert.deepEqual([found, faults], [[], []]);
});

/** Signed in without the tests' JWT, because its five minutes may be shorter than a run on a busy machine. */
async function openSignedIn(t: TestContext): ReturnType<typeof openBrowser> {
  // Without animation: a colour halfway between two themes belongs to neither.
  const opened = await openBrowser(t, service.url, { reducedMotion: 'reduce' });
  await opened.page.goto(`${service.url}/console#code=${service.service.makeConsoleCode()}`);
  await opened.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  return opened;
}

async function open(page: Page, place: string): Promise<void> {
  await page.goto(`${service.url}/console${place}`);
  await page.locator('main h1').waitFor();
  await settle(page);
}

/** By the page's own button, called directly because an open sheet covers it. */
async function speak(page: Page, language: (typeof languages)[number]): Promise<void> {
  await page.evaluate((wanted) => {
    if (document.documentElement.lang !== wanted) {
      document.querySelector<HTMLElement>(`header button[lang=${wanted}]`)?.click();
    }
  }, language);
  await page.locator(`html[lang=${language}] header button:not([lang=${language}])[lang]`).waitFor();
  await settle(page);
}

function nameOf(language: string, theme: string, width: number, place: string): string {
  return `${language}-${theme}-${width}${place.replaceAll(/[/?=&]/g, '_').replaceAll(/[0-9a-f-]{36}/g, 'id') || '_'}`;
}

async function picture(page: Page, place: string, name: string): Promise<void> {
  if (folder === undefined) return;
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: !place.match(/\/calls\/|deliveries\//) });
}

/** Waits until nothing is loading. The live event stream never ends, so the network does not become idle there. */
async function settle(page: Page): Promise<void> {
  await page.waitForFunction(
    () =>
      !/Loading…|Загрузка…/.test(
        (globalThis as unknown as { document: { body: { textContent: string } } }).document.body.textContent,
      ),
  );
}

/** `rules`: tags or ids. */
async function checkPage(page: Page, axe: string, name: string, found: string[], rules = tags): Promise<void> {
  // The page's policy forbids adding a script, but its source can be run from outside, once per page.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe);
  const violations = await page.evaluate(async (runOnly) => {
    const { axe: core } = globalThis as unknown as {
      axe: {
        run(
          options: object,
        ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
      };
    };
    const { violations: all } = await core.run({ runOnly, resultTypes: ['violations'] });
    return all.map(
      ({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)} ${nodes[0]?.failureSummary.slice(0, 300)}`,
    );
  }, rules);
  found.push(...violations.map((violation) => `${name}: ${violation}`));
}

/** Boxes that scroll, and cells whose full text is in their sheet, may be narrower than their text. */
async function checkNarrow(page: Page, name: string, found: string[]): Promise<void> {
  const cut = await page.evaluate(() => {
    const { document, getComputedStyle } = globalThis as unknown as {
      document: {
        documentElement: { scrollWidth: number; clientWidth: number };
        querySelectorAll(selector: string): Iterable<CutElement>;
      };
      getComputedStyle(element: CutElement): { overflowX: string };
    };
    interface CutElement {
      scrollWidth: number;
      clientWidth: number;
      outerHTML: string;
      closest(selector: string): unknown;
    }
    const faults: string[] = [];
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) faults.push(`the page is ${scrollWidth} wide`);
    for (const element of document.querySelectorAll('main *, header *, nav *, dialog *')) {
      if (
        element.closest(
          'pre, .tree, .table-box, .cut, .visually-hidden, .map, .chart-box, select, input, textarea, svg',
        ) !== null
      )
        continue;
      if (
        element.clientWidth > 0 &&
        element.scrollWidth > element.clientWidth + 1 &&
        getComputedStyle(element).overflowX !== 'visible'
      ) {
        faults.push(`cut: ${element.outerHTML.slice(0, 160)}`);
      }
    }
    return faults;
  });
  found.push(...cut.map((fault) => `${name}: ${fault}`));
}

/** Every stop of Tab and Shift+Tab on every page: none is invisible, and each page has an end. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser, signIn } from '../test/support/console.ts';
import { liveThroughDay } from '../test/support/console-day.ts';
import { startTestService } from '../test/support/service.ts';
import { faultOfFocus } from './keyboard-driver.ts';

const mostStops = 400;

/** Forwards from the first stop of the page or dialog to the last; backwards from where the last walk ended. */
async function walk(page: Page, key: string, name: string, found: string[]): Promise<number> {
  await page.evaluate((isForwards) => {
    if (isForwards) document.querySelector<HTMLElement>('dialog[open] button, .skip')?.focus();
    Object.assign(window, { first: undefined });
  }, key === 'Tab');
  for (let stops = 1; stops < mostStops; stops += 1) {
    await page.keyboard.press(key);
    const isRound = await page.evaluate(() => {
      const state = window as unknown as { first?: Element | null };
      const isFirst = state.first === document.activeElement;
      state.first ??= document.activeElement;
      // After the last stop comes the browser's own bar; for the page the focus is then on the body.
      return document.activeElement === document.body || isFirst;
    });
    if (isRound) return stops;
    const fault = await faultOfFocus(page);
    if (fault !== null) found.push(`${name}, ${key}: ${fault}`);
  }
  found.push(`${name}, ${key}: no end after ${mostStops} stops`);
  return mostStops;
}

test('no button is `disabled`, which would lose the focus', async () => {
  const files = globSync('src/**/*.tsx', { cwd: import.meta.dirname });
  assert.ok(files.length > 40, `${files.length} files`);
  for (const file of files) {
    assert.doesNotMatch(
      await readFile(join(import.meta.dirname, file), 'utf8'),
      /\sdisabled(=|\s|>)/,
      `${file}: aria-disabled`,
    );
  }
});

test('Tab goes through every page and dialog, each stop with an outline and visible', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  const day = await liveThroughDay(t, service);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console`);
  await signIn(page, service);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  const found: string[] = [];
  for (const [path, keys] of [
    ['', ['Tab', 'Shift+Tab']],
    ['/calls', ['Tab', 'Shift+Tab']],
    [`/calls/${day.requestId}`, ['Tab']],
    ['/services', ['Tab']],
    ['/services/new', ['Tab', 'Shift+Tab']],
    ['/webhooks', ['Tab']],
    ['/webhooks/new', ['Tab']],
    [`/webhooks/${day.webhookId}`, ['Tab']],
    [`/webhooks/deliveries/${day.refusedId}`, ['Tab']],
    ['/playground?address=Ташкент', ['Tab']],
    ['/limits', ['Tab']],
    ['/costs', ['Tab']],
    ['/cache', ['Tab']],
    ['/tokens', ['Tab']],
    ['/events', ['Tab']],
  ] as const) {
    await page.goto(`${service.url}/console${path}`);
    await page.locator('main h1').waitFor();
    await page.waitForFunction(() => !document.body.textContent?.includes('Loading…'));
    for (const key of keys) {
      const stops = await walk(page, key, path, found);
      assert.ok(stops > 5, `${path}: ${stops} stops`);
    }
  }
  assert.deepEqual(found, []);
  assert.deepEqual(faults, []);
});

/**
 * Live pages: many tabs leave the browser's connections free, and new events are added to the page without redrawing
 * it.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';
import { postDelivery, startWebhook } from '../test/support/webhooks.ts';

const tabs = 7;

/** Simulates a tab behind another one: in a headless browser every tab counts as visible. */
async function hide(page: Page): Promise<void> {
  const gone = page.waitForEvent('requestfailed', (request) => request.url().includes('/events/stream'));
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await gone;
}

test('the seventh tab of live events answers like the first, because hidden tabs hold no connection', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page: first, faults } = await openBrowser(t, service.url);
  await first.goto(`${service.url}/console/events`);
  await signIn(first, service);
  let page = first;
  for (let count = 1; count < tabs; count += 1) {
    await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
    await hide(page);
    page = await first.context().newPage();
    await page.goto(`${service.url}/console/events`);
  }
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  await service.geocode('Ташкент, улица Навои, 5');
  await page.getByRole('cell', { name: 'request.completed' }).first().waitFor();
  await page.getByRole('link', { name: 'Limits', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Limits' }).waitFor();
  await page.locator('main table').first().waitFor();
  assert.deepEqual(faults, []);
});

test('a new event leaves rows, focus and typed text in place', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/events?type=integration.request.completed`);
  await signIn(page, service);
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  await service.geocode('Ташкент, улица Навои, 5');
  const details = page.getByRole('button', { name: 'Details of integration.request.completed' });
  await details.first().waitFor();
  await page.getByLabel('Service', { exact: true }).fill('_');
  await details.first().focus();
  await page.evaluate(() => {
    const table = document.querySelector('main table');
    const state = { blanks: 0, table, row: document.querySelector('main tbody tr') };
    Object.assign(window, { watched: state });
    new MutationObserver(() => {
      if (document.querySelectorAll('main tbody tr').length === 0) state.blanks += 1;
    }).observe(document.body, { childList: true, subtree: true });
  });
  for (let number = 6; number < 12; number += 1) await service.geocode(`Ташкент, улица Навои, ${number}`);
  await page.waitForFunction(() => document.querySelectorAll('main tbody tr').length === 7);
  const kept = await page.evaluate(() => {
    const { blanks, table, row } = (window as unknown as { watched: { blanks: number; table: Element; row: Element } })
      .watched;
    return {
      blanks,
      sameTable: table === document.querySelector('main table'),
      rowStays: row.isConnected,
      focusStays: row.contains(document.activeElement),
    };
  });
  assert.deepEqual(kept, { blanks: 0, sameTable: true, rowStays: true, focusStays: true });
  assert.equal(await page.getByLabel('Service', { exact: true }).inputValue(), '_');
  assert.deepEqual(faults, []);
});

test('an event shows the numbers of a delivery with all their digits', async (t: TestContext) => {
  const service = await startTestService(t);
  const webhook = await startWebhook(service, {
    webhook_name: 'orders',
    source_service: 'custom',
    signature_scheme: 'none',
  });
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/events?type=integration.webhook.received`);
  await signIn(page, service);
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  const sent = await postDelivery(webhook.url, '{"chat":-1001234567890123456}', { 'content-type': 'application/json' });
  assert.equal(sent.status, 200, sent.text);
  await page.getByRole('button', { name: 'Details of integration.webhook.received' }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Text', exact: true }).click();
  await page.getByRole('dialog').getByText('-1001234567890123456').waitFor();
  assert.deepEqual(faults, []);
});

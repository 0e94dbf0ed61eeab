/** A call with very many steps: drawn in parts, filtered to failures, zoomed, and with folded waits. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';
import { axisOf } from './src/pages/calls/axis.ts';

const span = { fromMs: 0, toMs: 10_000 };

test('a long wait takes a fixed part of the axis, and work keeps one scale', () => {
  const busy = [
    { fromMs: 0, toMs: 100 },
    { fromMs: 9_900, toMs: 10_000 },
  ];
  const axis = axisOf(span, busy);
  assert.deepEqual(axis.folds, [{ fromMs: 100, toMs: 9_900 }]);
  assert.equal(axis.placeOf(0), 0);
  assert.equal(axis.placeOf(100), 47);
  assert.equal(axis.placeOf(9_900), 53);
  assert.equal(axis.placeOf(10_000), 100);
  for (const ms of [0, 40, 100, 5_000, 9_950, 10_000])
    assert.ok(Math.abs(axis.timeAt(axis.placeOf(ms)) - ms) < 1e-6, `${ms}`);
  assert.equal(axisOf(span, null).placeOf(5_000), 50, 'the unfolded axis is linear');
  assert.deepEqual(axisOf({ fromMs: 0, toMs: 80 }, [{ fromMs: 0, toMs: 1 }]).folds, [], '80 ms is not a long wait');
  assert.deepEqual(axisOf(span, [{ fromMs: 0, toMs: 10_000 }]).folds, []);
  assert.equal(axisOf({ fromMs: 5, toMs: 5 }, []).placeOf(5), 0, 'a call of no duration has an axis too');
});

const many = 450;

/** 449 attempts within a second, and one 30 s later; every hundredth failed. */
function longStory(): object {
  const steps = Array.from({ length: many }, (_, index) => ({
    kind: 'attempt',
    at_ms: index === many - 1 ? 31_000 : index * 2,
    duration_ms: 2,
    service_name: 'google_maps',
    number: index + 1,
    outcome: index % 100 === 0 ? 'failed' : 'ok',
    requests: [],
  }));
  const wait = { kind: 'retry', at_ms: 1_000, duration_ms: 29_990, service_name: 'google_maps' };
  return {
    request_id: 'long',
    source: 'log',
    duration_ms: 31_002,
    complete: true,
    incomplete_because: [],
    attempts: [],
    limits: [],
    events: [],
    cache: [],
    steps: [...steps.slice(0, -1), wait, ...steps.slice(-1)],
  };
}

test('a call of 450 steps draws 200, shows only failures on demand, folds the wait, and zooms into a part', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.route('**/api/v1/calls/long', (route) => route.fulfill({ json: longStory() }));
  await page.goto(`${service.url}/console/calls/long`);
  await signIn(page, service);
  const panel = page.getByRole('region', { name: 'Step by step: long' });
  const steps = panel.locator('.timeline > li');
  await steps.first().waitFor();
  assert.equal(await steps.count(), 200);
  await panel.getByRole('button', { name: '251 more steps' }).press('Enter');
  assert.equal(await steps.count(), 400);
  await panel.getByRole('button', { name: '51 more steps' }).press('Enter');
  assert.equal(await steps.count(), many + 1);

  await panel.getByText('Folded on the axis: 30.1s of waiting.').waitFor();
  const barWidth = (index: number) =>
    steps
      .nth(index)
      .locator('rect')
      .nth(1)
      .evaluate((bar) => Number(bar.getAttribute('width')));
  const folded = await barWidth(many - 1);
  assert.ok(folded < 7, `the wait takes ${folded} hundredths of the axis`);
  const label = panel.getByLabel('Fold waits');
  await label.press('Space');
  await panel.getByText('Folded on the axis').waitFor({ state: 'detached' });
  assert.ok((await barWidth(many - 1)) > 90, 'the unfolded wait takes almost the whole axis');
  await label.press('Space');

  await panel.getByLabel('Only failures').press('Space');
  assert.equal(await steps.count(), 5);
  await panel.getByLabel('Only failures').press('Space');

  await panel.getByText('Zoom', { exact: true }).press('Enter');
  await panel.getByLabel('To, ms').fill('19');
  await page.waitForFunction(() => document.querySelectorAll('.timeline > li').length === 10);
  await panel.getByRole('button', { name: 'The whole call' }).press('Enter');
  const box = await panel.locator('.time-scale').boundingBox();
  assert.ok(box !== null);
  await page.mouse.move(box.x + 1, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2, { steps: 4 });
  await page.mouse.up();
  await panel.getByRole('button', { name: 'The whole call' }).waitFor();
  const zoomed = Number(await panel.getByLabel('To, ms').inputValue());
  assert.ok(zoomed > 200 && zoomed < 900, `${zoomed} ms, unlike the folded axis`);
  assert.deepEqual(faults, []);
});

test('a call with more than 50 rows says how many are hidden, and shows them on demand', async (t: TestContext) => {
  const service = await startTestService(t, { RATE_LIMIT_GEOCODING_PER_MINUTE: '1000' });
  for (let house = 1; house <= 53; house += 1) {
    const asked = { address: `Ташкент, улица Навои, ${house}` };
    await service.call('POST', '/geocoding/geocode', asked, { 'x-request-id': 'bulk' });
  }
  const { total } = (await service.admin('GET', '/logs?request_id=bulk&with_total=true&limit=1')).json as {
    total: number;
  };
  assert.ok(total > 50, `${total} rows`);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/calls/bulk`);
  await signIn(page, service);
  const sheet = page.getByRole('dialog', { name: 'Call bulk' });
  await sheet.getByText(`${total - 50} earlier rows of this call are not shown: these are the latest 50.`).waitFor();
  assert.equal(await sheet.locator('.attempt').count(), 50);
  const last = await sheet.locator('.attempt').last().textContent();
  await sheet.getByRole('button', { name: 'Show earlier rows' }).click();
  await sheet.getByText(/are not shown/).waitFor({ state: 'detached' });
  assert.equal(await sheet.locator('.attempt').count(), total);
  assert.equal(await sheet.locator('.attempt').last().textContent(), last, 'earlier rows come first');
  assert.deepEqual(faults, []);
});

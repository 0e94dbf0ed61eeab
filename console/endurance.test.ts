/**
 * Pages that stay open: memory stays constant during an hour of live events and calls, and a long list is drawn
 * quickly.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';
import { answersOf, type Held, heldBy, reachEvents, stubEvents, stubLogs } from './live-traffic.ts';

const mostGrowthBytes = 3_000_000;

function assertFlat(t: TestContext, before: Held, after: Held, most = mostGrowthBytes): void {
  t.diagnostic(`heap ${before.heapBytes} → ${after.heapBytes} bytes, DOM nodes ${before.nodes} → ${after.nodes}`);
  assert.ok(after.heapBytes - before.heapBytes < most, `${before.heapBytes} → ${after.heapBytes} bytes`);
  assert.ok(after.nodes < before.nodes * 1.5 + 500, `${before.nodes} → ${after.nodes} nodes`);
}

test('a hundred thousand live events leave the page as small as ten thousand', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await stubEvents(page);
  await page.goto(`${service.url}/console/events`);
  await signIn(page, service);
  await reachEvents(page, 10_000);
  const before = await heldBy(page);
  await reachEvents(page, 100_000);
  const after = await heldBy(page);
  assert.equal(await page.locator('tbody tr').count(), 200, 'the list has a maximum');
  assertFlat(t, before, after);
  assert.deepEqual(faults, []);
});

test('ten minutes of live calls, each answer new, grow the page by at most a sixth of an hour’s limit', {
  timeout: 240_000,
}, async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console`);
  await signIn(page, service);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await stubLogs(page, 100);
  await page.clock.install();
  await page.goto(`${service.url}/console/calls?live=1`);
  await page.locator('tbody tr').first().waitFor();
  const reach = async (count: number): Promise<void> => {
    while ((await answersOf(page)) < count) await page.clock.runFor(2_100);
  };
  // Until then the browser still compiles the page's code, which takes some hundred KB once.
  await reach(350);
  const before = await heldBy(page);
  await reach(650);
  const after = await heldBy(page);
  assert.equal(await page.locator('tbody tr').count(), 100);
  assertFlat(t, before, after, mostGrowthBytes / 6);
  assert.deepEqual(faults, []);
});

for (const rows of [100, 1_000]) {
  test(`${rows} rows are drawn, and the time after the answer is printed`, async (t: TestContext) => {
    const service = await startTestService(t);
    const { page, faults } = await openBrowser(t, service.url);
    await page.goto(`${service.url}/console`);
    await signIn(page, service);
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await stubLogs(page, rows);
    await page.goto(`${service.url}/console/calls`);
    await page.waitForFunction(() => performance.getEntriesByName('drawn').length > 0);
    const ms = await page.evaluate(() => performance.measure('drawing', 'answered', 'drawn').duration);
    t.diagnostic(`${rows} rows are drawn ${Math.round(ms)} ms after the answer`);
    assert.equal(await page.locator('tbody tr').count(), rows);
    assert.deepEqual(faults, []);
  });
}

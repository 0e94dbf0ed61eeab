/** Charts by keyboard and screen reader: a sentence, the points by arrow keys, each series separately, and a table. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';

test('a chart is read by keyboard: its sentence, each point aloud, series hidden and shown, its table', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  const start = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
  const values: Record<string, number[]> = {
    calls: [7, 9, 8],
    latency_p50: [80, 90, 100],
    latency_p95: [300, 640, 400],
  };
  await page.route('**/api/v1/stats/series?*', (route) => {
    const metric = new URL(route.request().url()).searchParams.get('metric') ?? '';
    const points = (values[metric] ?? []).map((value, index) => [
      new Date(start + index * 60_000).toISOString(),
      value,
    ]);
    return route.fulfill({ json: { series: [{ labels: {}, points }] } });
  });
  await page.goto(`${service.url}/console`);
  await signIn(page, service);
  const figure = page.getByRole('figure', { name: 'Latency' });
  const chart = figure.getByRole('img', {
    name: /^Latency\. p50: latest 100ms, highest 100ms\. p95: latest 400ms, highest 640ms/,
  });
  await chart.waitFor();
  await chart.focus();
  const said = figure.getByRole('status');
  assert.equal(await said.textContent(), '', 'something was read without a key');
  await page.keyboard.press('ArrowLeft');
  let [reached, text] = [0, (await said.textContent()) ?? ''];
  for (; !text.includes('p95 400ms') && reached < 70; reached += 1) {
    await page.keyboard.press('ArrowLeft');
    text = (await said.textContent()) ?? '';
  }
  assert.match(text, /\d\d:\d\d:\d\d: p50 100ms, p95 400ms$/, 'the time and every value of the point');
  await page.keyboard.press('ArrowLeft');
  assert.match((await said.textContent()) ?? '', /p50 90ms, p95 640ms$/);

  const p50 = figure.getByRole('button', { name: /^p50/ });
  assert.equal(await p50.getAttribute('aria-pressed'), 'true');
  await p50.press('Enter');
  assert.equal(await p50.getAttribute('aria-pressed'), 'false');
  assert.ok(await p50.evaluate((own) => own === document.activeElement));
  await chart.focus();
  await page.keyboard.press('ArrowRight');
  assert.match((await said.textContent()) ?? '', /: p95 400ms$/, 'a hidden series is not read');

  const address = page.url();
  await page.keyboard.press('Alt+ArrowLeft');
  assert.match((await said.textContent()) ?? '', /: p95 400ms$/, 'Alt with an arrow belongs to the browser');
  await page.goto(address);
  await chart.waitFor();
  await figure.getByRole('button', { name: /^As table/ }).press('Enter');
  const table = figure.getByRole('region', { name: 'Latency' });
  await table.getByRole('row', { name: /90ms 640ms$/ }).waitFor();
  assert.deepEqual(await table.getByRole('columnheader').allTextContents(), ['Time', 'p50', 'p95']);
  assert.deepEqual(faults, []);
});

test('a click on a bar, or Enter on the selected point, opens the calls of that time with the chart’s filters', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  const start = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
  await page.route('**/api/v1/stats/series?*', (route) => {
    const metric = new URL(route.request().url()).searchParams.get('metric') ?? '';
    const values = metric === 'calls' || metric === 'errors' ? [7, 9, 8] : metric === 'webhooks' ? [3] : [];
    const points = values.map((value, index) => [new Date(start + index * 60_000).toISOString(), value]);
    return route.fulfill({ json: { series: [{ labels: {}, points }] } });
  });
  await page.goto(`${service.url}/console`);
  await signIn(page, service);
  const second = { from: new Date(start + 60_000).toISOString(), to: new Date(start + 120_000).toISOString() };
  for (const [title, status] of [
    ['Calls', null],
    ['Errors', 'error,timeout,rate_limited,cancelled'],
  ] as const) {
    const figure = page.getByRole('figure', { name: title });
    const box = await figure.locator('.u-over').boundingBox();
    assert.ok(box !== null);
    const legend = figure.locator('.legend-value').first();
    // From the right: the first position that reads 9 is the right edge of its bar.
    for (let x = box.x + box.width - 1; (await legend.textContent()) !== '9' && x > box.x; x -= 1) {
      await page.mouse.move(x, box.y + box.height / 2);
    }
    await page.mouse.down();
    await page.mouse.up();
    await page.getByRole('heading', { level: 1, name: 'Calls' }).waitFor();
    const { searchParams } = new URL(page.url());
    assert.deepEqual(Object.fromEntries(searchParams), {
      ...(status === null ? {} : { status }),
      exclude_operation: 'health_check',
      ...second,
    });
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.getByRole('figure', { name: 'Webhooks' }).getByRole('img').waitFor();
  }

  const webhooks = page.getByRole('figure', { name: 'Webhooks' });
  await webhooks.getByRole('img').focus();
  for (let presses = 0; presses < 70; presses += 1) {
    if (/received 3$/.test((await webhooks.getByRole('status').textContent()) ?? '')) break;
    await page.keyboard.press('ArrowLeft');
  }
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: /^Remove the filter Received from/ }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get('from_date'), new Date(start).toISOString());
  assert.equal(new URL(page.url()).searchParams.get('to_date'), second.from);
  assert.deepEqual(faults, []);
});

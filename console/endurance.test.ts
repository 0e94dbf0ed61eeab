/** Pages that stay open: an hour of live events and of live calls leaves the memory as it was; a long list is drawn soon. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';

const mostGrowthBytes = 3_000_000;

interface Held {
  readonly heapBytes: number;
  readonly nodes: number;
}

/** What the page holds once all that can be let go of is gone. */
async function heldBy(page: Page): Promise<Held> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  for (let round = 0; round < 3; round += 1) await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  await session.detach();
  const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? 0;
  return { heapBytes: of('JSHeapUsedSize'), nodes: of('Nodes') };
}

function assertFlat(t: TestContext, before: Held, after: Held, most = mostGrowthBytes): void {
  t.diagnostic(`heap ${before.heapBytes} → ${after.heapBytes} bytes, DOM nodes ${before.nodes} → ${after.nodes}`);
  assert.ok(after.heapBytes - before.heapBytes < most, `${before.heapBytes} → ${after.heapBytes} bytes`);
  assert.ok(after.nodes < before.nodes * 1.5 + 500, `${before.nodes} → ${after.nodes} nodes`);
}

test('a hundred thousand live events leave the page as small as ten thousand', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.addInitScript(() => {
    const usual = window.fetch;
    const state = { sent: 0, wanted: 0 };
    Object.assign(window, { stream: state });
    const block = (index: number): string => {
      const event = {
        event_id: `event-${index}`,
        event_type: 'integration.request.completed',
        timestamp: new Date(1_790_000_000_000 + index * 18).toISOString(),
        service_name: 'google_maps',
        request_id: `request-${index}`,
        data: { address: `Ташкент, улица Навои, ${index}`, duration_ms: index % 700 },
      };
      return `data: ${JSON.stringify(event)}\n\n`;
    };
    window.fetch = async (input, init) => {
      if (!String(input).includes('/events/stream')) return usual(input, init);
      const encoder = new TextEncoder();
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          while (state.sent >= state.wanted) await new Promise((resolve) => setTimeout(resolve, 20));
          await new Promise((resolve) => setTimeout(resolve, 2));
          const text = Array.from({ length: 500 }, (_, index) => block(state.sent + index)).join('');
          state.sent += 500;
          controller.enqueue(encoder.encode(text));
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    };
  });
  await page.goto(`${service.url}/console/events`);
  await signIn(page, service);
  const reach = async (count: number): Promise<void> => {
    await page.evaluate((wanted) => {
      (window as unknown as { stream: { wanted: number } }).stream.wanted = wanted;
    }, count);
    await page.locator(`tbody tr a[href$="/request-${count - 1}"]`).waitFor({ timeout: 240_000 });
  };
  await reach(10_000);
  const before = await heldBy(page);
  await reach(100_000);
  const after = await heldBy(page);
  assert.equal(await page.locator('tbody tr').count(), 200, 'the list is bounded');
  assertFlat(t, before, after);
  assert.deepEqual(faults, []);
});

test('ten minutes of live calls, each answer all new, grow the page by no more than a sixth of what an hour may', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console`);
  await signIn(page, service);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await stubLogs(page, 100);
  await page.clock.install();
  await page.goto(`${service.url}/console/calls?live=1`);
  await page.locator('tbody tr').first().waitFor();
  const answers = (): Promise<number> =>
    page.evaluate(() => (window as unknown as { logs: { answers: number } }).logs.answers);
  const reach = async (count: number): Promise<void> => {
    while ((await answers()) < count) await page.clock.runFor(2_100);
  };
  await reach(50);
  const before = await heldBy(page);
  await reach(350);
  const after = await heldBy(page);
  assert.equal(await page.locator('tbody tr').count(), 100);
  assertFlat(t, before, after, mostGrowthBytes / 6);
  assert.deepEqual(faults, []);
});

for (const rows of [100, 1_000]) {
  test(`${rows} rows are drawn; how long that takes after the answer is printed`, async (t: TestContext) => {
    const service = await startTestService(t);
    const { page, faults } = await openBrowser(t, service.url);
    await page.goto(`${service.url}/console`);
    await signIn(page, service);
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await stubLogs(page, rows);
    await page.goto(`${service.url}/console/calls`);
    await page.waitForFunction(() => performance.getEntriesByName('drawn').length > 0);
    const ms = await page.evaluate(() => performance.measure('drawing', 'answered', 'drawn').duration);
    t.diagnostic(`${rows} rows stand ${Math.round(ms)} ms after the answer`);
    assert.equal(await page.locator('tbody tr').count(), rows);
    assert.deepEqual(faults, []);
  });
}

/** `GET /logs` answers with rows that no answer before had. Marks when it answers first, and when its rows are painted. */
async function stubLogs(page: Page, rows: number): Promise<void> {
  await page.addInitScript((count) => {
    const usual = window.fetch;
    const state = { answers: 0 };
    Object.assign(window, { logs: state });
    const later = window.requestAnimationFrame.bind(window);
    const watch = (): void => {
      if (document.querySelectorAll('tbody tr').length < count) later(watch);
      else later(() => performance.mark('drawn'));
    };
    window.fetch = async (input, init) => {
      if (!/\/api\/v1\/logs(\?|$)/.test(String(input))) return usual(input, init);
      state.answers += 1;
      const logs = Array.from({ length: count }, (_, index) => ({
        id: `log-${state.answers}-${index}`,
        request_id: `request-${state.answers}-${index}`,
        service_name: 'google_maps',
        operation: 'geocode',
        status: index % 9 === 0 ? 'error' : 'success',
        started_at: new Date(Date.now() - index * 1_000).toISOString(),
        duration_ms: index,
        response_status_code: 200,
        retry_count: index % 3,
        estimated_cost: 0.005,
        source_service: 'crm',
        error_message: index % 9 === 0 ? `no answer to ${state.answers}-${index}` : null,
      }));
      const reply = new Response(JSON.stringify({ logs, next_cursor: null }), {
        headers: { 'content-type': 'application/json' },
      });
      if (state.answers === 1) {
        performance.mark('answered');
        later(watch);
      }
      return reply;
    };
  }, rows);
}

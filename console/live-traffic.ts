/** Generates live traffic inside the page, as fast as the page can handle it, and measures its memory. */
import type { Page } from 'playwright-core';

export interface Held {
  readonly heapBytes: number;
  readonly nodes: number;
  readonly listeners: number;
}

/** The page's memory after a garbage collection. */
export async function heldBy(page: Page): Promise<Held> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  for (let round = 0; round < 3; round += 1) await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  await session.detach();
  const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? 0;
  return { heapBytes: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') };
}

/** The event stream sends as many as `reachEvents` requests, each a new one. */
export async function stubEvents(page: Page): Promise<void> {
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
}

/** Resolves when the page shows the event before this count. */
export async function reachEvents(page: Page, count: number): Promise<void> {
  await page.evaluate((wanted) => {
    (window as unknown as { stream: { wanted: number } }).stream.wanted = wanted;
  }, count);
  await page.locator(`tbody tr a[href$="/request-${count - 1}"]`).waitFor({ timeout: 240_000 });
}

/** `GET /logs` always answers with new rows. Marks the times of the first answer and of its rows being painted. */
export async function stubLogs(page: Page, rows: number): Promise<void> {
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

/** Answers of `stubLogs` so far. */
export function answersOf(page: Page): Promise<number> {
  return page.evaluate(() => (window as unknown as { logs: { answers: number } }).logs.answers);
}

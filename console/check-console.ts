/**
 * Measures the console: the time from the API's answer until a page's data is painted, over a long log, and a page's
 * memory during an hour of live traffic, compressed in time.
 *
 *   npm run check:console -- [--rows 10000000] [--database postgres://…] [--events 180000] [--no-hour] [--no-pages]
 *
 * `--database` names a database to keep: it is filled if it is empty, and the next run uses it again. Prints tables in
 * Markdown. Exits with 1 if a page is too slow.
 */
import os from 'node:os';
import { parseArgs } from 'node:util';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { type FilledService, openFilledService } from '../scripts/filled-service.ts';
import { findTestBrowser } from '../scripts/test-browser.ts';
import { answersOf, type Held, heldBy, reachEvents, stubEvents, stubLogs } from './live-traffic.ts';

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000000' },
    database: { type: 'string' },
    events: { type: 'string', default: '180000' },
    'no-hour': { type: 'boolean', default: false },
    'no-pages': { type: 'boolean', default: false },
  },
});
/** Applies to the median: a single page in a busy moment proves nothing. */
const limitMs = 300;
const rounds = 5;
const samples = 6;
const hourMs = 3_600_000;

interface Seen {
  /** The slowest of the requests that the first paint waited for. */
  readonly apiMs: number;
  readonly slowest: string;
  /** From the last of those answers to the frame that shows it. */
  readonly paintMs: number;
  readonly bytes: number;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const cleanups: (() => unknown)[] = [];
try {
  const filled = await openFilledService(
    { after: (cleanup) => void cleanups.push(cleanup as () => unknown) },
    { rows: Number(options.rows), url: options.database },
  );
  const browser = await chromium.launch({ executablePath: findTestBrowser() as string, args: ['--no-sandbox'] });
  cleanups.push(() => browser.close());
  const shape = { viewport: { width: 1_280, height: 900 }, locale: 'en-GB' };
  const context = await browser.newContext(shape);
  const page = await context.newPage();
  await page.goto(`${filled.service.url}/console#code=${filled.service.service.makeConsoleCode()}`);
  await page.locator('main h1').waitFor();
  await page.close();
  if (!options['no-pages']) {
    const state = await context.storageState();
    await measurePages(() => browser.newContext({ ...shape, storageState: state }), filled);
  }
  if (!options['no-hour']) await liveAnHour(context, filled.service.url);
  say(`\nload average ${os.loadavg()[0]?.toFixed(1)} on ${os.availableParallelism()} cores`);
} finally {
  for (const cleanup of cleanups.reverse()) await cleanup();
}

async function measurePages(open: () => Promise<BrowserContext>, { service, day, rows }: FilledService): Promise<void> {
  const { json: services } = await service.admin('GET', '/services?limit=100');
  const { json: costly } = await service.admin('GET', '/logs?status=rate_limited&limit=1');
  const pages: Readonly<Record<string, { path: string; data: string }>> = {
    'Overview, 1 hour': { path: '', data: '.tile-value' },
    'Overview, 30 days': { path: '?range=month', data: '.tile-value' },
    Calls: { path: '/calls', data: 'tbody tr' },
    'Calls, errors of a service in 30 days': {
      path: '/calls?range=30d&status=error&service_name=yandex_maps',
      data: 'tbody tr',
    },
    'One call': { path: `/calls/${day.requestId}`, data: 'dialog[open] h2' },
    Services: { path: '/services', data: '.service-chain li' },
    'One service': { path: `/services/${services.services[0]?.id}`, data: 'main dl, main table' },
    Webhooks: { path: '/webhooks', data: 'tbody tr' },
    Deliveries: { path: '/webhooks/deliveries', data: 'tbody tr' },
    'One delivery': { path: `/webhooks/deliveries/${day.acceptedId}`, data: 'dialog[open] h2' },
    Playground: { path: '/playground', data: 'main form' },
    Limits: { path: '/limits', data: 'tbody tr' },
    'Limits, one refusal': { path: `/limits?request_id=${costly.logs[0]?.request_id}`, data: 'tbody tr' },
    Costs: { path: '/costs', data: '.tile-value' },
    Cache: { path: '/cache', data: 'tbody tr' },
    Tokens: { path: '/tokens', data: 'tbody tr' },
    Events: { path: '/events', data: 'main .live-line, main [role=status]' },
  };
  say(
    `\n${rows} audit rows\n\n| page | API, ms | from the answer to the data, ms | first load, KB | slowest request |`,
  );
  say('| --- | ---: | ---: | ---: | --- |');
  for (const [name, { path, data }] of Object.entries(pages)) {
    const seen: Seen[] = [];
    for (let round = 0; round < rounds; round += 1)
      seen.push(await openPage(await open(), `${service.url}/console${path}`, data));
    const byPaint = seen.map(({ paintMs }) => paintMs).sort((a, b) => a - b);
    const paintMs = byPaint[rounds >> 1] as number;
    const byApi = [...seen].sort((a, b) => a.apiMs - b.apiMs)[rounds >> 1] as Seen;
    if (paintMs > limitMs) process.exitCode = 1;
    say(
      `| ${name} | ${Math.round(byApi.apiMs)} | ${Math.round(paintMs)} | ${Math.round((seen[0]?.bytes ?? 0) / 1_024)} | \`${byApi.slowest}\` |`,
    );
  }
}

/** In a browser with an empty cache. */
async function openPage(context: BrowserContext, url: string, data: string): Promise<Seen> {
  const page = await context.newPage();
  await page.addInitScript((selector) => {
    const asked: { path: string; ms: number; atMs: number }[] = [];
    const usual = window.fetch;
    window.fetch = async (input, init) => {
      const startMs = performance.now();
      const reply = await usual(input, init);
      const path = String(input);
      if (/\/api\/v1\//.test(path) && !path.includes('/stream')) {
        const atMs = performance.now();
        asked.push({ path: path.replace('/api/v1', ''), ms: atMs - startMs, atMs });
      }
      return reply;
    };
    const watch = (): void => {
      const isThere = document.querySelector(selector) !== null && !/Loading…/.test(document.body.textContent ?? '');
      if (!isThere) requestAnimationFrame(watch);
      // Painted in the next frame.
      else requestAnimationFrame(() => Object.assign(window, { seen: { asked: [...asked], atMs: performance.now() } }));
    };
    requestAnimationFrame(watch);
  }, data);
  await page.goto(url);
  await page
    .waitForFunction(() => 'seen' in window, undefined, { timeout: 60_000 })
    .catch((cause) => {
      throw new Error(`${url} did not show ${data}`, { cause });
    });
  const seen = await page.evaluate(() => {
    const { asked, atMs } = (
      window as unknown as { seen: { asked: { path: string; ms: number; atMs: number }[]; atMs: number } }
    ).seen;
    const entries = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
    const slowest = asked.toSorted((a, b) => b.ms - a.ms)[0];
    return {
      apiMs: slowest?.ms ?? 0,
      slowest: (slowest?.path ?? '–').slice(0, 60),
      paintMs: asked.length === 0 ? 0 : atMs - Math.max(...asked.map((one) => one.atMs)),
      bytes: entries
        .filter(({ name }) => /\.(js|css)$/.test(name))
        .reduce((sum, { transferSize }) => sum + transferSize, 0),
    };
  });
  await context.close();
  return seen;
}

/** Events at fifty a second, calls every two seconds, an overview every ten: as many as in an hour. */
async function liveAnHour(context: BrowserContext, url: string): Promise<void> {
  say('\n| page | after | heap, MB | DOM nodes | listeners |\n| --- | ---: | ---: | ---: | ---: |');
  const tell = async (name: string, after: string, page: Page): Promise<void> => {
    const { heapBytes, nodes, listeners }: Held = await heldBy(page);
    say(`| ${name} | ${after} | ${(heapBytes / 1e6).toFixed(2)} | ${nodes} | ${listeners} |`);
  };
  const events = await context.newPage();
  await stubEvents(events);
  await events.goto(`${url}/console/events`);
  await events.locator('main h1').waitFor();
  for (let sample = 1; sample <= samples; sample += 1) {
    const count = Math.round((Number(options.events) * sample) / samples / 500) * 500;
    await reachEvents(events, count);
    await tell('Events', `${count} events`, events);
  }
  await events.close();

  const calls = await context.newPage();
  await calls.clock.install();
  await stubLogs(calls, 100);
  await calls.goto(`${url}/console/calls?live=1`);
  await calls.locator('tbody tr').first().waitFor();
  for (let sample = 1; sample <= samples; sample += 1) {
    const answers = Math.round((hourMs / 2_000 / samples) * sample);
    while ((await answersOf(calls)) < answers) await calls.clock.runFor(2_100);
    await tell('Calls, live', `${answers} answers`, calls);
  }
  await calls.close();

  const overview = await context.newPage();
  let asked = 0;
  overview.on('response', (reply) => {
    if (reply.url().includes('/problems')) asked += 1;
  });
  await overview.clock.install();
  await overview.goto(`${url}/console`);
  await overview.locator('.tile-value').first().waitFor();
  for (let sample = 1; sample <= samples; sample += 1) {
    const answers = Math.round((hourMs / 10_000 / samples) * sample);
    while (asked < answers) {
      await overview.clock.runFor(10_100);
      await overview.evaluate(() => new Promise((done) => requestIdleCallback(done)));
    }
    await tell('Overview', `${answers} refreshes`, overview);
  }
  await overview.close();
}

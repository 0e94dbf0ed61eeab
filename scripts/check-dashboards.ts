/**
 * `npm run check:dashboards`: runs every query of every panel and alert on a real Prometheus that scrapes the service
 * under traffic. Each panel's query must return data. Alert queries must only be valid: most return nothing.
 *
 *   npm run check:dashboards -- --pictures FOLDER     also draws each dashboard
 *
 * Needs Prometheus: in the path (Debian: apt-get install prometheus), or its program in `PROMETHEUS`; pictures also
 * need Chromium or Chrome.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { signAdminToken } from '../src/cli/token-create.ts';
import { startService } from '../src/composition/start.ts';
import { parseConfig } from '../src/config/config.ts';
import { findFreePort } from '../src/storage/embedded/free-port.ts';
import { type Dashboard, drawDashboards } from './draw-dashboards.ts';
import { ensureTestBrowser } from './test-browser.ts';

const root = join(import.meta.dirname, '..');
const tenant = 'uk_company_1';
const { pictures } = parseArgs({ options: { pictures: { type: 'string' } } }).values;
/** Pictures of graphs need more traffic than queries. */
const trafficMs = pictures === undefined ? 30_000 : 90_000;
const startDeadlineMs = 60_000;
/** The values of Grafana's variables; here the scrapes are a second apart. */
const variables: Readonly<Record<string, string>> = { $__rate_interval: '20s', $service: '.*' };
/** Metrics that are empty in a healthy service: their queries may return nothing. */
const mayBeEmpty = new Set(['integration_telemetry_events_dropped_total']);

interface QueryReply {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

const dashboardsFolder = join(root, 'deploy/grafana/dashboards');
const fill = (expr: string): string =>
  Object.entries(variables).reduce((text, [name, value]) => text.replaceAll(name, value), expr);

const folder = await mkdtemp(join(tmpdir(), 'integration-service-dashboards-'));
try {
  process.exitCode = await checkAll();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function checkAll(): Promise<number> {
  const token = randomBytes(24).toString('hex');
  const provider = await startFailingProvider();
  const config = parseConfig({
    PORT: '0',
    HOST: '127.0.0.1',
    DATA_DIR: join(folder, 'data'),
    SERVICE_TOKENS: `traffic:${token}`,
    RATE_LIMIT_GEOCODING_PER_MINUTE: '30',
    OUTBOUND_ALLOWED_NETWORKS: `127.0.0.1:${provider.port}`,
    LOG_LEVEL: 'ERROR',
    EMULATOR: 'on',
    DATABASE_URL: process.env.CHECK_DATABASE_URL ?? '',
    RABBITMQ_URL: process.env.CHECK_RABBITMQ_URL ?? '',
  });
  const service = await startService(config);
  const prometheus = await startPrometheus(new URL(service.url).host);
  try {
    await makeTraffic(service.url, token, await adminToken(), provider.port);
    const exitCode = await checkQueries(prometheus.url);
    if (pictures !== undefined) await draw(prometheus.url, pictures);
    return exitCode;
  } finally {
    await prometheus.close();
    await service.close();
    provider.close();
  }

  function adminToken(): Promise<string> {
    return signAdminToken(config, { name: 'check', tenants: ['*'], expiresAt: new Date(Date.now() + 600_000) });
  }
}

/** An upstream that always answers 500: for breakers, errors and health. */
async function startFailingProvider(): Promise<{ port: number; close(): void }> {
  const server = createServer((_request, response) => response.writeHead(500).end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

async function startPrometheus(target: string): Promise<{ url: string; close(): Promise<void> }> {
  const configPath = join(folder, 'prometheus.yml');
  await writeFile(
    configPath,
    `global: { scrape_interval: 1s }
scrape_configs:
  - { job_name: integration-service, static_configs: [{ targets: ["${target}"] }] }
`,
  );
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const child: ChildProcess = spawn(
    process.env.PROMETHEUS ?? 'prometheus',
    [
      `--config.file=${configPath}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4_000);
  });
  child.on('error', (error) => {
    said += error.message;
  });
  const deadlineAtMs = performance.now() + startDeadlineMs;
  while (
    !(await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (child.pid === undefined || child.exitCode !== null || performance.now() > deadlineAtMs) {
      throw new Error(`Prometheus did not start; name its program in PROMETHEUS:\n${said}`);
    }
    await delay(100);
  }
  return {
    url,
    async close() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Traffic for every panel: hits, misses, costs, refusals, failures, a budget, sheets, webhooks, bad requests. */
async function makeTraffic(url: string, token: string, admin: string, failingPort: number): Promise<void> {
  const call = async (method: string, path: string, body: unknown, credential = token): Promise<string> => {
    const reply = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${credential}`,
        'x-management-company-id': tenant,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    });
    const text = await reply.text();
    if (credential === admin && !reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
    return text;
  };
  const startSender = async (webhook: object): Promise<(body: object) => Promise<string>> => {
    const { webhook_url } = JSON.parse(await call('POST', '/webhooks', webhook, admin)) as { webhook_url: string };
    const path = `/hooks/${basename(new URL(webhook_url).pathname)}`;
    return (body) => call('POST', path, body);
  };
  await call('PUT', '/budgets/google_maps', { monthly_limit_usd: 0.2, action: 'alert' }, admin);
  const failing = {
    service_name: 'failing',
    service_type: 'geocoding',
    display_name: 'Failing',
    base_url: `http://127.0.0.1:${failingPort}`,
    api_key: 'x',
    priority: 950,
    rate_limit_per_hour: 5_000,
    config: { adapter: 'google_maps' },
  };
  await call('POST', '/services', failing, admin);
  const sendOrder = await startSender({ webhook_name: 'orders', source_service: 'orders', signature_scheme: 'none' });
  const sendUnsigned = await startSender({ webhook_name: 'repositories', source_service: 'github' });
  const untilMs = performance.now() + trafficMs;
  for (let round = 0; performance.now() < untilMs; round++) {
    await Promise.all([
      call('POST', '/geocoding/geocode', { address: 'Ташкент, улица Навои, 5' }),
      call('POST', '/geocoding/geocode', { address: `Ташкент, улица Навои, ${round}` }),
      call('POST', '/geocoding/geocode', { address: `Самарканд, ${round}`, provider: 'failing' }),
      call('POST', '/geocoding/distance', { origin: { address: 'Ташкент' }, destination: { address: 'Самарканд' } }),
      call('POST', '/sheets/read', { spreadsheet_id: 'sheet', range: 'Sheet1!A1:B2' }),
      call('POST', '/sheets/append', { spreadsheet_id: 'sheet', range: 'Sheet1!A:B', values: [[round, 'x']] }),
      call('POST', '/geocoding/geocode', {}),
      sendOrder({ type: 'order.paid', id: round }),
      round % 4 === 0 ? sendUnsigned({ action: 'opened' }) : null,
    ]);
    await delay(250);
  }
}

async function checkQueries(prometheusUrl: string): Promise<number> {
  let faults = 0;
  let queries = 0;
  const ask = async (place: string, expr: string, mustHaveData: boolean): Promise<void> => {
    const query = fill(expr);
    const reply = await fetch(`${prometheusUrl}/api/v1/query?${new URLSearchParams({ query })}`);
    const { status, error, data } = (await reply.json()) as QueryReply;
    const results = data?.result ?? [];
    const isNumber = results.some(({ value }) => Number.isFinite(Number(value[1])));
    queries += 1;
    const fault = status !== 'success' ? error : mustHaveData && !isNumber ? `no data: ${query}` : null;
    const sample =
      results.length === 0 ? '' : ` (${results.length} series, first ${Number(results[0]?.value[1]).toPrecision(4)})`;
    console.log(`${fault === null ? 'ok  ' : 'FAIL'} ${place}${fault === null ? sample : `: ${fault}`}`);
    if (fault !== null) faults += 1;
  };
  for (const file of globSync(join(dashboardsFolder, '*.json')).sort()) {
    const { panels } = JSON.parse(readFileSync(file, 'utf8')) as Dashboard;
    for (const { title, targets = [] } of panels) {
      for (const { expr } of targets) {
        await ask(`${basename(file, '.json')} / ${title}`, expr, ![...mayBeEmpty].some((name) => expr.includes(name)));
      }
    }
  }
  const alerts = readFileSync(join(root, 'deploy/prometheus/alerts.yml'), 'utf8');
  for (const [, name = '', expr = ''] of alerts.matchAll(
    /- alert: (\w+)\n\s+expr: (?:\|\n)?([\s\S]*?)\n\s+(?:for|labels):/g,
  )) {
    await ask(`alert / ${name}`, expr, false);
  }
  console.log(`${queries} queries, ${faults} without the expected data`);
  return faults === 0 && queries > 0 ? 0 : 1;
}

async function draw(prometheusUrl: string, folder: string): Promise<void> {
  const browserPath = ensureTestBrowser(console.log);
  const spanS = trafficMs / 1000;
  const written = await drawDashboards(dashboardsFolder, { prometheusUrl, browserPath, folder, fill, spanS });
  for (const path of written) console.log(`drawn ${path}`);
}

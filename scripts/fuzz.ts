/**
 * `npm run fuzz -- --minutes 5`: sends hostile input to a service of its own (embedded stores, nothing else needed):
 * every route of its OpenAPI description, webhook bodies, an upstream's replies, files of the command line.
 *
 * It fails if an answer is a 500 or shows a canary secret, or if one turn of the event loop takes more than 250 ms of
 * CPU time of this thread; then it prints what was running. The time of /health is only printed: on a busy machine it
 * says nothing about the service.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SignJWT } from 'jose';
import { parseCsv } from '../src/cli/geocode/csv.ts';
import { startService } from '../src/composition/start.ts';
import { parseConfig } from '../src/config/config.ts';
import { createLogger } from '../src/logger.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' } } });
const endsAtMs = performance.now() + Number(values.minutes) * 60_000;
const longestTurnMs = 250;
const canary = 'canary-7f3a9c5e1b2d4860';
const jwtSecret = 'the secret that the fuzz run signs with, 1';

const pick = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)] as T;
const pieces = [
  'a&',
  'name=',
  '["',
  '{"a":',
  '[',
  '1,',
  '"k":1,',
  '\\u005c',
  '%00',
  '\u0000',
  '--\r\n',
  '<a ',
  '😀',
  "'",
  '../',
  ' ',
];
const pump = (length: number): string => pick(pieces).repeat(length);

function value(depth = 0): unknown {
  const kinds = [
    null,
    true,
    -1,
    1e308,
    0,
    '',
    '\u0000',
    pump(3),
    pump(5_000),
    '../../x',
    canary.slice(0, 4),
    '9'.repeat(400),
  ];
  if (depth > 3 || Math.random() < 0.6) return pick(kinds);
  if (Math.random() < 0.5) return Array.from({ length: 3 }, () => value(depth + 1));
  const names = ['address', 'range', 'values', 'spreadsheet_id', 'name', '__proto__', 'constructor', 'config', pump(2)];
  return Object.fromEntries(Array.from({ length: 4 }, () => [pick(names), value(depth + 1)]));
}

function body(): string {
  const shapes = [
    () => JSON.stringify(value()),
    () => pump(40_000),
    () => `[${'1,'.repeat(100_000)}12345678901234567890]`,
    () => '['.repeat(200_000),
    () => `{${Array.from({ length: 20_000 }, (_, index) => `"k${index}":1`).join()}}`,
    () => `--\n${'name='.repeat(13_000)}`,
  ];
  return pick(shapes)();
}

const upstream = createServer((_request, response) => {
  response.writeHead(pick([200, 200, 404, 429, 500]), {
    'content-type': pick(['application/json', 'text/html', 'multipart/form-data', 'x']),
    link: '<'.repeat(2_000),
  });
  response.end(body());
}).listen(0, '127.0.0.1');
await once(upstream, 'listening');
const upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
const dataDir = await mkdtemp(join(tmpdir(), 'integration-fuzz-'));
const config = parseConfig({
  PORT: '0',
  HOST: '127.0.0.1',
  DATA_DIR: dataDir,
  JWT_SECRET: jwtSecret,
  LOG_LEVEL: 'SILENT',
  OUTBOUND_ALLOWED_NETWORKS: new URL(upstreamUrl).host,
  RATE_LIMIT_WEBHOOKS_PER_MINUTE: '1000000',
});
const service = await startService(config, createLogger('silent'));
const token = await new SignJWT({ sub: 'fuzz', tenants: '*', scope: 'admin' })
  .setProtectedHeader({ alg: 'HS256' })
  .setExpirationTime('12h')
  .sign(new TextEncoder().encode(jwtSecret));
const headers = {
  authorization: `Bearer ${token}`,
  'x-management-company-id': 'fuzz',
  'content-type': 'application/json',
};
const send = (method: string, path: string, text?: string, more: Record<string, string> = {}) =>
  fetch(service.url + path, {
    method,
    headers: { ...headers, ...more },
    ...(text === undefined ? {} : { body: text }),
    signal: AbortSignal.timeout(20_000),
  });

await send(
  'POST',
  '/api/v1/services',
  JSON.stringify({ service_name: 'hostile', service_type: 'api', base_url: upstreamUrl, api_key: canary }),
);
const hook = (await (
  await send('POST', '/api/v1/webhooks', JSON.stringify({ webhook_name: 'fuzz', signature_scheme: 'none' }))
).json()) as { webhook_url: string };
const hookPath = new URL(hook.webhook_url).pathname;
const described = (await (await send('GET', '/openapi.json')).json()) as {
  paths: Record<string, Record<string, unknown>>;
};
const routes = Object.entries(described.paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => ({ path, method })),
);

const findings = new Map<string, number>();
const note = (finding: string): void => void findings.set(finding, (findings.get(finding) ?? 0) + 1);
let asked = 0;
let slowestHealthMs = 0;
let slowestTurnMs = 0;
/** Requests without an answer so far. */
const underWay = new Set<string>();
const processorMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};
let usedMs = processorMs();
const turns = setInterval(() => {
  const now = processorMs();
  const turnMs = now - usedMs;
  usedMs = now;
  slowestTurnMs = Math.max(slowestTurnMs, turnMs);
  if (turnMs > longestTurnMs) note(`a turn of ${Math.round(turnMs)} ms during ${[...underWay].join(' and ')}`);
}, 10);
const health = setInterval(async () => {
  const before = performance.now();
  await fetch(`${service.url}/health`).catch(() => note('/health did not answer'));
  slowestHealthMs = Math.max(slowestHealthMs, performance.now() - before);
}, 100);

async function askOnce(): Promise<void> {
  const kind = Math.random();
  const { path, method } = pick(routes);
  const target = kind < 0.2 ? hookPath : kind < 0.4 ? `/api/v1/proxy/hostile/${encodeURIComponent(pump(3))}` : path;
  const filled = target.replace(/\{[^}]*\}/g, () =>
    encodeURIComponent(pick(['hostile', pump(2), '0', '018f0000-0000-7000-8000-000000000000'])),
  );
  if (/events\/stream/.test(filled)) return;
  const verb = kind < 0.2 ? 'POST' : kind < 0.4 ? 'GET' : method.toUpperCase();
  const query = Math.random() < 0.3 ? `?limit=${encodeURIComponent(pump(3))}&x=${encodeURIComponent(pump(20))}` : '';
  const type = pick(['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']);
  const sent = verb === 'GET' || verb === 'HEAD' ? undefined : body();
  const asking = `${verb} ${filled} (${type}, ${sent?.length ?? 0} characters: ${sent?.slice(0, 12) ?? ''})`;
  underWay.add(asking);
  try {
    const reply = await send(verb, filled + query, sent, { 'content-type': type });
    const text = await reply.text();
    asked += 1;
    if (reply.status === 500 && !path.includes('proxy') && kind >= 0.4) note(`500: ${method} ${path}`);
    if (text.includes(canary.slice(0, 8))) note(`a canary secret in the answer of ${method} ${path}`);
  } catch (error) {
    note(`${method} ${path}: ${(error as Error).name}`);
  } finally {
    underWay.delete(asking);
  }
}

await Promise.all(
  Array.from({ length: 4 }, async () => {
    while (performance.now() < endsAtMs) {
      await askOnce();
      if (asked % 50 === 0) parseCsv(pump(2_000));
    }
  }),
);
clearInterval(health);
clearInterval(turns);
const metrics = await (await fetch(`${service.url}/metrics`)).text();
const stalls = /^integration_event_loop_stall_seconds_count(?:\{\})? (\d+)/m.exec(metrics)?.[1] ?? '0';
await service.close();
upstream.closeAllConnections();
upstream.close();
await rm(dataDir, { recursive: true, force: true });
console.log(
  `${asked} requests over ${routes.length} operations; longest turn ${Math.round(slowestTurnMs)} ms of CPU time; ${stalls} stalls over 200 ms of real time; slowest /health ${Math.round(slowestHealthMs)} ms`,
);
for (const [finding, count] of findings) console.log(`✖ ${finding} (${count} times)`);
process.exitCode = findings.size > 0 ? 1 : 0;

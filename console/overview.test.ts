/**
 * Overview in a browser: the change against the previous range, who changed the configuration, and the calls of each
 * service.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';

test('the overview compares with the previous range, names who changed what, and counts the calls of each service', async (t: TestContext) => {
  const service = await startTestService(t);
  await service.admin('POST', '/services', {
    service_name: 'meters',
    service_type: 'api',
    base_url: 'https://meters.example.com',
  });
  for (const house of [1, 2, 3]) await service.geocode(`Ташкент, улица Навои, ${house}`);
  // Two calls in the previous hour.
  await service.database.db.querySystem({
    text: `insert into usage_series (management_company_id, step, bucket_start, service_name, operation, request_count)
           values ($1, 'minute', date_trunc('minute', now() - interval '90 minutes'), 'google_maps', 'geocode', 2)`,
    values: [service.tenant],
  });
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console`);
  await signIn(page, service);

  const tile = page.locator('.tile').filter({ hasText: /^Calls/ });
  await tile.getByText('+50%').waitFor();
  assert.match((await tile.textContent()) ?? '', /^Calls3/);
  await page.locator('.tile').filter({ hasText: 'Webhooks' }).getByText('nothing before').waitFor();

  const changed = page.getByRole('region', { name: 'Changed lately' });
  await changed.getByRole('link', { name: 'meters' }).waitFor();
  await changed.getByText('test-admin').waitFor();
  await page.getByText('Dashed line: the configuration was changed.').waitFor();

  const google = page.locator('.chain li').filter({ hasText: 'Google Maps' });
  await google.getByRole('link', { name: '3 calls in 24 h' }).waitFor();
  await page.locator('.chain li').filter({ hasText: 'meters' }).getByText('no calls in 24 h').waitFor();
  await changed.getByRole('link', { name: 'meters' }).click();
  await page.getByRole('heading', { level: 1, name: 'Services' }).waitFor();
  assert.deepEqual(faults, []);
});

test('a point of the charts leads to as many calls as it counts: failed, timed out, refused by a limit and cancelled ones', async (t: TestContext) => {
  const upstream = createServer((request, reply) => {
    if (request.url === '/fails') reply.writeHead(500).end();
    else if (request.url !== '/hangs') reply.end('{}');
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  t.after(() => {
    upstream.closeAllConnections();
    upstream.close();
  });
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  await service.admin('POST', '/services', {
    service_name: 'meters',
    service_type: 'api',
    base_url: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    config: { timeout_seconds: 1, max_retries: 0, cost_per_request: 0.25 },
    rate_limit_per_minute: 4,
  });
  const { json: made } = await service.admin('GET', '/services?limit=100');
  const meters = made.services.find((one: { service_name: string }) => one.service_name === 'meters').id;
  for (const path of ['good', 'fails', 'hangs', 'good', 'good']) await service.call('GET', `/proxy/meters/${path}`);
  for (const house of [1, 1, 1]) await service.geocode(`Ташкент, улица Навои, ${house}`);
  await service.admin('POST', `/services/${meters}/check`);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console?range=day`);
  await signIn(page, service);

  /** The last point of the chart that counts anything, and the rows that it leads to. */
  const follow = async (
    title: string,
    name: string,
  ): Promise<[counted: number, listed: number, statuses: string[]]> => {
    const figure = page.getByRole('figure', { name: title });
    await figure.getByRole('img').focus();
    const said = figure.getByRole('status');
    const value = new RegExp(`${name} \\$?([1-9]\\d*|0\\.\\d*[1-9]\\d*)`);
    for (let presses = 0; presses < 24; presses += 1) {
      await page.keyboard.press('ArrowLeft');
      if (value.test((await said.textContent()) ?? '')) break;
    }
    const counted = Number(value.exec((await said.textContent()) ?? '')?.[1]);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Calls' }).waitFor();
    await page.locator('main tbody tr').first().waitFor();
    const statuses = await page.locator('main tbody td[data-label=Status]').allTextContents();
    await page.goBack();
    await figure.getByRole('img').waitFor();
    return [counted, statuses.length, [...new Set(statuses)].sort()];
  };
  const errors = await follow('Errors', 'Errors');
  assert.equal(errors[1], errors[0]);
  const calls = await follow('Calls', 'providers');
  assert.equal(calls[1], calls[0], 'answers from the cache have no row');
  // An hour may have ended between them.
  const { logs } = (await service.call('GET', '/logs?status=error,timeout,rate_limited,cancelled')).json;
  const kinds = new Set(logs.map(({ status }: { status: string }) => status));
  assert.deepEqual([...kinds].sort(), ['error', 'rate_limited', 'timeout']);
  if (errors[0] === logs.length) assert.deepEqual(errors[2], ['error', 'limited', 'timeout']);

  // Three calls with one miss; a provider that fails over adds a row, but no second miss.
  const [misses, missed] = await follow('Cache', 'misses');
  assert.equal(missed, misses, 'a point of the cache chart lists its misses, and no other calls');

  const [latencies, listed, statuses] = await follow('Latency', 'p95');
  assert.ok(latencies > 0 && listed > 0);
  assert.ok(!statuses.includes('limited'), 'a refused call took no time');
  const [cost, paid] = await follow('Cost', 'spent');
  assert.ok(cost > 0 && paid > 0);
  assert.deepEqual(faults, []);
});

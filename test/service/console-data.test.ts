/** The API's data for the console, used directly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '../../src/ids.ts';
import { startTestService } from '../support/service.ts';

test('series show recent calls, and refuse unknown parameters by name', async (t) => {
  const app = await startTestService(t);
  for (const street of ['Навои', 'Бабура', 'Навои']) {
    assert.equal((await app.geocode(`Ташкент, улица ${street}, 7`)).status, 200);
  }
  const seriesOf = async (query: string) => {
    const reply = await app.call('GET', `/stats/series?${query}`);
    assert.equal(reply.status, 200, reply.text);
    return reply.json.series as { labels: Record<string, string>; points: [string, number][] }[];
  };
  const totalOf = async (query: string) =>
    (await seriesOf(query)).flatMap(({ points }) => points).reduce((sum, [, value]) => sum + value, 0);

  for (const step of ['minute', 'hour', 'day']) {
    assert.equal(await totalOf(`metric=calls&step=${step}`), 3);
    assert.equal(await totalOf(`metric=cache_hits&step=${step}`), 1);
    assert.equal(await totalOf(`metric=cache_misses&step=${step}`), 2);
  }
  assert.equal(await totalOf('metric=cost'), 0.01);
  assert.deepEqual(
    (await seriesOf('metric=calls&group_by=service,operation')).map(({ labels }) => labels),
    [{ service: 'google_maps', operation: 'geocode' }],
  );
  assert.deepEqual(await seriesOf('metric=webhooks&from=2026-01-01&to=2026-01-02&step=hour'), [
    { labels: {}, points: [] },
  ]);

  for (const [query, path] of [
    ['', 'metric'],
    ['metric=speed', 'metric'],
    ['metric=calls&step=week', 'step'],
    ['metric=calls&group_by=colour', 'group_by'],
    ['metric=calls&from=soon', 'from'],
    ['metric=calls&from=2026-02-02&to=2026-02-01', 'to'],
    ['metric=calls&from=2020-01-01', 'from'],
    ['metric=calls&until=2026-01-01', 'until'],
  ]) {
    const { status, json } = await app.call('GET', `/stats/series?${query}`);
    assert.deepEqual([status, json.code, json.errors?.[0]?.path], [400, 'INVALID_REQUEST', path], query);
  }
});

test('there are no problems in a healthy service, then the budget, the dead deliveries and the switched-off target', async (t) => {
  const app = await startTestService(t);
  const problems = async (headers?: Record<string, string>) => {
    const reply = await app.call('GET', '/problems', undefined, headers);
    assert.equal(reply.status, 200, reply.text);
    return reply.json as Record<string, string>[];
  };
  assert.deepEqual(await problems(), []);
  assert.equal((await app.call('GET', '/problems?all=true')).status, 400);

  assert.equal((await app.geocode('Ташкент, улица Навои, 7')).status, 200);
  await app.admin('PUT', '/budgets/google_maps', { monthly_limit_usd: 0.001, action: 'block' });
  const created = await app.admin('POST', '/webhooks', {
    webhook_name: 'payments',
    source_service: 'custom',
    target_url: 'https://hooks.example.com/in?key=secret-part',
  });
  assert.equal(created.status, 201, created.text);
  const { id } = created.json;
  for (const state of ['dead', 'dead', 'pending']) {
    await app.database.db.querySystem({
      text: `insert into webhook_deliveries (id, management_company_id, webhook_id, webhook_event_id, event_received_at, state,
               attempt_count, next_attempt_at)
             values ($1, $2, $3, $1, now(), $4, 3, now() + interval '1 hour')`,
      values: [newId(), app.tenant, id, state],
    });
  }
  const found = await problems();
  assert.deepEqual(
    found.map(({ kind, severity, service, count, link }) => [kind, severity, service, count, link]),
    [
      ['deliveries_dead', 'critical', 'payments', 2, `/console/webhooks/${id}`],
      ['budget_spent', 'critical', 'google_maps', undefined, '/console/costs'],
      ['deliveries_waiting', 'warning', 'payments', 1, `/console/webhooks/${id}`],
    ],
  );
  for (const { message = '', message_ru = '', since = '' } of found) {
    assert.doesNotMatch(message + message_ru, /secret-part/);
    assert.match(message_ru, /[а-я]/);
    assert.ok(Date.parse(since) <= Date.now());
  }
  assert.deepEqual(
    (await problems()).map(({ since }) => since),
    found.map(({ since }) => since),
  );

  await app.database.db.querySystem({
    text: 'update webhook_configs set target_off_at = now() where id = $1',
    values: [id],
  });
  assert.deepEqual((await problems()).map(({ kind }) => kind).toSorted(), [
    'budget_spent',
    'deliveries_dead',
    'target_off',
  ]);
  assert.deepEqual(await problems({ 'x-management-company-id': 'uk_company_2' }), []);
});

test('a Sheets account near its limit is a problem that names the account and its callers', async (t) => {
  const app = await startTestService(t);
  const nearOf = async () =>
    ((await app.call('GET', '/problems')).json as Record<string, string>[]).filter(({ service }) =>
      service?.startsWith('google_sheets'),
    );
  for (let row = 1; row <= 20; row++) {
    const reply = await app.call(
      'POST',
      '/sheets/read',
      { spreadsheet_id: 'journal', range: `A${row}` },
      { 'x-service-name': row % 5 === 0 ? 'billing' : 'dispatcher' },
    );
    assert.equal(reply.status, 200, reply.text);
  }
  const [near, ...others] = await nearOf();
  assert.deepEqual(others, []);
  assert.deepEqual(
    [near?.kind, near?.severity, near?.service, near?.link],
    ['sheets_read_limit_near', 'warning', 'google_sheets', '/console/limits'],
  );
  const message =
    /^Google Sheets will reach Google's read limit \(60 a minute\) in \d+ s; most from dispatcher \(16 in the last minute\)$/;
  assert.match(near?.message ?? '', message);
  assert.match(near?.message_ru ?? '', /лимита Google на чтение \(60 в минуту\) через \d+ с; больше всех — dispatcher/);
});

test('a call is found by its request id: in the log, or in memory if the cache answered', async (t) => {
  const app = await startTestService(t);
  const ask = (id: string) =>
    app.call('POST', '/geocoding/geocode', { address: 'Ташкент, улица Навои, 7' }, { 'x-request-id': id });
  assert.equal((await ask('call-asked')).status, 200);
  assert.equal((await ask('call-cached')).status, 200);

  const asked = await app.call('GET', '/calls/call-asked');
  assert.equal(asked.status, 200, asked.text);
  const { source, operation, cache, attempts, limits, events, estimated_cost } = asked.json;
  assert.deepEqual([source, operation, limits, estimated_cost], ['audit', 'geocode', [], 0.005]);
  assert.deepEqual(
    cache.map(({ outcome }: { outcome: string }) => outcome),
    ['miss'],
  );
  assert.equal(attempts.length, 1);
  const [{ service_name, status, place, starts_after_ms, log_id }] = attempts;
  assert.deepEqual([service_name, status, place], ['google_maps', 'success', 1]);
  assert.ok(starts_after_ms >= 0 && starts_after_ms <= asked.json.duration_ms, 'the cache was not asked before');
  assert.equal((await app.call('GET', `/logs/${log_id}`)).json.request_id, 'call-asked');
  const types = events.map(({ type }: { type: string }) => type);
  assert.deepEqual(types.toSorted(), [
    'integration.cache.miss',
    'integration.request.completed',
    'integration.request.sent',
  ]);

  const cached = (await app.call('GET', '/calls/call-cached')).json;
  assert.deepEqual([cached.source, cached.cache[0].outcome, cached.attempts], ['memory', 'hit', []]);
  for (const [id, tenant] of [
    ['call-unknown', app.tenant],
    ['call-asked', 'uk_company_2'],
    ['call-cached', 'uk_company_2'],
  ]) {
    const reply = await app.call('GET', `/calls/${id}`, undefined, { 'x-management-company-id': tenant as string });
    assert.deepEqual([reply.status, reply.json.code], [404, 'NOT_FOUND']);
  }
});

test('recent changes are listed by name, newest first, of this tenant only', async (t) => {
  const app = await startTestService(t);
  const meters = { service_name: 'meters', service_type: 'api', base_url: 'https://meters.example.com' };
  const { json: made } = await app.admin('POST', '/services', meters);
  await app.admin('PATCH', `/services/${made.id}`, { description: 'of water' });
  await app.admin('POST', '/tokens', { name: 'crm', scopes: ['geocoding'] });
  const listed = async (query = '', headers: Record<string, string> = {}) => {
    const reply = await app.admin('GET', `/changes${query}`, undefined, headers);
    assert.equal(reply.status, 200, reply.text);
    return reply.json.changes as Record<string, string>[];
  };
  assert.deepEqual(
    (await listed()).slice(0, 3).map(({ entity, name, action, changed_by }) => [entity, name, action, changed_by]),
    [
      ['token', 'crm', 'created', 'test-admin'],
      ['service', 'meters', 'changed', 'test-admin'],
      ['service', 'meters', 'created', 'test-admin'],
    ],
  );
  assert.equal((await listed('?limit=1')).length, 1);
  assert.deepEqual(await listed(`?from=${encodeURIComponent(new Date(Date.now() + 60_000).toISOString())}`), []);
  assert.deepEqual(await listed('', { 'x-management-company-id': `${app.tenant}_other` }), []);
  assert.equal((await app.call('GET', '/changes')).status, 403, 'the configuration is for administrators only');
});

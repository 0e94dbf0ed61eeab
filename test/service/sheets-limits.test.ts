/** Quotas, refusals and outages of Google Sheets for callers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountsOfEmulator } from '../../emulator/oauth/service-accounts.ts';
import { signAdminToken } from '../support/service.ts';
import { readAtGoogle, startSheetsServices } from '../support/sheets-service.ts';
import { waitFor } from '../support/wait-for.ts';

const sheet = 'journal';
const jwtSecret = { JWT_SECRET: 'the secret that whole-service tests sign with' };
const read = (row: number, more: object = {}) => ({ spreadsheet_id: sheet, range: `Sheet1!A${row}`, ...more });

test('a spent quota is a 429 with a correct Retry-After for callers that do not wait, and sends nothing to Google', async (t) => {
  const { call, emulator } = await startSheetsServices(t, { env: { RATE_LIMIT_SHEETS_PER_MINUTE: '1000' } });
  const replies = [];
  for (let row = 1; row <= 62; row++)
    replies.push(await call('POST', '/sheets/read', read(row, { max_wait_seconds: 0 })));
  assert.deepEqual(
    replies.map(({ status }) => status),
    [...new Array(60).fill(200), 429, 429],
  );
  const refused = replies[60];
  assert.equal(refused?.json.code, 'RATE_LIMIT_EXCEEDED');
  const retryAfter = Number(refused?.headers.get('retry-after'));
  assert.equal(refused?.headers.get('ratelimit'), `"google_sheets:read";r=0;t=${retryAfter}`);
  assert.equal(refused?.headers.get('ratelimit-policy'), '"sheets";q=1000;w=60, "google_sheets:read";q=60;w=60');
  assert.ok(retryAfter > 0 && retryAfter <= 62, `Retry-After: ${retryAfter}`);
  const { overQuota, received } = emulator.control.requests('google_sheets');
  assert.deepEqual([overQuota, received], [0, 60]);
  // Writes have their own quota, and cached reads cost nothing.
  assert.equal((await call('POST', '/sheets/read', read(2))).headers.get('x-cache'), 'HIT-MEMORY');
  const write = await call('POST', '/sheets/write', { ...read(1), values: [[1]] });
  assert.equal(write.status, 200);
});

test('the tenant’s own limit applies too', async (t) => {
  const { call } = await startSheetsServices(t, { env: { RATE_LIMIT_SHEETS_PER_MINUTE: '2' } });
  for (const row of [1, 2])
    assert.equal((await call('POST', '/sheets/read', read(row, { max_wait_seconds: 0 }))).status, 200);
  const refused = await call('POST', '/sheets/read', read(3, { max_wait_seconds: 0 }));
  assert.equal(refused.status, 429);
  assert.match(refused.json.detail, /limit of 2 sheets requests a minute/);
  assert.match(String(refused.headers.get('ratelimit')), /^"sheets";r=0;t=\d+$/);
  assert.equal(refused.headers.get('ratelimit-policy'), '"sheets";q=2;w=60');
});

test('a call that Google refused shows the rest of the tenant’s limit, too', async (t) => {
  const { call } = await startSheetsServices(t);
  const nowhere = { spreadsheet_id: sheet, range: 'Nowhere!A1' };
  const calls: [string, string, object | undefined][] = [
    ['POST', '/sheets/read', nowhere],
    ['POST', '/sheets/write', { ...nowhere, values: [[1]] }],
    ['POST', '/sheets/clear', nowhere],
    ['POST', '/sheets/append', { ...nowhere, values: [[1]] }],
    ['POST', '/sheets/batch', { spreadsheet_id: sheet, operations: [{ operation: 'read', range: 'Nowhere!A1' }] }],
  ];
  for (const [method, path, body] of calls) {
    const reply = await call(method, path, body);
    assert.equal(reply.status, path === '/sheets/batch' ? 200 : 400, reply.text);
    const left = (await call('GET', '/rate-limits')).json.families.find(
      ({ family }: { family: string }) => family === 'sheets',
    ).windows[0].remaining_requests;
    assert.ok(reply.headers.get('ratelimit')?.startsWith(`"sheets";r=${left};`), `${path}: ${left} are left`);
  }
});

test('a stale range shows the tenant’s limit after the failed request', async (t) => {
  const { call, emulator } = await startSheetsServices(t, {
    env: { CACHE_SHEETS_TTL_SECONDS: '1', REQUEST_MAX_RETRIES: '0' },
  });
  assert.equal((await call('POST', '/sheets/read', read(1))).status, 200);
  emulator.control.fail({ vendor: 'google_sheets', mode: '503' });
  const stale = await waitFor('the answer to be old', async () => {
    const reply = await call('POST', '/sheets/read', read(1));
    return reply.headers.get('x-cache') === 'STALE' ? reply : null;
  });
  assert.match(String(stale.headers.get('ratelimit')), /^"sheets";r=98;/);
});

test('a caller whose wait would be too short for a spent limit is refused at once', async (t) => {
  const { call } = await startSheetsServices(t, { env: { RATE_LIMIT_SHEETS_PER_MINUTE: '1' } });
  assert.equal((await call('POST', '/sheets/read', read(1))).status, 200);
  const beganAtMs = performance.now();
  for (const [path, body] of [
    ['read', read(2, { max_wait_seconds: 30 })],
    ['write', { ...read(3, { max_wait_seconds: 30 }), values: [[1]] }],
    ['append', { ...read(4, { max_wait_seconds: 30 }), values: [[1]] }],
  ] as const) {
    const refused = await call('POST', `/sheets/${path}`, body);
    assert.equal(refused.status, 429, refused.text);
    assert.ok(Number(refused.headers.get('retry-after')) > 30);
  }
  // If they were paced, each would wait its 30 seconds before it is refused.
  assert.ok(performance.now() - beganAtMs < 15_000);
});

test('each call that a spent limit refuses has an audit row, also those that share a request', async (t) => {
  const { call } = await startSheetsServices(t, { env: { RATE_LIMIT_SHEETS_PER_MINUTE: '1' } });
  assert.equal((await call('POST', '/sheets/read', read(1))).status, 200);
  const turnedAway = ['r-1', 'r-2', 'r-3', 'r-4', 'r-5'];
  const replies = await Promise.all(
    turnedAway.map((id, index) =>
      call('POST', '/sheets/read', read(10 + index, { max_wait_seconds: 0 }), { 'x-request-id': id }),
    ),
  );
  // The lane is blocked by now: this call is refused without a check of the limit.
  replies.push(await call('POST', '/sheets/read', read(20, { max_wait_seconds: 0 }), { 'x-request-id': 'r-6' }));
  assert.deepEqual(
    replies.map(({ status }) => status),
    new Array(6).fill(429),
  );
  const { logs } = (await call('GET', '/logs?status=rate_limited')).json as { logs: Record<string, string>[] };
  assert.deepEqual(logs.map(({ request_id }) => request_id).toSorted(), [...turnedAway, 'r-6']);
  assert.ok(logs.every((log) => log.service_name === 'sheets' && log.operation === 'sheets_read'));
});

test('Google’s own 429 pauses the account, and waiting calls are served afterwards', async (t) => {
  const { call, emulator } = await startSheetsServices(t);
  emulator.control.fail({ vendor: 'google_sheets', mode: 'over_query_limit', times: 1 });
  const impatient = await call('POST', '/sheets/read', read(1, { max_wait_seconds: 0 }));
  assert.equal(impatient.status, 429);
  assert.ok(Number(impatient.headers.get('retry-after')) > 0);
  const patient = await call('POST', '/sheets/read', read(1, { max_wait_seconds: 20 }));
  assert.equal(patient.status, 200);
  assert.equal(emulator.control.requests('google_sheets').received, 2);
});

test('refusals of the spreadsheet keep Google’s meaning and name the account', async (t) => {
  const { call, emulator } = await startSheetsServices(t);
  const arrange = (id: string, body: object) =>
    fetch(`${emulator.url}/__emulator/spreadsheets/${id}`, { method: 'POST', body: JSON.stringify(body) });
  await arrange('private', { shared_with: [] });
  await arrange('gone', { missing: true });
  const forbidden = await call('POST', '/sheets/read', { spreadsheet_id: 'private', range: 'A1' });
  assert.equal(forbidden.status, 403);
  assert.match(forbidden.json.detail, /share the spreadsheet with integration-service@/);
  for (const reply of [
    await call('POST', '/sheets/append', { spreadsheet_id: 'gone', range: 'A1', values: [['x']] }),
    await call('GET', '/sheets/metadata/gone'),
  ]) {
    assert.equal(reply.status, 404, reply.text);
    assert.equal(reply.json.provider, 'google_sheets');
  }
});

test('while Google is down a cached read is served stale, but never after an own write', async (t) => {
  const { call, emulator } = await startSheetsServices(t, {
    env: { CACHE_SHEETS_TTL_SECONDS: '1', REQUEST_TIMEOUT_SECONDS: '1', REQUEST_MAX_RETRIES: '0' },
  });
  await call('POST', '/sheets/write', { ...read(1), values: [['old']] });
  await call('POST', '/sheets/read', read(1));
  await call('POST', '/sheets/write', { ...read(1), values: [['new']] });
  await call('POST', '/sheets/read', read(2));
  emulator.control.fail({ vendor: 'google_sheets', mode: '500' });
  const fresh = { 'cache-control': 'no-cache' };
  const known = await call('POST', '/sheets/read', read(2), fresh);
  assert.equal(known.headers.get('x-cache'), 'STALE');
  const written = await call('POST', '/sheets/read', read(1), fresh);
  assert.ok(written.status >= 500, written.text);
});

test('several accounts share the work, and a spreadsheet is read by the account that has access', async (t) => {
  const { call, emulator } = await startSheetsServices(t, {
    env: { ...jwtSecret, RATE_LIMIT_SHEETS_PER_MINUTE: '1000' },
  });
  const second = await accountsOfEmulator(emulator).makeKey(
    'second@p.iam.gserviceaccount.com',
    'p',
    `${emulator.url}/token`,
  );
  const added = await call(
    'POST',
    '/services',
    {
      service_name: 'sheets_two',
      service_type: 'sheets',
      display_name: 'The second account',
      base_url: emulator.url,
      credentials: second,
      config: { adapter: 'google_sheets' },
    },
    { authorization: `Bearer ${await signAdminToken({ tenants: '*', scope: 'admin' })}` },
  );
  assert.equal(added.status, 201, added.text);
  const statuses = [];
  for (let row = 1; row <= 80; row++) {
    statuses.push((await call('POST', '/sheets/read', read(row, { max_wait_seconds: 0 }))).status);
  }
  assert.ok(statuses.every((status) => status === 200));
  const { accounts } = emulator.control.requests('google_sheets');
  const perAccount = Object.values(accounts).map(({ received }) => received);
  assert.deepEqual(perAccount.sort(), [40, 40]);

  await fetch(`${emulator.url}/__emulator/spreadsheets/shared`, {
    method: 'POST',
    body: JSON.stringify({ shared_with: ['second@p.iam.gserviceaccount.com'] }),
  });
  for (const row of [1, 2, 3]) {
    const reply = await call('POST', '/sheets/read', { spreadsheet_id: 'shared', range: `A${row}` });
    assert.deepEqual([reply.status, reply.headers.get('x-provider')], [200, 'sheets_two'], reply.text);
  }
});

test('a batch repeated with its key gets the first answer, and appends nothing twice', async (t) => {
  const { call, emulator } = await startSheetsServices(t);
  const batch = {
    spreadsheet_id: sheet,
    operations: [
      { operation: 'append', range: 'Sheet1!A1', values: [['one', 1]] },
      { operation: 'append', range: 'Sheet1!A1', values: [['two', 2]] },
    ],
  };
  const key = { 'idempotency-key': `batch-${Date.now()}` };
  const first = await call('POST', '/sheets/batch', batch, key);
  const again = await call('POST', '/sheets/batch', batch, key);
  assert.deepEqual(again.json, first.json);
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  assert.deepEqual(await readAtGoogle(emulator, sheet, 'Sheet1'), [
    ['one', 1],
    ['two', 2],
  ]);
});

test('a spreadsheet that always fails does not block others, and refused credentials are reported as such', async (t) => {
  const { call, emulator } = await startSheetsServices(t, { env: { ...jwtSecret, REQUEST_MAX_RETRIES: '0' } });
  emulator.control.fail({ vendor: 'google_sheets', mode: '503', pathIncludes: '/sick' });
  const append = (spreadsheet_id: string) =>
    call('POST', '/sheets/append', { spreadsheet_id, range: 'A1', values: [['x']] });
  for (let round = 0; round < 4; round++) {
    const [sick, well] = await Promise.all([append('sick'), append('well')]);
    assert.ok(sick.status >= 500, sick.text);
    assert.equal(well.json.updated_range, `Sheet1!A${round + 1}`, well.text);
  }
  const health = await call('GET', '/sheets/health');
  assert.notEqual(health.json.status, 'down');

  const oauthClient = {
    installed: { client_id: 'x.apps.googleusercontent.com', client_secret: 'y', redirect_uris: [] },
  };
  for (const credentials of [oauthClient, JSON.stringify(oauthClient), { client_email: 'a@b.c' }]) {
    const refused = await call(
      'POST',
      '/services',
      { service_name: 'sheets_two', service_type: 'sheets', credentials, config: { adapter: 'google_sheets' } },
      { authorization: `Bearer ${await signAdminToken({ tenants: '*', scope: 'admin' })}` },
    );
    assert.equal(refused.status, 400, refused.text);
    assert.equal(refused.json.errors[0].path, 'credentials');
    assert.match(refused.json.errors[0].message, /it takes the JSON of a service account/);
  }
});

test('a repeated batch repeats only failed operations', async (t) => {
  const { call, emulator } = await startSheetsServices(t, { env: { REQUEST_MAX_RETRIES: '0' } });
  const operations = [
    { operation: 'append', range: 'Sheet1!A1', values: [['once']] },
    { operation: 'write', range: 'Sheet1!C1', values: [['written']] },
  ];
  const body = { spreadsheet_id: 'partly', operations };
  const key = { 'idempotency-key': 'partly-1' };
  emulator.control.fail({ vendor: 'google_sheets', mode: '503', times: 1, pathIncludes: '/values/Sheet1%21C1' });
  const first = await call('POST', '/sheets/batch', body, key);
  assert.equal(first.json.results[0].updated_range, 'Sheet1!A1', first.text);
  assert.equal(first.json.results[1].error.code, 'PROVIDER_ERROR', first.text);
  const second = await call('POST', '/sheets/batch', body, key);
  assert.equal(second.headers.get('idempotency-replayed'), null);
  assert.deepEqual(second.json.results[0], first.json.results[0]);
  assert.equal(second.json.results[1].updated_range, 'Sheet1!C1', second.text);
  assert.deepEqual(await readAtGoogle(emulator, 'partly', 'A1:C9'), [['once', '', 'written']]);
  assert.equal((await call('POST', '/sheets/batch', body, key)).headers.get('idempotency-replayed'), 'true');
});

test('numbers that a sheet would change are refused, and a range larger than its grid ends with it', async (t) => {
  const { call } = await startSheetsServices(t);
  for (const number of [2 ** 60, 1234567890123456, -9007199254740991]) {
    const reply = await call('POST', '/sheets/write', { spreadsheet_id: 'digits', range: 'A1', values: [[number]] });
    assert.equal(reply.status, 400, reply.text);
    assert.match(reply.json.errors[0].message, /more than 15 digits/);
  }
  const whole = await call('POST', '/sheets/write', {
    spreadsheet_id: 'digits',
    range: 'A1',
    values: [[123456789012345, 0.1]],
  });
  assert.equal(whole.status, 200, whole.text);
  const address = 'https://docs.google.com/spreadsheets/d/digits/edit#gid=0';
  const read = await call('POST', '/sheets/read', { spreadsheet_id: address, range: 'A1:Z100000' });
  assert.deepEqual([read.json.range, read.json.values], ['Sheet1!A1:Z1000', [[123456789012345, 0.1]]], read.text);
  const other = await call('POST', '/sheets/read', { spreadsheet_id: 'digits', gid: 5, range: 'A1' });
  assert.deepEqual([other.status, other.json.code], [404, 'NOT_FOUND']);
  for (const body of [{ major_dimension: 'COLUMNS' }, { valueInputOption: 'RAW' }]) {
    const values = [[1, 2]];
    const refused = await call('POST', '/sheets/write', { spreadsheet_id: 'digits', range: 'A1', values, ...body });
    assert.deepEqual([refused.status, refused.json.errors[0].path], [400, Object.keys(body)[0]]);
  }
});

test('a single 429 without Retry-After is waited for within the default wait', async (t) => {
  const { call, emulator } = await startSheetsServices(t);
  emulator.control.fail({ vendor: 'google_sheets', mode: 'over_query_limit', times: 1 });
  assert.equal((await call('POST', '/sheets/read', read(1))).status, 200);
});

test('a read that is too large is the caller’s error: 413, and no outage of the account', async (t) => {
  const { call } = await startSheetsServices(t, { env: { REQUEST_MAX_RETRIES: '0' } });
  const cell = 'я'.repeat(25_000);
  for (let row = 1; row <= 700; row += 35) {
    const values = Array.from({ length: 35 }, () => [cell, cell]);
    const written = await call('POST', '/sheets/write', {
      spreadsheet_id: 'vast',
      range: `Sheet1!A${row}`,
      values,
      max_wait_seconds: 60,
    });
    assert.equal(written.status, 200, written.text.slice(0, 500));
  }
  for (const _ of [1, 2, 3, 4, 5, 6, 7]) {
    const vast = await call('POST', '/sheets/read', { spreadsheet_id: 'vast', range: 'A:B', max_wait_seconds: 60 });
    assert.deepEqual([vast.status, vast.json.code], [413, 'PAYLOAD_TOO_LARGE'], vast.text.slice(0, 500));
    assert.match(vast.json.detail, /larger than 64 MiB: ask for fewer rows/);
  }
  const part = await call('POST', '/sheets/read', { spreadsheet_id: 'vast', range: 'A1:A2' });
  assert.equal(part.json.row_count, 2, part.text.slice(0, 500));
  const beside = await call('POST', '/sheets/append', { spreadsheet_id: sheet, range: 'A1', values: [['x']] });
  assert.equal(beside.json.updated_range, 'Sheet1!A1', beside.text);
  const below = await call('POST', '/sheets/append', { spreadsheet_id: 'vast', range: 'A1', values: [['last']] });
  assert.equal(below.json.updated_range, 'Sheet1!A701', below.text);
  assert.equal((await call('GET', '/sheets/health')).json.status, 'healthy');
});

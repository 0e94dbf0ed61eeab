/** The Sheets API end to end: the whole service, real stores, an emulated Google. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signAdminToken, startTestService } from '../support/service.ts';
import { openGoogleClient, readAtGoogle, startSheetsServices } from '../support/sheets-service.ts';
import { waitFor } from '../support/wait-for.ts';

const sheet = 'journal';

test('a journal is written, appended to, read, cleared and described', async (t) => {
  const { call, emulator } = await startSheetsServices(t);

  const written = await call('POST', '/sheets/write', {
    spreadsheet_id: sheet,
    range: 'Sheet1!A1',
    values: [['дата', 'адрес', 'сумма']],
  });
  assert.equal(written.status, 200, written.text);
  assert.deepEqual(written.json, {
    updated_range: 'Sheet1!A1:C1',
    updated_rows: 1,
    updated_columns: 3,
    updated_cells: 3,
  });
  const appended = await call('POST', '/sheets/append', {
    spreadsheet_id: sheet,
    range: 'Sheet1!A:C',
    values: [['2026-11-22', '', 12.5]],
  });
  assert.deepEqual(appended.json, {
    updated_range: 'Sheet1!A2:C2',
    updated_rows: 1,
    updated_cells: 3,
    table_range: 'Sheet1!A1:C1',
  });
  const again = await call('POST', '/sheets/append', {
    spreadsheet_id: sheet,
    range_name: 'Sheet1',
    values: [['+998901234567', true, '=1+1']],
  });
  assert.equal(again.json.updated_range, 'Sheet1!A3:C3');

  const read = await call('POST', '/sheets/read', { spreadsheet_id: sheet, range: 'Sheet1!A1:C' });
  assert.deepEqual(read.json.values, [
    ['дата', 'адрес', 'сумма'],
    ['2026-11-22', '', 12.5],
    ['+998901234567', true, '=1+1'],
  ]);
  assert.deepEqual([read.json.row_count, read.json.column_count, read.json.cached], [3, 3, false]);
  assert.equal(read.headers.get('x-cache'), 'MISS');
  const cached = await call('POST', '/sheets/read', { spreadsheet_id: sheet, range: 'Sheet1!A1:C' });
  assert.equal(cached.headers.get('x-cache'), 'HIT-MEMORY');
  assert.equal(cached.json.cached, true);

  const cleared = await call('POST', '/sheets/clear', { spreadsheet_id: sheet, range: 'Sheet1!C3' });
  assert.deepEqual(cleared.json, { cleared_range: 'Sheet1!C3' });
  const fresh = await call('POST', '/sheets/read', { spreadsheet_id: sheet, range: 'Sheet1!A1:C' });
  assert.deepEqual(fresh.json.values[2], ['+998901234567', true]);

  const metadata = await call('GET', `/sheets/metadata/${sheet}`);
  const plain = { hidden: false, frozen_row_count: 0, frozen_column_count: 0, protected_ranges: [] };
  assert.deepEqual(metadata.json.worksheets, [
    { id: 0, title: 'Sheet1', index: 0, row_count: 1000, column_count: 26, ...plain },
  ]);
  assert.deepEqual(metadata.json.named_ranges, []);
  const health = await call('GET', '/sheets/health');
  assert.equal(health.json.service, 'google_sheets');
  assert.ok(health.json.rate_limit_remaining > 0 && health.json.rate_limit_remaining < 60);
  assert.equal((await readAtGoogle(emulator, sheet, 'A3'))[0]?.[0], '+998901234567');
});

test('the cached reads of a spreadsheet are dropped by its address, too', async (t) => {
  const app = await startTestService(t);
  const id = '1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms';
  const read = async () =>
    (await app.call('POST', '/sheets/read', { spreadsheet_id: id, range: 'Sheet1!A1' })).headers.get('x-cache');
  assert.deepEqual([await read(), await read()], ['MISS', 'HIT-MEMORY']);
  const drop = (spreadsheet_id: string) => app.admin('POST', '/cache/invalidate', { spreadsheet_id });
  const dropped = await drop(`https://docs.google.com/spreadsheets/d/${id}/edit#gid=0`);
  assert.deepEqual([dropped.status, dropped.json.invalidated_count], [200, 1]);
  assert.equal(await read(), 'MISS');
  assert.equal((await drop('https://example.com/table')).json.errors[0].path, 'spreadsheet_id');
});

test('bad input is refused at once with its place, and nothing is sent', async (t) => {
  const { call, emulator } = await startSheetsServices(t);
  const write = { spreadsheet_id: 'x', range: 'A1' };
  const cases: [string, object, string][] = [
    ['read', { range: 'A1' }, 'spreadsheet_id'],
    ['read', { spreadsheet_id: '../x', range: 'A1' }, 'spreadsheet_id'],
    ['read', { spreadsheet_id: 'x' }, 'range'],
    ['read', { spreadsheet_id: 'x', range: 'Sheet1!A0' }, 'range'],
    ['read', { spreadsheet_id: 'x', range: "'Sheet1" }, 'range'],
    ['read', { spreadsheet_id: 'x', range: 'A1', value_render_option: 'PLAIN' }, 'value_render_option'],
    ['read', { spreadsheet_id: 'x', range: 'A1', max_wait_seconds: -1 }, 'max_wait_seconds'],
    ['write', write, 'values'],
    ['write', { ...write, values: [] }, 'values'],
    ['write', { ...write, values: [[]] }, 'values[0]'],
    ['write', { ...write, values: 'x' }, 'values'],
    ['write', { ...write, values: [[{ a: 1 }]] }, 'values[0][0]'],
    ['write', { ...write, values: [[['a']]] }, 'values[0][0]'],
    ['write', { ...write, values: [['x'.repeat(50_001)]] }, 'values[0][0]'],
    ['append', { ...write, values: [['', null]] }, 'values[0]'],
    ['append', { ...write, values: [['a']], insert_data_option: 'PUSH' }, 'insert_data_option'],
    ['clear', { spreadsheet_id: 'a/b', range: 'A1' }, 'spreadsheet_id'],
    ['batch', { spreadsheet_id: 'x', operations: [] }, 'operations'],
    ['batch', { spreadsheet_id: 'x', operations: [{ operation: 'move', range: 'A1' }] }, 'operations[0].operation'],
    [
      'batch',
      { spreadsheet_id: 'x', operations: [{ operation: 'write', range: 'A1', values: [[1], [{}]] }] },
      'operations[0].values[1][0]',
    ],
  ];
  for (const [path, body, place] of cases) {
    const reply = await call('POST', `/sheets/${path}`, body);
    assert.equal(reply.status, 400, `${path} ${JSON.stringify(body).slice(0, 100)}: ${reply.text.slice(0, 300)}`);
    assert.equal(reply.json.code, 'INVALID_REQUEST');
    assert.equal(reply.json.errors[0].path, place);
  }
  assert.equal((await call('GET', '/sheets/metadata/a%2Fb')).status, 400);
  assert.equal(emulator.control.requests('google_sheets').received, 0);

  const wide = await call('POST', '/sheets/write', { ...write, values: [new Array(5_000_000).fill(1)] });
  assert.equal(wide.status, 400);
  assert.equal(emulator.control.requests('google_sheets').received, 0);

  const missing = await call('POST', '/sheets/read', { spreadsheet_id: 'x', range: 'NOPE!A1' });
  assert.equal(missing.status, 400);
  assert.match(missing.json.detail, /Unable to parse range/);
  assert.equal(missing.json.provider, 'google_sheets');
});

test('rows may have different lengths, and a short one leaves the cells beyond it unchanged', async (t) => {
  const { call, emulator } = await startSheetsServices(t);
  const at = (range: string, values: unknown) => ({ spreadsheet_id: sheet, range, values });
  await call('POST', '/sheets/write', at('Sheet1!A1:C3', new Array(3).fill(['x', 'y', 'z'])));

  const written = await call('POST', '/sheets/write', at('Sheet1!A1:C3', [['a'], [], [1, true]]));
  assert.equal(written.status, 200, written.text);
  const batch = await call('POST', '/sheets/batch', {
    spreadsheet_id: sheet,
    operations: [
      { operation: 'append', range: 'Sheet1!A1', values: [['b'], ['c', null, 2], ['d', 'e']] },
      { operation: 'read', range: 'Sheet1!A1:C6' },
    ],
  });
  assert.equal(batch.json.results[0].updated_range, 'Sheet1!A4:C6');
  assert.deepEqual(batch.json.results[1].values, [
    ['a', 'y', 'z'],
    ['x', 'y', 'z'],
    [1, true, 'z'],
    ['b'],
    ['c', '', 2],
    ['d', 'e'],
  ]);

  emulator.control.resetCounts();
  const huge = at('A1', [new Array(10_000).fill(1), ...new Array(10_000).fill([1])]);
  assert.equal((await call('POST', '/sheets/write', huge)).status, 400);
  assert.equal(emulator.control.requests('google_sheets').received, 0);
});

test('a thousand reads of fifty ranges need at most twenty requests, and each answer is right', async (t) => {
  const { call, emulator } = await startSheetsServices(t);
  const rows = Array.from({ length: 50 }, (_, row) => [`row ${row}`, row]);
  await call('POST', '/sheets/write', { spreadsheet_id: sheet, range: 'Sheet1!A1', values: rows });
  emulator.control.resetCounts();

  const reads = Array.from({ length: 1_000 }, async (_, index) => {
    const row = (index * 7) % 50;
    const reply = await call('POST', '/sheets/read', {
      spreadsheet_id: sheet,
      range: `Sheet1!A${row + 1}:B${row + 1}`,
    });
    assert.equal(reply.status, 200, reply.text);
    assert.deepEqual(reply.json.values, [[`row ${row}`, row]]);
  });
  await Promise.all(reads);
  const { received } = emulator.control.requests('google_sheets');
  t.diagnostic(`${received} requests for 1,000 reads`);
  assert.ok(received <= 20, `${received} requests`);
});

test('a bad range in a shared request fails only its caller', async (t) => {
  const { call } = await startSheetsServices(t);
  const read = (range: string) => call('POST', '/sheets/read', { spreadsheet_id: sheet, range });
  const write = (range: string) => call('POST', '/sheets/write', { spreadsheet_id: sheet, range, values: [[range]] });
  const writes = await Promise.all(['Sheet1!A1', 'NOPE!A1', 'Sheet1!B1', 'Sheet1!A9999', 'Sheet1!C1'].map(write));
  assert.deepEqual(
    writes.map(({ status }) => status),
    [200, 400, 200, 400, 200],
  );
  assert.equal(writes[1]?.json.detail, 'The spreadsheet has no sheet "NOPE". Unable to parse range: NOPE!A1');
  const appended = await call('POST', '/sheets/append', {
    spreadsheet_id: sheet,
    range: 'NOPE!A1:C1',
    values: [['a', 'b']],
  });
  assert.equal(appended.json.detail, 'The spreadsheet has no sheet "NOPE". Unable to parse range: NOPE!A1:C1');
  const reads = await Promise.all(['Sheet1!A1', 'NOPE!A1', 'Sheet1!B1', 'Sheet1!A9999', 'Sheet1!C1'].map(read));
  assert.deepEqual(
    reads.map(({ status }) => status),
    [200, 400, 200, 400, 200],
  );
  assert.deepEqual(reads[4]?.json.values, [['Sheet1!C1']]);
});

test('every replica reads a write, also in cells with formulas', async (t) => {
  const { replicas } = await startSheetsServices(t, { replicas: 2 });
  const [one, two] = replicas;
  assert.ok(one && two);
  const write = (range: string, value: string) =>
    one.call('POST', '/sheets/write', { spreadsheet_id: sheet, range, values: [[value]] });
  const read = (range: string) => two.call('POST', '/sheets/read', { spreadsheet_id: sheet, range });
  await write('Sheet1!A1', 'old');
  await write('Sheet1!D9', 'apart');
  for (const range of ['Sheet1!A1:B2', 'Sheet1!D9', 'Sheet1']) await read(range);

  await write('Sheet1!B2', 'new');
  const near = await read('Sheet1!A1:B2');
  assert.deepEqual(near.json.values, [['old'], ['', 'new']]);
  assert.equal(near.headers.get('x-cache'), 'MISS');
  assert.equal((await read('Sheet1!D9')).headers.get('x-cache'), 'MISS');
  assert.equal((await read('Sheet1')).headers.get('x-cache'), 'MISS');
  const user = { value_input_option: 'USER_ENTERED' };
  await one.call('POST', '/sheets/write', { spreadsheet_id: sheet, range: 'Sheet1!F1', values: [['=E1*2']], ...user });
  await one.call('POST', '/sheets/write', { spreadsheet_id: sheet, range: 'Sheet1!E1', values: [[1]] });
  assert.deepEqual((await read('Sheet1!F1')).json.values, [[2]]);
  await one.call('POST', '/sheets/write', { spreadsheet_id: sheet, range: 'Sheet1!E1', values: [[2]] });
  assert.deepEqual((await read('Sheet1!F1')).json.values, [[4]]);

  await one.call('POST', '/sheets/append', { spreadsheet_id: sheet, range: 'Sheet1!A1', values: [['row', 1]] });
  assert.deepEqual((await read('Sheet1!A1:B3')).json.values.at(-1), ['row', 1]);
});

test('without formulas, a change drops only the cached ranges that it touched', async (t) => {
  const env = { JWT_SECRET: 'the secret that whole-service tests sign with' };
  const { replicas } = await startSheetsServices(t, { replicas: 2, env });
  const [one, two] = replicas;
  assert.ok(one && two);
  const admin = { authorization: `Bearer ${await signAdminToken({ tenants: '*', scope: 'admin' })}` };
  const { services } = (await one.call('GET', '/services?service_type=sheets', undefined, admin)).json;
  const config = { ...services[0].config, formulas: 'none' };
  const changed = await one.call('PATCH', `/services/${services[0].id}`, { config }, admin);
  assert.equal(changed.json.config.formulas, 'none', changed.text);
  const read = (range: string) => two.call('POST', '/sheets/read', { spreadsheet_id: sheet, range });
  const write = (range: string, value: unknown) =>
    one.call('POST', '/sheets/write', { spreadsheet_id: sheet, range, values: [[value]] });
  await write('Sheet1!A1', 'near');
  await write('Sheet1!D9', 'apart');
  await waitFor('the second replica to know it', async () => {
    await read('Sheet1!D9');
    await write('Sheet1!A1', 'near');
    return (await read('Sheet1!D9')).headers.get('x-cache') !== 'MISS';
  });
  for (const range of ['Sheet1!A1:B2', 'Sheet1!D9', 'Sheet1', 'Sheet1!1:1']) await read(range);
  await write('Sheet1!A1', 'changed');
  const kept = await read('Sheet1!D9');
  assert.deepEqual([kept.json.values, kept.json.cached], [[['apart']], true]);
  for (const range of ['Sheet1!A1:B2', 'Sheet1', 'Sheet1!1:1']) {
    const again = await read(range);
    assert.equal(again.headers.get('x-cache'), 'MISS', range);
    assert.equal(again.json.values[0][0], 'changed', range);
  }
});

test('a batch answers each operation in its place', async (t) => {
  const { call, emulator } = await startSheetsServices(t);
  emulator.control.resetCounts();
  const reply = await call('POST', '/sheets/batch', {
    spreadsheet_id: sheet,
    operations: [
      { operation: 'write', range: 'Sheet1!A1', values: [['a', 1]] },
      { operation: 'write', range: 'Sheet1!D1', values: [['b']] },
      { operation: 'read', range: 'Sheet1!A1:B1' },
      { operation: 'read', range: 'NOPE!A1' },
      { operation: 'append', range: 'Sheet1!A1', values: [['c', 2]] },
      { operation: 'append', range: 'Sheet1!A1', values: [['d', 3]] },
      { operation: 'clear', range: 'Sheet1!D1' },
      { operation: 'read', range: 'Sheet1!A1:D9' },
    ],
  });
  assert.equal(reply.status, 200, reply.text);
  const { results } = reply.json;
  assert.deepEqual(results[2].values, [['a', 1]]);
  assert.equal(results[3].error.code, 'INVALID_REQUEST');
  assert.equal(results[4].updated_range, 'Sheet1!A2:B2');
  assert.equal(results[5].updated_range, 'Sheet1!A3:B3');
  assert.equal(results[5].table_range, 'Sheet1!A1:B2');
  assert.deepEqual(results[6], { operation: 'clear', range: 'Sheet1!D1', cleared_range: 'Sheet1!D1' });
  assert.deepEqual(results[7].values, [
    ['a', 1],
    ['c', 2],
    ['d', 3],
  ]);
  assert.deepEqual([reply.json.operations_count, reply.json.total_updated_cells], [8, 7]);
});

test('a thousand rows of twenty cells are written and read back in one call each', async (t) => {
  const { call, emulator } = await startSheetsServices(t);
  const values = Array.from({ length: 1_000 }, (_, row) =>
    Array.from({ length: 20 }, (_, column) => `${row}:${column}`),
  );
  emulator.control.resetCounts();
  const written = await call('POST', '/sheets/write', { spreadsheet_id: sheet, range: 'Sheet1!A1', values });
  assert.equal(written.json.updated_cells, 20_000, written.text.slice(0, 300));
  const read = await call('POST', '/sheets/read', { spreadsheet_id: sheet, range: 'Sheet1!A1:T1000' });
  assert.deepEqual(read.json.values, values);
  assert.equal(emulator.control.requests('google_sheets').received, 2);
});

test("Google's own client reads what was written through the gateway", async (t) => {
  const { call, emulator } = await startSheetsServices(t);
  await call('POST', '/sheets/write', { spreadsheet_id: sheet, range: "'Sheet1'!A1", values: [['имя', 'сумма']] });
  await call('POST', '/sheets/append', { spreadsheet_id: sheet, range: 'Sheet1', values: [["Ko'chalar", 12.5]] });
  const client = await openGoogleClient(emulator);
  const { data } = await client.spreadsheets.values.get({
    spreadsheetId: sheet,
    range: 'Sheet1',
    valueRenderOption: 'UNFORMATTED_VALUE',
  });
  assert.deepEqual(data.values, [
    ['имя', 'сумма'],
    ["Ko'chalar", 12.5],
  ]);
});

test('a read in progress during a write does not cache the older answer', async (t) => {
  const { replicas, emulator } = await startSheetsServices(t, { replicas: 2 });
  const [one, two] = replicas;
  assert.ok(one && two);
  const read = () => two.call('POST', '/sheets/read', { spreadsheet_id: sheet, range: 'Sheet1!A1' });
  const write = (value: string) =>
    one.call('POST', '/sheets/write', { spreadsheet_id: sheet, range: 'Sheet1!A1', values: [[value]] });
  await write('old');
  emulator.control.fail({ vendor: 'google_sheets', mode: 'slow', delayMs: 700, times: 1, pathIncludes: '/values/' });
  const slow = read();
  await waitFor('the slow read to reach Google', () => emulator.control.requests('google_sheets').faulted === 1);
  assert.equal((await write('new')).status, 200);
  assert.deepEqual((await read()).json.values, [['new']]);
  assert.deepEqual((await slow).json.values, [['old']]);
  assert.deepEqual((await read()).json.values, [['new']]);
});

/** What users of Google Sheets report: keys, addresses, renamed sheets, names of columns, refusals. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { jwtSecretOfTests, type TestReply } from '../support/service.ts';
import { readAtGoogle, startSheetsBesideGoogle, startSheetsServices } from '../support/sheets-service.ts';
import { waitFor } from '../support/wait-for.ts';

type Json = TestReply['json'];

async function start(t: Parameters<typeof startSheetsBesideGoogle>[0]) {
  const services = await startSheetsBesideGoogle(t);
  const change = (spreadsheetId: string, requests: object[]) =>
    services.google.spreadsheets.batchUpdate({ spreadsheetId, requestBody: { requests } });
  const post = (path: string, spreadsheet_id: string, body: object, headers: Record<string, string> = {}) =>
    services.call('POST', `/sheets/${path}`, { spreadsheet_id, ...body }, headers);
  return { ...services, change, post };
}

test('a spreadsheet is created once under a key: shared later, or unknown for good', async (t) => {
  const { emulator, call } = await start(t);
  const create = (key: string, body: object) => call('POST', '/sheets/create', body, { 'idempotency-key': key });
  const shared = { title: 'Shared', share_with: [{ email: 'person@example.com', role: 'writer' }] };
  const key = randomUUID();
  emulator.control.fail({ vendor: 'google_sheets', mode: '503', pathIncludes: '/permissions' });
  const unshared = await create(key, shared);
  assert.deepEqual([unshared.status, unshared.json.code], [502, 'PROVIDER_ERROR'], unshared.text);
  emulator.control.heal();
  const again = await create(key, shared);
  assert.deepEqual([again.status, again.json.spreadsheet_id], [200, unshared.json.spreadsheet_id], again.text);
  assert.equal((await create(key, shared)).headers.get('idempotency-replayed'), 'true');

  const lostKey = randomUUID();
  emulator.control.fail({ vendor: 'google_sheets', mode: 'reset', when: 'after', times: 1 });
  for (const attempt of ['lost', 'repeated']) {
    const lost = await create(lostKey, { title: 'Lost' });
    assert.deepEqual([lost.status, lost.json.outcome], [504, 'unknown'], `${attempt}: ${lost.text}`);
  }

  const limitedKey = randomUUID();
  emulator.control.setQuota('google_sheets', 0, 'write');
  assert.equal((await create(limitedKey, { title: 'Limited' })).status, 429);
  emulator.control.setQuota('google_sheets', null, 'write');
  await waitFor(
    'the accounts’ pause to end',
    async () => (await create(limitedKey, { title: 'Limited' })).status === 200,
  );
});

test('a new spreadsheet has as many columns as its header', async (t) => {
  const { call, emulator } = await start(t);
  const header = Array.from({ length: 40 }, (_, at) => `column ${at}`);
  const created = await call('POST', '/sheets/create', { title: 'Wide', worksheets: [{ title: 'Wide', header }] });
  assert.equal(created.status, 200, created.text);
  assert.deepEqual(await readAtGoogle(emulator, created.json.spreadsheet_id, "'Wide'!A1:AN1"), [header]);
});

test('a gid names its sheet after people rename it, and another sheet takes its title', async (t) => {
  const { emulator, change, fill, post } = await start(t);
  const rename = { updateSheetProperties: { properties: { sheetId: 0, title: 'May' }, fields: 'title' } };
  const rotate = [rename, { addSheet: { properties: { sheetId: 7, title: 'Sheet1' } } }];
  const changes = {
    write: [{ range: 'A2', values: [['x']] }, [['old'], ['x']]],
    append: [{ range: 'A1', values: [['x']] }, [['old'], ['x']]],
    clear: [{ range: 'A1' }, []],
    batch: [{ operations: [{ operation: 'write', range: 'A2', values: [['x']] }] }, [['old'], ['x']]],
  } as const;
  for (const [path, [body, expected]] of Object.entries(changes)) {
    const id = `rotated-${path}`;
    const address = `https://docs.google.com/spreadsheets/d/${id}/edit?gid=0#gid=0`;
    await fill(id, [['old']]);
    await post('read', address, { range: 'A1' });
    await change(id, rotate);
    const made = await post(path, address, body);
    assert.equal(made.status, 200, made.text);
    assert.deepEqual(await readAtGoogle(emulator, id, 'May'), expected, path);
    assert.deepEqual(await readAtGoogle(emulator, id, 'Sheet1'), [], path);
  }
});

test('a read by gid finds a sheet that people have renamed or added since the last read', async (t) => {
  const { change, fill, post } = await start(t);
  const id = 'renamed';
  await fill(id, [['no'], ['1'], ['2'], ['3']]);
  const operations = [{ operation: 'read', range: 'A3' }];
  const reads = [
    ['read', { range: 'A2' }, (json: Json) => json.values, [['1']]],
    ['read', { range: 'A1:B', tail: 1 }, (json: Json) => json.values, [['3']]],
    ['records/read', {}, (json: Json) => json.records.length, 3],
    ['batch', { operations }, (json: Json) => json.results[0].values, [['2']]],
  ] as const;
  for (const [turn, [path, body, of, expected]] of reads.entries()) {
    await post('read', id, { range: `D${turn + 1}`, gid: 0 });
    await change(id, [{ updateSheetProperties: { properties: { sheetId: 0, title: `T${turn}` }, fields: 'title' } }]);
    const reply = await post(path, `https://docs.google.com/spreadsheets/d/${id}/edit#gid=0`, body);
    assert.equal(reply.status, 200, `${path}: ${reply.text}`);
    assert.deepEqual(of(reply.json), expected, path);
  }
  await change(id, [{ addSheet: { properties: { sheetId: 9, title: 'New' } } }]);
  const added = await post('read', id, { range: 'A1', gid: 9 });
  assert.deepEqual([added.status, added.json.range], [200, "'New'!A1"], added.text);
  assert.equal((await post('read', id, { range: 'A1', gid: 10 })).status, 404);
});

test('the last rows and the next page are read after people have shortened the sheet', async (t) => {
  const { change, fill, post } = await start(t);
  const rows = [['no'], ...Array.from({ length: 900 }, (_, at) => [`row ${at + 1}`])];
  const shorten = [{ deleteDimension: { range: { sheetId: 0, dimension: 'ROWS', startIndex: 51, endIndex: 1_000 } } }];
  await fill('short', rows);
  const page = await post('records/read', 'short', { sheet: 'Sheet1', limit: 600 });
  await change('short', shorten);
  const tail = await post('read', 'short', { range: 'Sheet1!A:B', tail: 1 });
  assert.deepEqual([tail.status, tail.json.values, tail.json.range], [200, [['row 50']], 'Sheet1!A51:B51'], tail.text);
  await fill('shorter', rows);
  await post('records/read', 'shorter', { sheet: 'Sheet1', limit: 600 });
  await change('shorter', shorten);
  const { next_cursor: cursor } = page.json;
  const rest = await post('records/read', 'shorter', { sheet: 'Sheet1', limit: 600, cursor });
  assert.deepEqual([rest.status, rest.json.records, rest.json.next_cursor], [200, [], null], rest.text);
});

test('a batch looks its sheet up once, and a cached read by gid asks nothing', async (t) => {
  const { emulator, post } = await start(t);
  const address = 'https://docs.google.com/spreadsheets/d/once/edit#gid=0';
  const operations = Array.from({ length: 10 }, (_, at) => [
    { operation: 'write', range: `A${at + 1}`, values: [[at]] },
    { operation: 'read', range: `A${at + 1}` },
  ]).flat();
  const sent = async (ask: () => Promise<unknown>) => {
    const before = emulator.control.requests('google_sheets').received;
    await ask();
    return emulator.control.requests('google_sheets').received - before;
  };
  const batch = () => post('batch', address, { operations }, { 'cache-control': 'no-store' });
  await post('read', address, { range: 'A1' });
  assert.equal(await sent(batch), 21);
  const read = () => post('read', address, { range: 'A1' });
  await read();
  assert.equal(await sent(read), 0);
});

test('the address of a published copy is refused with an explanation, and not taken for another spreadsheet', async (t) => {
  const { call, fill, post } = await start(t);
  await fill('e', [['another']]);
  const address = 'https://docs.google.com/spreadsheets/d/e/2PACX-1vQ/pubhtml?gid=0';
  const metadata = () => call('GET', `/sheets/metadata/${encodeURIComponent(address)}`);
  for (const reply of [await post('read', address, { range: 'A1' }), await metadata()]) {
    assert.deepEqual([reply.status, reply.json.errors[0].path], [400, 'spreadsheet_id'], reply.text);
    assert.match(reply.json.detail, /published copy/);
  }
});

test('blanks around a column’s name do not count, and a value without a name is refused', async (t) => {
  const { emulator, fill, post } = await start(t);
  await fill('blanks', [['no', 'state ']]);
  const more = { sheet: 'Sheet1', add_columns: true };
  for (const no of [1, 2]) {
    const appended = await post('records/append', 'blanks', { ...more, records: [{ no, 'state ': 'new', ' x': no }] });
    assert.equal(appended.json.updated_range, `Sheet1!A${no + 1}:C${no + 1}`, appended.text);
  }
  const upserted = await post('records/upsert', 'blanks', {
    ...more,
    key: ' no',
    records: [{ ' no': 2, state: 'done' }],
  });
  assert.deepEqual([upserted.json.updated, upserted.json.inserted], [1, 0], upserted.text);
  assert.deepEqual(await readAtGoogle(emulator, 'blanks', 'Sheet1'), [
    ['no', 'state ', 'x'],
    [1, 'new', 1],
    [2, 'done', 2],
  ]);
  const found = await post('records/read', 'blanks', { sheet: 'Sheet1', where: { 'state ': 'done' } });
  assert.deepEqual(found.json.row_numbers, [3], found.text);
  for (const [record, path] of [
    [{ no: 3, ' ': 'lost' }, 'records[0]'],
    [{ no: 3, 'no ': 4 }, 'records[0].no'],
  ] as const) {
    const refused = await post('records/append', 'blanks', { ...more, records: [record] });
    assert.deepEqual([refused.status, refused.json.errors?.[0].path], [400, path], refused.text);
  }
});

test('records are read from a named range, and what contradicts the range is refused', async (t) => {
  const { change, fill, post } = await start(t);
  const id = 'ranges';
  await fill(id, [['Title'], ['', 'no', 'state'], ['', '1', 'new'], ['', '2', 'old'], ['', '3', 'below']]);
  const range = { sheetId: 0, startRowIndex: 1, endRowIndex: 4, startColumnIndex: 1, endColumnIndex: 3 };
  await change(id, [{ addNamedRange: { namedRange: { name: 'Journal', range } } }]);
  const named = await post('records/read', id, { range: 'journal', header_row: 2 });
  assert.deepEqual(named.json.row_numbers, [3, 4], named.text);
  assert.deepEqual(named.json.records[0], { no: '1', state: 'new' });
  const titled = await post('records/read', id, { range: 'Sheet1', header_row: 2 });
  assert.deepEqual(titled.json.row_numbers, [3, 4, 5], titled.text);
  await change(id, [{ addSheet: { properties: { sheetId: 7, title: 'Other' } } }]);
  for (const [body, path] of [
    [{ range: 'Sheet1!A1:C3', header_row: 4 }, 'header_row'],
    [{ range: 'Sheet1!A1:C3', sheet: 'Other' }, 'range'],
    [{ range: 'Sheet1', sheet: 'Other' }, 'range'],
    [{ range: 'Sheet1!A1:C3', gid: 7 }, 'range'],
  ] as const) {
    const refused = await post('records/read', id, body);
    assert.deepEqual([refused.status, refused.json.errors?.[0].path], [400, path], refused.text);
  }
  const agreed = await post('records/read', id, { range: 'Sheet1!B2:C5', sheet: 'sheet1', header_row: 2 });
  assert.deepEqual(agreed.json.row_numbers, [3, 4, 5], agreed.text);
});

test('records that Google refuses fail their own call alone', async (t) => {
  const { emulator, change, fill, post } = await start(t);
  const id = 'full';
  // Ten million cells at most: two rows are free, and a third one cannot be.
  const gridProperties = { rowCount: 999, columnCount: 10_000 };
  const properties = { sheetId: 0, gridProperties };
  await change(id, [{ updateSheetProperties: { properties, fields: 'gridProperties(rowCount,columnCount)' } }]);
  await fill(id, [['no', 'state'], ...Array.from({ length: 997 }, (_, at) => [`key ${at}`, 'new'])]);
  const upsert = (...keys: string[]) => {
    const records = keys.map((no) => ({ no, state: 'done' }));
    return post('records/upsert', id, { sheet: 'Sheet1', key: 'no', records });
  };
  // The others wait together while the first one is sent.
  emulator.control.fail({
    vendor: 'google_sheets',
    mode: 'slow',
    delayMs: 500,
    times: 1,
    pathIncludes: ':batchUpdate',
  });
  const first = upsert('key 0');
  await waitFor('the first to be sent', () => emulator.control.faults.length === 0);
  const others = await Promise.all([
    upsert('key 1'),
    upsert('new', 'newer', 'too much'),
    upsert('key 2'),
    upsert('key 3'),
  ]);
  assert.equal((await first).status, 200);
  assert.deepEqual(
    others.map(({ status }) => status),
    [200, 400, 200, 200],
    others.map(({ text }) => text).join('\n'),
  );
  assert.match(others[1]?.json.detail, /^This action would increase the number of cells/);
  assert.deepEqual(await readAtGoogle(emulator, id, 'B2:B6'), [['done'], ['done'], ['done'], ['done'], ['new']]);
  const deleted = await post('rows/delete', id, {
    sheet: 'Sheet1',
    row_numbers: Array.from({ length: 999 }, (_, at) => at + 1),
  });
  assert.deepEqual([deleted.status, deleted.json.detail], [400, "You can't delete all the rows on the sheet."]);
});

test('an Office file is refused once for all, and an account that may not create files is told so', async (t) => {
  let values = 0;
  const server = createServer((request, reply) => {
    const isCreation = request.url?.startsWith('/v4/spreadsheets?') === true;
    if (request.url?.includes('/values') === true) values += 1;
    const [code, status, message] = isCreation
      ? [403, 'PERMISSION_DENIED', 'The caller does not have permission']
      : [400, 'FAILED_PRECONDITION', 'This operation is not supported for this document'];
    reply.writeHead(code, { 'content-type': 'application/json' });
    reply.end(JSON.stringify({ error: { code, status, message } }));
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { call } = await startSheetsServices(t, {
    env: {
      JWT_SECRET: jwtSecretOfTests,
      RATE_LIMIT_SHEETS_PER_MINUTE: '100000',
      GOOGLE_SHEETS_BASE_URL: `http://127.0.0.1:${port}`,
    },
  });
  for (const operation of ['read', 'write']) {
    values = 0;
    const operations = Array.from({ length: 20 }, (_, at) => ({ operation, range: `A${at + 1}`, values: [['x']] }));
    const { json, text } = await call('POST', '/sheets/batch', { spreadsheet_id: 'office', operations });
    const details = new Set(json.results.map(({ error }: Json) => error.detail));
    assert.deepEqual(
      [...details],
      ['This operation is not supported for this document: an Office file must be saved as a Google spreadsheet first'],
      text,
    );
    // Divided down to single ranges they are 39.
    assert.ok(values <= 20, `${values} requests`);
  }
  const created = await call('POST', '/sheets/create', { title: 'New' });
  assert.deepEqual([created.status, created.json.code], [403, 'FORBIDDEN'], created.text);
  assert.match(created.json.detail, /permission: \S+ may not create files/);
});

/** Rows by column names, sheets by titles, and spreadsheets by URLs. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { readAtGoogle, type SheetsReplica, startSheetsBesideGoogle } from '../support/sheets-service.ts';

const spreadsheet_id = 'journal';

async function start(t: Parameters<typeof startSheetsBesideGoogle>[0], replicas = 1) {
  const services = await startSheetsBesideGoogle(t, { replicas, env: { REQUEST_TIMEOUT_SECONDS: '1' } });
  const fill = (values: unknown[][], range?: string) => services.fill(spreadsheet_id, values, range);
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    services.call('POST', `/sheets/${path}`, { spreadsheet_id, ...body }, headers);
  return { ...services, fill, post };
}

test('records are read by column names, in pages, and filtered by value', async (t) => {
  const { fill, post } = await start(t);
  await fill([
    ['Journal'],
    [],
    ['no', 'state', '', 'no'],
    [1, 'new', 'unnamed', 'x'],
    [],
    [2, '', '', 'y'],
    ['3', 'new'],
  ]);
  const all = await post('records/read', { sheet: 'Sheet1', header_row: 3 });
  assert.deepEqual(all.json, {
    columns: ['no', 'state', 'no_2'],
    records: [
      { no: 1, state: 'new', no_2: 'x' },
      { no: 2, state: null, no_2: 'y' },
      { no: '3', state: 'new', no_2: null },
    ],
    row_numbers: [4, 6, 7],
    next_cursor: null,
  });
  const pages = [];
  for (let cursor: string | null = null, page = 0; page < 5; page++) {
    const reply = await post('records/read', { gid: 0, header_row: 3, limit: 1, ...(cursor && { cursor }) });
    assert.equal(reply.status, 200, reply.text);
    pages.push(...reply.json.row_numbers);
    cursor = reply.json.next_cursor;
    if (cursor === null) break;
  }
  assert.deepEqual(pages, [4, 6, 7]);
  const found = await post('records/read', { sheet: 'Sheet1', header_row: 3, where: { state: 'new', no: 3 } });
  assert.deepEqual(found.json.row_numbers, [7]);
  const unknown = await post('records/read', { sheet: 'Sheet1', header_row: 3, where: { colour: 'red' } });
  assert.deepEqual([unknown.status, unknown.json.errors[0].path], [400, 'where.colour']);
  const address = 'https://docs.google.com/spreadsheets/d/journal/edit?usp=sharing#gid=0';
  const byAddress = await post('records/read', { spreadsheet_id: address, header_row: 3 });
  assert.deepEqual(byAddress.json.row_numbers, [4, 6, 7], byAddress.text);
  const narrow = await post('records/read', { range: 'Sheet1!B:D', header_row: 3 });
  assert.deepEqual(narrow.json.columns, ['state', 'no']);
  for (const body of [{ sheet: 'Nowhere' }, { gid: 77 }, { sheet: 'Sheet1', gid: 0 }, { sheet: 'Sheet1', limt: 1 }]) {
    assert.ok([400, 404].includes((await post('records/read', body)).status), JSON.stringify(body));
  }
});

test('records are appended below the table, unknown columns are refused by name or added', async (t) => {
  const { emulator, fill, post } = await start(t);
  await fill([['Journal'], ['no', 'address', 'state'], ['1', 'Navoi 5', 'new'], [], ['2', '', 'new']]);
  const appended = await post('records/append', {
    sheet: 'Sheet1',
    header_row: 2,
    records: [{ state: 'new', no: '3' }, { no: '4' }],
  });
  assert.deepEqual(appended.json, { updated_range: 'Sheet1!A6:C7', updated_rows: 2, row_numbers: [6, 7] });
  const refused = await post('records/append', {
    sheet: 'Sheet1',
    header_row: 2,
    records: [{ no: '5', colour: 'red' }],
  });
  assert.equal(refused.status, 400);
  assert.deepEqual(refused.json.errors, [{ path: 'records[0].colour', message: 'the sheet has no such column' }]);
  const added = await post('records/append', {
    sheet: 'Sheet1',
    header_row: 2,
    records: [{ no: '5', colour: 'red' }],
    add_columns: true,
  });
  assert.equal(added.json.updated_range, 'Sheet1!A8:D8', added.text);
  assert.deepEqual(await readAtGoogle(emulator, spreadsheet_id, 'A2:D8'), [
    ['no', 'address', 'state', 'colour'],
    ['1', 'Navoi 5', 'new'],
    [],
    ['2', '', 'new'],
    ['3', '', 'new'],
    ['4'],
    ['5', '', '', 'red'],
  ]);
  const blank = await post('records/append', { sheet: 'Sheet1', header_row: 90, records: [{ no: '5' }] });
  assert.deepEqual([blank.status, blank.json.errors[0].path], [400, 'header_row']);
});

test('an upsert changes only the named columns in the row of its key, and appends new keys', async (t) => {
  const { emulator, google, fill, post } = await start(t);
  await fill([
    ['no', 'address', 'state', 'twice'],
    ['260326-001', 'Navoi 5', 'new'],
    ['260326-002', 'Amir Temur 1', 'new'],
  ]);
  await google.spreadsheets.values.update({
    spreadsheetId: spreadsheet_id,
    range: 'D2',
    valueInputOption: 'USER_ENTERED',
    requestBody: { values: [['=2*2']] },
  });
  const records = [
    { no: '260326-001', state: 'done' },
    { no: '260326-003', state: 'new' },
    { no: '260326-003', address: 'Chilonzor 7' },
  ];
  const reply = await post('records/upsert', { sheet: 'Sheet1', key: 'no', records });
  assert.deepEqual(reply.json, { updated: 2, inserted: 1, row_numbers: [2, 4, 4] }, reply.text);
  assert.deepEqual(await readAtGoogle(emulator, spreadsheet_id, 'A1:D9'), [
    ['no', 'address', 'state', 'twice'],
    ['260326-001', 'Navoi 5', 'done', 4],
    ['260326-002', 'Amir Temur 1', 'new'],
    ['260326-003', 'Chilonzor 7', 'new'],
  ]);
  const read = await post('read', { range: 'Sheet1!C2' });
  assert.deepEqual(read.json.values, [['done']]);
  for (const body of [
    { sheet: 'Sheet1', key: 'none', records },
    { sheet: 'Sheet1', key: 'no', records: [{ state: 'x' }] },
  ]) {
    assert.equal((await post('records/upsert', body)).status, 400, JSON.stringify(body));
  }
});

test('two hundred upserts of twenty keys from three replicas, with faults, make twenty rows', async (t) => {
  const { replicas, emulator, fill } = await start(t, 3);
  await fill([['Title'], [], ['no', 'state']]);
  for (const when of ['before', 'after'] as const) {
    for (const mode of ['reset', '503'] as const) {
      emulator.control.fail({ vendor: 'google_sheets', mode, when, probability: 0.05, pathIncludes: ':batchUpdate' });
    }
  }
  emulator.control.fail({
    vendor: 'google_sheets',
    mode: '503',
    when: 'after',
    times: 1,
    pathIncludes: ':batchUpdate',
  });
  const replies = await Promise.all(
    Array.from({ length: 200 }, (_, at) =>
      (replicas[at % 3] as SheetsReplica).call('POST', '/sheets/records/upsert', {
        spreadsheet_id,
        sheet: 'Sheet1',
        header_row: 3,
        key: 'no',
        records: [{ no: `key ${at % 20}`, state: at }],
        max_wait_seconds: 60,
      }),
    ),
  );
  const rows = (await readAtGoogle(emulator, spreadsheet_id, 'A4:B')) as [string, number][];
  assert.equal(rows.length, 20);
  assert.equal(new Set(rows.map(([no]) => no)).size, 20);
  for (const [at, reply] of replies.entries()) {
    assert.equal(reply.status, 200, reply.text);
    assert.equal(rows[reply.json.row_numbers[0] - 4]?.[0], `key ${at % 20}`);
  }
  assert.equal(
    replies.reduce((sum, reply) => sum + reply.json.inserted, 0),
    20,
  );
});

test('a request with a key is done once, also if its answer was lost', async (t) => {
  const { emulator, fill, post } = await start(t);
  await fill([['no'], ['1'], ['2'], ['3'], ['4']]);
  const lose = (): void =>
    emulator.control.fail({
      vendor: 'google_sheets',
      mode: 'reset',
      when: 'after',
      times: 1,
      pathIncludes: ':batchUpdate',
    });
  const calls = [
    ['records/append', { sheet: 'Sheet1', records: [{ no: '5' }] }],
    ['rows/delete', { sheet: 'Sheet1', row_numbers: [3, 2, 3] }],
    ['worksheets/ensure', { title: 'More', header: ['a', 'b'], row_count: 20 }],
  ] as const;
  for (const [path, body] of calls) {
    lose();
    const key = { 'idempotency-key': randomUUID() };
    const first = await post(path, body, key);
    const second = await post(path, body, key);
    assert.equal(first.status, 200, `${path}: ${first.text}`);
    assert.deepEqual(second.json, first.json);
  }
  assert.deepEqual(await readAtGoogle(emulator, spreadsheet_id, 'Sheet1'), [['no'], ['3'], ['4'], ['5']]);
  assert.equal((await post('rows/delete', { sheet: 'Sheet1', row_numbers: [5_000] })).status, 400);
});

test('a sheet is created once and grown if it is too small, and a new spreadsheet is shared', async (t) => {
  const { emulator, google, post, call } = await start(t);
  const ensure = { title: 'Заявки', header: ['no', 'state'], row_count: 50, column_count: 5 };
  const together = await Promise.all([1, 2, 3].map(() => post('worksheets/ensure', ensure)));
  assert.deepEqual(together.map(({ json }) => json.created).sort(), [false, false, true]);
  assert.equal(new Set(together.map(({ json }) => json.id)).size, 1);
  const grown = await post('worksheets/ensure', { title: 'Заявки', row_count: 80 });
  assert.equal(grown.json.created, false, grown.text);
  const metadata = await call(
    'GET',
    `/sheets/metadata/${encodeURIComponent('https://docs.google.com/spreadsheets/d/journal/edit')}`,
  );
  const sheet = metadata.json.worksheets.find(({ title }: { title: string }) => title === 'Заявки');
  assert.deepEqual([sheet.row_count, sheet.column_count], [80, 5], metadata.text);
  assert.deepEqual(await readAtGoogle(emulator, spreadsheet_id, 'Заявки'), [['no', 'state']]);

  const created = await call('POST', '/sheets/create', {
    title: 'Made',
    worksheets: [{ title: 'One', header: ['a'] }, { title: 'Two' }],
    share_with: [{ email: 'person@example.com', role: 'writer' }],
  });
  assert.equal(created.status, 200, created.text);
  assert.match(created.json.url, new RegExp(created.json.spreadsheet_id));
  const { data } = await google.spreadsheets.get({ spreadsheetId: created.json.spreadsheet_id });
  assert.equal(data.properties?.title, 'Made');
  assert.deepEqual(
    created.json.worksheets,
    data.sheets?.map(({ properties }) => ({ id: properties?.sheetId, title: properties?.title })),
  );
  assert.deepEqual(await readAtGoogle(emulator, created.json.spreadsheet_id, 'One'), [['a']]);
});

test('the last rows of a sheet, rows as lines, and the forecast of the quota by caller', async (t) => {
  const { fill, post, call, google } = await start(t);
  await google.spreadsheets.batchUpdate({
    spreadsheetId: spreadsheet_id,
    requestBody: { requests: [{ appendDimension: { sheetId: 0, dimension: 'ROWS', length: 4_000 } }] },
  });
  await fill(Array.from({ length: 1_300 }, (_, at) => (at === 1_298 ? [] : [`row ${at + 1}`, at])));
  const tail = await post('read', { range: 'Sheet1!A:B', tail: 3 });
  assert.deepEqual(tail.json.values, [['row 1298', 1297], [], ['row 1300', 1299]], tail.text);
  assert.deepEqual([tail.json.range, tail.json.row_count, tail.json.column_count], ['Sheet1!A1298:B1300', 3, 2]);
  const whole = await post('read', { range: 'Sheet1', tail: 2_000 });
  assert.equal(whole.json.row_count, 1_300);
  const none = await post('read', { spreadsheet_id: 'empty', range: 'A1:B5', tail: 3 });
  assert.deepEqual([none.status, none.json.values], [200, []], none.text);
  assert.equal((await post('read', { range: 'Sheet1', tail: 0 })).status, 400);

  const lines = await post('read', { range: 'Sheet1!A1:B2' }, { accept: 'application/x-ndjson' });
  assert.match(lines.headers.get('content-type') ?? '', /^application\/x-ndjson/);
  assert.equal(lines.text, '["row 1",0]\n["row 2",1]\n');

  for (let row = 1; row <= 12; row++) await post('read', { range: `Z${row}` }, { 'x-service-name': 'dispatcher' });
  const health = await call('GET', '/sheets/health');
  const reads = health.json.forecast.find(({ kind }: { kind: string }) => kind === 'read');
  assert.equal(reads.spent_in_seconds, null, health.text);
  assert.ok(reads.requests_per_minute >= 20, health.text);
  assert.equal(reads.most_from.source_service, 'dispatcher', health.text);
});

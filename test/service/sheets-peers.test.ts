/** Reports by users of other Google Sheets clients, tested here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAtGoogle, startSheetsBesideGoogle } from '../support/sheets-service.ts';

async function start(t: Parameters<typeof startSheetsBesideGoogle>[0]) {
  const services = await startSheetsBesideGoogle(t);
  const post = (path: string, spreadsheet_id: string, body: object) =>
    services.call('POST', `/sheets/${path}`, { spreadsheet_id, ...body });
  const cells = (id: string) => readAtGoogle(services.emulator, id, 'Sheet1');
  return { fill: services.fill, post, cells };
}

test('rows that begin with blanks, or are wider than the table, do not shift to the right', async (t) => {
  const { post, fill } = await start(t);
  const wide = ['', '', 'morning', 'evening', '', 'min', 'max', '', '', '', 'max'];
  await post('append', 'drift', { range: 'Sheet1', values: [['no', 'name', 'time', '', '', 'of', '', 'of', '', 'Y']] });
  for (const row of [2, 3, 4]) {
    const reply = await post('append', 'drift', { range: 'Sheet1', values: [wide] });
    assert.equal(reply.json.updated_range, `Sheet1!A${row}:K${row}`, reply.text);
  }
  await fill('column', [
    ['h1', 'h2'],
    [1, 2],
  ]);
  await fill('column', [['u'], ['v']], 'Sheet1!U1');
  for (const [row, range] of ['Sheet1!U2:U', 'Sheet1!U2:U', 'U:U'].entries()) {
    const reply = await post('append', 'column', { range, values: [['line']] });
    assert.equal(reply.json.updated_range, `Sheet1!U${row + 3}`, reply.text);
  }
});

test('columns follow the current header after people move or rename them', async (t) => {
  const { post, fill, cells } = await start(t);
  await fill('moved', [
    ['no', 'state'],
    ['1', 'new'],
  ]);
  await post('records/append', 'moved', { sheet: 'Sheet1', records: [{ no: '2', state: 'b' }] });
  await fill('moved', [['state', 'no', 'extra']]);
  const appended = await post('records/append', 'moved', {
    sheet: 'Sheet1',
    records: [{ no: '3', state: 'c', extra: 'z' }],
  });
  assert.equal(appended.json.updated_range, 'Sheet1!A4:C4', appended.text);
  const upserted = await post('records/upsert', 'moved', {
    sheet: 'Sheet1',
    key: 'no',
    records: [{ no: '3', state: 'cc' }],
  });
  assert.deepEqual([upserted.json.updated, upserted.json.row_numbers], [1, [4]]);
  assert.deepEqual((await cells('moved')).at(-1), ['cc', '3', 'z']);
});

test('with add_columns an empty sheet gets its header from the first records, appended or upserted', async (t) => {
  const { post, cells } = await start(t);
  for (const [path, more] of [
    ['records/append', {}],
    ['records/upsert', { key: 'no' }],
  ] as const) {
    const body = { sheet: 'Sheet1', records: [{ no: '1', state: 'a' }], ...more };
    const id = path.replace('/', '-');
    const refused = await post(path, id, body);
    assert.deepEqual([refused.status, refused.json.errors[0].path], [400, 'header_row']);
    const made = await post(path, id, { ...body, add_columns: true });
    assert.deepEqual([made.status, made.json.row_numbers], [200, [2]], made.text);
    assert.deepEqual(await cells(id), [
      ['no', 'state'],
      ['1', 'a'],
    ]);
  }
});

test('a new column goes beside people’s notes beyond the header, not above them', async (t) => {
  const { post, fill, cells } = await start(t);
  await fill('notes', [['no'], [1, '', 'call back'], [2]]);
  const appended = await post('records/append', 'notes', {
    sheet: 'Sheet1',
    records: [{ no: 3, state: 'new' }],
    add_columns: true,
  });
  assert.deepEqual([appended.json.updated_range, appended.json.row_numbers], ['Sheet1!A4:D4', [4]], appended.text);
  assert.deepEqual(await cells('notes'), [['no', '', '', 'state'], [1, '', 'call back'], [2], [3, '', '', 'new']]);
  const read = await post('records/read', 'notes', { sheet: 'Sheet1' });
  assert.deepEqual(read.json.records, [
    { no: 1, state: null },
    { no: 2, state: null },
    { no: 3, state: 'new' },
  ]);
});

test('a record without a value is refused: its row would look like an empty one', async (t) => {
  const { post, fill } = await start(t);
  await fill('blank', [['no', 'state']]);
  for (const record of [{}, { no: null }, { no: '', state: null }]) {
    const refused = await post('records/append', 'blank', { sheet: 'Sheet1', records: [{ no: 1 }, record] });
    assert.deepEqual([refused.status, refused.json.errors[0].path], [400, 'records[1]'], refused.text);
  }
});

test('keys are compared as texts: a number equals its digits, and leading zeros and exponents count', async (t) => {
  const { post, fill, cells } = await start(t);
  await fill('keys', [
    ['no', 'state'],
    [42, 'number'],
    ['0003', 'zeros'],
    ['8085807e40000000', 'exponent'],
  ]);
  const upsert = async (no: unknown) => {
    const { json } = await post('records/upsert', 'keys', {
      sheet: 'Sheet1',
      key: 'no',
      records: [{ no, state: 'seen' }],
    });
    return [json.updated, json.row_numbers];
  };
  assert.deepEqual(await upsert('42'), [1, [2]]);
  assert.deepEqual(await upsert('0003'), [1, [3]]);
  assert.deepEqual(await upsert('8085807e40000000'), [1, [4]]);
  assert.deepEqual(await upsert(3), [0, [5]]);
  assert.deepEqual(
    (await cells('keys')).map(([no]) => no),
    ['no', 42, '0003', '8085807e40000000', 3],
  );
});

test('any text may be a column’s name, and `__proto__` is refused by name', async (t) => {
  const { post, fill } = await start(t);
  await fill('names', [
    [2024, true, ' padded ', 'two\nlines', 'constructor', 'no', 'no'],
    [1, 2, 3, 4, 5, 6, 7],
  ]);
  const read = await post('records/read', 'names', { sheet: 'Sheet1' });
  const expected = { '2024': 1, true: 2, padded: 3, 'two\nlines': 4, constructor: 5, no: 6, no_2: 7 };
  assert.deepEqual(read.json.records, [expected], read.text);
  const appended = await post('records/append', 'names', { sheet: 'Sheet1', records: [expected] });
  assert.equal(appended.json.updated_range, 'Sheet1!A3:G3', appended.text);
  const poisoned = JSON.parse('{"sheet": "Sheet1", "records": [{"__proto__": "x", "no": 1}]}');
  const refused = await post('records/append', 'names', poisoned);
  assert.equal(refused.status, 400);
  assert.match(refused.json.errors[0].message, /__proto__/);
});

/** Appends to irregular sheets: titles, blank rows, several tables, changes by people between two appends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAtGoogle, startSheetsBesideGoogle } from '../support/sheets-service.ts';

async function start(t: Parameters<typeof startSheetsBesideGoogle>[0]) {
  const services = await startSheetsBesideGoogle(t, { env: { REQUEST_TIMEOUT_SECONDS: '1' } });
  const append = (spreadsheet_id: string, range: string, values: unknown[][], more: object = {}) =>
    services.call('POST', '/sheets/append', { spreadsheet_id, range, values, ...more });
  return { ...services, append };
}

interface Sheet {
  readonly name: string;
  readonly cells: unknown[][];
  readonly range: string;
  readonly values: unknown[][];
  readonly place: string;
}

const title = [['Journal of requests'], [], ['no', 'address', 'state'], ['1', 'Navoi 5', 'new']];
const sheets: readonly Sheet[] = [
  { name: 'title, whole sheet', cells: title, range: 'Sheet1', values: [['2', 'b', 'c']], place: 'Sheet1!A5:C5' },
  { name: 'title, quoted sheet', cells: title, range: "'Sheet1'", values: [['2', 'b', 'c']], place: 'Sheet1!A5:C5' },
  { name: 'title, first cell', cells: title, range: 'Sheet1!A1', values: [['2', 'b', 'c']], place: 'Sheet1!A5:C5' },
  { name: 'title, no sheet', cells: title, range: 'A1', values: [['2', 'b', 'c']], place: 'Sheet1!A5:C5' },
  { name: 'title, narrow row', cells: title, range: 'A3', values: [['2']], place: 'Sheet1!A5' },
  { name: 'gap', cells: [['a', 1], ['b', 2], [], ['c', 3]], range: 'A:B', values: [['d', 4]], place: 'Sheet1!A5:B5' },
  { name: 'gap, cell', cells: [['a', 1], [], [], ['c', 3]], range: 'A1', values: [['d', 4]], place: 'Sheet1!A5:B5' },
  { name: 'gap, area', cells: [['a', 1], [], ['c', 3]], range: 'A1:B1', values: [['d', 4]], place: 'Sheet1!A4:B4' },
  {
    name: 'first column blank',
    cells: [[], ['', 'no', 'address', 'state'], ['', '1', 'x', 'y']],
    range: 'Sheet1',
    values: [['2', 'b', 'c']],
    place: 'Sheet1!B4:D4',
  },
  {
    name: 'title, first column blank below',
    cells: [['Title'], ['', 'no', 'address', 'state'], ['', '1', 'x', 'y']],
    range: 'Sheet1',
    values: [['2', 'b', 'c']],
    place: 'Sheet1!B4:D4',
  },
  {
    name: 'two tables side by side, the shorter',
    cells: [
      ['a', 1, '', 'x', 10],
      ['b', 2, '', 'y', 20],
      ['', '', '', 'z', 30],
      ['', '', '', 'q', 40],
    ],
    range: 'A1',
    values: [['c', 3]],
    place: 'Sheet1!A3:B3',
  },
  {
    name: 'two tables side by side, the longer',
    cells: [
      ['a', 1, '', 'x', 10],
      ['b', 2, '', 'y', 20],
      ['', '', '', 'z', 30],
    ],
    range: 'D:E',
    values: [['q', 40]],
    place: 'Sheet1!D4:E4',
  },
  {
    name: 'a note beside the table, begun later and ended sooner',
    cells: [
      ['a', 1],
      ['b', 2],
      ['c', 3, '', 'note'],
      ['d', 4],
      ['e', 5],
    ],
    range: 'A:D',
    values: [['f', 6]],
    place: 'Sheet1!A6:B6',
  },
  {
    name: 'a last row that is filled beyond the columns of the new one',
    cells: [
      ['a', 'b', 'c', 'd'],
      ['1', '2', '3', '4'],
      ['', '', '', '5'],
    ],
    range: 'A1',
    values: [['x', 'y']],
    place: 'Sheet1!A4:B4',
  },
  { name: 'empty', cells: [], range: 'Sheet1!B3', values: [['x']], place: 'Sheet1!B3' },
];

test('a row is placed below the last filled row of its table, whatever is around it, and the next one below it', async (t) => {
  const { emulator, fill, append } = await start(t);
  for (const [index, { name, cells, range, values, place }] of sheets.entries()) {
    for (const insert_data_option of ['INSERT_ROWS', 'OVERWRITE']) {
      const id = `awkward-${index}-${insert_data_option}`;
      if (cells.length > 0) await fill(id, cells);
      const before = await readAtGoogle(emulator, id, 'Sheet1');
      const reply = await append(id, range, values, { insert_data_option });
      assert.equal(reply.json.updated_range, place, `${name}: ${reply.text}`);
      assert.deepEqual(await readAtGoogle(emulator, id, place), values, name);
      const after = await readAtGoogle(emulator, id, 'Sheet1');
      for (const [row, kept] of before.entries()) {
        for (const [column, cell] of kept.entries()) if (cell !== '') assert.equal(after[row]?.[column], cell, name);
      }
      const again = await append(id, range, values, { insert_data_option });
      const next = place.replaceAll(/\d+/g, (digits, at) => (at < 6 ? digits : String(Number(digits) + 1)));
      assert.equal(again.json.updated_range, next, `${name}, again`);
    }
  }
});

test('rows whose first cell is blank keep their order and their columns', async (t) => {
  const { emulator, append } = await start(t);
  for (const insert_data_option of ['INSERT_ROWS', 'OVERWRITE']) {
    for (const range of ['A1', 'Sheet1', 'A:B']) {
      const id = `blank-first-${insert_data_option}-${range.replace(':', '_')}`;
      for (const name of ['x', 'y', 'z']) {
        const reply = await append(id, range, [['', name]], { insert_data_option });
        assert.equal(reply.status, 200, reply.text);
      }
      assert.deepEqual(await readAtGoogle(emulator, id, 'Sheet1'), [
        ['', 'x'],
        ['', 'y'],
        ['', 'z'],
      ]);
    }
  }
});

for (const mode of ['503', 'reset', 'html', 'hang'] as const) {
  test(`a row after a blank one exists once if Google writes it and answers with ${mode}`, async (t) => {
    const { emulator, fill, append } = await start(t);
    await fill('gap', [['a'], ['b'], [], ['c']]);
    emulator.control.fail({ vendor: 'google_sheets', mode, when: 'after', times: 2, pathIncludes: ':batchUpdate' });
    const reply = await append('gap', 'A1', [['the row']]);
    assert.equal(reply.json.updated_range, 'Sheet1!A5', reply.text);
    assert.deepEqual(await readAtGoogle(emulator, 'gap', 'A4:A9'), [['c'], ['the row']]);
  });
}

test('changes by people between two appends are neither lost nor overwritten', async (t) => {
  const { emulator, google, fill, append } = await start(t);
  const id = 'hands';
  await append(id, 'A1', [['first']]);
  await fill(id, [['by hand'], ['by hand too']], 'Sheet1!A2');
  assert.equal((await append(id, 'A1', [['second']])).json.updated_range, 'Sheet1!A4');
  const rows = { sheetId: 0, dimension: 'ROWS', startIndex: 1, endIndex: 4 };
  const change = (requests: object[]) =>
    google.spreadsheets.batchUpdate({ spreadsheetId: id, requestBody: { requests } });
  await change([{ deleteDimension: { range: rows } }]);
  assert.equal((await append(id, 'A1', [['third']])).json.updated_range, 'Sheet1!A2');
  await change([{ updateSheetProperties: { properties: { sheetId: 0, title: 'Журнал' }, fields: 'title' } }]);
  assert.equal((await append(id, 'A1', [['fourth']])).json.updated_range, "'Журнал'!A3");
  await change([
    { deleteDimension: { range: { ...rows, startIndex: 3, endIndex: 990 } } },
    { setBasicFilter: { filter: { range: { sheetId: 0, startRowIndex: 0, endRowIndex: 3 } } } },
  ]);
  const many = Array.from({ length: 30 }, (_, at) => [`row ${at}`]);
  assert.equal((await append(id, 'A1', many)).json.updated_range, "'Журнал'!A4:A33"); // Beyond the end of the grid.
  assert.equal((await readAtGoogle(emulator, id, 'A:A')).length, 33);
});

test('typed texts become what Google makes of them, other values stay unchanged', async (t) => {
  const { emulator, append } = await start(t);
  const values = [['2026-03-05', '12.5', '=1+1', 'plain words here', 7, true]];
  const reply = await append('typed', 'A1', values, { value_input_option: 'USER_ENTERED' });
  assert.equal(reply.json.updated_range, 'Sheet1!A1:F1', reply.text);
  assert.deepEqual(await readAtGoogle(emulator, 'typed', 'A1:F1'), [[46086, 12.5, 2, 'plain words here', 7, true]]);
  await append('typed', 'A1', values);
  assert.deepEqual(await readAtGoogle(emulator, 'typed', 'A2:F2'), values);
});

test('an append to a hundred thousand rows of twenty cells needs three requests and few bytes', async (t) => {
  const { emulator, google, append } = await start(t);
  const id = 'large';
  const rowsOf = (from: number) =>
    Array.from({ length: 10_000 }, (_, row) => Array.from({ length: 20 }, (_, column) => `${from + row}:${column}`));
  await google.spreadsheets.batchUpdate({
    spreadsheetId: id,
    requestBody: { requests: [{ appendDimension: { sheetId: 0, dimension: 'ROWS', length: 99_000 } }] },
  });
  for (let from = 0; from < 100_000; from += 10_000) {
    await google.spreadsheets.values.update({
      spreadsheetId: id,
      range: `Sheet1!A${from + 1}`,
      valueInputOption: 'RAW',
      requestBody: { values: rowsOf(from) },
    });
  }
  const counted = async (range: string, expected: string) => {
    const before = emulator.control.requests('google_sheets');
    const row = Array.from({ length: 20 }, (_, column) => `new ${column}`);
    const reply = await append(id, range, [row]);
    assert.equal(reply.json.updated_range, expected, reply.text);
    const after = emulator.control.requests('google_sheets');
    return { requests: after.received - before.received, bytes: after.sentBytes - before.sentBytes };
  };
  const cold = await counted('Sheet1', 'Sheet1!A100001:T100001');
  const warm = await counted('Sheet1', 'Sheet1!A100002:T100002');
  t.diagnostic(`cold ${JSON.stringify(cold)}, warm ${JSON.stringify(warm)}`);
  assert.ok(cold.requests <= 3 && cold.bytes <= 64 * 1024, JSON.stringify(cold));
  assert.ok(warm.requests <= 2 && warm.bytes <= 64 * 1024, JSON.stringify(warm));
});

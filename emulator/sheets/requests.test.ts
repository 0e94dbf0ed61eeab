/** Tests what the emulated Sheets API accepts, what it refuses by name, and that no command of a test stops it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GoogleSpreadsheet } from 'google-spreadsheet';
import { openGoogleClient, readAtGoogle } from '../../test/support/sheets-service.ts';
import { startEmulator } from '../start.ts';

async function start(t: { after(fn: () => Promise<void>): void }, dataDir: string | null = null) {
  const emulator = await startEmulator({ port: 0, dataDir });
  t.after(() => emulator.close());
  const client = await openGoogleClient(emulator);
  const change = (spreadsheetId: string, requests: object[]) =>
    client.spreadsheets.batchUpdate({ spreadsheetId, requestBody: { requests } });
  const control = (path: string, body: unknown) =>
    fetch(`${emulator.url}/__emulator/${path}`, { method: 'POST', body: JSON.stringify(body) });
  return { emulator, client, change, control };
}

test('a change of cells or of a sheet changes only what its mask names', async (t) => {
  const { emulator, client, change } = await start(t);
  const spreadsheetId = 'masked';
  await client.spreadsheets.values.update({
    spreadsheetId,
    range: 'A1',
    valueInputOption: 'RAW',
    requestBody: { values: [['kept', 'changed']] },
  });
  const start0 = { sheetId: 0, rowIndex: 0, columnIndex: 0 };
  const colour = { userEnteredFormat: { backgroundColor: { red: 1 } } };
  await change(spreadsheetId, [
    { updateCells: { start: start0, rows: [{ values: [colour] }], fields: 'userEnteredFormat.backgroundColor' } },
    { repeatCell: { range: { sheetId: 0 }, cell: { note: 'a note' }, fields: 'note' } },
    {
      updateSheetProperties: {
        properties: { sheetId: 0, title: 'Not this', gridProperties: { rowCount: 7, frozenRowCount: 1 } },
        fields: 'gridProperties.frozenRowCount',
      },
    },
  ]);
  assert.deepEqual(await readAtGoogle(emulator, spreadsheetId, 'A1:B1'), [['kept', 'changed']]);
  const { data } = await client.spreadsheets.get({ spreadsheetId });
  assert.equal(data.sheets?.[0]?.properties?.title, 'Sheet1');
  assert.deepEqual(data.sheets?.[0]?.properties?.gridProperties, {
    rowCount: 1000,
    columnCount: 26,
    frozenRowCount: 1,
  });
  await assert.rejects(change(spreadsheetId, [{ updateCells: { start: start0, rows: [] } }]), /At least one field/);
});

test('an unsupported request is refused by name, and its whole batch is not applied', async (t) => {
  const { emulator, client, change } = await start(t);
  const added = { addSheet: { properties: { title: 'added' } } };
  await assert.rejects(change('named', [added, { addChart: {} }]), /requests\[1\].*does not support addChart/);
  await assert.rejects(change('named', [{ constructor: {} }]), /does not support constructor/);
  await assert.rejects(change('named', [added, { deleteSheet: { sheetId: 5 } }]), /No grid with id: 5/);
  const { data } = await client.spreadsheets.get({ spreadsheetId: 'named' });
  assert.deepEqual(
    data.sheets?.map((sheet) => sheet.properties?.title),
    ['Sheet1'],
  );
  await assert.rejects(
    client.spreadsheets.sheets.copyTo({
      spreadsheetId: 'named',
      sheetId: 0,
      requestBody: { destinationSpreadsheetId: 'x' },
    }),
    /does not support POST \/v4\/spreadsheets\/\{spreadsheetId\}\/sheets\/0:copyTo/,
  );
  assert.deepEqual(await readAtGoogle(emulator, 'named', 'A1'), []);
});

test('google-spreadsheet deletes rows, loads cells, duplicates and merges', async (t) => {
  const { emulator } = await start(t);
  const plain = await openGoogleClient(emulator);
  const doc = new GoogleSpreadsheet('library', (plain.context._options as { auth: never }).auth);
  const sheetsApi = doc.sheetsApi.extend({
    hooks: {
      beforeRequest: [
        ({ request }) => {
          const url = new URL(request.url);
          return new Request(`${emulator.url}${url.pathname}${url.search}`, request);
        },
      ],
    },
  });
  Object.defineProperty(doc, 'sheetsApi', { value: sheetsApi });
  await doc.loadInfo();
  const sheet = await doc.addSheet({ title: 'Rows', headerValues: ['name'] });
  await sheet.addRows([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
  await (await sheet.getRows())[1]?.delete();
  assert.deepEqual(await readAtGoogle(emulator, 'library', 'Rows'), [['name'], ['a'], ['c']]);
  await sheet.loadCells('A1:A3');
  assert.equal(sheet.getCellByA1('A3').value, 'c');
  sheet.getCellByA1('A3').value = 'changed';
  await sheet.saveUpdatedCells();
  await sheet.duplicate({ title: 'Copy' });
  assert.deepEqual(await readAtGoogle(emulator, 'library', 'Copy'), [['name'], ['a'], ['changed']]);
  await sheet.mergeCells({ startRowIndex: 1, endRowIndex: 3, startColumnIndex: 0, endColumnIndex: 1 });
  assert.deepEqual(await readAtGoogle(emulator, 'library', 'Rows'), [['name'], ['a']]);
});

test('typed values are parsed by the spreadsheet’s locale', async (t) => {
  const { emulator, client } = await start(t);
  const { data } = await client.spreadsheets.create({
    requestBody: {
      properties: { title: 'Журнал', locale: 'ru_RU', timeZone: 'Asia/Tashkent' },
      sheets: [{ properties: { title: 'Заявки', gridProperties: { rowCount: 50 } } }, { properties: { title: 'Ещё' } }],
    },
  });
  const spreadsheetId = data.spreadsheetId as string;
  assert.equal(data.properties?.locale, 'ru_RU');
  assert.deepEqual(
    data.sheets?.map(({ properties }) => [properties?.title, properties?.gridProperties?.rowCount]),
    [
      ['Заявки', 50],
      ['Ещё', 1000],
    ],
  );
  const typed = ['1,5', '1 234,5', '05.03.2026', '1.5', 'ИСТИНА', '12,5%'];
  const range = 'Заявки!A1:F1';
  await client.spreadsheets.values.update({
    spreadsheetId,
    range,
    valueInputOption: 'USER_ENTERED',
    requestBody: { values: [typed] },
  });
  assert.deepEqual(await readAtGoogle(emulator, spreadsheetId, range), [[1.5, 1234.5, 46086, '1.5', true, 0.125]]);
  const shown = await client.spreadsheets.values.get({ spreadsheetId, range });
  assert.deepEqual(shown.data.values?.[0]?.slice(0, 3), ['1,5', '1\u00a0234,5', '05.03.2026']);
});

test('developer metadata moves with its row, and its id can be used only once', async (t) => {
  const { client, change } = await start(t);
  const spreadsheetId = 'notes';
  const note = (metadataId: number, row: number) => ({
    createDeveloperMetadata: {
      developerMetadata: {
        metadataId,
        metadataKey: 'k',
        metadataValue: `of row ${row}`,
        visibility: 'PROJECT',
        location: { dimensionRange: { sheetId: 0, dimension: 'ROWS', startIndex: row, endIndex: row + 1 } },
      },
    },
  });
  await change(spreadsheetId, [note(7, 3), note(8, 1)]);
  await assert.rejects(change(spreadsheetId, [note(7, 4)]), /already exists/);
  const rows = (startIndex: number, endIndex: number) => ({ sheetId: 0, dimension: 'ROWS', startIndex, endIndex });
  await change(spreadsheetId, [{ insertDimension: { range: rows(2, 4) } }, { deleteDimension: { range: rows(1, 2) } }]);
  const found = await client.spreadsheets.developerMetadata.search({
    spreadsheetId,
    requestBody: { dataFilters: [7, 8].map((metadataId) => ({ developerMetadataLookup: { metadataId } })) },
  });
  assert.deepEqual(
    found.data.matchedDeveloperMetadata?.map(({ developerMetadata }) => [
      developerMetadata?.metadataId,
      developerMetadata?.location?.dimensionRange?.startIndex,
    ]),
    [[7, 4]],
  );
});

test('no command stops the emulator, and unknown members of a command are refused', async (t) => {
  const { mkdtempSync, rmSync } = await import('node:fs');
  const dataDir = mkdtempSync('/tmp/emulator-');
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const { emulator, control } = await start(t, dataDir);
  const told = await control('spreadsheets/new', { missing: true });
  assert.deepEqual(await told.json(), { spreadsheet_id: 'new', missing: true });
  await control('spreadsheets/other', { title: 'Named' }); // Saved after the missing one.
  for (const body of [{ missing: 'yes' }, { lost: true }, { shared_with: 'a@b.c' }, { title: 5 }]) {
    assert.equal((await control('spreadsheets/new', body)).status, 400, JSON.stringify(body));
  }
  const fault = { vendor: 'google_sheets', mode: '503' };
  for (const more of [{ path: ':append' }, { times: 'twice' }, { probability: 2 }, { when: 'later' }]) {
    assert.equal((await control('faults', { ...fault, ...more })).status, 400, JSON.stringify(more));
  }
  assert.deepEqual(emulator.control.faults, []);
  await emulator.close(); // Saves the rest without an error, and without the missing one.
});

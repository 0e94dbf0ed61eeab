/** Rows that equal others' are never taken for those, however their table is named and whoever wrote them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAtGoogle, startSheetsServices } from '../../../test/support/sheets-service.ts';

const env = { REQUEST_TIMEOUT_SECONDS: '1', RATE_LIMIT_SHEETS_PER_MINUTE: '100000' };
const values = [['the same row']];

test('an append that failed is not taken for an equal row that came by another name of the table', async (t) => {
  const { call, emulator } = await startSheetsServices(t, { env });
  for (const other of ['Sheet1', 'A1', 'Sheet1!A1:C1']) {
    const spreadsheet_id = `named-${other.replaceAll(/\W/g, '-')}`;
    const append = (range: string) => call('POST', '/sheets/append', { spreadsheet_id, range, values });
    await append('Sheet1!A1');
    await append(other);
    emulator.control.fail({ vendor: 'google_sheets', mode: '503', when: 'before', times: 1, pathIncludes: ':append' });
    const reply = await append('Sheet1!A1');
    assert.equal(reply.json.updated_range, 'Sheet1!A3', reply.text);
    assert.equal((await readAtGoogle(emulator, spreadsheet_id, 'Sheet1!A:A')).length, 3);
  }
});

test('an append that failed is not taken for an equal row that was written through us', async (t) => {
  const { call, emulator } = await startSheetsServices(t, { env });
  const spreadsheet_id = 'written';
  const append = () => call('POST', '/sheets/append', { spreadsheet_id, range: 'Sheet1!A1', values });
  await append();
  await call('POST', '/sheets/write', { spreadsheet_id, range: 'Sheet1!A2', values });
  emulator.control.fail({ vendor: 'google_sheets', mode: '503', when: 'before', times: 1, pathIncludes: ':append' });
  const reply = await append();
  assert.equal(reply.json.updated_range, 'Sheet1!A3', reply.text);
  assert.equal((await readAtGoogle(emulator, spreadsheet_id, 'Sheet1!A:A')).length, 3);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSheetsServices } from '../../../test/support/sheets-service.ts';

test('a batch says what is left of the tenant’s limit, as every sheets call does', async (t) => {
  const { call } = await startSheetsServices(t);
  const operations = [
    { operation: 'write', range: 'Sheet1!A1', values: [['x']] },
    { operation: 'read', range: 'Sheet1!A1' },
  ];
  const reply = await call('POST', '/sheets/batch', { spreadsheet_id: 'limited', operations });
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.headers.get('ratelimit-policy'), '"sheets";q=100;w=60');
  assert.match(reply.headers.get('ratelimit') ?? '', /^"sheets";r=98;t=\d+$/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signAdminToken } from '../../../../test/support/service.ts';
import { startSheetsServices } from '../../../../test/support/sheets-service.ts';

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

test('a batch needs the scope of each of its operations, also where its answer is kept', async (t) => {
  const { call, tenant } = await startSheetsServices(t, {
    env: { JWT_SECRET: 'the secret that whole-service tests sign with' },
  });
  const tokenFor = async (scope: string) => ({
    authorization: `Bearer ${await signAdminToken({ tenants: [tenant], scope })}`,
    'idempotency-key': 'one-for-all',
  });
  const [reader, writer, both, neither] = [
    await tokenFor('sheets:read'),
    await tokenFor('sheets:write'),
    await tokenFor('sheets:read sheets:write'),
    await tokenFor('geocoding'),
  ];
  const read = { operation: 'read', range: 'Sheet1!A1' };
  const write = { operation: 'write', range: 'Sheet1!A1', values: [['x']] };
  const cases: [object[], object, number][] = [
    [[write, read], both, 200],
    [[write, read], reader, 403],
    [[write, read], writer, 403],
    [[write, read], neither, 403],
  ];
  for (const [operations, headers, status] of cases) {
    const reply = await call('POST', '/sheets/batch', { spreadsheet_id: 'scopes', operations }, { ...headers });
    assert.equal(reply.status, status, reply.text);
  }
  const own = (headers: Record<string, string>, key: string) => ({ ...headers, 'idempotency-key': key });
  const asked = { spreadsheet_id: 'scopes', operations: [read] };
  assert.equal((await call('POST', '/sheets/batch', asked, own(reader, 'r'))).status, 200);
  assert.equal((await call('POST', '/sheets/batch', asked, own(writer, 'w'))).status, 403);
  const changed = { spreadsheet_id: 'scopes', operations: [write] };
  assert.equal((await call('POST', '/sheets/batch', changed, own(writer, 'c'))).status, 200);
  assert.equal((await call('POST', '/sheets/batch', { operations: [] }, own(neither, 'n'))).status, 403);
});

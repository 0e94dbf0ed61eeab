/** Spreadsheets while Redis or PostgreSQL is away. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { redisUrl } from '../support/redis.ts';
import { readAtGoogle, startSheetsServices } from '../support/sheets-service.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const sheet = 'journal';

test('without Redis rows are still appended once, by two replicas, and own writes are read', async (t) => {
  const proxy = await startTcpProxy(t, redisUrl);
  const { replicas, emulator } = await startSheetsServices(t, {
    replicas: 2,
    env: { REDIS_URL: proxy.through(redisUrl), RATE_LIMIT_SHEETS_PER_MINUTE: '1000', REQUEST_TIMEOUT_SECONDS: '1' },
  });
  const [one, two] = replicas;
  assert.ok(one && two);
  const append = (replica: typeof one, name: string, headers = {}) =>
    replica.call('POST', '/sheets/append', { spreadsheet_id: sheet, range: 'Sheet1!A1', values: [[name]] }, headers);
  const read = (replica: typeof one) =>
    replica.call('POST', '/sheets/read', { spreadsheet_id: sheet, range: 'Sheet1!A:A' });
  await append(one, 'header');
  await read(one);
  await read(two);

  proxy.cut();
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, index) => append(index % 2 ? one : two, `row ${index}`)),
  );
  for (const reply of replies) assert.equal(reply.status, 200, reply.text);
  const atGoogle = await readAtGoogle(emulator, sheet, 'Sheet1!A:A');
  assert.equal(atGoogle.length, 21);
  for (const replica of [one, two]) assert.deepEqual((await read(replica)).json.values, atGoogle);

  emulator.control.fail({ vendor: 'google_sheets', mode: 'reset', when: 'after', times: 1, pathIncludes: ':append' });
  const doubtful = await append(one, 'doubtful', { 'idempotency-key': randomUUID() });
  assert.equal(doubtful.status, 200, doubtful.text);

  proxy.resume();
  await append(two, 'after');
  const names = (await readAtGoogle(emulator, sheet, 'Sheet1!A:A')).map(([name]) => name);
  assert.deepEqual(names.slice(-2), ['doubtful', 'after']);
  for (const replica of [one, two]) assert.equal((await read(replica)).json.values.at(-1)[0], 'after');
});

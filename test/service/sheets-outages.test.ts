/** Spreadsheets while Redis or PostgreSQL is away. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { createDataDir } from '../support/data-dir.ts';
import { redisUrl } from '../support/redis.ts';
import type { TestReply } from '../support/service.ts';
import { readAtGoogle, startSheetsServices } from '../support/sheets-service.ts';
import { findSmallDisk } from '../support/small-disk.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const sheet = 'journal';

test('without Redis two replicas still append rows once, and own writes are read', async (t) => {
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

test('changes that cannot be recorded are reported as unknown, and reads show them', async (t) => {
  const disk = findSmallDisk();
  const { emulator, database, startProcess } = await startSheetsServices(t);
  const proxy = await startTcpProxy(t, database.url);
  const dataDir = await createDataDir(t);
  const { call } = await startProcess(
    { DATABASE_URL: proxy.through(database.url), DATA_DIR: dataDir, RATE_LIMIT_SHEETS_PER_MINUTE: '10000' },
    disk.launcher(dataDir),
  );
  const spreadsheet_id = 'unrecorded';
  const write = (range: string, values: unknown[][]) =>
    call('POST', '/sheets/write', { spreadsheet_id, range, values });
  const read = (range: string) => call('POST', '/sheets/read', { spreadsheet_id, range });
  assert.equal((await write('A1', [['old']])).status, 200);
  for (const range of ['A1:A1', 'C1:C5']) assert.equal((await read(range)).status, 200);

  // PostgreSQL is away, and the spool's disk is full: large records first, then small ones that still fit.
  proxy.cut();
  const untilRefused = async (change: () => Promise<TestReply>): Promise<TestReply> => {
    for (let tries = 0; tries < 50; tries++) {
      const reply = await change();
      if (reply.status !== 200) return reply;
    }
    throw new Error('the disk is not full');
  };
  await untilRefused(() => write('Z1', [[randomBytes(6_000).toString('hex')]]));
  let rows = 0;
  const appended = await untilRefused(() =>
    call('POST', '/sheets/append', { spreadsheet_id, range: 'C1', values: [[`row ${++rows}`]] }),
  );
  const written = await untilRefused(() => write('A1', [['new']]));
  assert.deepEqual([written.status, written.json.code, written.json.outcome], [503, 'SERVICE_UNAVAILABLE', 'unknown']);

  assert.deepEqual(await readAtGoogle(emulator, spreadsheet_id, 'A1:A1'), [['new']]);
  const made = (await readAtGoogle(emulator, spreadsheet_id, 'C:C')).length;
  assert.equal(made, appended.json.outcome === 'unknown' ? rows : rows - 1, appended.text);
  for (const range of ['A1:A1', 'C1:C5']) {
    const { status, text } = await read(range);
    assert.notEqual(status, 200, `an answer from before the change: ${text}`);
  }
});

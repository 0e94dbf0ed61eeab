/** Appends are made exactly once, despite faults of Google and the network. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Fault } from '../../emulator/control.ts';
import { readAtGoogle, startSheetsServices } from '../support/sheets-service.ts';
import { waitFor } from '../support/wait-for.ts';

const sheet = 'journal';
const range = 'Sheet1!A1';
/** Short attempts, so that a hanging Google costs the test one second instead of ten. */
const env = { REQUEST_TIMEOUT_SECONDS: '1', RATE_LIMIT_SHEETS_PER_MINUTE: '100000' };

const append = (name: string, values: unknown[][] = [[name, '', 1]]) => ({ spreadsheet_id: sheet, range, values });

test('five hundred concurrent appends from three replicas, with faults before and after the write', async (t) => {
  const { replicas, emulator } = await startSheetsServices(t, { replicas: 3, env });
  await replicas[0]?.call('POST', '/sheets/append', append('header', [['name', 'gap', 'count']]));
  for (const when of ['before', 'after'] as const) {
    for (const mode of ['hang', 'reset', '503'] as const) {
      emulator.control.fail({ vendor: 'google_sheets', mode, when, probability: 0.05, pathIncludes: ':batchUpdate' });
    }
  }
  emulator.control.fail({
    vendor: 'google_sheets',
    mode: 'reset',
    when: 'after',
    times: 1,
    pathIncludes: ':batchUpdate',
  });
  emulator.control.fail({
    vendor: 'google_sheets',
    mode: '503',
    when: 'before',
    times: 1,
    pathIncludes: ':batchUpdate',
  });

  const replies = await Promise.all(
    Array.from({ length: 500 }, async (_, index) => {
      const name = `row ${index}`;
      const reply = await replicas[index % 3]?.call('POST', '/sheets/append', {
        ...append(name),
        max_wait_seconds: 60,
      });
      assert.ok(reply);
      return { name, reply };
    }),
  );
  const rows = await readAtGoogle(emulator, sheet, 'Sheet1!A:Z');
  const acknowledged = replies.filter(({ reply }) => reply.status === 200);
  const counts = emulator.control.requests('google_sheets');
  t.diagnostic(`${acknowledged.length} acknowledged, ${counts.received} requests, ${counts.faulted} faults`);
  assert.ok(acknowledged.length > 0);
  for (const { name, reply } of acknowledged) {
    const places = rows.flatMap((row, index) => (row[0] === name ? [index + 1] : []));
    assert.equal(places.length, 1, `${name} occurs ${places.length} times`);
    assert.equal(reply.json.updated_range, `Sheet1!A${places[0]}:C${places[0]}`);
  }
  for (const { name, reply } of replies) {
    if (reply.status === 200) continue;
    assert.ok([429, 502, 503, 504].includes(reply.status), reply.text);
    assert.ok(rows.filter((row) => row[0] === name).length <= 1, `${name} occurs more than once`);
  }
  for (const row of rows.slice(1)) assert.deepEqual([row.length, row[1], row[2]], [3, '', 1]);
});

const faults: (Pick<Fault, 'mode' | 'when'> & { expected: number })[] = [
  { mode: '503', when: 'before', expected: 200 },
  { mode: '503', when: 'after', expected: 200 },
  { mode: 'html', when: 'after', expected: 200 },
  { mode: 'truncated', when: 'after', expected: 200 },
  { mode: 'reset', when: 'after', expected: 200 },
  { mode: 'hang', when: 'after', expected: 200 },
  { mode: 'reset', when: 'before', expected: 200 },
  { mode: 'hang', when: 'before', expected: 200 },
];

test('after each kind of fault the rows exist at most once, and after a retry with a key exactly once', async (t) => {
  const { call, emulator } = await startSheetsServices(t, { env });
  await call('POST', '/sheets/append', append('header'));
  for (const { mode, when, expected } of faults) {
    const name = `${mode} ${when}`;
    emulator.control.fail({
      vendor: 'google_sheets',
      mode,
      when: when ?? 'before',
      times: 1,
      pathIncludes: ':batchUpdate',
    });
    const key = { 'idempotency-key': randomUUID() };
    const first = await call('POST', '/sheets/append', append(name), key);
    assert.equal(first.status, expected, `${name}: ${first.text}`);
    const second = await call('POST', '/sheets/append', append(name), key);
    assert.equal(second.status, 200, `${name}: ${second.text}`);
    assert.equal(second.headers.get('idempotency-replayed'), 'true');
    const rows = await readAtGoogle(emulator, sheet, 'Sheet1!A:C');
    assert.equal(rows.filter((row) => row[0] === name).length, 1, name);
    assert.match(second.json.updated_range, new RegExp(`^Sheet1!A${rows.findIndex((row) => row[0] === name) + 1}:`));
  }
});

test('equal rows of different callers are not confused after an unknown outcome', async (t) => {
  const { call, emulator } = await startSheetsServices(t, { env });
  await call('POST', '/sheets/append', append('header'));
  const keyOf = (name: string) => ({ 'idempotency-key': `${name}-${randomUUID()}` });
  const [one, two] = [keyOf('one'), keyOf('two')];
  // While the outcome of the first append cannot be found out, its caller gets `unknown`.
  emulator.control.fail({ vendor: 'google_sheets', mode: 'reset', when: 'before', pathIncludes: ':batchUpdate' });
  emulator.control.fail({ vendor: 'google_sheets', mode: 'reset', when: 'before', pathIncludes: ':search' });
  const unknown = await call('POST', '/sheets/append', append('same'), one);
  assert.equal(unknown.status, 504, unknown.text);
  assert.equal(unknown.json.outcome, 'unknown');
  emulator.control.heal();
  // So many failures have opened the breaker; it closes by itself.
  await waitFor(
    'Google to be asked again',
    async () => {
      const read = await call(
        'POST',
        '/sheets/read',
        { spreadsheet_id: sheet, range: 'Z1' },
        { 'cache-control': 'no-store' },
      );
      return read.status === 200;
    },
    20_000,
  );
  assert.equal((await call('POST', '/sheets/append', append('same'), two)).status, 200);
  assert.equal((await call('POST', '/sheets/append', append('same'), one)).status, 200);
  const rows = await readAtGoogle(emulator, sheet, 'Sheet1!A:A');
  assert.equal(rows.filter((row) => row[0] === 'same').length, 2);
});

test('waiting appends share a request, and each caller gets the place of its own rows', async (t) => {
  const { call, emulator } = await startSheetsServices(t, { env });
  await call('POST', '/sheets/append', append('header'));
  emulator.control.resetCounts();
  const replies = await Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      call(
        'POST',
        '/sheets/append',
        append('', [
          [`a ${index}`, 1],
          [`b ${index}`, 2],
        ]),
      ),
    ),
  );
  const rows = await readAtGoogle(emulator, sheet, 'Sheet1!A:B');
  for (const [index, reply] of replies.entries()) {
    assert.equal(reply.status, 200, reply.text);
    const first = Number(/A(\d+):B(\d+)$/.exec(reply.json.updated_range)?.[1]);
    assert.deepEqual(rows.slice(first - 1, first + 1), [
      [`a ${index}`, 1],
      [`b ${index}`, 2],
    ]);
  }
  assert.ok(emulator.control.requests('google_sheets').received <= 10);
});

test('rows with gaps stay in their columns, also if a range begins inside a table', async (t) => {
  const { call, emulator } = await startSheetsServices(t, { env });
  for (const row of [
    ['a', '', 'c'],
    ['d', '', 'f'],
    ['g', null, 'i'],
  ]) {
    const reply = await call('POST', '/sheets/append', { ...append('', [row]), range: 'Sheet1' });
    assert.equal(reply.status, 200, reply.text);
  }
  assert.deepEqual(await readAtGoogle(emulator, sheet, 'Sheet1'), [
    ['a', '', 'c'],
    ['d', '', 'f'],
    ['g', '', 'i'],
  ]);
  await call('POST', '/sheets/write', { spreadsheet_id: 'wide', range: 'A1', values: [['x', 'y', 'z']] });
  const inside = await call('POST', '/sheets/append', { spreadsheet_id: 'wide', range: 'Sheet1!B1', values: [['v']] });
  assert.equal(inside.json.updated_range, 'Sheet1!B2', inside.text);
  assert.deepEqual(await readAtGoogle(emulator, 'wide', 'Sheet1'), [
    ['x', 'y', 'z'],
    ['', 'v'],
  ]);
});

for (const when of ['before', 'after'] as const) {
  test(`an append with a key whose service is killed ${when} Google has written is made once by the retry`, async (t) => {
    const { call, emulator, database, startProcess, tenant } = await startSheetsServices(t, { env });
    await call('POST', '/sheets/append', append('header'));
    const doomed = await startProcess({});
    const key = { 'idempotency-key': randomUUID() };
    emulator.control.fail({ vendor: 'google_sheets', mode: 'hang', when, times: 1, pathIncludes: ':batchUpdate' });
    const lost = doomed.call('POST', '/sheets/append', append('killed'), key).catch(() => 'lost');
    await waitFor('the append to reach Google', () => emulator.control.requests('google_sheets').faulted === 1);
    await doomed.kill();
    assert.equal(await lost, 'lost');

    // The crashed process's locks expire after half a minute; the test ends them at once.
    assert.equal((await call('POST', '/sheets/append', append('killed'), key)).status, 409);
    await database.db.querySystem({
      text: `update idempotency_keys set locked_until = now() where management_company_id = $1`,
      values: [tenant],
    });
    const retried = await call('POST', '/sheets/append', append('killed'), key);
    assert.equal(retried.status, 200, retried.text);
    assert.equal(retried.json.updated_range, 'Sheet1!A2:C2');
    const rows = await readAtGoogle(emulator, sheet, 'Sheet1!A:A');
    assert.deepEqual(rows, [['header'], ['killed']]);
  });
}

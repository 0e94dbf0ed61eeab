/** Concurrent appends from three replicas to irregular sheets, while Google fails before and after it writes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addWideAccount, openGoogleClient, readAtGoogle, startSheetsServices } from '../support/sheets-service.ts';

const env = {
  JWT_SECRET: 'the secret that whole-service tests sign with',
  REQUEST_TIMEOUT_SECONDS: '1',
  RATE_LIMIT_SHEETS_PER_MINUTE: '100000',
};

interface Journal {
  readonly id: string;
  readonly cells: readonly (readonly unknown[])[];
  readonly range: string;
  /** Zero-based column in which our rows begin. */
  readonly column: number;
  readonly insert_data_option?: 'OVERWRITE';
}

const journals: readonly Journal[] = [
  {
    id: 'title',
    cells: [['Journal of requests'], [], ['no', 'state', 'count'], ['1', 'new', 0]],
    range: 'Sheet1',
    column: 0,
  },
  { id: 'gap', cells: [['no', 'state', 'count'], ['1', 'new', 0], [], ['2', 'old', 0]], range: 'A:C', column: 0 },
  { id: 'blank-first', cells: [[], ['', 'no', 'state', 'count'], ['', '1', 'new', 0]], range: 'Sheet1', column: 1 },
  {
    id: 'beside',
    cells: [
      ['no', 'state', 'count', '', 'k', 'v'],
      ['1', 'new', 0, '', 'a', 1],
      ['', '', '', '', 'b', 2],
    ],
    range: 'A1',
    column: 0,
    insert_data_option: 'OVERWRITE',
  },
  {
    id: 'filtered',
    cells: [
      ['no', 'state', 'count'],
      ['1', 'new', 0],
    ],
    range: 'Sheet1!A1:C1',
    column: 0,
  },
];

interface Answered {
  readonly name: string;
  readonly status: number;
  readonly place: string;
  readonly sentAt: number;
  readonly answeredAt: number;
}

test('five hundred appends to irregular sheets exist once each, in their columns, in the order of their answers', async (t) => {
  const services = await startSheetsServices(t, { replicas: 3, env });
  await addWideAccount(services);
  const { replicas, emulator } = services;
  const google = await openGoogleClient(emulator);
  for (const { id, cells } of journals) {
    await google.spreadsheets.values.update({
      spreadsheetId: id,
      range: 'Sheet1!A1',
      valueInputOption: 'RAW',
      requestBody: { values: cells as unknown[][] },
    });
  }
  const filter = { range: { sheetId: 0, startRowIndex: 0, endRowIndex: 2, startColumnIndex: 0, endColumnIndex: 3 } };
  await google.spreadsheets.batchUpdate({
    spreadsheetId: 'filtered',
    requestBody: { requests: [{ setBasicFilter: { filter } }] },
  });
  for (const when of ['before', 'after'] as const) {
    for (const mode of ['hang', 'reset', '503'] as const) {
      emulator.control.fail({ vendor: 'google_sheets', mode, when, probability: 0.05, pathIncludes: ':batchUpdate' });
    }
  }

  /** Ten callers per journal; each sends its next row after the answer to the last. */
  const answered = new Map(journals.map(({ id }) => [id, [] as Answered[]]));
  const keepJournal = async (journal: Journal, caller: number): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) {
      const name = `${caller}.${turn}`;
      const sentAt = performance.now();
      const reply = await replicas[(caller + turn) % 3]?.call('POST', '/sheets/append', {
        spreadsheet_id: journal.id,
        range: journal.range,
        values: [[name, '', caller]],
        insert_data_option: journal.insert_data_option ?? 'INSERT_ROWS',
        max_wait_seconds: 60,
      });
      assert.ok(reply);
      if (reply.status !== 200) assert.ok([429, 502, 503, 504].includes(reply.status), reply.text);
      const place = String(reply.json.updated_range);
      answered.get(journal.id)?.push({ name, status: reply.status, place, sentAt, answeredAt: performance.now() });
    }
  };
  await Promise.all(
    journals.flatMap((journal) => Array.from({ length: 10 }, (_, caller) => keepJournal(journal, caller))),
  );

  const counts = emulator.control.requests('google_sheets');
  t.diagnostic(`${counts.received} requests, ${counts.faulted} faults`);
  assert.ok(counts.faulted > 0);
  for (const { id, cells, column } of journals) {
    const rows = await readAtGoogle(emulator, id, 'Sheet1');
    for (const [row, kept] of cells.entries()) {
      for (const [at, cell] of kept.entries())
        if (cell !== '') assert.equal(rows[row]?.[at], cell, `${id}: kept cells`);
    }
    const all = answered.get(id) ?? [];
    const placed = all.map((answer) => {
      const found = rows.flatMap((row, index) => (row[column] === answer.name ? [index] : []));
      assert.ok(found.length <= 1, `${id}: ${answer.name} occurs ${found.length} times`);
      return { ...answer, row: found[0] };
    });
    const acknowledged = placed.filter(({ status }) => status === 200);
    t.diagnostic(`${id}: ${acknowledged.length} of ${all.length} acknowledged`);
    assert.ok(acknowledged.length > 50, `${id}: ${acknowledged.length} acknowledged`);
    const first = String.fromCharCode(65 + column);
    const last = String.fromCharCode(67 + column);
    for (const { name, row, place } of acknowledged) {
      assert.ok(row !== undefined, `${id}: ${name} is missing`);
      assert.equal(place, `Sheet1!${first}${row + 1}:${last}${row + 1}`, `${id}: ${name}`);
      const [written, gap, caller] = rows[row]?.slice(column, column + 3) ?? [];
      assert.deepEqual([written, gap, caller], [name, '', Number(name.split('.')[0])], id);
    }
    for (const earlier of acknowledged) {
      for (const later of acknowledged) {
        if (earlier.answeredAt >= later.sentAt) continue;
        assert.ok(
          Number(earlier.row) < Number(later.row),
          `${id}: ${earlier.name} was answered before ${later.name} was sent`,
        );
      }
    }
  }
});

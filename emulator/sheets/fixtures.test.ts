/**
 * Tests that the emulator answers recorded requests as Google did: with the same body if the state can be arranged,
 * else with the same shape.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { accountsOfEmulator } from '../oauth/service-accounts.ts';
import { startEmulator } from '../start.ts';

const directory = new URL('../../../shared/fixtures/google-sheets/', import.meta.url);

interface Recorded {
  readonly case: string;
  readonly request: { method: string; path: string; rawQuery?: string; body?: unknown };
  readonly response: { status: number; headers: Record<string, string>; body?: unknown; bodyText?: string };
}

const gap = {
  range: 'Sheet1!A1',
  values: [['test_append_row_with_empty_value 1', '', 'test_append_row_with_empty_value 3']],
};
const mixed = [
  { range: 'Sheet1!A1', values: [['=4/2', '2020-01-01', 'string', '53']] },
  { range: 'Sheet1!A2', values: [['=3/2', '0.12', '1999-01-02']] },
];
const small = (rowCount: number, columnCount: number, sheetId = 0): object => ({
  updateSheetProperties: {
    properties: { sheetId, gridProperties: { rowCount, columnCount } },
    fields: 'gridProperties',
  },
});

/** The sheet's content before the request is repeated. */
const arrangements: Record<
  string,
  { values?: object[]; requests?: object[]; shared_with?: string[]; missing?: boolean }
> = {
  append_after_full_row: {
    values: [{ range: 'Sheet1!A1', values: [Array.from({ length: 10 }, (_, at) => `c${at}`)] }],
  },
  append_row_with_gap_anchored_at_a1: { values: [gap] },
  append_row_with_gap_step2_shifted: { values: [gap] },
  batch_update_delete_sheet_empty_reply: {
    requests: [{ addSheet: { properties: { sheetId: 1877059582, title: 'test_add_del_worksheet 1' } } }],
  },
  error_403_caller_does_not_have_permission: { shared_with: [] },
  error_404_not_found: { missing: true },
  spreadsheets_get_full_no_grid_data: {},
  values_batch_clear: {},
  values_batch_get_emoji_sheet_quoted_in_reply: {
    requests: [{ addSheet: { properties: { sheetId: 7, title: '🌵 test_values_batch_get 1' } } }, small(10, 10, 7)],
    values: [
      {
        range: "'🌵 test_values_batch_get 1'!A1",
        values: [
          ['🍇', '🍉', '🍋'],
          ['🍐', '🍎', '🍓'],
        ],
      },
    ],
  },
  values_batch_get_gap_inside_row: {
    values: [
      { range: 'Sheet1!A1', values: [['A1', 'B1', '', 'D1']] },
      { range: 'Sheet1!A4', values: [['A4', 'B4', '', 'D4']] },
    ],
  },
  values_get_formatted_ignores_datetime_option: { requests: [small(2, 4)], values: mixed },
  values_get_formula_render: { requests: [small(2, 4)], values: mixed },
  values_get_major_dimension_columns: {
    values: [{ range: 'Sheet1!A1', values: [1, 5, 9, 13, 17, 21].map((at) => [`test_delete_cols ${at}`]) }],
  },
  values_get_unformatted_formatted_string: { requests: [small(2, 4)], values: mixed },
  values_get_unformatted_serial_number: { requests: [small(2, 4)], values: mixed },
};

/** Recorded at other hosts, or with random ids in the body: only the shape can be compared. */
const shapeOnly = new Set([
  'batch_update_add_named_range',
  'batch_update_add_sheet',
  'error_429_read_quota_per_user',
  'spreadsheets_get_full_no_grid_data',
]);
const ofOtherHosts = new Set([
  'error_403_insufficient_scopes',
  'error_403_service_disabled',
  'error_429_html_automated_queries',
  'google_front_end_404_html',
  'oauth_tokeninfo_stale_400',
]);

if (!existsSync(directory)) {
  test('recorded Google Sheets replies', { skip: 'the recorded fixtures are missing' }, () => {});
} else {
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.json'))) {
    const recorded = JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as Recorded;
    if (ofOtherHosts.has(recorded.case)) continue;
    test(`recorded: ${recorded.case}`, async (t) => {
      const emulator = await startEmulator({ port: 0 });
      t.after(() => emulator.close());
      const accounts = accountsOfEmulator(emulator);
      const key = await accounts.ownKey(`${emulator.url}/token`);
      const account = accounts.find(key.client_email);
      assert.ok(account);
      const token = accounts.issueToken(account, ['https://www.googleapis.com/auth/spreadsheets']);
      const ask = (method: string, path: string, body?: unknown): Promise<Response> =>
        fetch(`${emulator.url}${path}`, {
          method,
          headers: { authorization: `Bearer ${token}` },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        });

      const { method, path, rawQuery = '', body } = recorded.request;
      const sheet = /^\/v4\/spreadsheets\/[^/:]+/.exec(path)?.[0] as string;
      const { values, requests, ...rest } = arrangements[recorded.case] ?? {};
      if (requests) await ask('POST', `${sheet}:batchUpdate`, { requests });
      if (values) await ask('POST', `${sheet}/values:batchUpdate`, { valueInputOption: 'USER_ENTERED', data: values });
      if (Object.keys(rest).length > 0) {
        await ask('POST', `/__emulator/spreadsheets/${sheet.split('/').at(-1)}`, rest);
      }
      if (recorded.case === 'error_429_read_quota_per_user') emulator.control.setQuota('google_sheets', 0, 'read');

      const response = await ask(method, `${path}${rawQuery && `?${rawQuery}`}`, body);
      assert.equal(response.status, recorded.response.status);
      assert.match(response.headers.get('content-type') ?? '', /^application\/json; charset=UTF-8/);
      const answer: unknown = await response.json();
      if (!shapeOnly.has(recorded.case)) return assert.deepEqual(answer, recorded.response.body);
      assert.deepEqual(shapeOf(answer), shapeOf(recorded.response.body));
    });
  }
}

/** The members and their types. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  // A colour's parts differ from theme to theme.
  const members = Object.entries(value).map(([name, member]) => [
    name,
    name === 'rgbColor' ? 'colour' : shapeOf(member),
  ]);
  return Object.fromEntries(members);
}

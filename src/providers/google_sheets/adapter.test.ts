import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { accountsOfEmulator } from '../../../emulator/oauth/service-accounts.ts';
import { type Emulator, startEmulator } from '../../../emulator/start.ts';
import { waitFor } from '../../../test/support/wait-for.ts';
import { type ProviderAccount, type ProviderHttp, type ProviderReply, TransportError } from '../provider.ts';
import { createGoogleSheets } from './adapter.ts';
import type { ReadOptions } from './operations.ts';

const readOptions: ReadOptions = {
  valueRenderOption: 'UNFORMATTED_VALUE',
  dateTimeRenderOption: 'FORMATTED_STRING',
  majorDimension: 'ROWS',
};

async function start(t: TestContext): Promise<{ emulator: Emulator; account: ProviderAccount }> {
  const emulator = await startEmulator({ port: 0 });
  t.after(() => emulator.close());
  const credentials = await accountsOfEmulator(emulator).ownKey(`${emulator.url}/token`);
  const account = { serviceId: '1', serviceName: 'google_sheets', apiKey: null, config: {}, credentials };
  return { emulator, account: { ...account, baseUrl: emulator.url } };
}

const masked: string[] = [];
const http: ProviderHttp = {
  mask: (secret) => void masked.push(secret),
  open: () => Promise.reject(new Error('unused')),
  async send({ method, url, headers, body }): Promise<ProviderReply> {
    const request = { method, headers: { ...headers } };
    const response = await fetch(url, body === undefined ? request : { ...request, body: String(body) }).catch(
      (error) => {
        throw new TransportError('reset', true, error);
      },
    );
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    };
  },
};

function attemptsOf(now?: () => number) {
  const { attempts } = createGoogleSheets(now);
  const { sheets_read, sheets_write, sheets_append, sheets_clear, sheets_metadata, health_check } = attempts;
  assert.ok(sheets_read && sheets_write && sheets_append && sheets_clear && sheets_metadata && health_check);
  return { sheets_read, sheets_write, sheets_append, sheets_clear, sheets_metadata, health_check };
}

test('values keep their type over write, append, read and clear', async (t) => {
  const { emulator, account } = await start(t);
  const { sheets_write, sheets_append, sheets_read, sheets_clear } = attemptsOf();
  const spreadsheetId = 'types';
  const written = await sheets_write(
    {
      spreadsheetId,
      valueInputOption: 'RAW',
      data: [{ range: "'Sheet1'!A1", values: [['имя', '+998901234567', '=1+1']] }],
    },
    account,
    http,
  );
  assert.deepEqual(written, {
    kind: 'ok',
    value: [{ updatedRange: 'Sheet1!A1:C1', updatedRows: 1, updatedColumns: 3, updatedCells: 3 }],
  });
  const appended = await sheets_append(
    {
      spreadsheetId,
      requests: [
        { appendDimension: { sheetId: 0, dimension: 'ROWS', length: 1 } },
        {
          updateCells: {
            start: { sheetId: 0, rowIndex: 1, columnIndex: 0 },
            rows: [
              { values: [{ userEnteredValue: { numberValue: 12.5 } }, { userEnteredValue: { boolValue: true } }] },
            ],
            fields: 'userEnteredValue',
          },
        },
      ],
    },
    account,
    http,
  );
  assert.equal(appended.kind === 'ok' && appended.value.replies.length, 2);
  const read = await sheets_read({ spreadsheetId, ranges: ['Sheet1!A:C', 'Sheet1!Z9'], ...readOptions }, account, http);
  assert.deepEqual(read, {
    kind: 'ok',
    value: [
      {
        range: 'Sheet1!A1:C1001',
        values: [
          ['имя', '+998901234567', '=1+1'],
          [12.5, true],
        ],
      },
      { range: 'Sheet1!Z9', values: [] },
    ],
  });
  const cleared = await sheets_clear({ spreadsheetId, ranges: ['A2:B2', 'C1'] }, account, http);
  assert.deepEqual(cleared, { kind: 'ok', value: ['Sheet1!A2:B2', 'Sheet1!C1'] });
  const { accounts } = emulator.control.requests('google_oauth');
  assert.deepEqual(
    Object.values(accounts).map(({ received }) => received),
    [1],
  );
});

test('parallel calls share one token request, and a refused token is replaced once', async (t) => {
  const { emulator, account } = await start(t);
  const { sheets_metadata } = attemptsOf();
  const ask = () => sheets_metadata({ spreadsheetId: 'shared' }, account, http);
  const answers = await Promise.all(Array.from({ length: 20 }, ask));
  assert.ok(answers.every(({ kind }) => kind === 'ok'));
  assert.equal(emulator.control.requests('google_oauth').received, 1);
  accountsOfEmulator(emulator).expireTokens();
  assert.equal((await ask()).kind, 'ok');
  assert.equal(emulator.control.requests('google_oauth').received, 2);
  assert.ok(masked.some((secret) => secret.startsWith('ya29.')));
});

test('a named range whose sheet is gone is not listed', async (t) => {
  const { account } = await start(t);
  const { sheets_metadata } = attemptsOf();
  const rows = { startRowIndex: 0, endRowIndex: 1 };
  const answer = {
    spreadsheetId: 'named',
    sheets: [{ properties: { sheetId: 7, title: 'Left' } }],
    namedRanges: [
      { name: 'dead', range: {} },
      { name: 'dead_too', range: { sheetId: 9, ...rows } },
      { name: 'alive', range: { sheetId: 7, ...rows } },
    ],
  };
  const answering: ProviderHttp = {
    ...http,
    send: (request) =>
      request.url.endsWith('/token')
        ? http.send(request)
        : Promise.resolve({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(answer)) }),
  };
  const found = await sheets_metadata({ spreadsheetId: 'named' }, account, answering);
  assert.deepEqual(found.kind === 'ok' && found.value.named_ranges, [{ name: 'alive', range: "'Left'!1:1" }]);
});

test('a request is not sent again with the token that Google has just refused', async (t) => {
  const { emulator, account } = await start(t);
  const { sheets_metadata } = attemptsOf();
  let asked = 0;
  const refusing: ProviderHttp = {
    ...http,
    async send(request) {
      if (request.url.endsWith('/token')) return http.send(request);
      asked += 1;
      return { status: 401, headers: {}, body: Buffer.from('{"error":{"code":401,"message":"No."}}') };
    },
  };
  for (let n = 0; n < 3; n += 1) {
    assert.equal((await sheets_metadata({ spreadsheetId: 'refused' }, account, refusing)).kind, 'denied');
  }
  assert.deepEqual([asked, emulator.control.requests('google_oauth').received], [4, 2]);
});

test('a token is renewed five minutes before it expires, and an outage of the token endpoint in that time fails no call', async (t) => {
  const { emulator, account } = await start(t);
  let nowMs = Date.now();
  const { sheets_metadata } = attemptsOf(() => nowMs);
  const ask = () => sheets_metadata({ spreadsheetId: 'ahead' }, account, http);
  await ask();
  nowMs += 3_340_000; // Less than five minutes are left.
  emulator.control.fail({ vendor: 'google_oauth', mode: '500', times: 1 });
  await waitFor('the renewal after the failed one', async () => {
    assert.equal((await ask()).kind, 'ok');
    return emulator.control.requests('google_oauth').received === 3;
  });
});

test('a wrong clock, a wrong key and an unknown account are each named, and are the account’s fault', async (t) => {
  const { emulator, account } = await start(t);
  const { health_check } = attemptsOf();
  const key = account.credentials as Record<string, string>;
  const own = await accountsOfEmulator(emulator).makeKey(
    'other@p.iam.gserviceaccount.com',
    'p',
    `${emulator.url}/token`,
  );

  const wrongKey = { ...account, credentials: { ...key, private_key: own.private_key } };
  assert.match(messageOf(await health_check({}, wrongKey, http)), /\(invalid_grant\): Invalid JWT Signature/);
  const nobody = 'nobody@p.iam.gserviceaccount.com';
  emulator.control.setKeyBad('google_oauth', nobody);
  const unknown = { ...account, credentials: { ...own, client_email: nobody } };
  assert.match(messageOf(await health_check({}, unknown, http)), /account not found/);
  const broken = { ...account, credentials: { ...own, private_key: 'no key' } };
  assert.match(messageOf(await health_check({}, broken, http)), /private key of the service account cannot be used/);

  const clockFault: ProviderHttp = {
    mask: () => {},
    open: () => Promise.reject(new Error('unused')),
    send: async () => ({
      status: 400,
      headers: { date: new Date(Date.now() - 7_200_000).toUTCString() },
      body: Buffer.from(
        JSON.stringify({
          error: 'invalid_grant',
          error_description:
            'Invalid JWT: Token must be a short-lived token (60 minutes). Check your iat and exp values.',
        }),
      ),
    }),
  };
  const fresh = { ...account, credentials: own };
  assert.match(
    messageOf(await attemptsOf().health_check({}, fresh, clockFault)),
    /clock of this machine is 7\d\d\d s ahead/,
  );
});

test('Google’s refusals keep their meaning', async (t) => {
  const { emulator, account } = await start(t);
  const { sheets_read, sheets_append, health_check } = attemptsOf();
  const read = (spreadsheetId: string, range: string) =>
    sheets_read({ spreadsheetId, ranges: [range], ...readOptions }, account, http);
  const arrange = (id: string, body: object) =>
    fetch(`${emulator.url}/__emulator/spreadsheets/${id}`, { method: 'POST', body: JSON.stringify(body) });

  assert.deepEqual(await read('a', 'NOPE!A1'), {
    kind: 'bad_input',
    status: 400,
    message: 'Unable to parse range: NOPE!A1',
  });
  await arrange('private', { shared_with: [] });
  const forbidden = await read('private', 'A1');
  assert.equal(forbidden.kind === 'bad_input' && forbidden.status, 403);
  assert.match(messageOf(forbidden), /share the spreadsheet with integration-service@/);
  await arrange('gone', { missing: true });
  const missing = await read('gone', 'A1');
  assert.equal(missing.kind === 'bad_input' && missing.status, 404);
  assert.equal((await health_check({}, account, http)).kind, 'ok');

  emulator.control.setQuota('google_sheets', 0, 'read');
  assert.equal((await read('a', 'A1')).kind, 'throttled');
  const append = () =>
    sheets_append(
      { spreadsheetId: 'a', requests: [{ appendDimension: { sheetId: 0, dimension: 'ROWS', length: 1 } }] },
      account,
      http,
    );
  for (const mode of ['500', 'html', 'truncated', 'empty'] as const) {
    emulator.control.fail({ vendor: 'google_sheets', mode, when: 'after', times: 1 });
    assert.deepEqual(
      Object.entries(await append()).filter(([name]) => name !== 'message'),
      [
        ['kind', 'unknown_outcome'],
        ['settled', true],
      ],
      mode,
    );
  }
  emulator.control.fail({ vendor: 'google_sheets', mode: 'reset', times: 1 });
  await assert.rejects(append, TransportError);
});

test('an account with an API key alone reads open sheets, is told of a wrong key, and does not try to write', async (t) => {
  const { emulator, account } = await start(t);
  const { sheets_read, sheets_write, health_check } = attemptsOf();
  const keyed = { ...account, credentials: null, apiKey: 'a-key' };
  const read = () => sheets_read({ spreadsheetId: 'open', ranges: ['Sheet1!A1'], ...readOptions }, keyed, http);

  assert.equal((await read()).kind, 'ok');
  assert.equal((await health_check({}, keyed, http)).kind, 'ok');
  const asked = emulator.control.requests('google_sheets').received;
  const data = [{ range: 'Sheet1!A1', values: [['x']] }];
  const written = await sheets_write({ spreadsheetId: 'open', valueInputOption: 'RAW', data }, keyed, http);
  assert.equal(written.kind === 'bad_input' && written.status, 403);
  assert.match(messageOf(written), /configure a service account/);
  assert.equal(emulator.control.requests('google_sheets').received, asked);

  const mistyped = { ...keyed, apiKey: 'А-key' }; // Its first letter is Cyrillic.
  assert.match(messageOf(await health_check({}, mistyped, http)), /characters that no header can carry/);

  emulator.control.setKeyBad('google_sheets', 'a-key');
  assert.deepEqual(await read(), { kind: 'denied', message: 'API key not valid. Please pass a valid API key.' });
  assert.equal((await health_check({}, keyed, http)).kind, 'denied');
});

function messageOf(verdict: object): string {
  return 'message' in verdict ? String(verdict.message) : '';
}

/** Google's own client and google-spreadsheet work against the emulator with only their address changed. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { auth as googleAuth, sheets } from '@googleapis/sheets';
import { GoogleSpreadsheet } from 'google-spreadsheet';
import { emulatedGoogleCredentials } from '../oauth/service-accounts.ts';
import { type Emulator, startEmulator } from '../start.ts';

const scopes = ['https://www.googleapis.com/auth/spreadsheets'];

async function start(t: TestContext, dataDir: string | null = null): Promise<Emulator> {
  const emulator = await startEmulator({ port: 0, dataDir });
  t.after(() => emulator.close());
  return emulator;
}

interface Key {
  readonly client_email: string;
  readonly private_key: string;
}

/** The library signs for Google's own audience, and sends the request to the endpoint of its transporter. */
async function authFor(emulator: Emulator, made?: Key): Promise<InstanceType<typeof googleAuth.JWT>> {
  const key = made ?? (JSON.parse(await emulatedGoogleCredentials(emulator)) as Key);
  const auth = new googleAuth.JWT({ email: key.client_email, key: key.private_key, scopes });
  auth.transporter.interceptors.request.add({
    resolved: async (config) => {
      const url = new URL(String(config.url));
      config.url = new URL(`${emulator.url}${url.pathname}${url.search}`);
      return config;
    },
  });
  return auth;
}

test('any service account works at once, unless it was marked as bad', async (t) => {
  const emulator = await start(t);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const own = {
    client_email: 'me@my-project.iam.gserviceaccount.com',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
  const readTitle = async (): Promise<string | null | undefined> => {
    const client = sheets({ version: 'v4', auth: await authFor(emulator, own), rootUrl: `${emulator.url}/` });
    return (await client.spreadsheets.get({ spreadsheetId: 'own-account' })).data.sheets?.[0]?.properties?.title;
  };

  assert.equal(await readTitle(), 'Sheet1');
  emulator.control.setKeyBad('google_oauth', own.client_email);
  await assert.rejects(readTitle(), /invalid_grant/);
});

test("Google's client writes, appends, reads and clears", async (t) => {
  const emulator = await start(t);
  const client = sheets({ version: 'v4', auth: await authFor(emulator), rootUrl: `${emulator.url}/` });
  const spreadsheetId = 'official-client';
  const { values } = client.spreadsheets;

  const updated = await values.update({
    spreadsheetId,
    range: 'Sheet1!A1',
    valueInputOption: 'RAW',
    requestBody: { values: [['name', 'amount', 'paid']] },
  });
  assert.equal(updated.data.updatedRange, 'Sheet1!A1:C1');
  const appended = await values.append({
    spreadsheetId,
    range: 'Sheet1!A1',
    valueInputOption: 'RAW',
    insertDataOption: 'INSERT_ROWS',
    requestBody: { values: [['Навои', 12.5, true]] },
  });
  assert.equal(appended.data.tableRange, 'Sheet1!A1:C1');
  assert.equal(appended.data.updates?.updatedRange, 'Sheet1!A2:C2');
  const read = await values.get({ spreadsheetId, range: 'Sheet1', valueRenderOption: 'UNFORMATTED_VALUE' });
  assert.deepEqual(read.data.values, [
    ['name', 'amount', 'paid'],
    ['Навои', 12.5, true],
  ]);
  const batch = await values.batchGet({ spreadsheetId, ranges: ['Sheet1!A:A', 'Sheet1!C2'] });
  assert.deepEqual(batch.data.valueRanges?.[1]?.values, [['TRUE']]);
  await values.batchClear({ spreadsheetId, requestBody: { ranges: ['Sheet1!A2:C2'] } });
  assert.equal((await values.get({ spreadsheetId, range: 'Sheet1!A2:C2' })).data.values, undefined);
  const meta = await client.spreadsheets.get({ spreadsheetId, fields: 'properties.title,sheets.properties' });
  assert.equal(meta.data.sheets?.[0]?.properties?.title, 'Sheet1');
  for (const range of ['NOPE!A1', 'R0C0', 'A0', 'Sheet1!A1:B2:C3']) {
    await assert.rejects(values.get({ spreadsheetId, range }), new RegExp(`Unable to parse range: ${range}`));
  }
});

test("an API key reads only what is shared with everyone, in Google's client", async (t) => {
  const emulator = await start(t);
  const client = sheets({ version: 'v4', auth: 'a-key', rootUrl: `${emulator.url}/` });
  const { values } = client.spreadsheets;
  const range = 'Sheet1!A1';

  assert.equal((await values.get({ spreadsheetId: 'open', range })).data.range, range);
  await assert.rejects(
    values.update({ spreadsheetId: 'open', range, valueInputOption: 'RAW', requestBody: { values: [['x']] } }),
    { status: 401, message: /API keys are not supported by this API/ },
  );
  await fetch(`${emulator.url}/__emulator/spreadsheets/private`, { method: 'POST', body: '{"shared_with":[]}' });
  await assert.rejects(values.get({ spreadsheetId: 'private', range }), { status: 403 });
  emulator.control.setKeyBad('google_sheets', 'a-key');
  await assert.rejects(values.get({ spreadsheetId: 'open', range }), { status: 400, message: /API key not valid/ });
});

test('an invalid request is refused with the API’s text, and the next one is answered', async (t) => {
  const emulator = await start(t);
  const auth = await authFor(emulator);
  const { token } = await auth.getAccessToken();
  const post = async (path: string, body: string): Promise<[number, string]> => {
    const headers = { authorization: `Bearer ${token}` };
    const reply = await fetch(`${emulator.url}/v4/spreadsheets/odd${path}`, { method: 'POST', headers, body });
    const { error } = (await reply.json()) as { error: { status: string } };
    return [reply.status, error.status];
  };
  const refused = [400, 'INVALID_ARGUMENT'];
  assert.deepEqual(await post('/values:batchClear', '{"ranges":"A1"}'), refused);
  assert.deepEqual(await post('/values:batchUpdate', '{"valueInputOption":"RAW","data":[null]}'), refused);
  for (const request of [
    { appendCells: { rows: 5 } },
    { updateCells: { start: { rowIndex: 1e9 }, rows: [{ values: [{}] }] } },
    { updateCells: { start: { rowIndex: 'first' }, rows: [] } },
    { addSheet: { properties: { gridProperties: { rowCount: 1e7, columnCount: 26 } } } },
    { deleteDimension: { range: { startIndex: 0, endIndex: 5_000 } } },
    { updateSheetProperties: [] },
  ]) {
    assert.deepEqual(
      await post(':batchUpdate', JSON.stringify({ requests: [request] })),
      refused,
      JSON.stringify(request),
    );
  }
});

test('google-spreadsheet keeps a table of rows', async (t) => {
  const emulator = await start(t);
  const doc = new GoogleSpreadsheet('rows-of-a-library', await authFor(emulator));
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
  assert.equal(doc.title, 'Untitled spreadsheet');
  const sheet = await doc.addSheet({ title: 'Журнал', headerValues: ['имя', 'сумма'] });
  await sheet.addRows([
    { имя: 'Али', сумма: '10' },
    { имя: 'Зухра', сумма: '20' },
  ]);
  const rows = await sheet.getRows();
  assert.deepEqual(
    rows.map((row) => row.get('имя')),
    ['Али', 'Зухра'],
  );
});

test('a sheet and the account survive a restart', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'emulator-'));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const first = await startEmulator({ port: 0, dataDir });
  const key = await emulatedGoogleCredentials(first);
  const write = async (emulator: Emulator): Promise<ReturnType<typeof sheets>> =>
    sheets({ version: 'v4', auth: await authFor(emulator), rootUrl: `${emulator.url}/` });
  await (await write(first)).spreadsheets.values.update({
    spreadsheetId: 'kept/with strange id',
    range: 'A1',
    valueInputOption: 'USER_ENTERED',
    requestBody: { values: [['2026-11-22']] },
  });
  await first.close();

  const second = await start(t, dataDir);
  assert.equal(JSON.parse(await emulatedGoogleCredentials(second)).private_key, JSON.parse(key).private_key);
  const client = await write(second);
  const read = await client.spreadsheets.values.get({ spreadsheetId: 'kept/with strange id', range: 'A1' });
  assert.deepEqual(read.data.values, [['2026-11-22']]);
});

/** The forecast that a Sheets account will reach Google's limit: shown in time, and only while it is true. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';
import { waitFor } from '../test/support/wait-for.ts';

const spreadsheets = 6;
const rows = 4;

test('appends that will reach Google’s write limit are shown with their caller, in the API and on Overview, until they end', async (t: TestContext) => {
  const service = await startTestService(t, { RATE_LIMIT_SHEETS_PER_MINUTE: '1000' });
  const problems = async () =>
    ((await service.admin('GET', '/problems')).json as Record<string, string | number>[]).filter(({ kind }) =>
      /^sheets_/.test(String(kind)),
    );
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console`);
  await signIn(page, service);
  await page.getByText(/All (else )?is well/).waitFor();
  assert.deepEqual(await problems(), []);

  const append = async (spreadsheet: number): Promise<void> => {
    for (let row = 0; row < rows; row++) {
      const body = { spreadsheet_id: `journal-${spreadsheet}`, range: 'Sheet1!A1', values: [['a', row]] };
      const from = { 'x-service-name': row === 0 ? 'billing' : 'crm' };
      // If Redis is slow for a moment, nothing that Google counts is granted, and the caller asks again.
      await waitFor(
        `row ${row} of ${spreadsheet}`,
        async () => (await service.call('POST', '/sheets/append', body, from)).status === 200,
        60_000,
      );
    }
  };
  // In parallel, because the rate is of the last 15 seconds.
  await Promise.all(Array.from({ length: spreadsheets }, (_, spreadsheet) => append(spreadsheet)));
  const told = await waitFor('the forecast', async () =>
    (await problems()).find(({ kind }) => kind === 'sheets_write_limit_near'),
  );
  assert.deepEqual([told.service, told.severity], ['google_sheets', 'warning']);
  const words = /will reach Google's write limit \(60 a minute\) in \d+ s; most from crm \(\d+ in the last minute\)/;
  assert.match(String(told.message), words);
  assert.match(String(told.message_ru), /достигнет лимита Google на запись \(60 в минуту\) через \d+ с/);
  assert.ok(Number(told.count) > 60, `${told.count} a minute`);
  await page.reload();
  const shown = page.getByRole('listitem').filter({ hasText: "will reach Google's write limit" });
  await shown.getByRole('link').waitFor();
  assert.match((await shown.textContent()) ?? '', words);
  assert.match((await shown.getByRole('link').getAttribute('href')) ?? '', /\/console\/limits$/);

  await waitFor('the end of the forecast', async () => (await problems()).length === 0, 60_000);
  await page.reload();
  await page.getByText(/All (else )?is well/).waitFor();
  assert.equal(await shown.count(), 0);
  assert.deepEqual(faults, []);
});

/** Blocking budgets for callers over HTTP, with real stores: never exceeded, and every refusal is recorded. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { rabbitmqUrl } from '../support/broker.ts';
import { answerWith, startFakeProvider } from '../support/fake-provider.ts';
import { startTestReplica, startTestService, type TestService } from '../support/service.ts';
import { startVendors } from '../support/vendors.ts';
import { waitFor } from '../support/wait-for.ts';

const priceUsd = 0.005;

const spentOf = async (app: TestService, name: string): Promise<number> =>
  (await app.admin('GET', `/budgets/${name}`)).json.spent_usd;

/** Waits until the replica that is asked knows the budget. */
async function budgetHolds(ask: () => ReturnType<TestService['call']>): Promise<void> {
  await waitFor('the budget of nothing is known', async () => {
    const reply = await ask();
    return reply.status === 429 && reply.json.code === 'BUDGET_EXCEEDED';
  });
}

test('1,000 concurrent calls over two replicas never exceed a blocking budget, which shows what was spent', async (t) => {
  const vendors = await startVendors(t);
  const env = { ...vendors.env, RABBITMQ_URL: rabbitmqUrl };
  const first = await startTestService(t, env);
  const replicas = [first, await startTestReplica(t, first, env)];
  const ask = (index: number) =>
    (replicas[index % replicas.length] as TestService).geocode(`Ташкент, улица Навои, ${randomUUID()}`, {
      provider: 'google_maps',
    });
  const put = (limitUsd: number) =>
    first.admin('PUT', '/budgets/google_maps', { monthly_limit_usd: limitUsd, action: 'block' });

  assert.equal((await put(0)).status, 200);
  for (const [index] of replicas.entries()) await budgetHolds(() => ask(index));
  const before = vendors.received('google_maps');
  const affordable = 150;
  assert.equal((await put((before + affordable) * priceUsd)).status, 200);

  let answered = 0;
  const codes = new Set<string>();
  const askMany = async (count: number): Promise<void> => {
    for (const reply of await Promise.all(Array.from({ length: count }, (_, index) => ask(index)))) {
      if (reply.status === 200) answered += 1;
      else codes.add(`${reply.status} ${reply.json.code}`);
    }
    assert.ok(vendors.received('google_maps') - before <= affordable, 'the budget was exceeded');
  };
  await askMany(1_000);
  // Calls that the full bulkhead refused have spent nothing: the rest of the budget stays for later calls.
  for (let answeredBefore = -1; answeredBefore !== answered; ) {
    answeredBefore = answered;
    await askMany(40);
  }
  // On a busy machine Redis may answer too late: such a reservation stays for two minutes, so that the budget is never
  // exceeded.
  assert.ok(answered <= affordable && answered > affordable / 2, `${answered} of ${affordable}`);
  assert.ok(codes.delete('429 BUDGET_EXCEEDED'), [...codes].join());
  codes.delete('503 SERVICE_UNAVAILABLE');
  assert.deepEqual([...codes], []);

  const spent = await spentOf(first, 'google_maps');
  assert.equal(Math.round(spent * 1e6), Math.round(vendors.received('google_maps') * priceUsd * 1e6));
  const { json: costs } = await first.call('GET', '/costs?group_by=service');
  assert.equal(Math.round(costs.total_cost * 1e6), Math.round(spent * 1e6));
});

test('a call that a budget or a limit refuses has an audit row: in geocoding, sheets and proxy', async (t) => {
  const provider = await startFakeProvider(t, answerWith(200, '{"ok":true}'));
  const app = await startTestService(t, {
    OUTBOUND_ALLOWED_NETWORKS: new URL(provider.url).host,
    RATE_LIMIT_SHEETS_PER_MINUTE: '1000',
  });
  const made = await app.admin('POST', '/services', {
    service_name: 'crm',
    service_type: 'api',
    display_name: 'CRM',
    base_url: provider.url,
    config: { adapter: 'http', cost_per_request: 0.01 },
  });
  assert.equal(made.status, 201, made.text);
  const { services } = (await app.admin('GET', '/services?service_type=sheets')).json;
  const priced = await app.admin('PATCH', `/services/${services[0].id}`, {
    config: { ...services[0].config, cost_per_request: 0.01 },
  });
  assert.equal(priced.status, 200, priced.text);
  assert.equal((await app.admin('PUT', '/budgets/*', { monthly_limit_usd: 0, action: 'block' })).status, 200);

  const sheet = { spreadsheet_id: 'journal', max_wait_seconds: 0 };
  let row = 0;
  const calls: Record<string, (headers: Record<string, string>) => ReturnType<TestService['call']>> = {
    geocode: (headers) =>
      app.call('POST', '/geocoding/geocode', { address: `Ташкент, ${++row}`, provider: 'google_maps' }, headers),
    sheets_read: (headers) => app.call('POST', '/sheets/read', { ...sheet, range: `Sheet1!A${++row}` }, headers),
    sheets_write: (headers) =>
      app.call('POST', '/sheets/write', { ...sheet, range: `Sheet1!A${++row}`, values: [['x']] }, headers),
    sheets_clear: (headers) => app.call('POST', '/sheets/clear', { ...sheet, range: `Sheet1!A${++row}` }, headers),
    sheets_append: (headers) =>
      app.call('POST', '/sheets/append', { ...sheet, range: 'Sheet1!A1', values: [['x']] }, headers),
    sheets_metadata: (headers) => app.call('GET', `/sheets/metadata/sheet-${++row}`, undefined, headers),
    http: (headers) => app.call('GET', `/proxy/crm/customers/${++row}`, undefined, headers),
  };
  const logsOf = async (requestId: string) =>
    (await app.call('GET', `/logs?request_id=${requestId}`)).json.logs as Record<string, unknown>[];
  for (const [operation, call] of Object.entries(calls)) {
    await budgetHolds(() => call({}));
    // Calls that wait for each other go to Google as one request, but each counts as a call of its own.
    const ids = Array.from({ length: 4 }, () => randomUUID());
    const replies = await Promise.all(ids.map((id) => call({ 'x-request-id': id })));
    for (const [index, { status, json }] of replies.entries()) {
      assert.deepEqual([status, json.code], [429, 'BUDGET_EXCEEDED'], operation);
      const logs = await logsOf(ids[index] as string);
      assert.deepEqual(
        logs.map((log) => [log.operation, log.status, log.error_code]),
        [[operation, 'rate_limited', 'BUDGET_EXCEEDED']],
      );
    }
  }
});

/** Costs by day, service and operation, of one tenant or of all, with budgets. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { signAdminToken, startTestService, type TestService } from '../test/support/service.ts';

async function spendAs(service: TestService, tenant: string, origin: string): Promise<void> {
  const headers = {
    authorization: `Bearer ${service.adminToken}`,
    'x-management-company-id': tenant,
    'content-type': 'application/json',
  };
  const body = JSON.stringify({
    service_name: 'meters',
    service_type: 'api',
    base_url: origin,
    config: { cost_per_request: 0.5 },
  });
  const made = await fetch(`${service.url}/api/v1/services`, { method: 'POST', headers, body });
  assert.equal(made.status, 201, await made.text());
  const asked = await fetch(`${service.url}/api/v1/proxy/meters/readings`, { headers });
  assert.equal(asked.status, 200, await asked.text());
}

test('costs are grouped as chosen, those of all tenants are shown only to their administrator, and a budget is edited', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  const api = createServer((_request, reply) => reply.end('{}'));
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  t.after(() => api.close());
  const origin = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  await spendAs(service, service.tenant, origin);
  await spendAs(service, 'another_company', origin);

  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/costs`);
  await signIn(page, service);
  const rows = page.getByRole('region', { name: 'What it was spent on' });
  await rows.getByRole('row', { name: /meters/ }).waitFor();
  assert.equal(await rows.getByRole('row', { name: /meters/ }).count(), 1);
  await page.getByLabel('Tenants').selectOption('all tenants');
  await rows.getByRole('row', { name: /another_company.*meters/ }).waitFor();
  await page.locator('.tile', { hasText: 'Spent' }).filter({ hasText: '$1.00' }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get('tenants'), 'all');
  await page.getByLabel('Tenants').selectOption(`${service.tenant} alone`);

  for (const [by, column] of [
    ['operation', 'http'],
    ['service', 'meters'],
    ['day', String(new Date().getUTCFullYear())],
  ] as const) {
    await rows.getByLabel('By', { exact: true }).selectOption({ label: by });
    await rows.getByRole('row', { name: column }).first().waitFor();
  }
  await rows.getByRole('link', { name: 'calls' }).first().click();
  await page.getByRole('heading', { level: 1, name: 'Calls' }).waitFor();
  const today = new Date().toISOString().slice(0, 10);
  const { searchParams } = new URL(page.url());
  assert.equal(searchParams.get('from'), `${today}T00:00:00.000Z`, 'the link lost the day of its row');
  assert.ok(searchParams.get('to') !== null);
  await page
    .getByRole('row', { name: /meters/ })
    .first()
    .waitFor();
  await page.goBack();

  await page.getByLabel('Service', { exact: true }).selectOption('meters');
  await page.getByLabel('USD a month').fill('60');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const budgets = page.getByRole('region', { name: 'Budgets' });
  await budgets.getByRole('row', { name: /\$60\.00/ }).waitFor();
  await budgets.getByRole('button', { name: 'Edit the budget of meters' }).press('Enter');
  await page.waitForFunction(() => (document.activeElement as HTMLInputElement).type === 'number');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('75');
  await page.getByLabel('When it is reached').selectOption('block further calls');
  await page.getByRole('button', { name: 'Save', exact: true }).press('Enter');
  await budgets.getByRole('row', { name: /\$75\.00.*block further calls/ }).waitFor();
  assert.deepEqual(faults, []);

  const own = await signAdminToken({ tenants: [service.tenant], scope: 'admin' });
  const second = await openBrowser(t, service.url);
  await second.page.goto(`${service.url}/console/costs?tenants=all`);
  await signIn(second.page, { tenant: service.tenant, adminToken: own });
  await second.page
    .getByRole('region', { name: 'What it was spent on' })
    .getByRole('row', { name: /meters/ })
    .waitFor();
  assert.equal(
    await second.page.getByLabel('Tenants').count(),
    0,
    'an administrator of one tenant is offered only that tenant',
  );
});

for (const timezoneId of ['Asia/Tashkent', 'America/Los_Angeles']) {
  test(`days keep their UTC names and add up to the month in ${timezoneId}`, async (t: TestContext) => {
    const service = await startTestService(t);
    const { page, faults } = await openBrowser(t, service.url, { timezoneId });
    const now = new Date();
    const month = now.toISOString().slice(0, 7);
    await page.route('**/api/v1/costs?*', (route) => {
      const isByDay = new URL(route.request().url()).searchParams.get('group_by')?.split(',').includes('day');
      const row = { request_count: 1, cached_count: 0, saved_by_cache: 0, service: 'a' };
      const days = new Map([[`${month}-01`, 2]]);
      // Today too: in one of the zones it has another name than in UTC for some hours.
      const today = now.toISOString().slice(0, 10);
      days.set(today, (days.get(today) ?? 0) + 5);
      const rows = isByDay
        ? [...days].map(([day, total_cost]) => ({ ...row, day, total_cost }))
        : [{ ...row, operation: 'http', total_cost: 7 }];
      return route.fulfill({ json: { currency: 'USD', total_cost: 7, saved_by_cache: 0, rows } });
    });
    await page.goto(`${service.url}/console/costs?by=day`);
    await signIn(page, service);
    const chart = page.getByRole('figure', { name: 'Cost by day' });
    await chart.getByRole('button', { name: 'As table' }).click();
    const days = await chart.locator('tbody tr').allTextContents();
    const first = new Date(`${month}-01T00:00:00Z`);
    const name = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(first);
    const [day, monthName] = name.split(' ') as [string, string];
    assert.match(days[0] ?? '', new RegExp(`(${day} ${monthName}|${monthName} ${day}).*\\$[27]\\.00`));
    assert.match(days.at(-1) ?? '', /\$[57]\.00/, 'what was spent today stands under another day');
    assert.equal(days.length, now.getUTCDate(), 'one row per day of the month so far');
    const costs = days.map((text) => Number(/\$(\d+\.\d\d)/.exec(text)?.[1] ?? 0));
    assert.equal(
      costs.reduce((sum, cost) => sum + cost, 0),
      7,
    );
    await page.locator('.tile', { hasText: 'Spent' }).filter({ hasText: '$7.00' }).waitFor();
    assert.deepEqual(faults, []);
  });
}

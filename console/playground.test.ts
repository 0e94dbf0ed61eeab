/** The Playground: the cost of a call, rows that are appended, and what an API answered. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';
import { waitFor } from '../test/support/wait-for.ts';

test('a provider’s answer shows its cost, a cached one costs nothing, and a refused one shows none', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/playground?address=${encodeURIComponent('Ташкент, улица Навои, 5')}`);
  await signIn(page, service);
  const answer = page.getByRole('region', { name: 'Answers' }).getByRole('row').nth(1);
  const ask = page.getByRole('button', { name: 'Ask', exact: true });
  await ask.click();
  await answer.getByRole('cell', { name: '$0.005', exact: true }).waitFor();
  await ask.click();
  await answer.getByRole('cell', { name: '$0.00', exact: true }).waitFor();

  await page.goto(`${service.url}/console/playground/distance`);
  await page.getByLabel('From', { exact: true }).fill('41.311, 69.279');
  await page.getByLabel('To', { exact: true }).fill('39.654, 66.959');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await page.getByText(/Cost: (\$|–)/).waitFor();
  assert.deepEqual(faults, []);
});

test('rows whose answer was lost are appended once by a second press, and invisible characters are shown', async (t: TestContext) => {
  const service = await startTestService(t);
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/playground/sheet?spreadsheet_id=ledger&range=Sheet1!A1:B9`);
  await signIn(page, service);
  const append = page.getByRole('button', { name: 'Append rows' });
  const rows = page.getByLabel('Rows to append');
  await page.route(
    '**/sheets/append',
    async (route) => {
      await route.fetch();
      await route.fulfill({ status: 504, json: {} });
    },
    { times: 1 },
  );
  await rows.fill('a\u061cb;c\u2028d\u{e0041}e\u2764\ufe0f');
  await append.click();
  await page.getByRole('alert').waitFor();
  await append.click();
  await page.getByText(/^Appended at/).waitFor();
  const cells = page.locator('table.grid tbody td');
  await cells.first().waitFor();
  assert.deepEqual(await cells.allTextContents(), ['a⟨U+061C⟩b', 'c⟨U+2028⟩d⟨U+E0041⟩e\u2764\ufe0f']);
  // The same rows once more are meant.
  await rows.fill('x;y');
  for (const count of [4, 6]) {
    await rows.fill('x;y');
    await append.click();
    await cells.nth(count - 1).waitFor();
    assert.equal(await cells.count(), count);
  }
  assert.deepEqual(faults, []);
});

test('an answer that is cut says so, and the end of the session is not shown as an answer', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  const api = createServer((request, reply) => {
    reply.statusCode = request.url === '/refused' ? 401 : 200;
    reply.end('a'.repeat(200_001));
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  t.after(() => api.close());
  const base_url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  await service.admin('POST', '/services', { service_name: 'crm', service_type: 'api', base_url });
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/playground/proxy?service=crm&path=refused`);
  await signIn(page, service);
  const answer = page.getByRole('region', { name: 'Answer', exact: true }).first();
  const send = page.getByRole('button', { name: 'Send', exact: true });
  await send.click();
  await answer.getByText('401').first().waitFor();
  await answer.getByText('The first 200,000 of 200,001 characters').waitFor();

  await page.context().clearCookies();
  await send.click();
  await page.getByRole('dialog', { name: 'Sign in' }).waitFor();
  assert.equal(await answer.count(), 0);
  assert.deepEqual(faults, []);
});

test('a proxied call is asked again with its path below the base URL and its query, without the masked key', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  const asked: (string | undefined)[] = [];
  const api = createServer((request, reply) => {
    asked.push(request.url);
    reply.end('{}');
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  t.after(() => api.close());
  await service.admin('POST', '/services', {
    service_name: 'crm',
    service_type: 'api',
    base_url: `http://127.0.0.1:${(api.address() as AddressInfo).port}/v2`,
    api_key: 'a key of the service',
    config: { auth: { in: 'query', name: 'api_key' } },
  });
  const { headers } = await service.call('GET', '/proxy/crm/orders/7?full=1&of=a%2Fb');
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/calls/${headers.get('x-request-id')}`);
  await signIn(page, service);
  await page.getByRole('link', { name: 'Ask again' }).click();
  const path = page.getByLabel('Path', { exact: true });
  await waitFor('the path', async () => (await path.inputValue()) === 'orders/7?full=1&of=a%2Fb');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.getByRole('region', { name: 'Answer', exact: true }).first().waitFor();
  assert.equal(asked[1], asked[0]);
  assert.deepEqual(faults, []);
});

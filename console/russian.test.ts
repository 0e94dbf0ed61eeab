/** A Russian page: the service's own sentences are Russian, and what exists only in English is quoted. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openBrowser, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';

test('on a Russian page a refused form, a failed call, a signature and an error are explained in Russian, with a provider’s words in quotes', async (t: TestContext) => {
  const service = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' });
  const upstream = createServer((_request, reply) => reply.writeHead(503).end('down for repairs'));
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  t.after(() => upstream.close());
  await service.admin('POST', '/services', {
    service_name: 'meters',
    service_type: 'api',
    base_url: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    config: { max_retries: 0 },
  });
  await service.call('GET', '/proxy/meters/readings', undefined, { 'x-request-id': 'failed-call' });
  const webhook = await service.admin('POST', '/webhooks', {
    webhook_name: 'strict',
    signature_scheme: 'hmac_hex',
    secret_key: 'a long enough secret',
  });

  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/services/new`);
  await signIn(page, service);
  await page.getByRole('button', { name: 'Русский' }).click();
  await page.getByLabel('Имя', { exact: true }).fill('meters');
  await page.getByLabel('Базовый адрес').fill('https://example.org/?key=1');
  const create = page.getByRole('button', { name: 'Создать сервис' });
  await create.click();
  await page.locator('.field-fault').filter({ hasText: 'без параметров и фрагмента' }).waitFor();
  await page.getByLabel('Базовый адрес').fill('https://example.org');
  await create.click();
  await page.getByRole('alert').filter({ hasText: 'Сервис с именем «meters» уже есть.' }).waitFor();

  await page.goto(`${service.url}/console/calls/failed-call`);
  const sheet = page.getByRole('dialog', { name: 'Вызов failed-call' });
  const words = await sheet.locator('.lead').textContent();
  assert.match(words ?? '', /[а-яё ]+: «.+»/i);

  await page.goto(`${service.url}/console/webhooks/${webhook.json.id}/signature`);
  await page.getByLabel('Тело, байт в байт').fill('{}');
  await page.getByRole('button', { name: 'Разобрать' }).click();
  await page.getByText('Нет заголовка').waitFor();

  await page.route('**/api/v1/costs?*', (route) =>
    route.fulfill({ status: 502, json: { status: 502, code: 'PROVIDER_ERROR', detail: 'It answered nonsense.' } }),
  );
  await page.goto(`${service.url}/console/costs`);
  await page.getByText('Провайдер не дал пригодного ответа: «It answered nonsense.»').first().waitFor();
  assert.deepEqual(faults, []);
});

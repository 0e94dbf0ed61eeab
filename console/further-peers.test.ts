/** Bugs of other consoles that their users reported, tried on this one: addresses, paging, forms and small numbers. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBrowser, openServiceForm, signIn } from '../test/support/console.ts';
import { startTestService } from '../test/support/service.ts';
import { createFormats } from './src/i18n/formats.ts';

test('a price of a fraction of a cent is not shown as zero, and neither is one failure among a million calls', () => {
  const [en, ru] = [createFormats('en'), createFormats('ru')];
  assert.equal(en.usd(0.00002), '$0.00002');
  assert.equal(en.usd(0.0000013), '$0.0000013');
  assert.equal(ru.usd(0.00002).replaceAll('\u00a0', ' '), '0,00002 $');
  assert.equal(en.usd(0.0123), '$0.0123');
  assert.equal(en.usd(0), '$0.00');
  assert.equal(en.percent(1 / 1_000_000), '0.0001%');
  assert.equal(en.percent(0), '0%');
  assert.equal(en.percent(0.123), '12.3%');
});

test('the link of the open page asks again, a filter with a percent sign is saved as a view, and a proxy’s HTML error is no broken page', async (t: TestContext) => {
  const service = await startTestService(t);
  await service.geocode('Ташкент, улица Навои, 5');
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/calls`);
  await signIn(page, service);
  const rows = page.locator('main tbody tr');
  await rows.first().waitFor();
  const before = await rows.count();
  await service.geocode('Бухара, улица Накшбанди, 12');
  const entries = await page.evaluate(() => history.length);
  await page.getByRole('link', { name: 'Calls', exact: true }).click();
  await page.waitForFunction((count) => document.querySelectorAll('main tbody tr').length > count, before);
  assert.equal(await page.evaluate(() => history.length), entries, 'Back would lead to the same page');

  const caller = 'crm 100% & more=?#';
  await service.call('POST', '/geocoding/geocode', { address: 'Хива, Ичан-Кала, 1' }, { 'x-service-name': caller });
  await page.getByLabel('Asked by', { exact: true }).fill(caller);
  await page.keyboard.press('Enter');
  const pill = page.getByRole('button', { name: `Remove the filter Asked by ${caller}` });
  await pill.waitFor();
  await page.getByRole('button', { name: 'Save this view' }).click();
  await page.getByLabel('Name of the view').fill('100% & more');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Clear filters' }).first().click();
  await page.getByRole('link', { name: '100% & more' }).click();
  await pill.waitFor();
  await page.reload();
  await pill.waitFor();
  await rows.first().waitFor();
  assert.equal(await rows.filter({ hasNotText: caller }).count(), 0);

  await page.route('**/api/v1/rate-limits', (route) =>
    route.fulfill({ status: 502, contentType: 'text/html', body: '<html><h1>502 Bad Gateway</h1></html>' }),
  );
  await page.goto(`${service.url}/console/limits`);
  await page.getByRole('alert').getByText('HTTP 502', { exact: true }).waitFor();
  assert.equal(await page.getByRole('heading', { name: '502 Bad Gateway' }).count(), 0);
  await page.unroute('**/api/v1/rate-limits');
  await page.getByRole('button', { name: 'Try again' }).first().click();
  await page.locator('main table').first().waitFor();
  assert.deepEqual(faults, []);
});

test('older rows obey the filters, and a pasted id is found despite the blanks around it', async (t: TestContext) => {
  const service = await startTestService(t);
  await service.call(
    'POST',
    '/geocoding/geocode',
    { address: 'Ташкент, улица Навои, 5' },
    { 'x-request-id': 'pasted' },
  );
  const { logs } = (await service.call('GET', '/logs?request_id=pasted')).json as { logs: { id: string }[] };
  const { page, faults } = await openBrowser(t, service.url);
  await page.goto(`${service.url}/console/calls`);
  await signIn(page, service);
  await page.getByLabel('Request id', { exact: true }).fill(' \tpasted ');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.searchParams.get('request_id') === 'pasted');
  await page.locator('main tbody tr').first().waitFor();

  await page.route('**/api/v1/logs?*', (route) => {
    const { searchParams } = new URL(route.request().url());
    const isOlder = searchParams.has('cursor');
    const shown = Array.from({ length: 100 }, (_, index) => ({ ...logs[0], id: `${isOlder}-${index}` }));
    return route.fulfill({ json: { logs: shown, next_cursor: isOlder ? null : 'next' } });
  });
  await page.goto(`${service.url}/console/calls?status=success&service_name=google_maps&range=24h`);
  const older = page.waitForRequest((request) => new URL(request.url()).searchParams.get('cursor') === 'next');
  await page.getByRole('button', { name: 'Older' }).click();
  const asked = new URL((await older).url()).searchParams;
  assert.deepEqual([asked.get('status'), asked.get('service_name')], ['success', 'google_maps']);
  assert.ok(asked.has('from_date'));
  await page.reload();
  await page.getByRole('button', { name: 'Remove the filter Status ok' }).waitFor();
  await page.getByRole('button', { name: 'Back to the newest' }).waitFor();
  assert.deepEqual(faults, []);
});

test('a form keeps its text when theme or language change, and a cleared number is stored as no limit', async (t: TestContext) => {
  const { service, id, page, faults } = await openServiceForm(t, { rate_limit_per_minute: 60 });
  await page.getByLabel('Description').fill('half a sentence');
  await page.getByLabel('per minute').fill('');
  await page.getByLabel('Theme').selectOption('Dark');
  await page.getByRole('button', { name: 'Русский' }).click();
  assert.equal(await page.getByLabel('Описание').inputValue(), 'half a sentence');
  await page.getByRole('button', { name: 'English' }).click();
  assert.equal(await page.getByLabel('per minute').inputValue(), '');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved.').waitFor();
  const after = (await service.admin('GET', `/services/${id}`)).json;
  assert.deepEqual([after.description, after.rate_limit_per_minute], ['half a sentence', null]);
  await page.reload();
  await page.getByLabel('per minute').waitFor();
  assert.equal(await page.getByLabel('per minute').inputValue(), '');
  assert.deepEqual(faults, []);
});

test('a choice offers every service, and a list shows every token, however many pages the API has of them', async (t: TestContext) => {
  const service = await startTestService(t);
  await service.admin('POST', '/services', { service_name: 'a', service_type: 'api', base_url: 'https://example.org' });
  await service.admin('POST', '/tokens', { name: 'first token', scopes: ['geocoding'] });
  const { services } = (await service.admin('GET', '/services?service_type=api')).json;
  const { tokens } = (await service.admin('GET', '/tokens')).json;
  const { page, faults } = await openBrowser(t, service.url);
  await page.route('**/api/v1/services?*', (route) => {
    const offset = Number(new URL(route.request().url()).searchParams.get('offset') ?? 0);
    const shown = Array.from({ length: offset === 0 ? 1_000 : 1 }, (_, index) => ({
      ...services[0],
      id: `service-${offset + index}`,
      service_name: `service_${offset + index}`,
      display_name: `service_${offset + index}`,
    }));
    return route.fulfill({ json: { services: shown, total: 1_001 } });
  });
  await page.route('**/api/v1/tokens?*', (route) => {
    const isFirst = !new URL(route.request().url()).searchParams.has('cursor');
    const shown = isFirst ? tokens : [{ ...tokens[0], id: 'last', name: 'last token' }];
    return route.fulfill({ json: { tokens: shown, next_cursor: isFirst ? 'next' : null } });
  });
  await page.goto(`${service.url}/console/services/new`);
  await signIn(page, service);
  await page.locator('option', { hasText: 'service_1000' }).first().waitFor({ state: 'attached' });
  await page.goto(`${service.url}/console/tokens`);
  await page.getByRole('row', { name: /first token/ }).waitFor();
  await page.getByRole('row', { name: /last token/ }).waitFor();
  assert.deepEqual(faults, []);
});

test('a table that was scrolled sideways stays there when new rows come', async (t: TestContext) => {
  const service = await startTestService(t);
  await service.geocode('Ташкент, улица Навои, 5');
  const { page, faults } = await openBrowser(t, service.url, { viewport: { width: 800, height: 900 } });
  await page.goto(`${service.url}/console/calls?live=1`);
  await signIn(page, service);
  await page.locator('main tbody tr').first().waitFor();
  const box = page.locator('main .table-box').last();
  await box.evaluate((own) => {
    own.querySelector('table')?.style.setProperty('min-width', '1600px');
    own.scrollLeft = 200;
  });
  const before = await page.locator('main tbody tr').count();
  await service.geocode('Бухара, улица Накшбанди, 12');
  await page.waitForFunction((count) => document.querySelectorAll('main tbody tr').length > count, before);
  assert.equal(await box.evaluate((own) => own.scrollLeft), 200);
  assert.deepEqual(faults, []);
});

/** The console's pages, tabs, sheets and dialogs, and how to open each. */
import type { Page } from 'playwright-core';
import type { FilledService } from './filled-service.ts';

export interface View {
  readonly name: string;
  /** Under `/console`. */
  readonly path: string;
  readonly isSignedOut?: boolean;
  /** Actions on the page before it is drawn; they work in both languages. */
  readonly act?: (page: Page) => Promise<void>;
}

const press = (name: RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();
const submit = async (page: Page): Promise<void> => {
  await page.locator('main form button[type=submit]').first().click();
  await page.waitForLoadState('networkidle');
};

export async function consoleViews({ service, day }: FilledService): Promise<readonly View[]> {
  const { json: services } = await service.admin('GET', '/services?limit=100');
  const google = services.services.find((one: { service_name: string }) => one.service_name === 'google_maps').id;
  const meters = services.services.find((one: { service_name: string }) => one.service_name === 'meters').id;
  const { json: failed } = await service.admin('GET', '/logs?status=error,timeout&limit=1');
  const refusedId = await exhaust(service);
  const address = encodeURIComponent('Ташкент, улица Навои, 5');
  return [
    { name: 'overview', path: '' },
    { name: 'overview-day', path: '?range=day' },
    { name: 'calls', path: '/calls' },
    { name: 'calls-filtered', path: '/calls?status=error&service_name=yandex_maps&range=30d' },
    { name: 'calls-nothing', path: '/calls?service_name=nobody' },
    { name: 'call', path: `/calls/${day.requestId}` },
    { name: 'call-failed', path: `/calls/${failed.logs[0]?.request_id}` },
    { name: 'call-compared', path: `/calls/${day.requestId}?compare=${failed.logs[0]?.request_id}` },
    { name: 'services', path: '/services' },
    { name: 'service-health', path: `/services/${google}` },
    { name: 'service-limits', path: `/services/${google}/limits` },
    { name: 'service-settings', path: `/services/${google}/settings` },
    { name: 'service-history', path: `/services/${meters}/history` },
    { name: 'service-new', path: '/services/new' },
    { name: 'webhooks', path: '/webhooks' },
    { name: 'webhook', path: `/webhooks/${day.webhookId}` },
    { name: 'webhook-settings', path: `/webhooks/${day.webhookId}/settings` },
    { name: 'webhook-signature', path: `/webhooks/${day.strictId}/signature?delivery=${day.refusedId}`, act: submit },
    { name: 'webhook-new', path: '/webhooks/new' },
    {
      name: 'webhook-ready',
      path: '/webhooks/new',
      act: async (page) => {
        await page.locator('main form input').first().fill('orders');
        await submit(page);
        await page.getByRole('dialog').waitFor();
      },
    },
    { name: 'deliveries', path: '/webhooks/deliveries' },
    { name: 'delivery', path: `/webhooks/deliveries/${day.acceptedId}` },
    { name: 'delivery-refused', path: `/webhooks/deliveries/${day.refusedId}` },
    { name: 'playground', path: `/playground?address=${address}&providers=google_maps,yandex_maps`, act: submit },
    { name: 'playground-reverse', path: '/playground/reverse?latitude=41.311&longitude=69.279', act: submit },
    { name: 'playground-distance', path: `/playground/distance?from=${address}&to=41.3,69.25`, act: submit },
    { name: 'playground-sheet', path: '/playground/sheet?spreadsheet_id=journal&range=Sheet1!A1:D5', act: submit },
    { name: 'playground-proxy', path: '/playground/proxy?service=meters&path=readings', act: submit },
    { name: 'limits', path: `/limits?request_id=${refusedId}` },
    {
      name: 'limits-try',
      path: '/limits',
      act: async (page) => {
        await page.locator('main form').last().locator('button[type=submit]').click();
        await page.locator('main [role=status]').last().waitFor();
      },
    },
    { name: 'costs', path: '/costs' },
    { name: 'cache', path: '/cache' },
    {
      name: 'cache-let-go',
      path: '/cache',
      act: async (page) => {
        await page.locator('main form input').first().fill('google_maps:geocode:*');
        await submit(page);
        await page.getByRole('alertdialog').or(page.getByRole('dialog')).waitFor();
      },
    },
    { name: 'tokens', path: '/tokens' },
    { name: 'token-new', path: '/tokens', act: press(/New token|Новый токен/) },
    {
      name: 'events',
      path: '/events',
      act: async (page) => {
        await page.waitForTimeout(1_000); // The stream sends only new events.
        await service.geocode('Ташкент, улица Навои, 5', { providers: ['google_maps'] });
        await service.call('POST', '/geocoding/geocode', { address: `Андижан, ${Math.random()}` });
        await page.locator('tbody tr').first().waitFor();
      },
    },
    { name: 'shortcuts', path: '/calls', act: (page) => page.keyboard.press('?') },
    { name: 'not-found', path: '/nowhere' },
    {
      name: 'menu',
      path: '',
      act: async (page) => {
        const button = page.getByRole('button', { name: /^(Menu|Меню)/ });
        if (await button.isVisible()) await button.click();
      },
    },
    // Last, because it ends the session.
    { name: 'sign-in', path: '', isSignedOut: true },
  ];
}

/** The id of a request that a limit refused, after other callers had spent the limit. */
async function exhaust(service: FilledService['service']): Promise<string> {
  await service.admin('POST', '/services', {
    service_name: 'heating',
    service_type: 'api',
    base_url: service.url,
    rate_limit_per_minute: 4,
  });
  for (const caller of ['crm', 'billing', 'crm', 'crm', 'map']) {
    await service.call('GET', '/proxy/heating/health', undefined, { 'x-service-name': caller });
  }
  const { json } = await service.admin('GET', '/logs?status=rate_limited&service_name=heating&limit=1');
  return json.logs[0]?.request_id ?? '';
}

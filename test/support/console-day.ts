/** A scripted day with data for every page of the console, for the pages' tests and the README's screenshots. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Cleanup } from './cleanup.ts';
import type { TestService } from './service.ts';

/** Hostile text for headers, names and bodies. */
export const hostile = '<img src=x onerror="document.title=1">\u202E\u0007</script>';

export interface ScriptedDay {
  readonly webhookId: string;
  /** The webhook whose signature did not match. */
  readonly strictId: string;
  readonly acceptedId: string;
  readonly refusedId: string;
  readonly requestId: string;
}

const addresses = [
  'Ташкент, улица Навои, 5',
  'Самарканд, Регистан, 1',
  'Бухара, улица Накшбанди, 12',
  'Ташкент, Юнусабад, 4-й квартал, 17',
  'Фергана, улица Мустакиллик, 3',
];

export async function liveThroughDay(t: Cleanup, service: TestService): Promise<ScriptedDay> {
  const target = createServer((request, reply) => {
    request.resume();
    reply.writeHead(request.url === '/gone' ? 410 : 200, { 'content-type': 'text/plain' }).end(hostile);
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  t.after(() => target.close());
  const origin = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;

  const requestId = 'morning-call';
  await service.call(
    'POST',
    '/geocoding/geocode',
    { address: addresses[0] },
    { 'x-request-id': requestId, 'x-service-name': 'crm' },
  );
  for (const address of [...addresses, ...addresses]) {
    await service.call('POST', '/geocoding/geocode', { address }, { 'x-service-name': 'billing' });
  }
  await service.call(
    'POST',
    '/geocoding/reverse',
    { latitude: 41.311, longitude: 69.279 },
    { 'x-service-name': 'map' },
  );
  await service.call('POST', '/geocoding/geocode', { address: hostile }, { 'x-service-name': 'crm' });
  await service.call('POST', '/sheets/append', {
    spreadsheet_id: 'journal',
    range: 'Sheet1!A1:D1',
    values: [
      ['Квартира', 'Сумма', 'Дата', hostile],
      ['12', 125_000, '2026-11-22', 'оплачено'],
    ],
  });
  const broken = {
    service_name: 'meters',
    service_type: 'api',
    base_url: origin,
    description: hostile,
    config: { cost_per_request: 0.002 },
  };
  await service.admin('POST', '/services', broken);
  await service.call('GET', '/proxy/meters/readings');
  await service.call('GET', '/proxy/meters/gone');
  await service.admin('PUT', '/budgets/*', { monthly_limit_usd: 5, action: 'alert' });
  await service.admin('POST', '/tokens', { name: hostile, scopes: ['geocoding'] });

  const open = await service.admin('POST', '/webhooks', {
    webhook_name: 'payments',
    signature_scheme: 'none',
    target_url: `${origin}/in`,
  });
  const strict = await service.admin('POST', '/webhooks', { webhook_name: 'strict', signature_scheme: 'hmac_hex' });
  const accepted = await deliver(
    service,
    open.json.webhook_url,
    {},
    { type: 'payment.created', event_id: 'pay-1', note: hostile },
  );
  await deliver(
    service,
    strict.json.webhook_url,
    { 'x-webhook-signature': '0'.repeat(64), 'x-odd': '<b>odd</b>' },
    { type: 'order.paid', id: '1' },
  );
  const listed = await service.admin('GET', `/webhooks/events?webhook_id=${strict.json.id}`);
  return {
    webhookId: open.json.id,
    strictId: strict.json.id,
    acceptedId: accepted.event_id,
    refusedId: listed.json.events[0]?.id,
    requestId,
  };
}

async function deliver(
  service: TestService,
  webhookUrl: string,
  headers: Record<string, string>,
  body: Record<string, unknown>,
): Promise<{ event_id: string }> {
  const reply = await fetch(`${service.url}${new URL(webhookUrl).pathname}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return (await reply.json()) as { event_id: string };
}

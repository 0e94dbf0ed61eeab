/** What an administrator's form may be told is told in Russian too: `detail_ru`, and `message_ru` of each fault. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestService } from '../support/service.ts';

const cyrillic = /[а-яё]/i;

test('each refusal of a form has a Russian text, as a whole and at each field', async (t) => {
  const service = await startTestService(t);
  const made = await service.admin('POST', '/services', {
    service_name: 'crm',
    service_type: 'api',
    base_url: 'https://example.org',
    api_key: 'key',
  });
  const webhook = await service.admin('POST', '/webhooks', { webhook_name: 'orders', signature_scheme: 'none' });
  const api = { service_name: 'other', service_type: 'api', base_url: 'https://example.org' };
  const refusals: readonly (readonly [string, string, unknown])[] = [
    ['POST', '/services', { ...api, service_name: 'crm' }],
    ['POST', '/services', { service_name: 'other', service_type: 'api' }],
    ['POST', '/services', { ...api, service_type: 'car', colour: 'red', rate_limit_per_day: -1 }],
    ['POST', '/services', { ...api, base_url: 'https://example.org/?key=1' }],
    [
      'POST',
      '/services',
      { ...api, config: { timeout_seconds: 0, max_retries: 1.5, breaker: 1, cache_ttl_seconds: -1 } },
    ],
    ['POST', '/services', { ...api, config: { auth: { in: 'nowhere' }, headers: { Host: 'a' }, secret_headers: 1 } }],
    ['POST', '/services', { ...api, config: { auth: { type: 'hmac', in: 'header', algorithm: 'none' } } }],
    ['POST', '/services', { ...api, config: { regions: [{}, 1], shadow_share: 2, password: 'x' } }],
    ['POST', '/services', { ...api, service_type: 'geocoding', config: { adapter: 'none' } }],
    ['POST', '/services', { ...api, fallback_service_id: made.json.id, service_type: 'geocoding' }],
    ['PATCH', `/services/${made.json.id}`, { base_url: 'https://example.com' }],
    ['PATCH', `/services/${made.json.id}`, { fallback_service_id: made.json.id }],
    ['POST', '/webhooks', { webhook_name: 'x', signature_scheme: 'hmac_hex', secret_key: 'a' }],
    ['POST', '/webhooks', { webhook_name: 'x', signature_scheme: 'signed_template' }],
    ['POST', '/webhooks', { webhook_name: 'x', allowed_ips: ['here'] }],
    ['POST', '/webhooks', { webhook_name: 'x', target_url: 'ftp://a' }],
    ['POST', '/webhooks', { webhook_name: 'x', targets: [{ url: 'https://a.example', headers: { host: 'a' } }] }],
    ['POST', '/webhooks', { webhook_name: 'x', event_types: ['*a'] }],
    ['POST', `/webhooks/${webhook.json.id}/rotate-secret`, {}],
    ['POST', '/tokens', { name: 'x', scopes: ['fly'] }],
    ['POST', '/tokens', { name: 'x', scopes: ['geocoding'], expires_at: '2020-01-01T00:00:00Z' }],
    ['POST', '/tokens', { name: 'x', scopes: ['geocoding'], tenants: ['a b'] }],
    ['PUT', '/budgets/none', { monthly_limit_usd: 1, action: 'alert' }],
    ['PUT', '/budgets/*', { monthly_limit_usd: -1, action: 'shout' }],
    ['POST', '/cache/invalidate', {}],
    ['POST', '/geocoding/geocode', { address: '…', language: 'russian', country: 'XX' }],
    ['POST', '/geocoding/distance', { origin: {}, destination: { latitude: 1 } }],
    ['POST', '/sheets/read', { spreadsheet_id: '/', range: '' }],
    ['GET', '/logs?status=fine', undefined],
    ['GET', '/logs?from_date=2026-11-22&to_date=2026-11-21', undefined],
    ['GET', '/costs?from_date=yesterday', undefined],
    ['GET', '/rate-limits/explain?request_id=none', undefined],
    ['GET', '/calls/none', undefined],
    ['GET', `/services/${crypto.randomUUID()}`, undefined],
    ['GET', `/webhooks/${crypto.randomUUID()}`, undefined],
    ['GET', `/webhooks/events/${crypto.randomUUID()}`, undefined],
  ];
  for (const [method, path, body] of refusals) {
    const { status, json } = await service.admin(method, path, body);
    const asked = `${method} ${path} ${JSON.stringify(body)}: ${JSON.stringify(json)}`;
    assert.ok(status >= 400 && status < 500, asked);
    assert.match(json.detail_ru ?? '', cyrillic, asked);
    for (const { message_ru } of json.errors ?? []) assert.match(message_ru ?? '', cyrillic, asked);
    assert.doesNotMatch(json.detail, cyrillic, asked);
  }
});

test('a signature that does not match is explained in Russian too', async (t) => {
  const service = await startTestService(t);
  const webhook = await service.admin('POST', '/webhooks', {
    webhook_name: 'orders',
    signature_scheme: 'hmac_hex',
    secret_key: 'a long enough secret',
  });
  const explain = async (headers: Record<string, string>) =>
    (await service.admin('POST', `/webhooks/${webhook.json.id}/explain-signature`, { headers, body: '{}' })).json;
  for (const headers of [{}, { 'x-webhook-signature': 'x' }, { 'x-webhook-signature': '0'.repeat(64) }] as const) {
    const { hints, hints_ru } = await explain(headers as Record<string, string>);
    assert.ok(hints.length > 0);
    assert.equal(hints_ru.length, hints.length);
    for (const hint of hints_ru) assert.match(hint, cyrillic);
  }
});

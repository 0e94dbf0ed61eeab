/** What callers get while a provider fails, and the effect on other calls. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { FaultMode } from '../../emulator/control.ts';
import { startTestReplica, startTestService } from '../support/service.ts';
import { auditOf, homeAddress, startVendors } from '../support/vendors.ts';
import { waitFor } from '../support/wait-for.ts';

/** `errorCode` of the audit row of Google's part of the call. */
const troubles: readonly { mode: FaultMode; status: string; errorCode: string }[] = [
  { mode: '500', status: 'error', errorCode: 'UNUSABLE_ANSWER' },
  { mode: '503', status: 'error', errorCode: 'UNUSABLE_ANSWER' },
  { mode: 'hang', status: 'timeout', errorCode: 'TIMEOUT' },
  { mode: 'reset', status: 'error', errorCode: 'UNREACHABLE' },
  { mode: 'cut', status: 'error', errorCode: 'UNREACHABLE' },
  { mode: 'html', status: 'error', errorCode: 'UNUSABLE_ANSWER' },
  { mode: 'truncated', status: 'error', errorCode: 'UNUSABLE_ANSWER' },
  { mode: 'empty', status: 'error', errorCode: 'UNUSABLE_ANSWER' },
  { mode: 'over_query_limit', status: 'rate_limited', errorCode: 'THROTTLED' },
  { mode: 'request_denied', status: 'error', errorCode: 'DENIED' },
];

for (const { mode, status, errorCode } of troubles) {
  test(`Google in trouble (${mode}): Yandex answers, and the audit log shows both`, async (t) => {
    const vendors = await startVendors(t);
    // Only a hang needs a short time-out; Yandex must answer within it too, on a busy machine.
    const timeout = mode === 'hang' ? { REQUEST_TIMEOUT_SECONDS: '3' } : {};
    const app = await startTestService(t, { ...vendors.env, ...timeout, REQUEST_MAX_RETRIES: '1' });
    vendors.control.fail({ vendor: 'google_maps', mode });
    const requestId = randomUUID();

    const reply = await app.call(
      'POST',
      '/geocoding/geocode',
      { address: homeAddress(5) },
      { 'x-request-id': requestId },
    );

    assert.equal(reply.status, 200, reply.text);
    assert.equal(reply.json.provider, 'yandex_maps');
    assert.deepEqual(reply.json.attempted_providers, ['google_maps', 'yandex_maps']);
    assert.deepEqual(await auditOf(app, requestId), [
      { service_name: 'google_maps', status, error_code: errorCode },
      { service_name: 'yandex_maps', status: 'success', error_code: null },
    ]);
  });
}

test('a failing provider is no longer asked, and is asked again when it may have recovered', async (t) => {
  const vendors = await startVendors(t);
  const app = await startTestService(t, { ...vendors.env, REQUEST_MAX_RETRIES: '0' });
  vendors.control.fail({ vendor: 'google_maps', mode: '500' });
  for (let number = 1; number <= 6; number += 1) await app.geocode(homeAddress(number));
  const askedUntilOpen = vendors.received('google_maps');

  // At once: on a busy machine the breaker may become half-open, and then exactly one of them is a probe.
  const further = await Promise.all(Array.from({ length: 10 }, (_, index) => app.geocode(homeAddress(7 + index))));
  for (const reply of further) assert.equal(reply.json.provider, 'yandex_maps', reply.text);
  const probes = further.filter((reply) => reply.json.attempted_providers.length > 1).length;
  assert.ok(probes <= 1, `${probes} of ten asked the dead provider`);
  assert.equal(vendors.received('google_maps'), askedUntilOpen + probes);
  const metrics = await (await fetch(`${app.url}/metrics`)).text();
  assert.match(metrics, /breaker_state\{[^}]*google_maps[^}]*open[^}]*\} 1/);

  vendors.control.heal();
  let number = 100;
  await waitFor('Google to be asked again', async () => {
    number += 1;
    return (await app.geocode(homeAddress(number))).json.provider === 'google_maps';
  });
});

for (const remedy of ['a successful check', 'another key'] as const) {
  test(`Google refuses the key: after ${remedy} every replica asks it again at once`, async (t) => {
    const vendors = await startVendors(t);
    const one = await startTestService(t, vendors.env);
    const two = await startTestReplica(t, one, vendors.env);
    vendors.control.fail({ vendor: 'google_maps', mode: 'request_denied' });
    let number = 0;
    const askGoogle = (app: typeof one) => app.geocode(homeAddress(++number), { provider: 'google_maps' });
    for (const app of [one, two]) {
      assert.equal((await askGoogle(app)).status, 502);
      const passedOver = await askGoogle(app);
      assert.equal(passedOver.status, 503);
      assert.match(passedOver.json.attempts[0].message, /refuses the credentials of this service/);
    }
    vendors.control.heal();
    assert.equal((await askGoogle(one)).status, 503, 'the accepted key is not known yet');

    const { services } = (await one.admin('GET', '/services')).json;
    const google = services.find(({ service_name }: { service_name: string }) => service_name === 'google_maps');
    const remedied =
      remedy === 'another key'
        ? await one.admin('PATCH', `/services/${google.id}`, { api_key: 'a-new-key' })
        : await one.admin('POST', `/services/${google.id}/check`);

    assert.equal(remedied.status, 200, remedied.text);
    assert.equal((await askGoogle(one)).status, 200);
    await waitFor('the other replica to ask Google', async () => (await askGoogle(two)).status === 200);
    for (const app of [one, two]) {
      const metrics = await (await fetch(`${app.url}/metrics`)).text();
      assert.match(metrics, /breaker_state\{[^}]*google_maps[^}]*closed[^}]*\} 1/);
    }
  });
}

test('every provider fails: the caller gets the reason of each, and a cached answer is served stale', async (t) => {
  const vendors = await startVendors(t);
  const app = await startTestService(t, {
    ...vendors.env,
    REQUEST_MAX_RETRIES: '0',
    CACHE_GEOCODING_TTL_SECONDS: '1',
  });
  const known = await app.geocode(homeAddress(7));
  vendors.control.fail({ vendor: 'google_maps', mode: '500' });
  vendors.control.fail({ vendor: 'yandex_maps', mode: 'reset' });

  const unknown = await app.geocode('улица Навои, 11');
  assert.deepEqual([unknown.status, unknown.json.code], [502, 'PROVIDER_ERROR']);
  assert.deepEqual(
    unknown.json.attempts.map(({ provider, outcome }: Record<string, string>) => [provider, outcome]),
    [
      ['google_maps', 'unusable'],
      ['yandex_maps', 'unreachable'],
      ['offline_gazetteer', 'not_found'],
    ],
  );
  assert.ok(!unknown.text.includes('127.0.0.1') && !unknown.text.includes('test-key'), unknown.text);

  const stale = await waitFor('the known answer to be old', async () => {
    const reply = await app.geocode(homeAddress(7));
    return reply.headers.get('x-cache') === 'STALE' ? reply : null;
  });
  assert.equal(stale.status, 200);
  assert.deepEqual(stale.json, { ...known.json, cached: true });
});

test('fifty identical concurrent calls make one upstream call', async (t) => {
  const vendors = await startVendors(t);
  const app = await startTestService(t, vendors.env);
  vendors.control.fail({ vendor: 'google_maps', mode: 'slow', delayMs: 300 });
  const replies = await Promise.all(Array.from({ length: 50 }, () => app.geocode(homeAddress(9))));
  assert.equal(vendors.received('google_maps'), 1);
  const outcomes = replies.map(({ headers }) => headers.get('x-cache'));
  assert.equal(outcomes.filter((outcome) => outcome === 'MISS').length, 1);
  assert.ok(
    replies.every(({ status }) => status === 200),
    JSON.stringify(outcomes),
  );
});

test('fifty identical calls that fail make the attempts of one', async (t) => {
  const vendors = await startVendors(t);
  const app = await startTestService(t, { ...vendors.env, REQUEST_MAX_RETRIES: '1' });
  for (const vendor of ['google_maps', 'yandex_maps']) {
    vendors.control.fail({ vendor, mode: '500', delayMs: 200 });
  }
  const replies = await Promise.all(Array.from({ length: 50 }, () => app.geocode('улица Навои, 11')));
  assert.deepEqual([vendors.received('google_maps'), vendors.received('yandex_maps')], [2, 2]);
  assert.equal(new Set(replies.map(({ status }) => status)).size, 1);
});

test('the first of many callers disconnects: the others get their answer from the same upstream call', async (t) => {
  const vendors = await startVendors(t);
  const app = await startTestService(t, vendors.env);
  vendors.control.fail({ vendor: 'google_maps', mode: 'slow', delayMs: 1_500, times: 1 });
  const leaving = new AbortController();
  const first = fetch(`${app.url}/api/v1/geocoding/geocode`, {
    method: 'POST',
    headers: {
      'x-management-company-id': app.tenant,
      'x-service-token': app.token,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ address: homeAddress(13) }),
    signal: leaving.signal,
  }).catch(() => null);
  await waitFor('the upstream call', () => vendors.received('google_maps') === 1);
  const others = Array.from({ length: 10 }, () => app.geocode(homeAddress(13)));
  // Sent after them and answered by all stores, so by now they wait for the slow call.
  assert.equal((await app.geocode(homeAddress(14))).status, 200);
  leaving.abort();
  assert.equal(await first, null);
  for (const reply of await Promise.all(others)) {
    assert.deepEqual([reply.status, reply.headers.get('x-cache')], [200, 'COALESCED']);
  }
  assert.equal(vendors.received('google_maps'), 2);
});

/** The whole of one call: what `GET /calls/{request_id}` shows of calls with different outcomes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askProxy, expired, startBeforeConditionalUpstream } from '../support/conditional-upstream.ts';
import { startTestReplica, startTestService, type TestService } from '../support/service.ts';
import { homeAddress, startVendors } from '../support/vendors.ts';
import { waitFor } from '../support/wait-for.ts';

interface Step {
  readonly kind: string;
  readonly at_ms: number;
  readonly duration_ms?: number | null;
  readonly service_name?: string;
  readonly reason?: string;
  readonly for?: string;
  readonly layer?: string;
  readonly outcome?: string;
  readonly log_id?: string;
  readonly type?: string;
  readonly is_published?: boolean | null;
  readonly requests?: readonly Record<string, number>[];
}

async function storyOf(app: TestService, requestId: string) {
  const { status, json, text } = await app.call('GET', `/calls/${requestId}`);
  assert.equal(status, 200, text);
  const steps = json.steps as Step[];
  assert.deepEqual(
    steps.map(({ at_ms }) => at_ms),
    steps.map(({ at_ms }) => at_ms).toSorted((a, b) => a - b),
    'the steps are not in order of time',
  );
  for (const { at_ms, duration_ms } of steps) {
    assert.ok(at_ms >= 0 && at_ms + (duration_ms ?? 0) <= json.duration_ms, `${at_ms} of ${json.duration_ms}`);
  }
  return { json, steps };
}

const shortOf = (steps: readonly Step[]) =>
  steps
    .filter(({ kind }) => kind !== 'event')
    .map(({ kind, service_name, layer, outcome, reason, for: what }) =>
      [kind, service_name ?? layer, outcome ?? reason ?? what].filter((word) => word !== undefined).join(' '),
    );
const askedCaches = ['cache memory miss', 'cache redis miss', 'cache postgres miss'];

test('a call with a failover shows each attempt, the pauses and the skipped providers', async (t) => {
  const vendors = await startVendors(t);
  const app = await startTestService(t, { ...vendors.env, REQUEST_MAX_RETRIES: '1' });
  vendors.control.fail({ vendor: 'google_maps', mode: '503' });
  const ask = (number: number) =>
    app.call('POST', '/geocoding/geocode', { address: homeAddress(number) }, { 'x-request-id': `over-${number}` });
  assert.equal((await ask(1)).json.provider, 'yandex_maps');

  const { json, steps } = await storyOf(app, 'over-1');
  assert.deepEqual(shortOf(steps), [
    ...askedCaches,
    'attempt google_maps unusable',
    'retry google_maps',
    'attempt google_maps unusable',
    'attempt yandex_maps ok',
  ]);
  assert.deepEqual([json.complete, json.incomplete_because], [true, []]);
  const attempts = steps.filter(({ kind }) => kind === 'attempt');
  assert.deepEqual(
    attempts.map(({ log_id }) => log_id),
    [json.attempts[0].log_id, json.attempts[0].log_id, json.attempts[1].log_id],
  );
  assert.deepEqual(
    attempts.map(({ requests }) => requests?.map(({ status_code }) => status_code)),
    [[503], [503], [200]],
  );
  for (const { at_ms, duration_ms, requests } of attempts) {
    const [request] = requests ?? [];
    assert.ok(request !== undefined && typeof duration_ms === 'number');
    const { connect_ms = -1, first_byte_ms = -1, body_ms = -1 } = request;
    assert.ok(connect_ms >= 0 && first_byte_ms >= 0 && body_ms >= 0, JSON.stringify(request));
    assert.ok(
      connect_ms + first_byte_ms + body_ms <= duration_ms + (at_ms - (request.at_ms ?? 0)),
      'the parts exceed the whole',
    );
  }

  const passedOver = await waitFor('the breaker to open', async () => {
    for (let number = 2; number < 20; number += 1) {
      await ask(number);
      const told = shortOf((await storyOf(app, `over-${number}`)).steps);
      if (told.includes('skipped google_maps breaker')) return told;
    }
    return undefined;
  });
  assert.deepEqual(passedOver.slice(-2), ['skipped google_maps breaker', 'attempt yandex_maps ok']);
});

test('if every provider is skipped, the replica that was asked remembers why', async (t) => {
  const vendors = await startVendors(t);
  const app = await startTestService(t, vendors.env);
  vendors.control.fail({ vendor: 'google_maps', mode: 'request_denied' });
  const ask = (number: number) =>
    app.call(
      'POST',
      '/geocoding/geocode',
      { address: homeAddress(number), provider: 'google_maps' },
      { 'x-request-id': `denied-${number}` },
    );
  assert.equal((await ask(1)).status, 502);
  assert.equal((await ask(2)).status, 503);
  const { json, steps } = await storyOf(app, 'denied-2');
  assert.equal(json.source, 'memory');
  assert.deepEqual(shortOf(steps), [...askedCaches, 'skipped google_maps breaker']);
  assert.equal((steps.find(({ kind }) => kind === 'skipped') as { opened_by?: string }).opened_by, 'denied');
});

test('a refused call names the limit, and a call that waits shows the wait', async (t) => {
  const vendors = await startVendors(t);
  const app = await startTestService(t, { ...vendors.env, RATE_LIMIT_GEOCODING_PER_MINUTE: '3' });
  const ask = (requestId: string, body: object, path = 'geocode') =>
    app.call('POST', `/geocoding/${path}`, body, { 'x-request-id': requestId });

  vendors.control.fail({ vendor: 'google_maps', mode: 'over_query_limit', times: 1 });
  const waited = await ask('waits', { addresses: [homeAddress(1)], provider: 'google_maps' }, 'batch');
  assert.equal(waited.status, 200, waited.text);
  const { steps } = await storyOf(app, 'waits');
  assert.deepEqual(shortOf(steps), [
    ...askedCaches,
    'attempt google_maps throttled',
    'wait limit',
    'attempt google_maps ok',
  ]);
  const wait = steps.find(({ kind }) => kind === 'wait');
  assert.ok((wait?.duration_ms ?? 0) > 1_000, `${wait?.duration_ms}`);

  const statuses: number[] = [];
  for (let number = 2; number < 6; number += 1) {
    statuses.push((await ask(`asks-${number}`, { address: homeAddress(number) })).status);
  }
  assert.equal(statuses.at(-1), 429);
  const refused = await storyOf(app, 'asks-5');
  assert.deepEqual(shortOf(refused.steps), [...askedCaches, 'skipped google_maps tenant_limit']);
  const skipped = refused.steps.find(({ kind }) => kind === 'skipped') as Step & { limit?: string; until_ms?: number };
  assert.equal(skipped.limit, 'geocoding, minute');
  assert.ok((skipped.until_ms ?? 0) > 0);
  assert.equal(refused.json.limits[0].error_code, 'RATE_LIMIT_EXCEEDED');
});

test('another replica shows the same steps, what it cannot know, and whether the events are published', async (t) => {
  const vendors = await startVendors(t);
  const one = await startTestService(t, vendors.env);
  const two = await startTestReplica(t, one, vendors.env);
  const ask = () => one.call('POST', '/geocoding/geocode', { address: homeAddress(1) }, { 'x-request-id': 'replicas' });
  assert.equal((await ask()).status, 200);
  const [here, there] = [await storyOf(one, 'replicas'), await storyOf(two, 'replicas')];
  assert.deepEqual(shortOf(there.steps), shortOf(here.steps));
  assert.deepEqual(
    [here, there].map(({ json }) => [json.complete, json.incomplete_because]),
    [
      [true, []],
      [false, ['cache_of_another_replica']],
    ],
  );
  const events = await waitFor('both events to be published', async () => {
    const told = (await storyOf(two, 'replicas')).steps.filter(({ kind }) => kind === 'event');
    return told.every(({ is_published }) => is_published === true) ? told : undefined;
  });
  assert.deepEqual(
    events.map(({ type }) => type),
    ['integration.request.sent', 'integration.request.completed'],
  );

  assert.equal((await ask()).headers.get('x-cache'), 'HIT-MEMORY');
  assert.ok(shortOf((await storyOf(one, 'replicas')).steps).includes('cache memory hit'));
});

test('rows of an older version are shown as they are, and marked as incomplete', async (t) => {
  const vendors = await startVendors(t);
  const app = await startTestService(t, vendors.env);
  await app.call('POST', '/geocoding/geocode', { address: homeAddress(1) }, { 'x-request-id': 'older' });
  await app.database.db.querySystem({ text: 'update integration_logs set trace = null', values: [] });
  const { json, steps } = await storyOf(app, 'older');
  assert.deepEqual([json.complete, json.incomplete_because], [false, ['rows_without_trace']]);
  assert.deepEqual(shortOf(steps), ['attempt google_maps ok']);
});

test('calls that share a fetch show it: one has the attempt, the others the wait', async (t) => {
  const vendors = await startVendors(t);
  const app = await startTestService(t, vendors.env);
  vendors.control.fail({ vendor: 'google_maps', mode: 'slow', delayMs: 300 });
  const ids = ['together-1', 'together-2', 'together-3'];
  const replies = await Promise.all(
    ids.map((id) => app.call('POST', '/geocoding/geocode', { address: homeAddress(1) }, { 'x-request-id': id })),
  );
  for (const [index, reply] of replies.entries()) {
    const told = shortOf((await storyOf(app, ids[index] as string)).steps);
    const isLed = reply.headers.get('x-cache') === 'MISS';
    assert.deepEqual(told, isLed ? [...askedCaches, 'attempt google_maps ok'] : ['wait coalesced']);
  }
});

test('a revalidated answer shows the expired answer and the request that confirmed it', async (t) => {
  const { app, register, has } = await startBeforeConditionalUpstream(t);
  await register('api');
  has({ ...expired, etag: '"1"' });
  await askProxy(app, 'api/kept');
  const confirmed = await askProxy(app, 'api/kept', { 'x-request-id': 'confirmed' });
  assert.equal(confirmed.cache, 'REVALIDATED');
  const { steps } = await storyOf(app, 'confirmed');
  assert.deepEqual(shortOf(steps), ['cache memory expired', 'cache redis expired', 'attempt api ok']);
  assert.deepEqual(
    steps.find(({ kind }) => kind === 'attempt')?.requests?.map((request) => request.status_code),
    [304],
  );
});

test('the requests of a matrix are steps of one call', async (t) => {
  const vendors = await startVendors(t);
  const app = await startTestService(t, vendors.env);
  const places = [0, 1, 2].map((index) => ({ latitude: 41.2 + index / 100, longitude: 69.2 }));
  const body = { origins: places, destinations: places, mode: 'driving' };
  assert.equal((await app.call('POST', '/geocoding/matrix', body, { 'x-request-id': 'matrix' })).status, 200);
  const { json, steps } = await storyOf(app, 'matrix');
  assert.deepEqual(shortOf(steps), [...askedCaches, 'attempt google_maps ok']);
  assert.equal(json.operation, 'distance');
});

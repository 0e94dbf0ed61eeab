/** Matrices end to end: how many requests reach the vendors, their cost, and what happens to elements that fail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestService } from '../support/service.ts';
import { limitGoogle, startVendors } from '../support/vendors.ts';
import { waitFor } from '../support/wait-for.ts';

interface Element {
  readonly distance_meters: number | null;
  readonly provider: string | null;
  readonly error?: { readonly code: string };
}

/** The same places in every test; `shift` moves them by hundredths of a degree. */
const placesAt = (count: number, shift = 0) =>
  Array.from({ length: count }, (_place, index) => ({ latitude: 41.2 + index / 100 + shift / 100, longitude: 69.2 }));
const matrixOf = (origins: object[], destinations = origins, mode = 'driving') => ({ origins, destinations, mode });

test('uncached elements share the vendors’ matrix requests', async (t) => {
  const vendors = await startVendors(t);
  const app = await startTestService(t, vendors.env);
  const ask = async (body: object, headers: Record<string, string> = {}) => {
    const before = [vendors.received('google_maps'), vendors.received('yandex_maps')];
    const reply = await app.call('POST', '/geocoding/matrix', body, headers);
    assert.equal(reply.status, 200, reply.text);
    const [google = 0, yandex = 0] = before;
    return {
      elements: (reply.json.rows as Element[][]).flat(),
      google: vendors.received('google_maps') - google,
      yandex: vendors.received('yandex_maps') - yandex,
      requestId: String(reply.headers.get('x-request-id')),
    };
  };
  const rowsOf = async (requestId: string) => {
    const { rows } = await app.database.db.querySystem<{ service_name: string; elements: number; cost: number }>({
      text: `select service_name, elements, estimated_cost::float8 as cost from integration_logs
              where request_id = $1 and operation = 'distance' order by attempt`,
      values: [requestId],
    });
    return rows;
  };

  await t.test('25 by 25 elements need one request uncached, and none cached', async () => {
    const cold = await ask(matrixOf(placesAt(25)));
    assert.deepEqual([cold.google, cold.elements.length], [1, 625]);
    assert.ok(cold.elements.every(({ distance_meters }) => distance_meters !== null));
    const [row, ...others] = await rowsOf(cold.requestId);
    assert.deepEqual([row?.service_name, row?.elements, others.length], ['google_maps', 625, 0]);
    assert.ok(Math.abs((row?.cost ?? 0) - 3.125) < 1e-9, 'each element has its price');
    const warm = await ask(matrixOf(placesAt(25)));
    assert.deepEqual([warm.google, warm.yandex], [0, 0]);
    assert.deepEqual(warm.elements, cold.elements);
  });

  await t.test('only new elements are requested, and a single distance shares the same answers', async () => {
    const oneMore = await ask(matrixOf([...placesAt(25).slice(0, 24), ...placesAt(1, 50)], placesAt(25)));
    assert.equal(oneMore.google, 1);
    const log = await app.call('GET', `/logs?request_id=${oneMore.requestId}&operation=distance`);
    assert.deepEqual(
      log.json.logs.map(({ elements }: { elements: number }) => elements),
      [25],
    );
    const before = vendors.received('google_maps');
    const [origin, , destination] = placesAt(3);
    const single = await app.call('POST', '/geocoding/distance', { origin, destination, mode: 'driving' });
    assert.equal(single.json.distance_meters, oneMore.elements[2]?.distance_meters);
    assert.equal(vendors.received('google_maps'), before);
    const alone = { origin, destination: placesAt(1, 60)[0], mode: 'driving' };
    assert.equal((await app.call('POST', '/geocoding/distance', alone)).status, 200);
    assert.equal((await ask(matrixOf([placesAt(1)[0] as object], placesAt(2, 60)))).google, 1, 'one of two is cached');
  });

  await t.test('a repeated place is requested once, even without a cache', async () => {
    const twice = [...placesAt(2, 100), ...placesAt(2, 100)];
    const { google, elements, requestId } = await ask(matrixOf(twice), { 'cache-control': 'no-store' });
    assert.equal(google, 1);
    assert.deepEqual(elements.slice(0, 4), elements.slice(8, 12));
    assert.equal((await rowsOf(requestId))[0]?.elements, 4);
  });

  await t.test('the next provider gets the elements that one failed, within its own limits', async () => {
    vendors.control.fail({ vendor: 'google_maps', mode: '500', pathIncludes: 'computeRouteMatrix' });
    const { elements, yandex, requestId } = await ask(matrixOf(placesAt(25, 200)));
    assert.equal(yandex, 7, 'Yandex takes 100 elements at once');
    assert.ok(elements.every(({ provider }) => provider === 'yandex_maps'));
    const rows = await rowsOf(requestId);
    assert.equal(rows.filter(({ service_name }) => service_name === 'yandex_maps').length, 7);
    assert.equal(rows.find(({ service_name }) => service_name === 'google_maps')?.cost, 0);
    vendors.control.heal();
  });

  await t.test('only the elements that exceed a limit go to the next provider', async () => {
    await limitGoogle(app, 10);
    await waitFor('the limit to be known', async () => {
      const { services } = (await app.call('GET', '/rate-limits')).json;
      const google = services.find(({ service_name }: { service_name: string }) => service_name === 'google_maps');
      return google?.windows[0]?.max_requests === 10;
    });
    const { services } = (await app.admin('GET', '/services')).json;
    const google = services.find(({ service_name }: { service_name: string }) => service_name === 'google_maps');
    // Ends the pause from the failures above.
    assert.equal((await app.admin('POST', `/services/${google.id}/check`)).status, 200);
    const { elements } = await ask(matrixOf(placesAt(5, 300)));
    const byProvider = Map.groupBy(elements, ({ provider }) => provider);
    const [ofGoogle = 0, ofYandex = 0] = ['google_maps', 'yandex_maps'].map((name) => byProvider.get(name)?.length);
    assert.ok(ofGoogle > 0 && ofGoogle <= 10, `the account’s limit counts elements: ${ofGoogle}`);
    assert.equal(ofGoogle + ofYandex, 25);
  });

  await t.test('two concurrent callers of overlapping matrices share elements and wait for each other’s', async () => {
    const [one, other] = await Promise.all([
      ask(matrixOf(placesAt(6, 400), placesAt(6, 400), 'walking')),
      ask(matrixOf(placesAt(6, 403), placesAt(6, 403), 'walking')),
    ]);
    assert.ok([...one.elements, ...other.elements].every(({ error }) => error === undefined));
  });
});

test('if no provider answers, each element says why', async (t) => {
  const vendors = await startVendors(t);
  const app = await startTestService(t, vendors.env);
  for (const vendor of ['google_maps', 'yandex_maps']) {
    vendors.control.fail({ vendor, mode: 'request_denied' });
  }
  const reply = await app.call('POST', '/geocoding/matrix', matrixOf(placesAt(2)));
  assert.equal(reply.status, 200, reply.text);
  for (const element of (reply.json.rows as Element[][]).flat()) {
    assert.deepEqual([element.distance_meters, element.provider, element.error?.code], [null, null, 'PROVIDER_ERROR']);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainQuestion } from '../../test/support/plain-question.ts';
import { cannedHttp, testAccount } from '../../test/support/provider-http.ts';
import { findAdapter } from './registry.ts';

test('a caller who wants ten answers is given up to ten by each vendor that asks for a number', async () => {
  for (const [name, parameter] of [
    ['yandex_maps', 'results'],
    ['two_gis', 'page_size'],
    ['nominatim', 'limit'],
  ] as const) {
    const geocode = findAdapter(name)?.attempts.geocode;
    assert.ok(geocode);
    for (const [limit, asked] of [
      [1, '5'],
      [10, '10'],
    ] as const) {
      const http = cannedHttp({ body: {} });
      const question = { address: 'Навои', language: 'ru', country: 'UZ', ...plainQuestion, limit };
      await geocode(question, testAccount({ baseUrl: 'http://vendor.test' }), http);
      assert.equal(new URL(http.requests[0]?.url ?? '').searchParams.get(parameter), asked, name);
    }
  }
});

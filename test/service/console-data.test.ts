/** The data behind the console, as other programs ask for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestService } from '../support/service.ts';

test('series show what was called a moment ago, and refuse what is not known by name', async (t) => {
  const app = await startTestService(t);
  for (const street of ['Навои', 'Бабура', 'Навои']) {
    assert.equal((await app.geocode(`Ташкент, улица ${street}, 7`)).status, 200);
  }
  const seriesOf = async (query: string) => {
    const reply = await app.call('GET', `/stats/series?${query}`);
    assert.equal(reply.status, 200, reply.text);
    return reply.json.series as { labels: Record<string, string>; points: [string, number][] }[];
  };
  const totalOf = async (query: string) =>
    (await seriesOf(query)).flatMap(({ points }) => points).reduce((sum, [, value]) => sum + value, 0);

  for (const step of ['minute', 'hour', 'day']) {
    assert.equal(await totalOf(`metric=calls&step=${step}`), 3);
    assert.equal(await totalOf(`metric=cache_hits&step=${step}`), 1);
    assert.equal(await totalOf(`metric=cache_misses&step=${step}`), 2);
  }
  assert.equal(await totalOf('metric=cost'), 0.01);
  assert.deepEqual(
    (await seriesOf('metric=calls&group_by=service,operation')).map(({ labels }) => labels),
    [{ service: 'google_maps', operation: 'geocode' }],
  );
  assert.deepEqual(await seriesOf('metric=webhooks&from=2026-01-01&to=2026-01-02&step=hour'), [
    { labels: {}, points: [] },
  ]);

  for (const [query, path] of [
    ['', 'metric'],
    ['metric=speed', 'metric'],
    ['metric=calls&step=week', 'step'],
    ['metric=calls&group_by=colour', 'group_by'],
    ['metric=calls&from=soon', 'from'],
    ['metric=calls&from=2026-02-02&to=2026-02-01', 'to'],
    ['metric=calls&from=2020-01-01', 'from'],
    ['metric=calls&until=2026-01-01', 'until'],
  ]) {
    const { status, json } = await app.call('GET', `/stats/series?${query}`);
    assert.deepEqual([status, json.code, json.errors?.[0]?.path], [400, 'INVALID_REQUEST', path], query);
  }
});

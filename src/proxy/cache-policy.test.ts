import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lifetimeOf, mayBeCached } from './cache-policy.ts';

const nowMs = Date.UTC(2026, 10, 22, 12);
const reply = (headers: Record<string, string>, status = 200) => ({ status, headers, body: Buffer.alloc(0) });
const ttlSecondsOf = (headers: Record<string, string>, configured: number | null, status = 200) =>
  lifetimeOf(reply(headers, status), configured, nowMs)?.ttlSeconds ?? 0;
const byUpstream = (headers: Record<string, string>, status = 200) => ttlSecondsOf(headers, null, status);

test('the upstream’s freshness is read as a shared cache does', () => {
  assert.equal(byUpstream({ 'cache-control': 'max-age=60' }), 60);
  assert.equal(byUpstream({ 'cache-control': 'public, max-age="60", s-maxage=10' }), 10);
  assert.equal(byUpstream({ 'cache-control': 'max-age=60', age: '45' }), 15);
  assert.equal(byUpstream({ 'cache-control': 'max-age=60', age: '61' }), 0);
  assert.equal(byUpstream({ 'cache-control': 'max-age=99999999999' }), 30 * 86_400, 'too large is very long');
  for (const rubbish of ['-1', '1.5', '6o', '']) assert.equal(byUpstream({ 'cache-control': `max-age=${rubbish}` }), 0);
  assert.equal(byUpstream({ 'cache-control': 'max-age=10, max-age=60' }), 10, 'the first counts');
  assert.equal(
    byUpstream({ 'cache-control': 'ext="no-store, max-age=1", max-age=60' }),
    60,
    'a quoted text is no rule',
  );
  assert.equal(byUpstream({ expires: 'Sun, 22 Nov 2026 12:01:00 GMT' }), 60);
  assert.equal(byUpstream({ expires: 'Sun, 22 Nov 2026 12:01:00 GMT', date: 'Sun, 22 Nov 2026 12:00:30 GMT' }), 30);
  assert.equal(byUpstream({ expires: '0' }), 0);
  for (const directive of ['no-store', 'no-cache', 'private', 'private="x, y"', 'no-cache="x"']) {
    assert.equal(byUpstream({ 'cache-control': `max-age=60, ${directive}` }), 0, directive);
  }
  assert.equal(byUpstream({ 'cache-control': 'max-age=60' }, 404), 60);
  assert.equal(byUpstream({ 'cache-control': 'max-age=60' }, 206), 0);
  assert.equal(byUpstream({ 'cache-control': 'max-age=60' }, 302), 0);
});

test('the service’s own lifetime holds for good answers, whatever the upstream says of time', () => {
  assert.equal(ttlSecondsOf({ 'cache-control': 'no-store' }, 30), 30);
  assert.equal(ttlSecondsOf({}, 30, 404), 0);
  assert.equal(ttlSecondsOf({}, 30, 206), 0);
});

test('an answer that varies by what is no part of the question, or starts a session, is never kept', () => {
  const unkept = [{ vary: '*' }, { vary: 'Accept, Cookie' }, { vary: 'If-None-Match' }, { 'set-cookie': 'a=b' }];
  for (const headers of unkept) assert.equal(lifetimeOf(reply({ etag: '"1"', ...headers }), 30, nowMs), null);
  assert.equal(ttlSecondsOf({ vary: 'Accept-Encoding, accept-language' }, 30), 30);
});

test('what has a validator is kept past its time, where the upstream lets it be kept at all', () => {
  const dayFor = (headers: Record<string, string>, status = 200) =>
    lifetimeOf(reply(headers, status), null, nowMs)?.confirmableSeconds ?? 0;
  for (const cacheControl of ['max-age=60', 'no-cache', 'max-age=0, must-revalidate', 'max-age=60, proxy-revalidate']) {
    assert.equal(dayFor({ 'cache-control': cacheControl, etag: 'W/"1"' }), 86_400, cacheControl);
    assert.equal(dayFor({ 'cache-control': cacheControl }), 0, `${cacheControl}, without a validator`);
  }
  assert.equal(dayFor({ expires: '0', 'last-modified': 'Sun, 22 Nov 2026 11:00:00 GMT' }), 86_400);
  for (const cacheControl of ['no-store', 'private, max-age=60', 'no-cache, private="x"']) {
    assert.equal(dayFor({ 'cache-control': cacheControl, etag: '"1"' }), 0, cacheControl);
  }
  assert.equal(dayFor({ etag: '"1"' }), 0, 'nothing is guessed');
  assert.equal(dayFor({ 'cache-control': 'max-age=60', etag: '"1"' }, 404), 0);
});

test('stale answers are granted by the upstream’s words, and forbidden by them', () => {
  const granted = (cacheControl: string, more: Record<string, string> = {}, configured: number | null = null) => {
    const lifetime = lifetimeOf(reply({ 'cache-control': cacheControl, etag: '"1"', ...more }), configured, nowMs);
    return [lifetime?.staleWhileRevalidateSeconds, lifetime?.staleSeconds];
  };
  assert.deepEqual(granted('max-age=1, stale-while-revalidate=30, stale-if-error=60'), [30, 60]);
  assert.deepEqual(granted('s-maxage=1, stale-while-revalidate=30'), [30, 0], 'said beside s-maxage it is meant');
  assert.deepEqual(granted('s-maxage=1'), [0, 0]);
  assert.deepEqual(granted('max-age=0, stale-while-revalidate=30, stale-if-error=60'), [30, 60]);
  assert.deepEqual(granted('max-age=10, stale-while-revalidate=30', { age: '25' }), [15, 0], '15 of them are over');
  assert.deepEqual(granted('max-age=1, stale-if-error=9999999'), [0, 86_400], 'a day at most');
  for (const rule of ['must-revalidate', 'proxy-revalidate', 'no-cache']) {
    assert.deepEqual(granted(`max-age=1, stale-while-revalidate=30, stale-if-error=60, ${rule}`), [0, 0], rule);
  }
  assert.deepEqual(granted('stale-while-revalidate=30', {}, 60), [30, 86_400]);
});

test('whole GETs may be answered from a cache, with conditions that it can judge', () => {
  assert.equal(mayBeCached('GET', {}), true);
  assert.equal(mayBeCached('GET', { 'if-none-match': '"1"', 'if-modified-since': 'x' }), true);
  assert.equal(mayBeCached('POST', {}), false);
  for (const name of ['range', 'if-range', 'if-match', 'if-unmodified-since']) {
    assert.equal(mayBeCached('GET', { [name]: '"1"' }), false, name);
  }
});

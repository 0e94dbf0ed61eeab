import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayBeCached, ttlSecondsOf } from './cache-policy.ts';

const nowMs = Date.UTC(2026, 10, 22, 12);
const reply = (headers: Record<string, string>, status = 200) => ({ status, headers, body: Buffer.alloc(0) });
const byUpstream = (headers: Record<string, string>, status = 200) => ttlSecondsOf(reply(headers, status), null, nowMs);

test('the upstream’s freshness is read as a shared cache does', () => {
  assert.equal(byUpstream({ 'cache-control': 'max-age=60' }), 60);
  assert.equal(byUpstream({ 'cache-control': 'public, max-age="60", s-maxage=10' }), 10);
  assert.equal(byUpstream({ 'cache-control': 'max-age=60', age: '45' }), 15);
  assert.equal(byUpstream({ 'cache-control': 'max-age=60', age: '61' }), 0);
  assert.equal(byUpstream({ 'cache-control': 'max-age=99999999999' }), 0, 'rubbish is no lifetime');
  assert.equal(byUpstream({ expires: 'Sun, 22 Nov 2026 12:01:00 GMT' }), 60);
  assert.equal(byUpstream({ expires: 'Sun, 22 Nov 2026 12:01:00 GMT', date: 'Sun, 22 Nov 2026 12:00:30 GMT' }), 30);
  assert.equal(byUpstream({ expires: '0' }), 0);
  for (const directive of ['no-store', 'no-cache', 'private']) {
    assert.equal(byUpstream({ 'cache-control': `max-age=60, ${directive}` }), 0, directive);
  }
  assert.equal(byUpstream({ 'cache-control': 'max-age=60' }, 404), 60);
  assert.equal(byUpstream({ 'cache-control': 'max-age=60' }, 206), 0);
  assert.equal(byUpstream({ 'cache-control': 'max-age=60' }, 302), 0);
});

test('the service’s own lifetime holds for good answers, whatever the upstream says of time', () => {
  assert.equal(ttlSecondsOf(reply({ 'cache-control': 'no-store' }), 30, nowMs), 30);
  assert.equal(ttlSecondsOf(reply({}, 404), 30, nowMs), 0);
  assert.equal(ttlSecondsOf(reply({}, 206), 30, nowMs), 0);
});

test('an answer that varies by what is no part of the question, or starts a session, is never kept', () => {
  for (const headers of [{ vary: '*' }, { vary: 'Accept, Cookie' }, { 'set-cookie': 'a=b' }]) {
    assert.equal(ttlSecondsOf(reply(headers), 30, nowMs), 0);
  }
  assert.equal(ttlSecondsOf(reply({ vary: 'Accept-Encoding, accept-language' }), 30, nowMs), 30);
});

test('only whole GETs without conditions may be answered from a cache', () => {
  assert.equal(mayBeCached('GET', {}), true);
  assert.equal(mayBeCached('POST', {}), false);
  assert.equal(mayBeCached('GET', { range: 'bytes=0-1' }), false);
  assert.equal(mayBeCached('GET', { 'if-none-match': '"1"' }), false);
});

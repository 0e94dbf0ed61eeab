import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callerHas, freshened, isAbout, saysTheSame } from './conditions.ts';

test('a list of tags is compared weakly, and decides alone', () => {
  for (const [list, tag, isThere] of [
    ['"1"', '"1"', true],
    ['W/"1"', '"1"', true],
    ['"1"', 'W/"1"', true],
    ['"0", W/"1" ,"2"', '"1"', true],
    ['*', '"1"', true],
    ['"a,b", "c"', '"a,b"', true],
    ['"a', '"a"', false],
    ['"a,b"', '"a"', false],
    ['1', '1', true],
    ['"1"', '"11"', false],
    ['"w/1"', 'W/"1"', false],
    ['', '"1"', false],
  ] as const) {
    assert.equal(callerHas({ 'if-none-match': list }, { etag: tag }), isThere, `${list} and ${tag}`);
  }
  const day = 'Sun, 22 Nov 2026 11:00:00 GMT';
  const both = { 'if-none-match': '"0"', 'if-modified-since': day };
  assert.equal(callerHas(both, { etag: '"1"', 'last-modified': day }), false);
  assert.equal(callerHas({ 'if-none-match': '"1"' }, {}), false);
});

test('a time is compared with that of the last change, and what is no time is no condition', () => {
  const changed = { 'last-modified': 'Sun, 22 Nov 2026 11:00:00 GMT' };
  const has = (since: string, answer: Record<string, string> = changed) =>
    callerHas({ 'if-modified-since': since }, answer);
  assert.equal(has('Sun, 22 Nov 2026 11:00:00 GMT'), true);
  assert.equal(has('Sunday, 22-Nov-26 11:00:01 GMT'), true, 'RFC 850');
  assert.equal(has('Sun, 22 Nov 2026 10:59:59 GMT'), false);
  for (const rubbish of ['9999', '2030-01-01', 'Sun, 99 Nov 2026 11:00:00 GMT', '']) assert.equal(has(rubbish), false);
  assert.equal(has('Sun, 22 Nov 2026 11:00:00 GMT', { etag: '"1"' }), false);
});

test('a 304 is about what was asked, unless it names something else', () => {
  const kept = { etag: '"1"', 'last-modified': 'Sun, 22 Nov 2026 11:00:00 GMT' };
  assert.equal(isAbout(kept, {}), true);
  assert.equal(isAbout(kept, { etag: 'W/"1"' }), true);
  assert.equal(isAbout(kept, { etag: '"2"' }), false);
  assert.equal(isAbout(kept, { 'last-modified': 'Sun, 22 Nov 2026 12:00:00 GMT' }), true, 'the tag decides');
  const untagged = { 'last-modified': kept['last-modified'] };
  assert.equal(isAbout(untagged, { 'last-modified': 'Sun, 22 Nov 2026 12:00:00 GMT' }), false);
});

test('a 304 updates what it says, and nothing of the body that it does not send', () => {
  const kept = {
    status: 200,
    headers: { 'cache-control': 'max-age=1', etag: '"1"', 'content-encoding': 'gzip', 'content-length': '9', age: '7' },
  };
  const { headers, status } = freshened(kept, {
    ...{ 'cache-control': 'max-age=9', 'content-encoding': 'identity', 'content-length': '0', 'x-new': '1' },
  });
  assert.deepEqual(headers, {
    ...{ 'cache-control': 'max-age=9', etag: '"1"', 'content-encoding': 'gzip', 'content-length': '9', 'x-new': '1' },
  });
  assert.equal(status, 200);
});

test('heads say the same where only what is of one request differs', () => {
  const kept = { etag: '"1"', 'cache-control': 'no-cache', 'x-request-id': 'a', age: '1' };
  assert.equal(saysTheSame(kept, { ...kept, 'x-request-id': 'b', 'x-runtime': '7', age: '2' }), true);
  for (const changed of [{ etag: '"2"' }, { 'cache-control': 'no-store' }, { vary: 'accept' }, { expires: '0' }]) {
    assert.equal(saysTheSame(kept, { ...kept, ...changed }), false, JSON.stringify(changed));
  }
});

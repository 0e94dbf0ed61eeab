import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { sourceOf } from '../sources/sources.ts';
import { identify, maxParsedAtOnceBytes, wholePayload } from './large-payload.ts';

const { eventTypeFrom, deliveryIdFrom } = sourceOf('custom');
const naming = { eventTypeFrom, deliveryIdFrom, signedHeaders: [], targets: [] };
const filler = 'x'.repeat(maxParsedAtOnceBytes);

test('a large body is identified in its thread as a small one is in its turn', async () => {
  const small = Buffer.from('{"type":"order.paid","id":12345678901234567890}');
  const large = Buffer.from(`{"filler":"${filler}","type":"order.paid","id":12345678901234567890}`);
  for (const body of [small, large]) {
    const { eventType, delivery } = await identify(naming, {}, body, 'application/json');
    assert.deepEqual([eventType, delivery], ['order.paid', { id: '12345678901234567890', isSigned: true }]);
  }
  const form = Buffer.from(`a=${filler}&payload=%7B%22type%22%3A%22a%22%7D`);
  assert.equal((await identify(naming, {}, form, 'application/x-www-form-urlencoded')).eventType, 'a');
});

test('a large payload keeps every digit, packed or not, and what cannot travel says so', async () => {
  const whole = (body: string | Buffer, encoding?: string) => wholePayload(Buffer.from(body as string), null, encoding);
  const body = `{"a":1.10,"b":"${filler}"}`;
  const read = { json: body, needsRaw: false, isTooLarge: false };
  assert.deepEqual(await whole(body), read);
  assert.deepEqual(await whole(gzipSync(body), 'gzip'), { ...read, needsRaw: true });
  assert.equal((await whole(filler)).json, JSON.stringify(filler), 'text that is no JSON');
  const none = { json: 'null', needsRaw: true, isTooLarge: false };
  assert.deepEqual(await whole(Buffer.alloc(maxParsedAtOnceBytes + 1, 0xff)), none, 'no text');
  const deep = '['.repeat(maxParsedAtOnceBytes) + ']'.repeat(maxParsedAtOnceBytes);
  assert.deepEqual(await whole(deep), none, 'too deep to travel');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presetOf } from '../sources/sources.ts';
import { identify, largePayloadText, maxParsedAtOnceBytes } from './large-payload.ts';
import { withPayloadText } from './received-event.ts';

const preset = presetOf('custom');
const naming = { sourceService: 'custom', scheme: preset.signatureScheme, ...preset };
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

test('a large payload keeps every digit, and the text beside it what looks like its place', async () => {
  const body = `{"a":12345678901234567890,"b":"${filler}"}`;
  assert.equal(await largePayloadText(Buffer.from(body), null), body);
  assert.equal(await largePayloadText(Buffer.from(filler), null), JSON.stringify(filler), 'text that is no JSON');
  assert.equal(await largePayloadText(Buffer.alloc(maxParsedAtOnceBytes + 1, 0xff), null), undefined, 'no text');
  const deep = '['.repeat(maxParsedAtOnceBytes) + ']'.repeat(maxParsedAtOnceBytes);
  assert.equal(await largePayloadText(Buffer.from(deep), null), undefined, 'too deep to travel');
  const shown = JSON.stringify({ name: '"payload":null', payload: null, after: 1 });
  assert.deepEqual(JSON.parse(withPayloadText(shown, '{"$&":1}')), {
    name: '"payload":null',
    payload: { '$&': 1 },
    after: 1,
  });
});

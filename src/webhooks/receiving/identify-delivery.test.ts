import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { fixturesMissing, listRecordings, readRecordedJson, readRecording } from '../../../test/support/fixtures.ts';
import { parseFactSource, sourceOf } from '../sources/sources.ts';
import { contentOf, deliveryIdOf, eventTypesOf, isWanted, wantsEventType } from './identify-delivery.ts';
import { readBody } from './read-body.ts';

function contentOfBody(body: string | Buffer, headers: Record<string, string> = {}, contentType = 'application/json') {
  const bytes = Buffer.from(body as string);
  const all = { 'content-type': contentType, ...headers };
  return contentOf(all, bytes, readBody(bytes, contentType, headers['content-encoding']));
}

function identify(
  source: string,
  headers: Record<string, string>,
  body: string | Buffer,
  contentType = 'application/json',
) {
  const preset = sourceOf(source);
  const content = contentOfBody(body, headers, contentType);
  return {
    type: eventTypesOf(preset.eventTypeFrom, content)[0] ?? null,
    id: deliveryIdOf([], preset.deliveryIdFrom, content)?.id ?? null,
  };
}

test('each sender is asked for its own names', () => {
  const github = { 'x-github-event': 'issues', 'x-github-delivery': 'guid-1' };
  assert.deepEqual(identify('github', github, '{"action":"opened"}'), { type: 'issues.opened', id: 'guid-1' });
  assert.deepEqual(identify('github', { ...github, 'x-github-event': 'push' }, '{}'), { type: 'push', id: 'guid-1' });
  assert.deepEqual(identify('stripe', {}, '{"id":"evt_1","type":"invoice.paid"}'), {
    type: 'invoice.paid',
    id: 'evt_1',
  });
  assert.deepEqual(identify('telegram', {}, '{"update_id":7,"callback_query":{}}'), {
    type: 'callback_query',
    id: '7',
  });
  assert.deepEqual(identify('standard_webhooks', { 'webhook-id': 'msg_1' }, '{"type":"a.b"}'), {
    type: 'a.b',
    id: 'msg_1',
  });
  assert.deepEqual(identify('infrasafe', {}, '{"event_id":"e1","event":"building.created"}'), {
    type: 'building.created',
    id: 'e1',
  });
});

test('a custom sender names itself in the signed body, else in headers, else not at all', () => {
  const headers = { 'x-event-type': 'meter.read', 'x-delivery-id': 'd1' };
  assert.deepEqual(identify('custom', headers, '{"type":"other","id":"x"}'), { type: 'other', id: 'x' });
  assert.deepEqual(identify('custom', headers, '{"event_type":"a","event_id":"y","id":"x"}'), { type: 'a', id: 'y' });
  assert.deepEqual(identify('custom', headers, '{"n":1}'), { type: 'meter.read', id: 'd1' });
  assert.deepEqual(identify('custom', headers, 'no json'), { type: 'meter.read', id: 'd1' });
  assert.deepEqual(identify('custom', {}, '{"event":"e","id":5}'), { type: 'e', id: '5' });
  assert.deepEqual(identify('custom', {}, 'no json'), { type: null, id: null });
  assert.deepEqual(identify('custom', {}, '{"type":{"a":1}}'), { type: null, id: null });
});

test('an id is signed in the body, and in the headers that Standard Webhooks signs', () => {
  const isSigned = (source: string, headers: Record<string, string>, body: unknown) => {
    const signedHeaders = source === 'standard_webhooks' ? ['webhook-id'] : [];
    return deliveryIdOf(signedHeaders, sourceOf(source).deliveryIdFrom, contentOfBody(JSON.stringify(body), headers))
      ?.isSigned;
  };
  assert.equal(isSigned('custom', { 'x-delivery-id': 'd' }, { id: 'x' }), true);
  assert.equal(isSigned('custom', { 'x-delivery-id': 'd' }, {}), false);
  assert.equal(isSigned('github', { 'x-github-delivery': 'd' }, {}), false);
  assert.equal(isSigned('standard_webhooks', { 'webhook-id': 'd' }, {}), true);
});

test('a GitHub form delivery is read from its payload field', () => {
  const body = new URLSearchParams({ payload: '{"action":"created"}' }).toString();
  const headers = { 'x-github-event': 'star', 'x-github-delivery': 'g' };
  assert.equal(identify('github', headers, body, 'application/x-www-form-urlencoded').type, 'star.created');
});

test('JSON that its sender calls a form, as curl does unasked, is read as JSON', () => {
  const form = 'application/x-www-form-urlencoded';
  const named = { type: 'order.paid', id: 'order-17' };
  assert.deepEqual(identify('custom', {}, '{"type":"order.paid","event_id":"order-17"}', form), named);
  assert.deepEqual(identify('custom', {}, '{"type":"order.paid","id":"order-17","u":"a&payload=5"}', form), named);
  assert.deepEqual(identify('custom', {}, 'type=order.paid&id=order-17', form), { type: null, id: null });
});

test('a path names members of the body itself, never what every object inherits', () => {
  const source = parseFactSource('body:constructor.name');
  assert.ok(source !== null);
  assert.equal(deliveryIdOf([], [source], contentOfBody('{"id":1}')), null);
  assert.equal(parseFactSource('cookie:x'), null);
});

test('event types are wanted by name, by family, or all', () => {
  assert.equal(wantsEventType(['*'], null), true);
  assert.equal(wantsEventType(['issues'], 'issues.opened'), true);
  assert.equal(wantsEventType(['issues.closed'], 'issues.opened'), false);
  assert.equal(wantsEventType(['issue'], 'issues.opened'), false);
  assert.equal(wantsEventType(['invoice.*'], 'invoice.paid'), true);
  assert.equal(wantsEventType(['invoice.*'], 'invoiceitem.created'), false);
  assert.equal(wantsEventType(['payment_*'], 'payment_intent.succeeded'), true);
  assert.equal(wantsEventType(['invoice.*'], null), false);
});

test('every recorded delivery is identified', { skip: fixturesMissing }, () => {
  const github = readRecordedJson<{ deliveries: { file: string; headers: Record<string, string> }[] }>(
    'github/index.json',
  );
  for (const { file, headers } of github.deliveries) {
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const found = identify('github', lower, readRecording(`github/${file}`).toString('utf8'));
    assert.ok(found.type?.startsWith(lower['x-github-event'] as string), file);
    assert.equal(found.id, lower['x-github-delivery'], file);
  }
  for (const source of ['stripe', 'telegram']) {
    for (const file of listRecordings(source).filter(
      (name) => !['index.json', 'signature_vectors.json'].includes(name),
    )) {
      const found = identify(source, {}, readRecording(`${source}/${file}`).toString('utf8'));
      assert.ok(found.type !== null && found.id !== null, `${source}/${file}: ${JSON.stringify(found)}`);
    }
  }
});

test('ids that a double or a cut would make equal stay apart', () => {
  const idOf = (body: string, headers: Record<string, string> = {}) => identify('custom', headers, body).id;
  assert.equal(idOf('{"id":1234567890123456789}'), '1234567890123456789');
  assert.equal(idOf('{"id":1234567890123456788}'), '1234567890123456788');
  assert.equal(idOf('{"id":7}'), '7');
  const long = 'x'.repeat(230);
  assert.notEqual(idOf('{}', { 'x-delivery-id': `${long}1` }), idOf('{}', { 'x-delivery-id': `${long}2` }));
  assert.equal(identify('custom', { 'x-event-type': long }, '{}').type?.length, 200);
});

test('ids keep their digits beside JSON of any depth and length', () => {
  const digits = '12345678901234567890'.repeat(4).slice(0, 64);
  const deep = '['.repeat(20_000) + ']'.repeat(20_000);
  assert.equal(identify('custom', {}, `{"deep":${deep},"id":${digits}}`).id, digits);
  assert.equal(identify('custom', {}, `{"id":1,"deep":{"id":2}, "id" : 1.10 }`).id, '1.10');
  assert.equal(identify('custom', {}, `{"a\\"b":"}","id":9007199254740993}`).id, '9007199254740993');
});

test('a byte order mark, the case of a content type and a coding change nothing', () => {
  const named = { type: 'a', id: '1' };
  assert.deepEqual(identify('custom', {}, '\uFEFF{"type":"a","id":"1"}'), named);
  const form = 'payload=%7B%22type%22%3A%22a%22%2C%22id%22%3A1%7D';
  assert.deepEqual(identify('custom', {}, form, 'Application/X-WWW-Form-Urlencoded'), named);
  assert.deepEqual(identify('custom', { 'content-encoding': 'gzip' }, gzipSync('{"type":"a","id":"1"}')), named);
  assert.deepEqual(identify('custom', {}, Buffer.from('{"type":"a","id":"1"}', 'utf16le')), named);
});

test('in an unknown charset ASCII text is read, and nothing else', () => {
  const cyrillic = Buffer.from('{"type":"a","id":"\xc0\xc1","x":"\xe0"}', 'latin1');
  assert.deepEqual(identify('custom', {}, cyrillic), { type: 'a', id: null });
});

test('a delivery whose type cannot be read is not dropped by a filter', () => {
  const wanted = (body: string | Buffer, eventType: string | null) =>
    isWanted(['order.*'], {
      eventTypes: eventType === null ? [] : [eventType],
      isJson: contentOfBody(body).parsed !== undefined,
    });
  assert.equal(wanted(Buffer.from([0xff, 0x00, 0x81]), null), true);
  assert.equal(wanted('a=b', null), true);
  assert.equal(wanted('{"cut', null), true);
  assert.equal(wanted('{"a":1}', null), false);
  assert.equal(wanted('{"a":1}', 'order.paid'), true);
  assert.equal(wanted('no json', 'invoice.paid'), false);
});

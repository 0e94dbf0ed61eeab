import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { parseTenantId } from '../../ids.ts';
import { sealEnvelope } from '../../outbox/envelope.ts';
import { type ReceivedDelivery, receivedEvent } from './received-event.ts';

const anyDelivery: ReceivedDelivery = {
  id: '01990000-0000-7000-8000-000000000001',
  tenantId: parseTenantId('uk_bytes'),
  webhookId: 'w',
  webhookName: 'bytes',
  sourceService: 'custom',
  eventType: null,
  body: Buffer.alloc(0),
  contentType: 'application/json',
  headers: {},
  signatureVerified: true,
  includesRaw: false,
  isTest: false,
  requestId: null,
  receivedAtMs: 0,
};

/** What a consumer gets, and the text of its payload as it stands in the JSON. */
function publish(overrides: Partial<ReceivedDelivery>) {
  const options = { publicBaseUrl: 'http://here' };
  const { body } = sealEnvelope(receivedEvent({ ...anyDelivery, ...overrides }, options));
  return { json: JSON.parse(body), payloadText: body.slice(body.lastIndexOf('"payload":') + 10, -1) };
}

/** The bytes as a consumer puts them together again. */
function bytesOf({ json, payloadText }: ReturnType<typeof publish>): Buffer {
  if (json.payload_raw_base64 !== undefined) return Buffer.from(json.payload_raw_base64, 'base64');
  return Buffer.from(typeof json.payload === 'string' && payloadText.startsWith('"') ? json.payload : payloadText);
}

test('numbers go out with the digits they came with, beside JSON of any depth', () => {
  const numbers = `[1.10, 1e400, -0.0, 9007199254740993, 1e-400, ${'7'.repeat(64)}, 1E+2]`;
  for (const body of [numbers, `{"a":{"b":${numbers}} , "c":${'['.repeat(150)}${']'.repeat(150)}}`]) {
    assert.equal(publish({ body: Buffer.from(body) }).payloadText, body);
  }
});

test('text of a declared or evident charset is read, and its bytes go along', () => {
  const text = '{"type":"заявка","city":"Ташкент"}';
  const cp1251 = Buffer.from(
    [...text].map((one) => (one >= 'А' && one <= 'я' ? one.charCodeAt(0) - 0x410 + 0xc0 : one.charCodeAt(0))),
  );
  const utf16 = Buffer.from(text, 'utf16le');
  const cases: readonly (readonly [Buffer, string])[] = [
    [cp1251, 'application/json; charset=windows-1251'],
    [cp1251, 'application/json;charset="CP1251"'],
    [utf16, 'application/json'],
    [utf16, 'application/json; charset=utf-16'],
    [Buffer.from(utf16).swap16(), 'application/json; charset=utf-16be'],
    [Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(utf16).swap16()]), 'application/json; charset=utf-8'],
    [Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)]), 'application/json'],
  ];
  for (const [body, contentType] of cases) {
    const published = publish({ body, contentType });
    assert.deepEqual(published.json.payload, JSON.parse(text), contentType);
    assert.deepEqual(bytesOf(published), body, contentType);
  }
  const latin1 = publish({
    body: Buffer.from('{"a":"caf\xe9"}', 'latin1'),
    contentType: 'application/json; charset=ISO-8859-1',
  });
  assert.deepEqual(latin1.json.payload, { a: 'café' });
  const xml = publish({
    body: Buffer.from('<?xml version="1.0" encoding="windows-1251"?><a>\xe0</a>', 'latin1'),
    contentType: 'application/xml',
  });
  assert.match(xml.json.payload, /<a>а<\/a>/);
});

test('what no charset explains stays bytes, and nothing in it is replaced', () => {
  for (const [body, contentType] of [
    [Buffer.from('{"a":"\xe0"}', 'latin1'), 'application/json'],
    [Buffer.from('{"a":"\xe0"}', 'latin1'), 'application/json; charset=utf-8'],
    [Buffer.from('{"a":"\xe0"}', 'latin1'), 'application/json; charset=klingon'],
    [Buffer.from([0, 1, 2, 0xff, 0xfe]), 'application/octet-stream'],
    [Buffer.from([0xff, 0xfe, 0x00, 0xd8]), 'text/plain; charset=utf-16'],
    [Buffer.from(`${'['.repeat(300)}${']'.repeat(300)}`), 'application/json'],
  ] as const) {
    const { json } = publish({ body, contentType });
    assert.deepEqual([json.payload, json.payload_url], [null, undefined]);
    assert.deepEqual(Buffer.from(json.payload_raw_base64, 'base64'), body);
  }
});

test('an encoded body is read, within bounds, and its bytes go along', () => {
  const text = '{"type":"order.paid","total":1.10}';
  for (const [encoding, encode] of [
    ['gzip', gzipSync],
    ['X-GZIP', gzipSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
  ] as const) {
    const body = encode(Buffer.from(text));
    const published = publish({ body, headers: { 'content-encoding': encoding } });
    assert.equal(published.payloadText, text, encoding);
    assert.deepEqual(bytesOf(published), body);
  }
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20));
  assert.equal(publish({ body: bomb, headers: { 'content-encoding': 'gzip' } }).json.payload, null);
  const large = publish({
    body: gzipSync(JSON.stringify('x'.repeat(300_000))),
    headers: { 'content-encoding': 'gzip' },
  });
  assert.deepEqual([large.json.payload, typeof large.json.payload_url], [null, 'string']);
});

test('the raw bytes go along where they are asked for', () => {
  const { json } = publish({ body: Buffer.from('{"a": 1}'), includesRaw: true });
  assert.deepEqual([json.payload, json.payload_raw_base64], [{ a: 1 }, Buffer.from('{"a": 1}').toString('base64')]);
  assert.equal(publish({ body: Buffer.from('{"a": 1}') }).json.payload_raw_base64, undefined);
});

test('no field of a payload passes for one of the envelope', () => {
  const { json } = publish({ body: Buffer.from('{"management_company_id":"other"}') });
  assert.equal(json.management_company_id, 'uk_bytes');
});

test('the bytes that a consumer gets are the bytes that were sent, whatever they are', () => {
  const jsonBytes = fc.json({ maxDepth: 20 }).map((json) => Buffer.from(json));
  const numberBytes = fc
    .array(fc.constantFrom('1.10', '1e400', '-0', '9007199254740993', '1E-7', '0.1000'), { minLength: 1 })
    .map((numbers) => Buffer.from(`[${numbers.join(' ,\r\n')}]`));
  const deepBytes = fc.nat(400).map((depth) => Buffer.from('['.repeat(depth + 1) + ']'.repeat(depth + 1)));
  const otherBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  const textBytes = fc
    .tuple(fc.string({ unit: 'binary' }), fc.constantFrom('utf8' as const, 'utf16le' as const, 'latin1' as const))
    .map(([text, encoding]) => Buffer.from(text, encoding));
  const encodings = { gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync, deflate: deflateSync };
  const contentTypes = ['utf-8', 'windows-1251', 'latin1', 'utf-16', 'utf-32', 'shift_jis', 'x-none'].map(
    (charset) => `application/json; charset=${charset}`,
  );
  fc.assert(
    fc.property(
      fc.oneof(jsonBytes, numberBytes, deepBytes, otherBytes, textBytes),
      fc.option(fc.constantFrom('gzip' as const, 'br' as const, 'zstd' as const, 'deflate' as const)),
      fc.constantFrom(null, 'application/x-www-form-urlencoded', ...contentTypes),
      (plain, encoding, contentType) => {
        const body = encoding === null ? plain : encodings[encoding](plain);
        const headers = encoding === null ? {} : { 'content-encoding': encoding };
        assert.deepEqual(bytesOf(publish({ body, contentType, headers })), body);
      },
    ),
    { numRuns: 300 },
  );
});

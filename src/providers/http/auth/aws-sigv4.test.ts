/**
 * Compares signatures with AWS's own: the Signature Version 4 test suite, and the examples of the S3 documentation
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
 */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { type AwsKeys, signForAws } from './aws-sigv4.ts';
import type { SignableRequest } from './signed-request.ts';

const suiteKeys: AwsKeys = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: null,
};
const suiteScope = { in: 'aws_sigv4', region: 'us-east-1', service: 'service' } as const;
const suiteTime = Date.UTC(2015, 7, 30, 12, 36);

const s3Keys: AwsKeys = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: null,
};
const s3Scope = { in: 'aws_sigv4', region: 'us-east-1', service: 's3' } as const;
const s3Time = Date.UTC(2013, 4, 24);
const bucket = 'https://examplebucket.s3.amazonaws.com';

function get(url: string, more: Partial<SignableRequest> = {}): SignableRequest {
  return { method: 'GET', url, headers: {}, body: null, ...more };
}

function signatureOf(headers: Readonly<Record<string, string>>): string {
  return headers.authorization?.split('Signature=')[1] ?? '';
}

const letters = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const form = { method: 'POST', body: Buffer.from('Param1=value1') } as const;
const suite: readonly [name: string, target: string, more: Partial<SignableRequest>, signature: string][] = [
  ['get-vanilla', '/', {}, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['get-unreserved', `/${letters}`, {}, '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f'],
  ['get-slash', '//', {}, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['get-slashes', '//example//', {}, '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84'],
  [
    'get-vanilla-empty-query-key',
    '/?Param1=value1',
    {},
    'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
  ],
  [
    'get-vanilla-query-order-key',
    '/?Param1=value2&Param1=Value1',
    {},
    'eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1',
  ],
  [
    'get-vanilla-query-order-key-case',
    '/?Param2=value2&Param1=value1',
    {},
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'get-vanilla-query-order-value',
    '/?Param1=value2&Param1=value1',
    {},
    '5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694',
  ],
  [
    'get-vanilla-query-unreserved',
    `/?${letters}=${letters}`,
    {},
    '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
  ],
  ['get-vanilla-utf8-query', '/?ሴ=bar', {}, '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04'],
  ['post-vanilla', '/', { method: 'POST' }, '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'post-vanilla-query',
    '/?Param1=value1',
    { method: 'POST' },
    '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
  ],
  [
    'post-x-www-form-urlencoded',
    '/',
    { ...form, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
];

for (const [name, target, more, signature] of suite) {
  test(`the test suite of AWS: ${name}`, () => {
    const request = get(`https://example.amazonaws.com${target}`, more);
    const { headers } = signForAws(request, suiteScope, suiteKeys, suiteTime);
    assert.equal(signatureOf(headers), signature);
    assert.equal(headers['x-amz-date'], '20150830T123600Z');
  });
}

test('the token of temporary credentials is signed and sent: post-sts-header-before', () => {
  const sessionToken =
    'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==';
  const own = { 'x-amz-security-token': 'the callers', 'x-amz-date': '19700101T000000Z', authorization: 'the callers' };
  const request = get('https://example.amazonaws.com/', { method: 'POST', headers: own });
  const { headers, secrets } = signForAws(request, suiteScope, { ...suiteKeys, sessionToken }, suiteTime);
  const signature = '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead';
  assert.equal(headers['x-amz-security-token'], sessionToken);
  assert.equal(
    headers.authorization,
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=${signature}`,
  );
  assert.deepEqual(secrets, [signature, sessionToken]);
});

test('the documented requests of S3: a bucket’s lifecycle, its objects, an object put', () => {
  const lifecycle = signForAws(get(`${bucket}/?lifecycle`), s3Scope, s3Keys, s3Time);
  assert.equal(signatureOf(lifecycle.headers), 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543');
  const objects = signForAws(get(`${bucket}/?max-keys=2&prefix=J`), s3Scope, s3Keys, s3Time);
  assert.equal(signatureOf(objects.headers), '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7');
  const put = signForAws(
    get(`${bucket}/test%24file.text`, {
      method: 'PUT',
      headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
      body: Buffer.from('Welcome to Amazon S3.'),
    }),
    s3Scope,
    s3Keys,
    s3Time,
  );
  assert.equal(signatureOf(put.headers), '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd');
});

/** Follows the AWS documentation, starting from the canonical path, query and payload. */
function expectedForS3(canonicalPath: string, canonicalQuery: string, payload: string): string {
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const canonical = [
    'PUT',
    canonicalPath,
    canonicalQuery,
    'host:examplebucket.s3.amazonaws.com',
    `x-amz-content-sha256:${payload}`,
    'x-amz-date:20130524T000000Z',
    '',
    'host;x-amz-content-sha256;x-amz-date',
    payload,
  ].join('\n');
  const scope = '20130524/us-east-1/s3/aws4_request';
  const hash = createHash('sha256').update(canonical).digest('hex');
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${s3Keys.secretAccessKey}`);
  return hmac(key, `AWS4-HMAC-SHA256\n20130524T000000Z\n${scope}\n${hash}`).toString('hex');
}

test('to S3 a body goes as it comes, unsigned; what the caller says of its hash stands', () => {
  const put = (headers: Record<string, string>) =>
    signForAws(
      get(`${bucket}/movie.bin`, { method: 'PUT', headers, body: Readable.from(['a movie']) }),
      s3Scope,
      s3Keys,
      s3Time,
    );
  const plain = put({});
  assert.equal(plain.headers['x-amz-content-sha256'], 'UNSIGNED-PAYLOAD');
  assert.equal(signatureOf(plain.headers), expectedForS3('/movie.bin', '', 'UNSIGNED-PAYLOAD'));
  const known = createHash('sha256').update('a movie').digest('hex');
  assert.equal(signatureOf(put({ 'x-amz-content-sha256': known }).headers), expectedForS3('/movie.bin', '', known));
});

const s3Addresses: readonly [what: string, asked: string, path: string, query: string][] = [
  ['a space and letters of other alphabets', '/a%20b/%D1%83%D0%BB', '/a%20b/%D1%83%D0%BB', ''],
  ['a plus sign', '/a+b?prefix=a+b', '/a%2Bb', 'prefix=a%20b'],
  ['brackets and other characters that need no encoding', "/a(1)!'*[2]|@", '/a%281%29%21%27%2A%5B2%5D%7C%40', ''],
  ['small letters in the encoding', '/%d1%83?a=%d1%83', '/%D1%83', 'a=%D1%83'],
  ['slashes in a row, and a dot that is a part of a name', '/a//b/.c', '/a//b/.c', ''],
  ['parameters out of order, and one without a value', '/k?uploads&partNumber=2', '/k', 'partNumber=2&uploads='],
  ['a percent sign that begins nothing', '/k?a=50%', '/k', 'a=50%25'],
  ['a presigned query of the caller', '/k?X-Amz-Signature=abc&X-Amz-Date=1&versionId=3', '/k', 'versionId=3'],
];
for (const [what, asked, path, query] of s3Addresses) {
  test(`an address of S3 is sent as it is signed: ${what}`, () => {
    const request = get(`${bucket}${asked}`, { method: 'PUT', body: Readable.from([]) });
    const { url, headers } = signForAws(request, s3Scope, s3Keys, s3Time);
    assert.equal(signatureOf(headers), expectedForS3(path, query, 'UNSIGNED-PAYLOAD'));
    const sent = new URL(url);
    assert.equal(sent.pathname, path);
    assert.deepEqual(sent.search.slice(1).split('&').sort(), query.split('&'));
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SealBroken } from '../../secrets/keyring.ts';
import { readTargetHeaders, writeTargetHeaders } from './webhook-secrets.ts';

test('headers of a target open for the host that they were given for, and for no other', () => {
  const headers = { authorization: 'Bearer canary' };
  const given = writeTargetHeaders(headers, 'https://target.example/in');
  for (const url of ['https://target.example/in', 'https://TARGET.example:443/other?x=1', null]) {
    assert.deepEqual(readTargetHeaders(given, url), headers, String(url));
  }
  for (const url of [
    'https://elsewhere.example/in',
    'http://target.example/in',
    'https://target.example:8443/in',
    'https://target.example.elsewhere.example/in',
    'internal:target',
  ]) {
    assert.throws(() => readTargetHeaders(given, url), SealBroken, url);
  }
  assert.throws(() => readTargetHeaders(writeTargetHeaders(headers, null), 'https://target.example'), SealBroken);
  assert.deepEqual(
    readTargetHeaders(JSON.stringify(headers), 'https://elsewhere.example'),
    headers,
    'of an older version',
  );
});

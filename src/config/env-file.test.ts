import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from './config.ts';
import { parseEnvFile } from './env-file.ts';

test('a byte-order mark is no part of the first variable', () => {
  assert.deepEqual({ ...parseEnvFile('\uFEFFPORT=8007\r\nHOST=127.0.0.1\r\n') }, { PORT: '8007', HOST: '127.0.0.1' });
});

test('a value with a # is refused instead of cut, unless it is quoted or the # begins a comment', () => {
  const kept = parseEnvFile(
    [
      '# JWT_SECRET=a#b',
      'PORT=8007 # the listener',
      'JWT_SECRET="a#b" # quoted',
      "SERVICE_TOKENS='name:a#b'",
      'JWT_PUBLIC_KEY="-----BEGIN\nA=b#c\n-----END"',
      'HOST=',
    ].join('\n'),
  );
  assert.deepEqual(
    { ...kept },
    {
      PORT: '8007',
      JWT_SECRET: 'a#b',
      SERVICE_TOKENS: 'name:a#b',
      JWT_PUBLIC_KEY: '-----BEGIN\nA=b#c\n-----END',
      HOST: '',
    },
  );
  assert.throws(
    () => parseEnvFile('export SERVICE_TOKENS=name:canary#secret\n JWT_SECRET = also#canary # and a comment\nPORT=1'),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(
        error.message.match(/\w+ in \.env has a "#"/g),
        ['SERVICE_TOKENS in .env has a "#"', 'JWT_SECRET in .env has a "#"'],
        error.message,
      );
      assert.ok(!error.message.includes('canary'));
      return true;
    },
  );
});

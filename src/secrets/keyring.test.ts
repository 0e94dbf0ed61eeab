import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadOrCreateKeys, loadOrCreateServiceToken } from './development-keys.ts';
import { openEnvironmentSecret, sealForEnvironment } from './environment-secret.ts';
import { createKeyring, SealBroken } from './keyring.ts';
import { constantTimeEqual, hashToken, hashTokenHex } from './token-hash.ts';

const oldKey = { id: 'k1', key: randomBytes(32) };
const newKey = { id: 'k2', key: randomBytes(32) };
const place = { table: 'external_services', rowId: 'r1', tenantId: 't1', column: 'api_key' };

test('a sealed value decrypts in its own place, and the text does not contain it', () => {
  const keyring = createKeyring([oldKey]);
  const sealed = keyring.seal('ключ AIza-canary', place);
  assert.match(sealed, /^v1:k1:[A-Za-z0-9_-]+:[A-Za-z0-9_-]+$/);
  assert.ok(!sealed.includes('canary'));
  assert.equal(keyring.open(sealed, place), 'ключ AIza-canary');
  assert.notEqual(keyring.seal('x', place), keyring.seal('x', place));
});

test('a value moved to another row, tenant, column or table does not decrypt', () => {
  const keyring = createKeyring([oldKey]);
  const sealed = keyring.seal('secret', place);
  for (const member of ['table', 'rowId', 'tenantId', 'column'] as const) {
    assert.throws(() => keyring.open(sealed, { ...place, [member]: 'other' }), SealBroken);
  }
});

test('a changed, cut or foreign text is refused without revealing its content', () => {
  const keyring = createKeyring([oldKey]);
  const sealed = keyring.seal('canary', place);
  const [version, id, iv, data] = sealed.split(':') as [string, string, string, string];
  const flipped = `${data.slice(0, 4)}${data[4] === 'A' ? 'B' : 'A'}${data.slice(5)}`;
  for (const bad of [
    '',
    'canary',
    `${version}:${id}:${iv}`,
    `${version}:${id}:${iv}:AAAA`,
    `${version}:${id}:${iv}:${flipped}`,
    `v2:${id}:${iv}:${data}`,
    `${sealed}:x`,
    `v1:none:${iv}:${data}`,
  ]) {
    assert.throws(
      () => keyring.open(bad, place),
      (error) => error instanceof SealBroken && !error.message.includes('canary'),
    );
  }
});

test('the first key encrypts and all decrypt, so that keys can be rotated', () => {
  const sealedOld = createKeyring([oldKey]).seal('secret', place);
  const rotated = createKeyring([newKey, oldKey]);
  assert.equal(rotated.open(sealedOld, place), 'secret');
  assert.throws(() => createKeyring([newKey]).open(sealedOld, place), /no key "k1"/);
});

test('bytes are sealed as bytes, with a small overhead', () => {
  const keyring = createKeyring([oldKey]);
  const plain = randomBytes(100);
  const sealed = keyring.sealBytes(plain, place);
  assert.ok(sealed.length <= plain.length + 40);
  assert.deepEqual(createKeyring([newKey, oldKey]).openBytes(sealed, place), plain);
  assert.throws(() => keyring.openBytes(sealed.subarray(0, 20), place), SealBroken);
  assert.throws(() => keyring.openBytes(Buffer.alloc(0), place), SealBroken);
});

test('a plain environment value passes, a sealed one decrypts, and does not decrypt in a table', () => {
  const keyring = createKeyring([oldKey]);
  const sealed = sealForEnvironment(keyring, 'AIza');
  assert.equal(openEnvironmentSecret(keyring, 'plain'), 'plain');
  assert.equal(openEnvironmentSecret(keyring, sealed), 'AIza');
  assert.throws(() => keyring.open(sealed.slice('enc:'.length), place), SealBroken);
});

test('development keys are generated once, readable only by their owner', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'keyring-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const dataDir = join(dir, 'not', 'yet', 'there');
  const first = loadOrCreateKeys(dataDir);
  assert.deepEqual(loadOrCreateKeys(dataDir), first);
  assert.equal(statSync(join(dataDir, 'encryption-keys')).mode & 0o777, 0o600);
  assert.equal(loadOrCreateServiceToken(dataDir), loadOrCreateServiceToken(dataDir));
  assert.deepEqual(readdirSync(dataDir).sort(), ['encryption-keys', 'service-token']);
});

test('only a token’s SHA-256 is stored', () => {
  assert.equal(hashToken('abc').toString('hex'), hashTokenHex('abc'));
  assert.ok(constantTimeEqual('abc', 'abc'));
  assert.ok(!constantTimeEqual('abc', 'abcd'));
});

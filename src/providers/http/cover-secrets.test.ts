import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSecretCover, type SecretCover } from './cover-secrets.ts';

const secret = 'canary/key+"5xq1';

/** Passes the text on in chunks of `pieceBytes` bytes. */
function covered(text: string, secrets: readonly string[], pieceBytes: number): string {
  const cover = createSecretCover(secrets) as SecretCover;
  const bytes = Buffer.from(text);
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) out.push(cover.add(bytes.subarray(at, at + pieceBytes)));
  return Buffer.concat([...out, cover.end()]).toString();
}

const stars = (text: string): string => '*'.repeat(Buffer.byteLength(text));

test('a secret is covered in every usual form, wherever a text is cut', () => {
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    JSON.stringify(JSON.stringify(secret)).slice(3, -3),
    encodeURIComponent(secret),
    encodeURIComponent(secret).toLowerCase(),
    Buffer.from(secret).toString('hex'),
    secret.replaceAll('"', '&quot;'),
    encodeURIComponent(encodeURIComponent(secret)),
    Buffer.from(encodeURIComponent(secret)).toString('hex'),
  ];
  for (const form of forms) {
    const text = `{"said": "${form}", "again": "${form}${form}", "part": "${form.slice(0, -2)}"}`;
    for (let pieceBytes = 1; pieceBytes <= text.length; pieceBytes += 1) {
      const expected = `{"said": "${stars(form)}", "again": "${stars(form)}${stars(form)}", "part": "${form.slice(0, -2)}"}`;
      assert.equal(covered(text, [secret], pieceBytes), expected, `${form} by ${pieceBytes}`);
    }
  }
});

test('in base64 it is covered at any place of it', () => {
  for (const before of ['', 'u', 'us', 'user:', 'admin:']) {
    const text = Buffer.from(`${before}${secret}, and more`).toString('base64');
    const out = covered(text, [secret], 7);
    assert.equal(out.length, text.length);
    assert.match(out, /\*{20,}/);
    assert.ok(!Buffer.from(out, 'base64').toString('latin1').includes('key'), out);
  }
});

test('secrets that repeat themselves, hold one another or follow at once', () => {
  const cases: readonly (readonly [secrets: readonly string[], text: string, expected: string])[] = [
    [['abababab'], 'x abababababab y', 'x ************ y'],
    [['abababab', 'babababac'], 'abababababac', '************'],
    [['aaaaaaaaab'], 'aaaaaaaaaaaaaab', 'aaaaa**********'],
    [['12345678', '1234567890'], '1234567890 12345678', '********** ********'],
    [['canary-1', 'canary-2'], 'canary-1canary-2canary-3', '****************canary-3'],
    [['пароль-один'], 'это пароль-один', `это ${stars('пароль-один')}`],
  ];
  for (const [secrets, text, expected] of cases) {
    for (let pieceBytes = 1; pieceBytes <= 24; pieceBytes += 1) {
      assert.equal(covered(text, secrets, pieceBytes), expected, `${text} by ${pieceBytes}`);
    }
  }
});

test('random texts come out as one search of the whole would leave them', () => {
  const random = (seed: number) => () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  const next = random(7);
  const letters = (count: number): string =>
    Array.from({ length: count }, () => 'ab'.charAt(Math.floor(next() * 2))).join('');
  for (let round = 0; round < 300; round += 1) {
    const word = letters(8 + Math.floor(next() * 6));
    const text = letters(400);
    const expected = [...text];
    for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
      expected.fill('*', at, at + word.length);
    }
    assert.equal(covered(text, [word], 1 + Math.floor(next() * 50)), expected.join(''), `${word} in ${text}`);
  }
});

test('what holds no secret passes as it is, and no more waits than may become one', () => {
  const cover = createSecretCover(['canary-key-5cd1']) as SecretCover;
  const plain = Buffer.from('data: nothing to see\n\n');
  assert.equal(cover.add(plain), plain);
  assert.equal(cover.add(Buffer.from('data: canary')).toString(), 'data: ');
  assert.equal(cover.add(Buffer.from('-bird\n\n')).toString(), 'canary-bird\n\n');
  assert.equal(cover.add(Buffer.from('the end is can')).toString(), 'the end is ');
  assert.equal(cover.end().toString(), 'can');
});

test('a secret shorter than eight characters is not masked', () => {
  assert.equal(createSecretCover([]), null);
  assert.equal(createSecretCover(['', 'seven77']), null);
  assert.equal(covered('seven77 eight888', ['seven77', 'eight888'], 99), 'seven77 ********');
});

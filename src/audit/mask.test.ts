import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keepBody } from './body.ts';
import { createMasker } from './mask.ts';

const masker = createMasker(['X-House-Code']);
const secret = 'S3cr+t/värde "mit" spaces&=';

test('headers with credentials are masked by name, other headers are not', () => {
  const clean = masker.headers(
    {
      authorization: 'Bearer abc',
      cookie: 'a=b',
      'x-api-key': 'k',
      'x-goog-api-key': 'k',
      'x-hub-signature-256': 'sha256=00',
      'stripe-signature': 't=1,v1=00',
      'webhook-signature': 'v1,00',
      'x-telegram-bot-api-secret-token': 't',
      'x-house-code': '7',
      accept: '*/*',
      'content-type': 'application/json',
    },
    [],
  );
  const kept = Object.entries(clean).filter(([, value]) => value !== '[masked]');
  assert.deepEqual(kept, [
    ['accept', '*/*'],
    ['content-type', 'application/json'],
  ]);
});

test('secrets in the query, user part and path of an address are masked', () => {
  const url = masker.url(
    'https://user:pass@maps.example/bot123456789:AAabcdefghijklmnopqrstuvwxyz0123456/x?address=A%20B&key=AIzaX&api%5Fkey=1&sig=2#t',
    [],
  );
  assert.equal(
    url,
    'https://[masked]@maps.example/bot[masked]/x?address=A%20B&key=[masked]&api%5Fkey=[masked]&sig=[masked]#t',
  );
});

test('JSON members are masked by name at any depth, and the rest of the body does not change', () => {
  const body =
    '{ "id": 12345678901234567890, "a": [{"access_token":"x\\"y","Client-Secret" : {"k":["}"]}}], "nextPageToken":"p", "key":"word", "password":null, "\\u0074oken": 7, "x_house_code":"7" }';
  assert.equal(
    masker.body(body, []),
    '{ "id": 12345678901234567890, "a": [{"access_token":"[masked]","Client-Secret" : "[masked]"}], "nextPageToken":"p", "key":"word", "password":null, "\\u0074oken": "[masked]", "x_house_code":"[masked]" }',
  );
});

test('JSON inside a JSON string is masked by name too', () => {
  const inner = JSON.stringify({ password: 'p', id: 1, data: JSON.stringify([{ access_token: 't' }]) });
  const clean = JSON.parse(masker.body(JSON.stringify({ body: inner, note: '{"not json' }), []));
  assert.deepEqual(JSON.parse(clean.body), { password: '[masked]', id: 1, data: '[{"access_token":"[masked]"}]' });
  assert.equal(clean.note, '{"not json');
});

test('a body cut in the middle of a secret does not show a part of it', () => {
  assert.equal(masker.body('{"a":1,"token":"abc', []), '{"a":1,"token":"[masked]"');
  assert.equal(masker.body('{"a":1,"credentials":{"private_key":"abc', []), '{"a":1,"credentials":"[masked]"');
});

test('forms are masked by field', () => {
  assert.equal(
    masker.body('grant_type=jwt-bearer&assertion=eyJabc&client_secret=s&a=b', []),
    'grant_type=jwt-bearer&assertion=[masked]&client_secret=[masked]&a=b',
  );
});

test('pairs that look like a secret and known formats of keys are masked in error texts', () => {
  const text = masker.text(
    'GET https://x/?key=AIzaSyA1234567890123456789012345678901&address=y failed: api_key=abc, token: "def"; Bearer ghi.jkl',
    [],
  );
  for (const leaked of ['AIza', 'abc', 'def', 'ghi']) assert.ok(!text.includes(leaked), leaked);
  assert.ok(text.includes('address=y'));
  assert.equal(masker.text('the basic information', []), 'the basic information');
});

test("an account's exact secret is found in any encoding", () => {
  const forms: Record<string, string> = {
    plain: secret,
    json: JSON.stringify({ m: secret }),
    'json in json': JSON.stringify({ m: JSON.stringify({ n: secret }) }),
    'escaped slashes': JSON.stringify({ m: secret }).replaceAll('/', '\\/'),
    'unicode escapes': `{"m":"${[...secret].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"}`,
    url: `https://x/?q=${encodeURIComponent(secret)}`,
    'lower-case url': `https://x/?q=${encodeURIComponent(secret).toLowerCase().replace('s3cr', 'S3cr')}`,
    form: `m=${encodeURIComponent(secret).replaceAll('%20', '+')}&n=1`,
    base64: Buffer.from(secret).toString('base64'),
    'basic auth': Buffer.from(`user:${secret}`).toString('base64'),
    'basic auth, other alignment': Buffer.from(`us:${secret}`).toString('base64'),
    base64url: Buffer.from(secret).toString('base64url'),
    hex: Buffer.from(secret).toString('hex'),
  };
  for (const [name, text] of Object.entries(forms)) {
    const clean = masker.body(text, [secret]);
    assert.ok(clean.includes('[masked]'), name);
    assert.ok(!clean.includes('rt'.repeat(2)) && !clean.includes('spaces'), name);
    assert.ok(!clean.includes(Buffer.from(secret).toString('base64').slice(6, 20)), name);
  }
});

test('an exact secret is found in the escaping of other languages', () => {
  const odd = `пароль<&>'"9`;
  const ascii = JSON.stringify(odd).replaceAll(
    /[^ -~]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const forms = {
    python: ascii,
    java: ascii.replaceAll(/[0-9a-f]{4}/g, (code) => code.toUpperCase()),
    go: JSON.stringify(odd).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026'),
    html: 'пароль&lt;&amp;&gt;&#39;&quot;9',
    'html in hexadecimal': 'пароль&lt;&amp;&gt;&#x27;&quot;9',
    'html text': `пароль&lt;&amp;&gt;'"9`,
  };
  for (const [name, form] of Object.entries(forms)) {
    const inBody = form.startsWith('"') ? `{"echo":${form}}` : `<p>${form}</p>`;
    const clean = [masker.body(inBody, [odd]), masker.text(`refused: ${form}`, [odd])];
    assert.ok(
      clean.every((text) => text.includes('[masked]') && !/9|043f|пароль/i.test(text)),
      `${name}: ${clean}`,
    );
  }
});

test('a secret is masked whatever text surrounds it', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 6, maxLength: 40, unit: 'grapheme' }).filter((text) => !'[masked]'.includes(text)),
      fc.string({ maxLength: 20 }),
      fc.string({ maxLength: 20 }),
      (value, before, after) => {
        const body = JSON.stringify({ note: before + value + after });
        const clean = masker.body(body, [value]);
        return !clean.includes(JSON.stringify(value).slice(1, -1));
      },
    ),
  );
});

test('masked JSON is still JSON', () => {
  fc.assert(
    fc.property(fc.json(), (body) => {
      JSON.parse(masker.body(body, ['secret-value']));
    }),
  );
});

test('masked JSON with sensitive names is still JSON', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('token', 'a', 'api_key', 'b'), fc.jsonValue()), (object) => {
      const clean = JSON.parse(masker.body(JSON.stringify(object), [])) as Record<string, unknown>;
      for (const name of ['token', 'api_key']) {
        if (name in object) assert.equal(clean[name], object[name] === null ? null : '[masked]');
      }
    }),
  );
});

test('a body that quotes another is masked even if it is cut or not valid JSON', () => {
  const quoted = JSON.stringify({ client_secret: 'hunter2', rest: 'r'.repeat(80_000) });
  for (const body of [JSON.stringify({ quoted }), JSON.stringify({ quoted: JSON.stringify({ quoted }) })]) {
    const kept = keepBody(body, masker, [])?.text;
    assert.ok(kept?.includes('client_secret') && kept.includes('[masked]'), kept?.slice(0, 100));
    assert.ok(!kept?.includes('hunter2'));
  }
  assert.ok(!masker.body('{"quoted":"{\\"api_key\\":\\"hunter2\\",\\x"}', []).includes('hunter2'));
});

test('vendors’ names of keys are known, also in Russian', () => {
  for (const name of [
    'X-Auth',
    'X-Auth-Key',
    'Ocp-Apim-Subscription-Key',
    'x-functions-key',
    'DD-APPLICATION-KEY',
    'X-Master-Key',
  ]) {
    assert.deepEqual(masker.headers({ [name]: 'hunter2' }, []), { [name]: '[masked]' });
  }
  const body = { Пароль: 'a', Секрет: 'c', subscription_key: 'd', Город: 'e', 'Idempotency-Key': 'f' };
  const clean = JSON.parse(masker.body(JSON.stringify(body), [])) as Record<string, string>;
  assert.deepEqual(Object.values(clean), ['[masked]', '[masked]', '[masked]', 'e', 'f']);
  assert.equal(masker.body('Пароль=hunter2&x=1', []), 'Пароль=[masked]&x=1');
});

test('parts of a multipart form and XML elements are masked by name', () => {
  const form = (name: string, value: string) =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\nContent-Type: text/plain\r\n\r\n${value}\r\n--b--\r\n`;
  assert.equal(masker.body(form('api_key', 'hunter2\r\nhunter3'), []), form('api_key', '[masked]'));
  assert.equal(masker.body(form('city', 'Tashkent'), []), form('city', 'Tashkent'));
  assert.equal(
    masker.body('<?xml?><a><w:Password Type="x">hunter2</w:Password><token><![CDATA[h2]]></token><b>c</b></a>', []),
    '<?xml?><a><w:Password Type="x">[masked]</w:Password><token>[masked]</token><b>c</b></a>',
  );
  assert.equal(masker.body('<a><secret>hunter2', []), '<a><secret>[masked]', 'cut in the middle');
});

test('a body designed to be slow to mask does not block other calls', () => {
  const pieces = [
    'eyJ',
    'eyJa.',
    'AIza',
    '[\\"token',
    '\\"',
    '\\"[',
    '\\u005c',
    '<a>',
    '<a><![CDATA[',
    '<a ',
    'name="a"\r\n',
    'a=',
  ];
  const beginnings = ['', '{"a":"', '"[token', '["token', '--b\r\n', '<'];
  // With quadratic time, one of these would take minutes and exceed the test's limit.
  const length = 1_000_000;
  for (const piece of pieces) {
    for (const beginning of beginnings) {
      const body = (beginning + piece.repeat(length / piece.length)).slice(0, length);
      assert.notEqual(masker.body(body, ['a-secret-of-the-account']), '');
    }
  }
});

test('a body with too many levels of quoting is masked below them', () => {
  let body = '["token"]';
  for (let level = 0; level < 17; level += 1)
    body = `["${body.replaceAll(/[\\"]/g, (c) => (c === '"' ? '\\u0022' : '\\u005c'))}"]`.slice(0, 60_000);
  assert.doesNotThrow(() => masker.body(body, []));
  const deep = `"token[${'[\\"'.repeat(20_000)}`;
  assert.doesNotThrow(() => keepBody(deep, masker, []));
});

test('a long body is cut after masking and marked as cut', () => {
  const long = `{"token":"${'s'.repeat(30_000)}","rest":"${'r'.repeat(60_000)}"}`;
  const kept = keepBody(Buffer.from(long), masker, []);
  assert.ok(kept?.text.startsWith('{"token":"[masked]","rest":"rrr'));
  assert.ok(kept?.text.endsWith(`…[cut: it had ${long.length} bytes]`));
  assert.ok((kept?.text.length ?? 0) < 17_000);
  assert.equal(keepBody('', masker, []), null);
  const cyrillic = keepBody('ж'.repeat(10_000), masker, []);
  assert.match(cyrillic?.text ?? '', /^ж{8192}…\[cut: it had 20000 bytes\]$/);
});

test('the beginning of a secret at the end of a text is masked', () => {
  const secret = 'canary-0123456789-abcdef';
  for (let length = 6; length <= secret.length; length += 1) {
    for (const end of ['', '…']) {
      const text = `the upstream said: ${secret.slice(0, length)}${end}`;
      for (const out of [masker.text(text, [secret]), masker.body(text, [secret]), masker.url(text, [secret])]) {
        assert.ok(!out.includes(secret.slice(0, 6)), out);
      }
    }
  }
  assert.equal(masker.text('nothing of it: canar', [secret]), 'nothing of it: canar');
  const echo = Buffer.from(`"${secret}",`.repeat(4_000));
  const kept = keepBody(echo, masker, [secret])?.text ?? '';
  assert.ok(!kept.includes(secret.slice(0, 8)));
});

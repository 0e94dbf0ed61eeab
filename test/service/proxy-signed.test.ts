/** Requests that the gateway signs for the API behind it. */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { type Asked, startProxiedApi } from '../support/proxied-api.ts';

const awsKeys = {
  access_key_id: 'AKIDCANARY',
  secret_access_key: 'canary-secret-access-key-91',
  session_token: 'canary-session-token-92',
};

/** What AWS does with a request: it computes the signature again from what arrived. */
function isSignedForAws({ method, url, headers, body }: Asked, service: string): boolean {
  const { authorization = '' } = headers;
  const [, day, names = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=AKIDCANARY\/(\d{8})\/eu-central-1\/[a-z0-9-]+\/aws4_request, SignedHeaders=(\S+), Signature=(\w{64})$/.exec(
      authorization,
    ) ?? [];
  const [path = '', query = ''] = url.split('?');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
  const canonical = [
    method,
    service === 's3' ? path : path.replaceAll('%', '%25'),
    query.split('&').sort().join('&'),
    ...names.split(';').map((name) => `${name}:${headers[name]}`),
    '',
    names,
    headers['x-amz-content-sha256'] ?? sha256(body),
  ].join('\n');
  const scope = `${day}/eu-central-1/${service}/aws4_request`;
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${awsKeys.secret_access_key}`);
  const text = `AWS4-HMAC-SHA256\n${headers['x-amz-date']}\n${scope}\n${sha256(canonical)}`;
  return hmac(key, text).toString('hex') === signature;
}

function* chunksOf(mebibytes: number): Generator<Buffer> {
  for (let sent = 0; sent < mebibytes; sent += 1) yield Buffer.alloc(1024 * 1024, sent);
}

/** Sent in chunks, without a length. */
function streamed(mebibytes: number): RequestInit {
  return { body: ReadableStream.from(chunksOf(mebibytes)), duplex: 'half' } as RequestInit;
}

test('requests are signed for AWS', async (t) => {
  const { app, asked, answerWith, ask, last, register, tryToRegister } = await startProxiedApi(t);
  const auth = (service: string) => ({ type: 'aws_sigv4', region: 'eu-central-1', service });
  await register('lambda', { credentials: awsKeys, config: { auth: auth('execute-api') } });
  await register('bucket', { credentials: awsKeys, config: { auth: auth('s3') } });

  await t.test('path, query, body and the session token are signed', async () => {
    const own = { 'x-amz-date': '19700101T000000Z', 'x-amz-security-token': 'own', 'x-amz-target': 'Orders.List' };
    const sent: readonly [string, RequestInit][] = [
      ['lambda/orders', {}],
      ['lambda/a%20b/%D1%83?q=a+b&q=%20&empty&Z=1&a=[2]', {}],
      ['lambda/orders', { method: 'POST', body: '{"a":1}', headers: { ...own, 'content-type': 'application/json' } }],
      ['lambda/orders', { method: 'PUT', ...streamed(2) }],
      ['lambda/orders/1', { method: 'DELETE' }],
    ];
    for (const [path, init] of sent) {
      assert.equal((await ask(path, init)).status, 200);
      assert.ok(
        isSignedForAws(last(), 'execute-api'),
        `${init.method} ${last().url} ${JSON.stringify(last().headers)}`,
      );
      assert.equal(last().headers['x-amz-security-token'], awsKeys.session_token);
    }
    assert.equal(asked.find(({ method }) => method === 'PUT')?.body.length, 2 * 1024 * 1024);
  });

  await t.test('a body that must be hashed is limited to 10 MiB; S3 streams any size', async () => {
    const before = asked.length;
    const announced = await ask('lambda/orders', { method: 'POST', body: Buffer.alloc(10 * 1024 * 1024 + 1) });
    const unannounced = await ask('lambda/orders', { method: 'POST', ...streamed(12) });
    for (const reply of [announced, unannounced]) {
      assert.equal(reply.status, 413);
      const { code, detail } = (await reply.json()) as { code: string; detail: string };
      assert.deepEqual([code, /10 MiB/.test(detail)], ['PAYLOAD_TOO_LARGE', true]);
    }
    assert.equal(asked.length, before);
    assert.equal((await ask('bucket/films/a+b(1).bin', { method: 'PUT', ...streamed(12) })).status, 200);
    const { url, headers, body } = last();
    assert.deepEqual([url, body.length], ['/films/a%2Bb%281%29.bin', 12 * 1024 * 1024]);
    assert.equal(headers['x-amz-content-sha256'], 'UNSIGNED-PAYLOAD');
    assert.ok(isSignedForAws(last(), 's3'));
  });

  await t.test('a retried request is signed again', async () => {
    const before = asked.length;
    answerWith((_asked, response) => {
      const isFirst = asked.length === before + 1;
      setTimeout(() => response.writeHead(isFirst ? 503 : 200).end(), isFirst ? 1_100 : 0);
    });
    assert.equal((await ask('lambda/again')).status, 200);
    const [first, second] = asked.slice(before) as [Asked, Asked];
    assert.notEqual(first.headers['x-amz-date'], second.headers['x-amz-date']);
    assert.ok(isSignedForAws(first, 'execute-api') && isSignedForAws(second, 'execute-api'));
  });

  await t.test('the keys are visible neither to callers nor in the log or configuration', async () => {
    answerWith(({ headers }, response) => response.end(JSON.stringify(headers)));
    const echoed = await (await ask('lambda/echo')).text();
    const signature = last().headers.authorization?.split('Signature=')[1] as string;
    const shown = await app.admin('GET', '/services');
    const logs = await app.admin('GET', '/logs?service_name=lambda');
    for (const text of [echoed, shown.text, logs.text]) {
      for (const secret of [awsKeys.secret_access_key, awsKeys.session_token, signature]) {
        assert.ok(!text.includes(secret), text.slice(0, 2_000));
      }
    }
    assert.match(echoed, /Credential=AKIDCANARY/);
  });

  await t.test('invalid signing settings are refused when saved, or named when called', async () => {
    const faults: readonly [unknown, string][] = [
      [{ type: 'aws_sigv4', service: 's3' }, 'config.auth.region'],
      [{ type: 'aws_sigv4', region: 'eu-central-1', service: 'S 3' }, 'config.auth.service'],
      [{ type: 'aws_sigv5', region: 'eu-central-1', service: 's3' }, 'config.auth.type'],
      [{ ...auth('s3'), in: 'header' }, 'config.auth.in'],
      [{ ...auth('s3'), prefix: 'AWS' }, 'config.auth.prefix'],
      [[auth('s3'), { in: 'bearer' }], 'config.auth'],
    ];
    for (const [wrong, path] of faults) {
      const reply = await tryToRegister('wrong', { credentials: awsKeys, config: { auth: wrong } });
      assert.equal(reply.status, 400, JSON.stringify(wrong));
      assert.deepEqual(
        reply.json.errors.map((fault: { path: string }) => fault.path),
        [path],
      );
    }
    const before = asked.length;
    await register('keyless', { credentials: { access_key_id: 'AKIDCANARY' }, config: { auth: auth('s3') } });
    const reply = await ask('keyless/x');
    assert.equal(reply.status, 502);
    assert.match(await reply.text(), /the credentials need access_key_id and secret_access_key/);
    assert.equal(asked.length, before);
  });
});

test('requests are signed by a template', async (t) => {
  const { asked, answerWith, ask, last, register, tryToRegister, host } = await startProxiedApi(t);
  const secret = 'canary-hmac-secret-93';
  const exchange = {
    type: 'hmac',
    in: 'query',
    name: 'signature',
    template: '{query}{body}',
    timestamp_format: 'milliseconds',
    timestamp_parameter: 'timestamp',
    key_header: 'X-Own-Key',
  };
  await register('exchange', { api_key: 'canary-key-94', credentials: { secret }, config: { auth: exchange } });
  const signed = (text: Buffer) => createHmac('sha256', secret).update(text).digest('hex');

  await t.test('the signed request arrives, whatever the caller sends under the same names', async () => {
    const own = { 'x-own-key': 'own', 'content-type': 'application/x-www-form-urlencoded' };
    const sent: readonly [string, RequestInit][] = [
      ['exchange/order?signature=own&symbol=A+B&%74imestamp=1', { method: 'POST', body: 'price=1', headers: own }],
      ['exchange/order', { method: 'POST', ...streamed(2) }],
      ['exchange/time', {}],
    ];
    for (const [path, init] of sent) {
      assert.equal((await ask(path, init)).status, 200);
      const { url, headers, body } = last();
      const [, query = '', signature] = /\?(.*)&signature=(\w+)$/.exec(url) ?? [];
      const text = Buffer.concat([Buffer.from(query), body]);
      assert.equal(signature, signed(text));
      assert.match(query, /(^|&)timestamp=\d{13}$/);
      assert.doesNotMatch(query, /own|timestamp=1&/);
      assert.equal(headers['x-own-key'], 'canary-key-94');
    }
  });

  await t.test('neither the key nor the signature is echoed', async () => {
    answerWith(({ url, headers }, response) => {
      response.writeHead(307, { location: `http://${host}${url}` }).end(JSON.stringify({ url, headers }));
    });
    const reply = await ask('exchange/moved?a=1');
    const signature = /signature=(\w+)/.exec(last().url)?.[1] as string;
    assert.equal(reply.status, 307);
    assert.match(reply.headers.get('location') ?? '', /\/proxy\/exchange\/moved\?a=1&timestamp=\d+$/);
    const text = await reply.text();
    assert.ok(!text.includes(signature) && !text.includes('canary'), text);
  });

  await t.test('an unknown placeholder is refused by name when the service is saved', async () => {
    const wrong = { ...exchange, template: '{time}{body}' };
    const reply = await tryToRegister('wrong', { credentials: { secret }, config: { auth: wrong } });
    assert.equal(reply.status, 400);
    assert.equal(reply.json.errors[0].path, 'config.auth.template');
    assert.match(reply.json.errors[0].message, /no placeholder "\{time\}"/);
  });

  await t.test('an account without a secret is an error that says so, and sends nothing', async () => {
    const before = asked.length;
    await register('secretless', { api_key: 'canary-key-94', config: { auth: exchange } });
    const reply = await ask('secretless/x');
    assert.equal(reply.status, 502);
    assert.match(await reply.text(), /the credentials need secret/);
    assert.equal(asked.length, before);
  });
});

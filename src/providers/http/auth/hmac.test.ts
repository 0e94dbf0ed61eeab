/** Tests the documented schemes of vendors, with the values of their documentation or against their own library. */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { verify } from '@octokit/webhooks-methods';
import Stripe from 'stripe';
import type { ProviderAccount } from '../../provider.ts';
import { faultsOfAuth } from './auth-settings.ts';
import { faultOfKeys, signRequest, signsWholeBody } from './sign-request.ts';
import type { SignableRequest } from './signed-request.ts';

function accountOf(auth: Record<string, unknown>, credentials: unknown, apiKey: string | null = null): ProviderAccount {
  assert.deepEqual(faultsOfAuth({ type: 'hmac', ...auth }), []);
  return {
    serviceId: '018f0000-0000-7000-8000-000000000001',
    serviceName: 'exchange',
    baseUrl: 'https://api.example.com',
    apiKey,
    credentials,
    config: { auth: { type: 'hmac', ...auth } },
  };
}

function requestOf(method: SignableRequest['method'], target: string, body: string | null = null): SignableRequest {
  return {
    method,
    url: `https://api.example.com${target}`,
    headers: {},
    body: body === null ? null : Buffer.from(body),
  };
}

/** https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security */
test('Binance: the query and the form are signed, and the signature is a parameter', () => {
  const account = accountOf(
    {
      in: 'query',
      name: 'signature',
      template: '{query}{body}',
      timestamp_format: 'milliseconds',
      timestamp_parameter: 'timestamp',
      key_header: 'X-MBX-APIKEY',
    },
    { secret: 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j' },
    'vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A',
  );
  const order = 'symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000';
  const asked = requestOf('POST', `/api/v3/order?signature=own&timestamp=1&${order}`);
  const { url, headers, secrets, parameters } = signRequest(asked, account, 1_499_827_319_559);
  const signature = 'c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71';
  assert.equal(url, `https://api.example.com/api/v3/order?${order}&timestamp=1499827319559&signature=${signature}`);
  assert.equal(headers['x-mbx-apikey'], account.apiKey);
  assert.deepEqual([secrets, parameters], [[signature, account.apiKey], ['signature']]);

  const { timestamp_parameter: _none, ...withoutTime } = account.config.auth as Record<string, unknown>;
  const half = 'symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC';
  const rest = 'quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559';
  const both = signRequest(
    requestOf('POST', `/api/v3/order?${half}`, rest),
    { ...account, config: { auth: withoutTime } },
    0,
  );
  assert.match(both.url, /signature=0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77$/);
});

/** https://docs.kraken.com/api/docs/guides/spot-rest-auth */
test('Kraken: a digest within what is signed, by a key in base64', () => {
  const account = accountOf(
    {
      in: 'header',
      name: 'API-Sign',
      algorithm: 'sha512',
      template: '{path}{sha256:{form:nonce}{body}}',
      encoding: 'base64',
      secret_encoding: 'base64',
      key_header: 'API-Key',
    },
    {
      key: 'the public key',
      secret: 'kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==',
    },
  );
  const form = 'nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25';
  const { headers } = signRequest(requestOf('POST', '/0/private/AddOrder', form), account, 0);
  assert.equal(
    headers['api-sign'],
    '4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ==',
  );
  assert.equal(headers['api-key'], 'the public key');
});

/** https://docs.cdp.coinbase.com/exchange/rest-api/authentication */
test('Coinbase Exchange: seconds, method, path and body, by a key in base64', () => {
  const secret = Buffer.from('a key of Coinbase').toString('base64');
  const account = accountOf(
    {
      in: 'header',
      name: 'CB-ACCESS-SIGN',
      template: '{timestamp}{method}{path_and_query}{body}',
      encoding: 'base64',
      secret_encoding: 'base64',
      timestamp_header: 'CB-ACCESS-TIMESTAMP',
      key_header: 'CB-ACCESS-KEY',
    },
    { secret },
    'key',
  );
  const signed = (text: string) => createHmac('sha256', 'a key of Coinbase').update(text).digest('base64');
  const body = '{"price":"1.0","size":"1.0","side":"buy","product_id":"BTC-USD"}';
  const order = signRequest(requestOf('POST', '/orders', body), account, 1_700_000_000_999);
  assert.equal(order.headers['cb-access-sign'], signed(`1700000000POST/orders${body}`));
  assert.equal(order.headers['cb-access-timestamp'], '1700000000');
  const fills = signRequest(requestOf('GET', '/fills?product_id=BTC-USD'), account, 1_700_000_000_000);
  assert.equal(fills.headers['cb-access-sign'], signed('1700000000GET/fills?product_id=BTC-USD'));
});

/** https://bybit-exchange.github.io/docs/v5/guide#authentication */
test('Bybit: milliseconds, key, window, then the query or the body', () => {
  const account = accountOf(
    {
      in: 'header',
      name: 'X-BAPI-SIGN',
      template: '{timestamp}{key}5000{query}{body}',
      timestamp_format: 'milliseconds',
      timestamp_header: 'X-BAPI-TIMESTAMP',
      key_header: 'X-BAPI-API-KEY',
    },
    { key: 'XXXXXXXXXX', secret: 'a secret of Bybit' },
  );
  const { headers } = signRequest(
    requestOf('GET', '/v5/order/realtime?category=option&symbol=BTC-29JUL22-25000-C'),
    account,
    1_658_384_314_791,
  );
  const text = '1658384314791XXXXXXXXXX5000category=option&symbol=BTC-29JUL22-25000-C';
  assert.equal(headers['x-bapi-sign'], createHmac('sha256', 'a secret of Bybit').update(text).digest('hex'));
});

test('Stripe and GitHub: their own libraries take the signature for theirs', async () => {
  const payload = '{"id":"evt_1","object":"event"}';
  const stripe = accountOf(
    { in: 'header', name: 'Stripe-Signature', prefix: 't={timestamp},v1=', template: '{timestamp}.{body}' },
    { secret: 'whsec_test' },
  );
  const sent = signRequest(requestOf('POST', '/hook', payload), stripe, Date.now());
  const header = sent.headers['stripe-signature'] ?? '';
  assert.equal(Stripe.webhooks.constructEvent(payload, header, 'whsec_test').id, 'evt_1');

  const github = accountOf(
    { in: 'header', name: 'X-Hub-Signature-256', prefix: 'sha256=', template: '{body}' },
    { secret: "It's a Secret to Everybody" },
  );
  const hub = signRequest(requestOf('POST', '/hook', 'Hello, World!'), github, 0).headers['x-hub-signature-256'] ?? '';
  assert.equal(hub, 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17');
  assert.ok(await verify("It's a Secret to Everybody", 'Hello, World!', hub));
});

test('every placeholder, encoding and form of time', () => {
  const sign = (auth: Record<string, unknown>, nowMs = 1_607_418_537_715) => {
    const account = accountOf(
      { in: 'header', name: 'X-Sign', nonce_header: 'X-Nonce', ...auth },
      { secret: 's3', key: 'k' },
    );
    return signRequest(requestOf('PUT', '/a%20b/c?x=1', 'Ü'), account, nowMs).headers;
  };
  const expected = (text: string, algorithm = 'sha256', encoding: 'hex' | 'base64url' = 'hex') =>
    createHmac(algorithm, 's3').update(text).digest(encoding);
  const texts: readonly [string, string][] = [
    ['{method} {host}{path}\n{query}', 'PUT api.example.com/a%20b/c\nx=1'],
    ['{key}:{body}', 'k:Ü'],
    ['{body_sha256}', createHash('sha256').update('Ü').digest('hex')],
    ['{form:missing}-{path_and_query}', '-/a%20b/c?x=1'],
  ];
  for (const [template, text] of texts) {
    assert.equal(sign({ template })['x-sign'], expected(text), template);
  }
  const iso = sign({ template: '{timestamp}', timestamp_format: 'iso', timestamp_header: 'X-Time' });
  assert.deepEqual([iso['x-time'], iso['x-sign']], ['2020-12-08T09:08:57.715Z', expected('2020-12-08T09:08:57.715Z')]);
  const once = sign({ template: '{nonce}' });
  const again = sign({ template: '{nonce}' });
  assert.equal(once['x-sign'], expected(once['x-nonce'] ?? ''));
  assert.notEqual(once['x-nonce'], again['x-nonce']);
  const short = sign({ template: 'x', algorithm: 'sha1', encoding: 'base64url', prefix: 'v1 {key} ' });
  assert.equal(short['x-sign'], `v1 k ${expected('x', 'sha1', 'base64url')}`);
  const hex = accountOf({ in: 'header', name: 'X-Sign', template: 'x', secret_encoding: 'hex' }, { secret: '7333' });
  assert.equal(signRequest(requestOf('GET', '/'), hex, 0).headers['x-sign'], expected('x'));
});

test('a body is only held where it is signed', () => {
  const holds = (template: string) =>
    signsWholeBody(accountOf({ in: 'header', name: 'X-Sign', template }, { secret: 's' }));
  assert.deepEqual(
    ['{timestamp}{path}', '{body}', '{sha256:{path}{body}}', '{form:nonce}', '{body_sha256}'].map(holds),
    [false, true, true, true, true],
  );
});

test('an account that cannot sign says what it lacks', () => {
  const base = { in: 'header', name: 'X-Sign', template: '{key}{body}' };
  assert.match(faultOfKeys(accountOf(base, null)) ?? '', /need secret/);
  assert.match(faultOfKeys(accountOf(base, { secret: 's' })) ?? '', /need key/);
  assert.equal(faultOfKeys(accountOf(base, { secret: 's' }, 'key')), null);
  assert.match(faultOfKeys(accountOf(base, { secret: 's', key: 'ключ' })) ?? '', /no header can carry/);
});

test('what cannot be signed by is refused by its place, an unknown placeholder by its name', () => {
  const base = { type: 'hmac', in: 'header', name: 'X-Sign', template: '{body}' };
  const faults: readonly [Record<string, unknown>, string, RegExp][] = [
    [{ template: '{timestmap}{body}' }, 'template', /no placeholder "\{timestmap\}"; there are \{timestamp\}/],
    [{ template: '{Body}' }, 'template', /no placeholder "\{Body\}"/],
    [{ template: '{sha512:{body}}' }, 'template', /no placeholder "\{sha512:\{body\}"/],
    [{ template: '{form:}' }, 'template', /no placeholder "\{form:\}"/],
    [{ template: '{body' }, 'template', /not closed/],
    [{ template: '{sha256:{body}' }, 'template', /not closed/],
    [{ template: 'body}' }, 'template', /without a "\{"/],
    [{ template: '' }, 'template', /what is signed/],
    [{ template: 7 }, 'template', /text/],
    [{ template: '{nonce}' }, 'nonce_header', /must be named/],
    [{ prefix: '{body}=' }, 'prefix', /cannot hold the body/],
    [{ prefix: '{stamp}' }, 'prefix', /"\{stamp\}"/],
    [{ algorithm: 'md5' }, 'algorithm', /sha1, sha256, sha512/],
    [{ encoding: 'HEX' }, 'encoding', /hex, base64, base64url/],
    [{ timestamp_format: 'minutes' }, 'timestamp_format', /seconds/],
    [{ in: 'body' }, 'in', /header or query/],
    [{ name: undefined }, 'name', /must name/],
    [{ name: 'Content-Length' }, 'name', /header/],
    [{ key_header: 'no header' }, 'key_header', /header/],
    [{ token_url: 'https://id.example.com' }, 'token_url', /has no meaning/],
  ];
  for (const [wrong, member, message] of faults) {
    const found = faultsOfAuth({ ...base, ...wrong });
    assert.deepEqual(
      found.map(({ path }) => path),
      [`config.auth.${member}`],
      JSON.stringify(wrong),
    );
    assert.match(found[0]?.message ?? '', message);
  }
  const twice = faultsOfAuth([base, { in: 'header', name: 'x-sign' }]);
  assert.deepEqual(
    twice.map(({ path }) => path),
    ['config.auth'],
  );
});

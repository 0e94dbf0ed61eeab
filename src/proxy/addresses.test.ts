import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linksThroughGateway, throughGateway } from './addresses.ts';

const service = { baseUrl: 'https://api.example/v1', serviceName: 'shop' };
const asked = 'https://api.example/v1/orders/7/items?page=1';
const through = (address: string) => throughGateway(address, asked, service);

test('an address is meant by the request, not by the base URL', () => {
  assert.equal(through('42'), '/api/v1/proxy/shop/orders/7/42');
  assert.equal(through('?page=2'), '/api/v1/proxy/shop/orders/7/items?page=2');
  assert.equal(through('./'), '/api/v1/proxy/shop/orders/7/');
  assert.equal(through('/v1/x#y'), '/api/v1/proxy/shop/x#y');
  assert.equal(through('https://api.example/v1/x'), '/api/v1/proxy/shop/x');
});

test('what lies elsewhere stays as it is', () => {
  for (const address of ['https://other.example/v1/x', '/v2/x', 'https://api.example/v10', 'http://api.example/v1/x']) {
    assert.equal(through(address), address);
  }
});

test('UTF-8 in a header is encoded once', () => {
  const raw = Buffer.from('/v1/Ташкент?q=ё', 'utf8').toString('latin1');
  assert.equal(through(raw), `/api/v1/proxy/shop/${encodeURI('Ташкент')}?q=%D1%91`);
  assert.equal(through('/v1/%D0%A2'), '/api/v1/proxy/shop/%D0%A2');
});

test('every link leads through the gateway, with its parameters', () => {
  assert.equal(
    linksThroughGateway('<?page=2>; rel="next", <https://other.example/>; rel="ab"', asked, service),
    '</api/v1/proxy/shop/orders/7/items?page=2>; rel="next", <https://other.example/>; rel="ab"',
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutboundRequest } from './dispatch-request.ts';
import { type ProviderReply, TransportError } from './exchange.ts';
import type { Outbound } from './http-client.ts';
import { providerHttp, redactQuery } from './provider-http.ts';

test('an exchange is recorded with request and reply, and the key in the address is masked', async () => {
  const { outbound, sent } = fakeOutbound({ status: 200, headers: {}, body: Buffer.from('{}') });
  const http = providerHttp(outbound, { deadlineAtMs: 123, traceparent: '00-aa-bb-01' });
  await http.send({ method: 'POST', url: 'https://maps.example/x?key=SECRET&a=1', headers: { a: 'b' }, body: 'hello' });

  const [exchange] = http.exchanges;
  assert.equal(exchange?.endpoint, 'https://maps.example/x?key=***&a=1');
  assert.equal(exchange?.method, 'POST');
  assert.equal(exchange?.requestBody, 'hello');
  assert.equal(exchange?.reply?.status, 200);
  assert.equal(sent[0]?.deadlineAtMs, 123);
  assert.equal(sent[0]?.url, 'https://maps.example/x?key=SECRET&a=1');
  assert.deepEqual(sent[0]?.headers, { a: 'b', traceparent: '00-aa-bb-01' });
});

test('a failed exchange is recorded too, and its fault is rethrown', async () => {
  const fault = new TransportError('timeout', true);
  const { outbound } = fakeOutbound(fault);
  const http = providerHttp(outbound, { deadlineAtMs: 1 });
  await assert.rejects(http.send({ method: 'GET', url: 'https://a.example/' }), fault);
  assert.equal(http.exchanges[0]?.error, fault);
  assert.equal(http.exchanges[0]?.reply, null);
});

test('only the last exchanges and masks are kept', async () => {
  const { outbound } = fakeOutbound({ status: 200, headers: {}, body: Buffer.alloc(0) });
  const http = providerHttp(outbound, { deadlineAtMs: 1 });
  for (let number = 1; number <= 20; number += 1) {
    await http.send({ method: 'GET', url: `https://a.example/${number}` });
    for (let each = 0; each < 5; each += 1) http.mask(`token ${number} ${each}`);
  }
  assert.equal(http.exchanges.length, 8);
  assert.equal(http.exchanges.at(-1)?.endpoint, 'https://a.example/20');
  assert.ok(http.masked.length <= 32);
});

test('a token that arrives after the operation is recorded before it', async () => {
  const { outbound } = fakeOutbound({ status: 200, headers: {}, body: Buffer.alloc(0) });
  const token = Promise.withResolvers<ProviderReply>();
  const http = providerHttp(
    {
      ...outbound,
      request: (request) => (request.url.endsWith('/token') ? token.promise : outbound.request(request)),
    },
    { deadlineAtMs: 1 },
  );
  const renewal = http.send({ method: 'POST', url: 'https://id.example/token' });
  await http.send({ method: 'GET', url: 'https://a.example/x' });
  const seen = () => http.exchanges.map(({ endpoint }) => endpoint);
  assert.deepEqual(seen(), ['https://a.example/x']);
  token.resolve({ status: 200, headers: {}, body: Buffer.alloc(0) });
  await renewal;
  assert.deepEqual(seen(), ['https://id.example/token', 'https://a.example/x']);
});

test('every secret parameter is replaced, at any position', () => {
  assert.equal(
    redactQuery('https://a/?apikey=1&x=2&access_token=3&key=4#f'),
    'https://a/?apikey=***&x=2&access_token=***&key=***#f',
  );
  assert.equal(redactQuery('https://a/?monkey=1'), 'https://a/?monkey=1');
});

function fakeOutbound(outcome: ProviderReply | TransportError): { outbound: Outbound; sent: OutboundRequest[] } {
  const sent: OutboundRequest[] = [];
  return {
    sent,
    outbound: {
      async request(request) {
        sent.push(request);
        if (outcome instanceof TransportError) throw outcome;
        return outcome;
      },
      open: () => Promise.reject(new Error('unused')),
      check: async () => undefined,
      close: async () => undefined,
    },
  };
}

test('secrets of the address are masked wherever they are quoted, and page tokens are not secret', async () => {
  const { outbound } = fakeOutbound({ status: 200, headers: {}, body: Buffer.from('{}') });
  const http = providerHttp(outbound, { deadlineAtMs: 1 });
  await http.send({
    method: 'GET',
    url: 'https://a.example/?pageToken=next-page-1&X-Amz-Signature=abcdef%2F12345&key=short',
  });
  assert.equal(http.exchanges[0]?.endpoint, 'https://a.example/?pageToken=next-page-1&X-Amz-Signature=***&key=***');
  assert.deepEqual(http.masked, ['abcdef/12345']);
});

/** The proxy with a client generated from the service's own `/openapi.json`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import createFetchClient from 'openapi-fetch';
import { startProxiedApi } from '../support/proxied-api.ts';
import type { TestService } from '../support/service.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
}

type Paths = Readonly<
  Record<string, Readonly<Record<string, { operationId: string; parameters: readonly Parameter[] }>>>
>;

interface Addressed {
  readonly parameters: {
    readonly path: { readonly service_name: string };
    readonly header: { readonly 'X-Management-Company-Id': string; readonly 'X-Proxy-Path': string };
  };
  readonly responses: { readonly 200: { readonly content: { readonly 'text/plain': string } } };
}

/** The types that openapi-typescript would generate for the test's operations. */
interface PathsOfProxy {
  '/api/v1/proxy/{service_name}': {
    get: Addressed;
    post: Addressed & { readonly requestBody: { readonly content: { readonly 'application/json': { n: number } } } };
  };
}

/**
 * Builds requests like openapi-fetch, hey-api and orval (`urlEncodeParameters`): path parameters with
 * `encodeURIComponent`, headers by their names, and only what the document names.
 */
async function createClient(app: TestService) {
  const document = (await (await fetch(`${app.url}/openapi.json`)).json()) as { paths: Paths };
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
  );
  return (operationId: string, values: Readonly<Record<string, string>>, body?: string): Promise<Response> => {
    const operation = operations.find((one) => one.operationId === operationId);
    assert.ok(operation !== undefined, operationId);
    const headers: Record<string, string> = { 'x-service-token': app.token };
    let { path } = operation;
    for (const [name, value] of Object.entries({ 'X-Management-Company-Id': app.tenant, ...values })) {
      const place = operation.parameters.find((one) => one.name === name)?.in;
      assert.ok(place === 'path' || place === 'header', `${operationId} has no parameter ${name}`);
      if (place === 'path') path = path.replace(`{${name}}`, encodeURIComponent(value));
      else headers[name] = value;
    }
    return fetch(`${app.url}${path}`, { method: operation.method, headers, ...(body === undefined ? {} : { body }) });
  };
}

test('a generated client reaches every path of an upstream', async (t) => {
  const { app, asked, register, host } = await startProxiedApi(t);
  await register('orders', { base_url: `http://${host}/v1` });
  const call = await createClient(app);

  await t.test('a GET with a query, and a POST, of three segments', async () => {
    const get = await call('get_proxy_service_name', {
      service_name: 'orders',
      'X-Proxy-Path': 'orders/17/lines?expand=a%26b&page=2',
    });
    assert.deepEqual([get.status, asked.at(-1)?.url], [200, '/v1/orders/17/lines?expand=a%26b&page=2']);
    const post = await call(
      'post_proxy_service_name',
      { service_name: 'orders', 'X-Proxy-Path': 'orders/17/lines' },
      '{"n":1}',
    );
    assert.deepEqual([post.status, asked.at(-1)?.url], [200, '/v1/orders/17/lines']);
    assert.deepEqual([asked.at(-1)?.method, String(asked.at(-1)?.body)], ['POST', '{"n":1}']);
    assert.equal(asked.at(-1)?.headers['x-proxy-path'], undefined);
  });

  await t.test('an intended encoded slash stays encoded, in the header and in the path', async () => {
    await call('get_proxy_service_name', { service_name: 'orders', 'X-Proxy-Path': '/projects/group%2Fname/%D1%83' });
    assert.equal(asked.at(-1)?.url, '/v1/projects/group%2Fname/%D1%83');
    await call('get_proxy_service_name_path', { service_name: 'orders', path: 'group/name' });
    assert.equal(asked.at(-1)?.url, '/v1/group%2Fname');
  });

  await t.test('every method of the document accepts it', async () => {
    for (const method of ['get', 'post', 'put', 'patch', 'delete', 'options']) {
      await call(`${method}_proxy_service_name`, { service_name: 'orders', 'X-Proxy-Path': 'a/b/c' });
      assert.deepEqual([asked.at(-1)?.method, asked.at(-1)?.url], [method.toUpperCase(), '/v1/a/b/c']);
    }
  });
});

test('openapi-fetch, the client of openapi-typescript, gets and posts by path', async (t) => {
  const { app, asked, register, host } = await startProxiedApi(t);
  await register('orders', { base_url: `http://${host}/v1` });
  // Its types would be generated; its requests come at run time from the document's path and parameters.
  const client = createFetchClient<PathsOfProxy>({ baseUrl: app.url, headers: { 'x-service-token': app.token } });
  const address = (path: string) => ({
    path: { service_name: 'orders' },
    header: { 'X-Management-Company-Id': app.tenant, 'X-Proxy-Path': path },
  });
  const got = await client.GET('/api/v1/proxy/{service_name}', {
    params: address('orders/17/lines?expand=items'),
    parseAs: 'text',
  });
  assert.deepEqual([got.response.status, asked.at(-1)?.url], [200, '/v1/orders/17/lines?expand=items']);
  const posted = await client.POST('/api/v1/proxy/{service_name}', {
    params: address('orders/17/lines'),
    body: { n: 1 },
    parseAs: 'text',
  });
  assert.deepEqual([posted.response.status, asked.at(-1)?.url], [200, '/v1/orders/17/lines']);
  assert.deepEqual([asked.at(-1)?.method, String(asked.at(-1)?.body)], ['POST', '{"n":1}']);
});

test('a path in the header works like one in the URL', async (t) => {
  const { app, asked, register } = await startProxiedApi(t);
  await register('plain', {});
  const ask = (url: string, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${app.url}/api/v1/${url}`, {
      ...init,
      headers: {
        'x-management-company-id': app.tenant,
        'x-service-token': app.token,
        'x-proxy-path': path,
        ...(init.headers as Record<string, string>),
      },
    });

  await t.test('the query may be in the URL, and the service’s name in any spelling', async () => {
    await ask('proxy/plain?page=2', 'a/b');
    assert.equal(asked.at(-1)?.url, '/a/b?page=2');
    await ask('%70roxy/pl%61in/', 'a/b/');
    assert.equal(asked.at(-1)?.url, '/a/b/');
  });

  await t.test('contradictions and paths outside the base URL are refused by name', async () => {
    const before = asked.length;
    for (const [url, path, fault] of [
      ['proxy/plain/x', 'a/b', 'header:X-Proxy-Path'],
      ['proxy/plain/x', 'x', 'header:X-Proxy-Path'],
      ['proxy/plain?page=1', 'a?page=2', 'header:X-Proxy-Path'],
      ['proxy/plain', '', 'header:X-Proxy-Path'],
      ['proxy/plain', 'a b', 'header:X-Proxy-Path'],
      ['proxy/plain', 'a#b', 'header:X-Proxy-Path'],
      ['proxy/plain', 'caf\u00e9', 'header:X-Proxy-Path'],
      ['proxy/plain', '../a', 'path'],
      ['proxy/plain', 'a/%2e%2e/%2e%2e/b', 'path'],
      ['proxy/plain', 'a%2f..%2f..', 'path'],
      ['proxy/plain', 'a\\..\\b', 'path'],
      ['proxy/plain', 'a%00', 'path'],
    ] as const) {
      const reply = await ask(url, path);
      const { code, errors } = (await reply.json()) as { code: string; errors: { path: string }[] };
      assert.deepEqual([reply.status, code, errors[0]?.path], [400, 'INVALID_REQUEST', fault], `${url} ${path}`);
    }
    assert.equal(asked.length, before, 'nothing was sent');
    await ask('proxy/plain', 'http://evil.example/x');
    assert.equal(asked.at(-1)?.url, '/http://evil.example/x');
  });

  await t.test('an Idempotency-Key is bound to one path', async () => {
    const init = { method: 'POST', headers: { 'idempotency-key': 'one-path' } };
    assert.equal((await ask('proxy/plain', 'a/b', init)).status, 200);
    const again = await ask('proxy/plain', 'a/b', init);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    const before = asked.length;
    assert.equal((await ask('proxy/plain', 'a/c', init)).status, 422, 'another path is another request');
    assert.equal(asked.length, before);
  });

  await t.test('answers are cached by path', async () => {
    await register('kept', { config: { cache_ttl_seconds: 60 } });
    const before = asked.length;
    for (const path of ['a/b', 'a/b', 'a/c']) await ask('proxy/kept', path);
    assert.equal(asked.length, before + 2);
  });
});

/** The document of the API, of all routes together: what validators and client generators refuse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JsonSchema, smallestValue } from '../support/routes.ts';
import { startTestService } from '../support/service.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly tags: readonly string[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Readonly<Record<string, { readonly schema: JsonSchema; readonly example?: unknown }>>;
  };
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly headers?: Readonly<Record<string, unknown>>;
        readonly content?: Readonly<Record<string, { schema?: unknown }>>;
      }
    >
  >;
}

interface Document {
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

test('no operation declares a parameter twice, lacks one of its path, or says nothing of success', async (t) => {
  const app = await startTestService(t);
  const document = (await (await fetch(`${app.url}/openapi.json`)).json()) as Document;
  const ids = new Set<string>();
  for (const [path, methods] of Object.entries(document.paths)) {
    const inPath = [...path.matchAll(/\{([^}]*)\}/g)].map(([, name]) => name);
    for (const [method, { operationId, parameters = [], responses }] of Object.entries(methods)) {
      const where = `${method} ${path}`;
      const names = parameters.map((one) => `${one.in} ${one.name}`);
      assert.deepEqual([...new Set(names)], names, where);
      assert.deepEqual(
        parameters
          .filter((one) => one.in === 'path')
          .map(({ name }) => name)
          .sort(),
        inPath.sort(),
        where,
      );
      assert.ok(
        inPath.every((name) => /^\w+$/.test(name ?? '')),
        where,
      );
      assert.ok(
        Object.keys(responses).some((status) => status.startsWith('2')),
        where,
      );
      assert.ok(!ids.has(operationId), `${where}: ${operationId}`);
      ids.add(operationId);
    }
  }
});

test('every operation shows what it answers, in its own content type; what an upstream answers through the proxy is its own', async (t) => {
  const app = await startTestService(t);
  const document = (await (await fetch(`${app.url}/openapi.json`)).json()) as Document;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, ...operation })),
  );
  const silent = operations.filter(
    ({ responses }) =>
      responses['204'] === undefined &&
      !Object.entries(responses).some(
        ([status, { content = {} }]) => status.startsWith('2') && Object.keys(content).length > 0,
      ),
  );
  assert.deepEqual(
    silent.filter(({ tags }) => !tags.includes('proxy')).map(({ name }) => name),
    [],
  );

  const contentTypes = (path: string, method: string) =>
    Object.keys(document.paths[path]?.[method]?.responses['200']?.content ?? {});
  assert.deepEqual(contentTypes('/api/v1/logs/export', 'get'), ['application/x-ndjson']);
  assert.deepEqual(contentTypes('/api/v1/events/stream', 'get'), ['text/event-stream']);
  assert.deepEqual(contentTypes('/api/v1/geocoding/batch', 'post'), ['application/json', 'application/x-ndjson']);
  assert.equal(document.paths['/api/v1/webhooks/{id}/rotate-secret']?.post?.requestBody?.required, false);
  assert.equal(document.paths['/api/v1/geocoding/geocode']?.post?.requestBody?.required, true);

  const used = new Set(operations.flatMap(({ tags }) => tags));
  assert.deepEqual([...used].sort(), document.tags.map(({ name }) => name).sort(), 'each tag is used and described');
});

test('what a POST takes of an Idempotency-Key is what its description says', async (t) => {
  const app = await startTestService(t);
  const document = (await (await fetch(`${app.url}/openapi.json`)).json()) as Document;
  const headersOf = ({ parameters = [] }: Operation) =>
    parameters.filter((one) => one.in === 'header').map(({ name }) => name);
  const keyed: string[] = [];
  for (const [path, { post }] of Object.entries(document.paths)) {
    if (post === undefined || !path.startsWith('/api/v1/') || path.includes('/hooks/')) continue;
    const url = path.slice('/api/v1'.length).replace(/\{[^}]*\}/g, 'x');
    const body = post.requestBody === undefined ? undefined : smallestValue(bodySchemaOf(post));
    const reply = await app.admin('POST', url, body, { 'idempotency-key': 'no key' });
    const isRefused = reply.json?.errors?.[0]?.path === 'header:Idempotency-Key';
    assert.equal(isRefused, headersOf(post).includes('Idempotency-Key'), `${path} ${reply.text}`);
    if (isRefused) keyed.push(path.slice('/api/v1'.length));
  }
  assert.deepEqual(keyed.sort(), [
    '/cache/invalidate',
    '/proxy/{service_name}',
    '/proxy/{service_name}/{path}',
    '/services',
    '/services/{id}/check',
    '/sheets/append',
    '/sheets/batch',
    '/sheets/clear',
    '/sheets/write',
    '/tokens',
    '/webhooks',
    '/webhooks/events/retry',
    '/webhooks/events/{id}/retry',
    '/webhooks/{id}/rotate-secret',
    '/webhooks/{id}/rotate-token',
  ]);
});

test('the headers of the cache and of the limits are described where they are answered', async (t) => {
  const app = await startTestService(t);
  const document = (await (await fetch(`${app.url}/openapi.json`)).json()) as Document;
  const reads: readonly [string, string, unknown][] = [
    ['post', '/geocoding/geocode', { address: 'Ташкент' }],
    ['post', '/geocoding/forward', { address: 'Ташкент' }],
    ['post', '/geocoding/reverse', { latitude: 41.3, longitude: 69.2 }],
    ['post', '/geocoding/distance', { origin: { address: 'Ташкент' }, dest_lat: 41, dest_lng: 69 }],
    ['post', '/geocoding/batch', { addresses: ['Ташкент'] }],
    ['post', '/sheets/read', { spreadsheet_id: 'described', range: 'Sheet1!A1' }],
    ['post', '/sheets/write', { spreadsheet_id: 'described', range: 'Sheet1!A1', values: [[1]] }],
    ['get', '/services', undefined],
  ];
  const shared = ['x-cache', 'age', 'x-provider', 'ratelimit-policy', 'ratelimit', 'x-request-id'];
  for (const [method, path, body] of reads) {
    const reply = await app.admin(method.toUpperCase(), path, body);
    assert.equal(reply.status, 200, `${path} ${reply.text}`);
    const described = Object.keys(document.paths[`/api/v1${path}`]?.[method]?.responses['200']?.headers ?? {});
    assert.deepEqual(
      shared.filter((name) => described.some((one) => one.toLowerCase() === name)),
      shared.filter((name) => reply.headers.has(name)),
      path,
    );
  }
});

test('every body has an example that can be sent as it stands', async (t) => {
  const app = await startTestService(t);
  const document = (await (await fetch(`${app.url}/openapi.json`)).json()) as Document;
  const exampleOf = (path: string, method: string) =>
    document.paths[path]?.[method]?.requestBody?.content['application/json']?.example;
  const made: Record<string, string> = {};
  for (const kind of ['services', 'webhooks']) {
    const { status, json, text } = await app.admin('POST', `/${kind}`, exampleOf(`/api/v1/${kind}`, 'post'));
    assert.equal(status, 201, text);
    made[kind] = json.id;
  }
  let sent = 0;
  for (const [path, methods] of Object.entries(document.paths)) {
    // What senders and upstreams take is theirs.
    if (/\/(?:hooks|proxy)\//.test(path)) continue;
    for (const [method, { requestBody }] of Object.entries(methods)) {
      if (requestBody === undefined || (method === 'post' && /\/(?:services|webhooks)$/.test(path))) continue;
      const [, kind = ''] = path.slice('/api/v1'.length).split('/');
      const url = path
        .slice('/api/v1'.length)
        .replace('{id}', made[kind] ?? '')
        .replace('{service_name}', 'google_maps');
      const reply = await app.admin(method.toUpperCase(), url, exampleOf(path, method) ?? 'no example');
      assert.ok(reply.status < 300, `${method} ${path}: ${reply.text}`);
      sent += 1;
    }
  }
  assert.ok(sent > 15, String(sent));
});

function bodySchemaOf(operation: Operation): JsonSchema {
  return operation.requestBody?.content['application/json']?.schema ?? {};
}

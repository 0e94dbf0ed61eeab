/** The API document with all routes: it must have nothing that validators and client generators refuse. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Cleanup, closeInReverse } from '../support/cleanup.ts';
import { type JsonSchema, smallestValue } from '../support/routes.ts';
import { startTestService, type TestService } from '../support/service.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly tags: readonly string[];
  readonly description?: string;
  readonly security: readonly unknown[];
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

const closers: (() => unknown)[] = [];
const ofFile: Cleanup = { after: (close) => void closers.push(close as () => unknown) };
/** For the tests that only read its document; those that spend limits or create something start their own service. */
let undisturbed: TestService;

before(async () => {
  closeInReverse(ofFile);
  undisturbed = await startTestService(ofFile);
});
after(async () => {
  for (const close of closers) await close();
});

async function readDocument({ url }: Pick<TestService, 'url'>): Promise<Document> {
  return (await (await fetch(`${url}/openapi.json`)).json()) as Document;
}

test('no operation declares a parameter twice, omits one of its path, or lacks a success', async () => {
  const document = await readDocument(undisturbed);
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

test('every operation describes its answers and their content type, except for a proxied upstream’s', async () => {
  const document = await readDocument(undisturbed);
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

test('every operation says whether it needs a credential, and which scope', async () => {
  const document = await readDocument(undisturbed);
  const open = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.values(methods).flatMap(({ security }) => (security.length === 0 ? [path] : [])),
  );
  const hooks = '/api/v1/hooks/{webhook_token}';
  assert.deepEqual(
    open.sort(),
    [hooks, hooks, '/health', '/health/live', '/health/ready'],
    'its GET is for handshakes',
  );
  const words = (path: string, method = 'get') => document.paths[path]?.[method]?.description;
  assert.equal(words('/api/v1/services'), 'Needs the scope `admin`.');
  assert.equal(words('/api/v1/logs'), 'Needs the scope `logs:read`.');
  assert.equal(words('/api/v1/rate-limits'), 'For any credential of the tenant.');
  assert.match(words('/api/v1/sheets/batch', 'post') ?? '', /`sheets:read`.*`sheets:write`/);
  assert.equal(words('/health/detailed'), 'Needs the scope `admin`.');
  assert.equal(words('/health'), undefined);
});

test('the proxy is described as it is: any body, any answer, errors of the API and of this service', async () => {
  const document = await readDocument(undisturbed);
  const methods = document.paths['/api/v1/proxy/{service_name}/{path}'] ?? {};
  for (const [method, { requestBody, responses, parameters = [] }] of Object.entries(methods)) {
    const bringsBody = ['post', 'put', 'patch'].includes(method);
    assert.deepEqual(Object.keys(requestBody?.content ?? {}), bringsBody ? ['*/*'] : [], method);
    assert.equal(requestBody?.required, bringsBody ? false : undefined, method);
    assert.deepEqual(Object.keys(responses['2XX']?.content ?? {}), ['*/*'], method);
    assert.deepEqual(Object.keys(responses.default?.content ?? {}).sort(), ['*/*', 'application/problem+json'], method);
    assert.equal('X-Cache' in (responses['2XX']?.headers ?? {}), method === 'get' || method === 'head', method);
    assert.equal(
      parameters.some(({ name }) => name === 'Cache-Control'),
      method === 'get',
      method,
    );
  }
});

test('each member of an answer or an error is described, also in batches and failures', async (t) => {
  const app = await startTestService(t);
  const document = (await (await fetch(`${app.url}/openapi.json`)).json()) as Document & {
    readonly components: { readonly schemas: { readonly Problem: JsonSchema } };
  };
  const operations = [
    { operation: 'write', range: 'Sheet1!A1', values: [[1]] },
    { operation: 'append', range: 'Sheet1!A1', values: [[2]] },
    { operation: 'read', range: 'Sheet1!A1:B2' },
    { operation: 'clear', range: 'Sheet1!B1' },
    { operation: 'read', range: 'no such sheet!A1' },
  ];
  const sure = { address: 'Ташкент', min_confidence: 1 };
  const cases: readonly [string, object][] = [
    ['/sheets/batch', { spreadsheet_id: 'described', operations }],
    ['/geocoding/batch', { addresses: ['Ташкент', 'zzqqxx', 5], provider: 'offline_gazetteer', min_confidence: 1 }],
    ['/geocoding/batch', { addresses: ['Ташкент', 'zzqqxx'], provider: 'offline_gazetteer' }],
    ['/geocoding/geocode', { ...sure, provider: 'offline_gazetteer' }],
    ['/geocoding/geocode', { address: 'zzqqxx', provider: 'offline_gazetteer' }],
  ];
  const added = { service_name: 'offline_gazetteer', service_type: 'geocoding' };
  assert.ok([201, 409].includes((await app.admin('POST', '/services', added)).status));
  for (const [path, body] of cases) {
    const { status, json } = await app.admin('POST', path, body);
    const described = document.paths[`/api/v1${path}`]?.post?.responses['200']?.content?.['application/json'];
    const schema = status === 200 ? (described?.schema as JsonSchema) : document.components.schemas.Problem;
    assert.deepEqual(undescribedIn(schema, json), [], `${path} ${status}`);
  }
});

test('optional members may be null, and the description says so', async (t) => {
  const app = await startTestService(t);
  const document = await readDocument(app);
  const examples: Readonly<Record<string, object>> = {
    '/geocoding/geocode': { address: 'Ташкент' },
    '/geocoding/reverse': { latitude: 41.3, longitude: 69.2 },
    '/geocoding/distance': { origin: { address: 'Ташкент' }, destination: { latitude: 41, longitude: 69 } },
    '/geocoding/batch': { addresses: ['Ташкент'] },
    '/sheets/read': { spreadsheet_id: 'nulls', range: 'Sheet1!A1' },
    '/sheets/write': { spreadsheet_id: 'nulls', range: 'Sheet1!A1', values: [[1]] },
    '/sheets/append': { spreadsheet_id: 'nulls', range: 'Sheet1!A1', values: [[1]] },
    '/sheets/clear': { spreadsheet_id: 'nulls', range: 'Sheet1!A1' },
  };
  for (const [path, example] of Object.entries(examples)) {
    const post = document.paths[`/api/v1${path}`]?.post;
    assert.ok(post !== undefined, path);
    const { properties = {}, required = [] } = bodySchemaOf(post);
    // `range_name` is another name of a required member.
    const left = Object.keys(properties).filter((name) => !required.includes(name) && name !== 'range_name');
    const nulls = Object.fromEntries(left.map((name) => [name, null]));
    const reply = await app.admin('POST', path, { ...nulls, ...example });
    assert.equal(reply.status, 200, `${path} ${reply.text}`);
    for (const name of left) assert.ok(takesNull(properties[name] ?? {}), `${path} ${name}`);
  }
});

test('the metadata of a spreadsheet take max_wait_seconds in the query, and say so', async (t) => {
  const app = await startTestService(t);
  const document = await readDocument(app);
  const { parameters = [] } = document.paths['/api/v1/sheets/metadata/{spreadsheet_id}']?.get ?? {};
  assert.ok(parameters.some((one) => one.in === 'query' && one.name === 'max_wait_seconds'));
  const ask = (wait: string) => app.admin('GET', `/sheets/metadata/described?max_wait_seconds=${wait}`);
  assert.equal((await ask('0.5')).status, 200);
  for (const wrong of ['61', '-1', 'soon', '', '1&max_wait_seconds=2']) {
    const { status, json } = await ask(wrong);
    assert.deepEqual([status, json.errors?.[0]?.path], [400, 'max_wait_seconds'], wrong);
  }
});

test('a POST accepts an Idempotency-Key exactly if its description says so', async (t) => {
  const app = await startTestService(t);
  const document = await readDocument(app);
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
    '/sheets/create',
    '/sheets/records/append',
    '/sheets/records/upsert',
    '/sheets/rows/delete',
    '/sheets/worksheets/ensure',
    '/sheets/write',
    '/tokens',
    '/tokens/{id}/rotate',
    '/webhooks',
    '/webhooks/events/retry',
    '/webhooks/events/{id}/accept',
    '/webhooks/events/{id}/retry',
    '/webhooks/redrives',
    '/webhooks/redrives/{id}/stop',
    '/webhooks/{id}/pause-target',
    '/webhooks/{id}/resume-target',
    '/webhooks/{id}/rotate-secret',
    '/webhooks/{id}/rotate-target-secret',
    '/webhooks/{id}/rotate-token',
    '/webhooks/{id}/test',
  ]);
});

test('the headers of the cache and of the limits are described for the routes that send them', async (t) => {
  const app = await startTestService(t);
  const document = await readDocument(app);
  const reads: readonly [string, string, unknown][] = [
    ['post', '/geocoding/geocode', { address: 'Ташкент' }],
    ['post', '/geocoding/forward', { address: 'Ташкент' }],
    ['post', '/geocoding/reverse', { latitude: 41.3, longitude: 69.2 }],
    ['post', '/geocoding/distance', { origin: { address: 'Ташкент' }, dest_lat: 41, dest_lng: 69 }],
    ['post', '/geocoding/batch', { addresses: ['Ташкент'] }],
    ['post', '/sheets/read', { spreadsheet_id: 'described', range: 'Sheet1!A1' }],
    ['post', '/sheets/write', { spreadsheet_id: 'described', range: 'Sheet1!A1', values: [[1]] }],
    ['post', '/sheets/batch', { spreadsheet_id: 'described', operations: [{ operation: 'read', range: 'Sheet1!A1' }] }],
    ['post', '/services', { service_name: 'located', service_type: 'api', base_url: 'https://8.8.8.8' }],
    ['post', '/webhooks', { webhook_name: 'located' }],
    ['get', '/services', undefined],
  ];
  const shared = ['x-cache', 'age', 'x-provider', 'ratelimit-policy', 'ratelimit', 'location', 'x-request-id'];
  for (const [method, path, body] of reads) {
    const reply = await app.admin(method.toUpperCase(), path, body);
    assert.ok(reply.status === 200 || reply.status === 201, `${path} ${reply.text}`);
    const described = Object.keys(document.paths[`/api/v1${path}`]?.[method]?.responses[reply.status]?.headers ?? {});
    assert.deepEqual(
      shared.filter((name) => described.some((one) => one.toLowerCase() === name)),
      shared.filter((name) => reply.headers.has(name)),
      path,
    );
  }
});

test('every body has an example that can be sent unchanged', async (t) => {
  const app = await startTestService(t);
  const document = await readDocument(app);
  const exampleOf = (path: string, method: string) =>
    document.paths[path]?.[method]?.requestBody?.content['application/json']?.example;
  const made: Record<string, string> = {};
  for (const kind of ['services', 'webhooks', 'tokens']) {
    const { status, json, text } = await app.admin('POST', `/${kind}`, exampleOf(`/api/v1/${kind}`, 'post'));
    assert.equal(status, 201, text);
    made[kind] = json.id;
  }
  let sent = 0;
  for (const [path, methods] of Object.entries(document.paths)) {
    // Senders and upstreams define their own bodies, no delivery was received here that could be sent again, and the
    // webhook has no target.
    if (/\/(?:hooks|proxy)\/|\/events\/\{id\}|-target/.test(path)) continue;
    for (const [method, { requestBody }] of Object.entries(methods)) {
      if (requestBody === undefined || (method === 'post' && /\/(?:services|webhooks|tokens)$/.test(path))) continue;
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

/** The members of a value that no alternative of its schema names. */
function undescribedIn(schema: JsonSchema, value: unknown, path = ''): readonly string[] {
  const alternatives = alternativesOf(schema);
  if (Array.isArray(value)) {
    const items = { anyOf: alternatives.flatMap((one) => one.items ?? []) };
    return value.flatMap((item, index) => undescribedIn(items, item, `${path}[${index}]`));
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const known = alternatives.flatMap((one) => one.properties?.[name] ?? []);
    return known.length === 0 ? [`${path}.${name}`] : undescribedIn({ anyOf: known }, member, `${path}.${name}`);
  });
}

function alternativesOf(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf === undefined ? [schema] : schema.anyOf.flatMap(alternativesOf);
}

function takesNull(schema: JsonSchema): boolean {
  return alternativesOf(schema).some(({ type }) => type === 'null');
}

test('every operation describes its possible refusals, with the problem document', async () => {
  const document = await readDocument(undisturbed);
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { responses }] of Object.entries(methods)) {
      const at = `${method} ${path}`;
      const statuses = Object.keys(responses).filter((status) => status.startsWith('4'));
      assert.ok(statuses.includes('4XX'), at);
      // Senders of webhooks have no credential: their path authenticates them.
      if (path.startsWith('/api/v1/') && !path.startsWith('/api/v1/hooks/'))
        for (const status of ['400', '401', '403']) assert.ok(statuses.includes(status), at);
      if (path.includes('{')) assert.ok(statuses.includes('404'), at);
      for (const status of statuses)
        assert.ok(Object.keys(responses[status]?.content ?? {}).length > 0, `${at} ${status}`);
    }
  }
});

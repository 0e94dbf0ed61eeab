/** A thousand malformed requests over every route: each is answered, and none with a 5xx. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ApiRoute, readApiRoutes, smallestValue } from '../support/routes.ts';
import { startTestService } from '../support/service.ts';

/** `TEST_SEED=7` tests other requests. */
const seed = Number(process.env.TEST_SEED ?? 20_261_122);
const deadlineMs = 20_000;

const nastyText = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\u0000',
    '\ud800',
    '../../etc/passwd',
    "' or 1=1 --",
    '{{7*7}}',
    '%',
    '%00',
    '*',
    'null',
    'NaN',
    '-1',
    '1e400',
    '9'.repeat(40),
    '0000-00-00',
    '2026-13-45T99:99:99Z',
    '+275760-09-13',
    'ffffffff-ffff-7fff-bfff-ffffffffffff',
    '00000000-0000-7000-8000-000000000000',
    'constructor',
    '__proto__',
    'Ташкент'.repeat(100),
  ),
  fc.string({ unit: 'binary', maxLength: 60 }),
);
const nastyValue: fc.Arbitrary<unknown> = fc.oneof(
  nastyText,
  fc.jsonValue(),
  fc.double(),
  fc.constantFrom<unknown>(null, true, [], {}, [[]], -0, 1e308, 2 ** 53, Array(2_000).fill(0), {
    constructor: { prototype: 1 },
  }),
);
const nastyBody = (route: ApiRoute): fc.Arbitrary<string | Buffer> => {
  const plausible = route.bodySchema === null ? {} : smallestValue(route.bodySchema);
  const members = Object.keys(route.bodySchema?.properties ?? { x: 1 });
  return fc.oneof(
    // Valid except for one or two members.
    fc
      .dictionary(fc.constantFrom(...members), nastyValue, { maxKeys: 3 })
      .map((wrong) => JSON.stringify({ ...(plausible as object), ...wrong })),
    nastyValue.map((value) => JSON.stringify(value) ?? 'undefined'),
    fc.string({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom('{', '{"__proto__":{"a":1}}', '[1,', '{"a":"\\ud800"}', '['.repeat(5_000), '\ufeff{}'),
  );
};
const queryNames = [
  'limit',
  'cursor',
  'offset',
  'from_date',
  'to_date',
  'group_by',
  'status',
  'service_name',
  'operation',
  'type',
  'min_duration_ms',
  'min_cost_usd',
  'cache',
  'response_status_code',
  'request_id',
  'with_total',
  'service_type',
  'is_active',
  'webhook_id',
  'event_type',
  'source',
  'x',
];
const nastyHeaders = fc.dictionary(
  fc.constantFrom(
    'idempotency-key',
    'x-request-id',
    'traceparent',
    'cache-control',
    'accept',
    'x-service-name',
    'content-type',
    'last-event-id',
  ),
  fc.oneof(
    fc.constantFrom('application/json', 'text/plain', 'no-cache', 'no-store', 'a,b', '*/*'),
    fc.stringMatching(/^[!-~]{0,300}$/),
  ),
  { maxKeys: 3 },
);

interface Malformed {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Buffer;
}

function malformed(routes: readonly ApiRoute[]): fc.Arbitrary<Malformed> {
  return fc.constantFrom(...routes).chain((route) =>
    fc
      .record({
        method: fc.oneof(
          { weight: 9, arbitrary: fc.constant(route.method) },
          { weight: 1, arbitrary: fc.constantFrom('PUT', 'DELETE', 'PATCH', 'POST', 'PROPFIND') },
        ),
        params: fc.array(nastyText, { minLength: 3, maxLength: 3 }),
        query: fc.dictionary(fc.constantFrom(...queryNames), nastyText, { maxKeys: 4 }),
        headers: nastyHeaders,
        body: nastyBody(route),
      })
      .map(({ method, params, query, headers, body }) => {
        let index = 0;
        const path = route.path.replaceAll(/\{[^}]+\}/g, () => percentEncode(params[index++] ?? 'x') || 'x');
        const search = Object.entries(query).map(([name, value]) => `${name}=${percentEncode(value)}`);
        return {
          method,
          path: `/api/v1${path}${search.length === 0 ? '' : `?${search.join('&')}`}`,
          headers: { 'content-type': 'application/json', ...headers },
          body,
        };
      }),
  );
}

/** As bytes, so that incomplete characters and NUL are sent too. */
function percentEncode(text: string): string {
  return Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`)
    .join('')
    .replaceAll(/%(?:3[0-9]|[46][1-9a-f]|[57][0-9a]|2d|2e|5f)/g, (code) =>
      String.fromCharCode(Number.parseInt(code.slice(1), 16)),
    );
}

test('a thousand malformed requests are answered, and none with a 5xx', async (t) => {
  const app = await startTestService(t);
  const routes = await readApiRoutes(app.url);
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const { hostname, port } = new URL(app.url);
  const statuses = new Map<number, number>();

  const send = async ({ method, path, headers, body }: Malformed) => {
    const sent = request({
      agent,
      hostname,
      port,
      method,
      path,
      headers: {
        authorization: `Bearer ${app.adminToken}`,
        'x-management-company-id': app.tenant,
        ...headers,
        'content-length': Buffer.byteLength(body),
      },
      signal: AbortSignal.timeout(deadlineMs),
    });
    sent.end(body);
    const [reply] = (await once(sent, 'response')) as [IncomingMessage];
    // Of an event stream only the beginning is read.
    if (reply.headers['content-type']?.startsWith('text/event-stream') === true) {
      reply.destroy();
      return { status: reply.statusCode ?? 0, text: '' };
    }
    let text = '';
    for await (const chunk of reply.setEncoding('utf8')) text += chunk;
    return { status: reply.statusCode ?? 0, text };
  };

  await fc.assert(
    fc.asyncProperty(malformed(routes), async (one) => {
      const { status, text } = await send(one);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      assert.ok(status >= 200 && status < 500, `${status} ${text}`);
      assert.doesNotMatch(text, /\bat \S+ \(|node_modules|\.ts:\d+|syntax error at|violates|relation "/);
    }),
    { numRuns: 1_000, seed, endOnFailure: true },
  );
  t.diagnostic(`statuses: ${JSON.stringify(Object.fromEntries([...statuses].sort()))}`);
  assert.equal((await app.call('GET', '/rate-limits')).status, 200);
});

test('an unknown query parameter is refused by name, whatever the method', async (t) => {
  const app = await startTestService(t);
  // The query of these routes belongs to the upstream or the sender.
  const routes = (await readApiRoutes(app.url)).filter(({ path }) => !/^\/(?:proxy|hooks)\//.test(path));
  assert.ok(routes.filter(({ method }) => method === 'GET').length > 20);
  for (const { method, path, bodySchema } of routes) {
    const filled = path.replaceAll(/\{[^}]+\}/g, '00000000-0000-7000-8000-000000000000');
    const body = bodySchema === null ? undefined : smallestValue(bodySchema);
    const { status, json, text } = await app.admin(method, `${filled}?no_such_parameter=1`, body);
    assert.equal(status, 400, `${method} ${path}: ${text}`);
    assert.equal(json.code, 'INVALID_REQUEST', `${method} ${path}`);
    const named = json.errors.map((fault: { readonly path: string }) => fault.path);
    assert.ok(named.includes('no_such_parameter'), `${method} ${path}: ${text}`);
  }
});

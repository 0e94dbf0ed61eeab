import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { SignJWT } from 'jose';
import pino from 'pino';
import { waitFor } from '../../test/support/wait-for.ts';
import { systemClock } from '../clock.ts';
import { ServiceError } from '../errors.ts';
import type { CallExecutor, CallResult } from '../gateway/call.ts';
import { createGeocodingCapabilities } from '../geocoding/capabilities.ts';
import { noSettings } from '../geocoding/settings.ts';
import { DatabaseAway } from '../storage/postgres/database-away.ts';
import { buildApp } from './app.ts';
import { createAuthenticator } from './auth/authenticate.ts';
import { createJwtVerifier } from './auth/verify-jwt.ts';
import { createRateLimitHeaders } from './reply/rate-limit-headers.ts';
import { geocodingRoutes } from './routes/geocoding/geocoding.ts';
import { documentRoutes } from './routes/public/documents.ts';
import { healthRoutes } from './routes/public/health.ts';
import { metricsRoute } from './routes/public/metrics.ts';

const jwtSecret = 'a secret of at least thirty-two characters';
const everyTenant = 'token-for-every-tenant';
const oneTenant = 'token-for-one-tenant';
const stored: CallResult = {
  body: Buffer.from('{"latitude":41.3,"cached":true}'),
  cacheOutcome: 'HIT-MEMORY',
  ageSeconds: 7,
  provider: 'google_maps',
  familyLimit: null,
};

interface TestApp {
  app: FastifyInstance;
  logged: string[];
  /** Answers that count as work. */
  worked: () => number;
  calls: { questions: unknown[]; answer: (signal: AbortSignal) => Promise<CallResult> };
  post(body: unknown, headers?: Record<string, string>, url?: string): Promise<LightMyRequestResponse>;
}

async function startApp(
  t: TestContext,
  overrides: { trustedProxies?: string[]; corsOrigins?: string[]; tenantFromToken?: boolean; arrivalMs?: number } = {},
): Promise<TestApp> {
  const logged: string[] = [];
  let worked = 0;
  const calls: TestApp['calls'] = { questions: [], answer: async () => stored };
  const executor = {
    findInMemory: () => null,
    execute: (call: unknown, _render: unknown, signal: AbortSignal) => {
      calls.questions.push(call);
      return calls.answer(signal);
    },
  } as unknown as CallExecutor;
  const authenticator = createAuthenticator({
    bootstrapTokens: [
      { name: 'billing', token: everyTenant, tenants: null },
      { name: 'bot', token: oneTenant, tenants: ['uk_1'] },
    ],
    tokenDirectory: { find: () => null },
    jwtVerifier: createJwtVerifier({
      jwt: {
        verification: { kind: 'secret', secret: jwtSecret },
        issuer: null,
        audience: null,
        maxLifetimeSeconds: 86_400,
        claims: { tenants: null, scope: null, adminRoles: [] },
      },
      developmentSecret: null,
      clock: systemClock,
    }),
  });
  const geocoding = { calls: executor, capabilities: createGeocodingCapabilities(3600) };
  const app = await buildApp({
    tokenLimit: { admit: async () => {} },
    trustedProxies: overrides.trustedProxies ?? [],
    publicBaseUrl: 'http://localhost:8006',
    corsOrigins: overrides.corsOrigins ?? [],
    tenantFromToken: overrides.tenantFromToken ?? false,
    ...(overrides.arrivalMs === undefined ? {} : { arrivalMs: overrides.arrivalMs }),
    authenticator,
    metrics: { httpRequest: () => {} },
    noteWork() {
      worked += 1;
    },
    logger: pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) }),
    apiRoutes: [
      geocodingRoutes({
        geocoding,
        quality: { observe: () => {}, report: async () => [], close: async () => {} },
        settings: { of: () => noSettings, put: async (_tenant, settings) => settings, close: async () => {} },
        limits: createRateLimitHeaders('geocoding', 50, systemClock),
        clock: systemClock,
        deadlineMs: 30_000,
        batch: {
          ...geocoding,
          clock: systemClock,
          concurrency: 4,
          deadlineMs: 10_000,
          onUnexpectedError: () => {},
        },
        health: {
          ofTenant: async () => [],
          healthOf: () => ({ status: 'unknown', lastError: null }),
          pauseOf: async () => ({ paused_until: null, paused_because: null }),
          remainingRequests: async () => 50,
        },
      }),
    ],
    publicRoutes: [
      documentRoutes(),
      metricsRoute({
        metrics: { render: async () => ({ contentType: 'text/plain', text: 'x 1\n' }) },
        metricsToken: 'm3',
      }),
      healthRoutes({
        clock: systemClock,
        startedAtMs: 0,
        authenticator,
        isServing: () => true,
        details: async () => ({
          database: { status: 'up', kind: 'postgresql' },
          cache: { status: 'up', kind: 'in-process' },
          event_bus: { status: 'up', kind: 'in-process' },
          outbox: { backlog: 0, oldest_age_seconds: 0 },
          providers: [],
        }),
      }),
    ],
  });
  t.after(() => app.close());
  const post: TestApp['post'] = (body, headers = {}, url = '/api/v1/geocoding/geocode') =>
    app.inject({
      method: 'POST',
      url,
      headers: {
        'content-type': 'application/json',
        'x-management-company-id': 'uk_1',
        authorization: `Bearer ${everyTenant}`,
        ...headers,
      },
      payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    });
  return { app, logged, worked: () => worked, calls, post };
}

async function adminToken(claims: Record<string, unknown>, expires: string | null = '5m', secret = jwtSecret) {
  const jwt = new SignJWT({ sub: 'anna', ...claims }).setProtectedHeader({ alg: 'HS256' });
  if (expires !== null) jwt.setExpirationTime(expires);
  return jwt.sign(new TextEncoder().encode(secret));
}

test('a stored answer goes out as its bytes and the caller’s own unit, with the headers of the cache', async (t) => {
  const { post } = await startApp(t);
  const reply = await post({ address: 'Навои 5' });
  assert.equal(reply.statusCode, 200);
  assert.equal(reply.payload, `${stored.body.toString().slice(0, -1)},"unit":null}`);
  assert.equal(reply.headers['content-type'], 'application/json; charset=utf-8');
  assert.equal(reply.headers['x-cache'], 'HIT-MEMORY');
  assert.equal(reply.headers.age, '7');
  assert.equal(reply.headers['x-provider'], 'google_maps');
  assert.equal(reply.headers['ratelimit-policy'], '"geocoding";q=50;w=60');
  assert.equal(reply.headers.ratelimit, '"geocoding";r=50;t=60');
});

test('a charged answer says what is left, and a hit after it repeats that', async (t) => {
  const { post, calls } = await startApp(t);
  calls.answer = async () => ({ ...stored, familyLimit: { limit: 50, remaining: 41, resetSeconds: 30 } });
  assert.equal((await post({ address: 'a' })).headers.ratelimit, '"geocoding";r=41;t=30');
  calls.answer = async () => stored;
  assert.match(String((await post({ address: 'a' })).headers.ratelimit), /^"geocoding";r=41;t=(30|29)$/);
});

test('a refusal by the limit carries Retry-After and the headers of the limit', async (t) => {
  const { post, calls } = await startApp(t);
  calls.answer = async () => {
    const limit = { name: 'geocoding', maxRequests: 50, windowSeconds: 60 };
    throw new ServiceError('RATE_LIMIT_EXCEEDED', 'Too many.', { retryAfterSeconds: 12.2, limit });
  };
  const reply = await post({ address: 'a' });
  assert.equal(reply.statusCode, 429);
  assert.equal(reply.headers['retry-after'], '13');
  assert.equal(reply.headers.ratelimit, '"geocoding";r=0;t=13');
  assert.equal(reply.json().code, 'RATE_LIMIT_EXCEEDED');
});

test('the spent limit of an account is shown under its own name, beside the policy of the tenant', async (t) => {
  const { post, calls } = await startApp(t);
  for (const [name, shown] of [
    ['google_maps', '"google_maps"'],
    ['карты', '"%D0%BA%D0%B0%D1%80%D1%82%D1%8B"'],
    ['a "b"', '"a \\"b\\""'],
  ] as const) {
    calls.answer = async () => {
      const limit = { name, maxRequests: 10, windowSeconds: 3_600 };
      throw new ServiceError('RATE_LIMIT_EXCEEDED', 'Spent.', { retryAfterSeconds: 60, limit });
    };
    const { headers } = await post({ address: 'a' });
    assert.equal(headers['ratelimit-policy'], `"geocoding";q=50;w=60, ${shown};q=10;w=3600`);
    assert.equal(headers.ratelimit, `${shown};r=0;t=60`);
  }
});

test('a call that failed, and a batch, say what is left of the limit; a remembered not-found whence it is', async (t) => {
  const { post, calls } = await startApp(t);
  const familyLimit = { limit: 50, remaining: 17, resetSeconds: 30 };
  const call = { familyLimit, cache: { outcome: 'HIT-REDIS', ageSeconds: 4 } };
  calls.answer = async () => {
    throw new ServiceError('ADDRESS_NOT_FOUND', 'Nothing.', { call });
  };
  const { headers, statusCode } = await post({ address: 'a' });
  assert.equal(statusCode, 404);
  assert.equal(headers.ratelimit, '"geocoding";r=17;t=30');
  assert.equal(headers['x-cache'], 'HIT-REDIS');
  assert.equal(headers.age, '4');
  // The spent limit of a provider that was asked for by name is not the tenant's limit.
  calls.answer = async () => {
    throw new ServiceError('RATE_LIMIT_EXCEEDED', 'Its limit.', {
      retryAfterSeconds: 9,
      call: { familyLimit, cache: null },
    });
  };
  const refused = await post({ address: 'a', provider: 'google' });
  assert.equal(refused.headers['retry-after'], '9');
  assert.equal(refused.headers.ratelimit, '"geocoding";r=17;t=30');
  calls.answer = async () => ({ ...stored, familyLimit: { ...familyLimit, remaining: 16 } });
  const batch = await post({ addresses: ['a'] }, {}, '/api/v1/geocoding/batch');
  assert.equal(batch.headers['ratelimit-policy'], '"geocoding";q=50;w=60');
  assert.equal(batch.headers.ratelimit, '"geocoding";r=16;t=30');
});

test('credentials: who may, who is unknown, who is not allowed', async (t) => {
  const { app } = await startApp(t);
  const admin = await adminToken({ tenants: ['uk_1'], scope: 'admin' });
  const cases: [string, Record<string, string>, number, string | null][] = [
    ['bearer service token', { authorization: `Bearer ${everyTenant}` }, 200, null],
    ['x-service-token', { 'x-service-token': everyTenant }, 200, null],
    ['x-service-api-key', { 'x-service-api-key': oneTenant }, 200, null],
    ['case of the scheme', { authorization: `bearer ${oneTenant}` }, 200, null],
    ['admin implies all', { authorization: `Bearer ${admin}` }, 200, null],
    [
      'JWT of all tenants',
      { authorization: `Bearer ${await adminToken({ tenants: '*', scope: 'geocoding' })}` },
      200,
      null,
    ],
    ['nothing', {}, 401, 'UNAUTHORIZED'],
    ['wrong token', { 'x-service-token': 'wrong' }, 401, 'UNAUTHORIZED'],
    ['empty token', { 'x-service-token': '' }, 401, 'UNAUTHORIZED'],
    [
      'basic, of a proxy on the way, beside a token',
      { authorization: 'Basic YTpi', 'x-service-token': everyTenant },
      200,
      null,
    ],
    ['an empty token beside a key', { 'x-service-token': '', 'x-service-api-key': oneTenant }, 200, null],
    ['a wrong bearer beside a token', { authorization: 'Bearer x', 'x-service-token': oneTenant }, 401, 'UNAUTHORIZED'],
    ['basic', { authorization: 'Basic YTpi' }, 401, 'UNAUTHORIZED'],
    ['huge token', { 'x-service-token': 'x'.repeat(9000) }, 401, 'UNAUTHORIZED'],
    [
      'expired',
      { authorization: `Bearer ${await adminToken({ tenants: '*', scope: 'admin' }, '-1m')}` },
      401,
      'UNAUTHORIZED',
    ],
    [
      'no exp',
      { authorization: `Bearer ${await adminToken({ tenants: '*', scope: 'admin' }, null)}` },
      401,
      'UNAUTHORIZED',
    ],
    [
      'other secret',
      {
        authorization: `Bearer ${await adminToken({ tenants: '*', scope: 'admin' }, '5m', 'another secret of thirty-two characters')}`,
      },
      401,
      'UNAUTHORIZED',
    ],
    [
      'alg none',
      {
        authorization: `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"exp":9999999999,"tenants":"*","scope":"admin"}').toString('base64url')}.x`,
      },
      401,
      'UNAUTHORIZED',
    ],
    ['no tenants claim', { authorization: `Bearer ${await adminToken({ scope: 'admin' })}` }, 403, 'FORBIDDEN'],
    ['other tenant', { 'x-service-token': oneTenant, 'x-management-company-id': 'uk_2' }, 403, 'FORBIDDEN'],
    [
      'other scope',
      { authorization: `Bearer ${await adminToken({ tenants: '*', scope: 'logs:read' })}` },
      403,
      'FORBIDDEN',
    ],
    ['no tenant', { 'x-service-token': oneTenant, 'x-management-company-id': '' }, 400, 'TENANT_REQUIRED'],
    ['bad tenant', { 'x-service-token': everyTenant, 'x-management-company-id': 'a b' }, 400, 'TENANT_REQUIRED'],
  ];
  for (const [name, headers, status, code] of cases) {
    const reply = await app.inject({
      method: 'POST',
      url: '/api/v1/geocoding/geocode',
      headers: { 'x-management-company-id': 'uk_1', ...headers },
      payload: { address: 'a' },
    });
    assert.equal(reply.statusCode, status, name);
    if (code !== null) assert.equal(reply.json().code, code, name);
    assert.ok(!reply.body.includes(oneTenant) && !reply.body.includes(everyTenant), name);
  }
});

test('bad input is a problem that names the place, never a 5xx, and nothing is asked', async (t) => {
  const { post, calls, app } = await startApp(t);
  const bodies: [unknown, string][] = [
    [{}, 'address'],
    [{ address: '' }, 'address'],
    [{ address: '   ' }, 'address'],
    [{ address: 'ж'.repeat(501) }, 'address'],
    [{ address: 5 }, 'address'],
    [{ address: ['a'] }, 'address'],
    [{ address: 'a', language: 'russian' }, 'language'],
    [{ address: 'a', country: 5 }, 'country'],
    [{ address: 'a', min_confidence: 2 }, 'min_confidence'],
    [{ address: 'a', provider: 7 }, 'provider'],
    ['{"address":"a\\u0000b"}', 'address'],
    ['{"address":"a\\ud800b"}', 'address'],
    ['{"address":NaN}', 'body'],
    ['{"address":"a"', 'body'],
    ['', 'body'],
    ['[]', 'body'],
    ['null', 'body'],
    ['"a"', 'body'],
    ['{"__proto__":{"a":1},"address":"a"}', 'body'],
  ];
  for (const [body, path] of bodies) {
    const reply = await post(body);
    const problem = reply.json();
    assert.equal(reply.statusCode, 400, JSON.stringify(body));
    assert.equal(reply.headers['content-type'], 'application/problem+json; charset=utf-8');
    assert.equal(problem.code, 'INVALID_REQUEST');
    assert.equal(problem.errors?.[0]?.path, path, `${JSON.stringify(body)} ${reply.body}`);
  }
  const points: [unknown, string][] = [
    [{ latitude: 91, longitude: 0 }, 'latitude'],
    [{ latitude: 0, longitude: '69' }, 'longitude'],
    [{ latitude: null, longitude: 0 }, 'latitude'],
    [{ longitude: 0 }, 'latitude'],
  ];
  for (const [body, path] of points) {
    const reply = await post(body, {}, '/api/v1/geocoding/reverse');
    assert.equal(reply.statusCode, 400);
    assert.equal(reply.json().errors[0].path, path);
  }
  assert.equal((await post('address=a', { 'content-type': 'application/x-www-form-urlencoded' })).statusCode, 415);
  assert.equal((await post('a', { 'content-type': 'text/plain' })).statusCode, 415);
  assert.equal((await post('a', { 'content-type': 'rubbish' })).statusCode, 415);
  const tooLarge = await post('x'.repeat(3_000_000));
  assert.equal(tooLarge.statusCode, 413);
  assert.equal(tooLarge.json().detail, 'The body is larger than the 2097152 bytes that this endpoint takes.');
  assert.equal((await app.inject({ url: '/api/v1/%' })).statusCode, 400);
  for (const [url, place] of [
    ['/api/v1/a%00b', 'path'],
    ['/api/v1/a?b=%00', 'query'],
  ] as const) {
    const reply = await app.inject({ url });
    assert.equal(reply.statusCode, 400);
    assert.deepEqual(reply.json().errors, [{ path: place, message: 'must not contain NUL' }]);
  }
  assert.equal(calls.questions.length, 0);
});

test('a content type with a charset is JSON too', async (t) => {
  const { post } = await startApp(t);
  for (const type of ['application/json; charset=utf-8', 'Application/JSON;charset=UTF-8']) {
    assert.equal((await post({ address: 'a' }, { 'content-type': type })).statusCode, 200);
  }
});

test('an unknown path is 404, a known one with another method 405 with Allow', async (t) => {
  const { app } = await startApp(t);
  assert.equal((await app.inject({ url: '/api/v1/nothing' })).json().code, 'NOT_FOUND');
  const reply = await app.inject({ method: 'DELETE', url: '/api/v1/geocoding/geocode?x=1' });
  assert.equal(reply.statusCode, 405);
  assert.equal(reply.json().code, 'METHOD_NOT_ALLOWED');
  assert.equal(reply.headers.allow, 'POST');
  assert.equal((await app.inject({ method: 'HEAD', url: '/health' })).statusCode, 200);
});

test('our own faults show nothing of themselves, and the log has them', async (t) => {
  const { post, calls, logged } = await startApp(t);
  calls.answer = async () => {
    throw new Error('select secret from table at 10.0.0.1');
  };
  const reply = await post({ address: 'a' }, { 'x-request-id': 'req-1' });
  assert.equal(reply.statusCode, 500);
  assert.equal(reply.json().code, 'INTERNAL_ERROR');
  assert.equal(reply.json().request_id, 'req-1');
  assert.ok(!/select|10\.0\.0\.1|stack/.test(reply.body));
  assert.ok(logged.some((line) => line.includes('select secret') && line.includes('req-1')));
});

test('a store that is away is 503 with Retry-After', async (t) => {
  const { post, calls } = await startApp(t);
  calls.answer = async () => {
    throw new DatabaseAway('connection refused to 10.0.0.1');
  };
  const reply = await post({ address: 'a' });
  assert.equal(reply.statusCode, 503);
  assert.equal(reply.json().code, 'SERVICE_UNAVAILABLE');
  assert.ok(Number(reply.headers['retry-after']) >= 1);
  assert.ok(!reply.body.includes('10.0.0.1'));
});

test('request ids are echoed when sane and made otherwise; the trace goes on under our span', async (t) => {
  const { post, calls } = await startApp(t);
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const headers = { 'x-request-id': 'abc-1', traceparent: trace, 'x-service-name': 'bot', 'cache-control': 'no-cache' };
  assert.equal((await post({ address: 'a' }, headers)).headers['x-request-id'], 'abc-1');
  const call = calls.questions[0] as Record<string, string>;
  assert.equal(call.requestId, 'abc-1');
  assert.equal(call.sourceService, 'bot');
  assert.equal(call.cacheMode, 'refresh');
  assert.match(String(call.traceparent), /^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/);
  for (const bad of ['a b', 'x'.repeat(129), '']) {
    assert.match(
      String((await post({ address: 'a' }, { 'x-request-id': bad })).headers['x-request-id']),
      /^[0-9a-f-]{36}$/,
    );
  }
});

test('the log says of a refused request why, and of a credential what the caller may not know', async (t) => {
  const { post, logged } = await startApp(t);
  const forged = await adminToken({ tenants: '*' }, '5m', 'another secret of more than thirty-two characters');

  const refused = await post({ address: 'a' }, { authorization: `Bearer ${forged}`, 'x-request-id': 'forged-1' });
  await post({ address: 5 }, { 'x-request-id': 'malformed-1' });

  assert.equal(refused.json().detail, 'The credential is not valid.');
  const lineOf = (id: string) =>
    JSON.parse(logged.find((line) => line.includes(id) && line.includes('"msg":"request"')) ?? 'null');
  const { code, detail, cause } = lineOf('forged-1');
  assert.deepEqual([code, detail], ['UNAUTHORIZED', 'The credential is not valid.']);
  assert.match(cause, /signature verification failed/);
  assert.equal(lineOf('malformed-1').detail, 'address: must be a string of 1 to 500 characters');
  assert.ok(logged.every((line) => !line.includes(forged)));

  const another = {
    authorization: `Bearer ${oneTenant}`,
    'x-management-company-id': 'uk_2',
    'x-request-id': 'tenant-1',
  };
  const forbidden = await post({ address: 'a' }, another);
  assert.ok(!forbidden.body.includes('bot'));
  assert.equal(lineOf('tenant-1').cause, 'service-token "bot" asked for uk_2');
});

test('a caller that hangs up is no failure of ours in the log', async (t) => {
  const { app, calls, logged } = await startApp(t);
  calls.answer = (signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const leaving = new AbortController();
  const reply = fetch(`${url}/api/v1/geocoding/geocode`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-management-company-id': 'uk_1',
      'x-service-token': everyTenant,
      'x-request-id': 'left-1',
    },
    body: JSON.stringify({ address: 'a' }),
    signal: leaving.signal,
  });
  await waitFor('the call', () => calls.questions.length === 1);

  leaving.abort();

  await assert.rejects(reply);
  await waitFor('the log to know', () =>
    logged.some((line) => line.includes('left-1') && line.includes('caller left')),
  );
  const errorLevel = 50;
  assert.deepEqual(
    logged.filter((line) => JSON.parse(line).level >= errorLevel),
    [],
  );
});

test('the log has one line a request, with the route and no credential', async (t) => {
  const { post, logged } = await startApp(t);
  await post({ address: 'a' });
  const lines = logged.filter((line) => line.includes('"msg":"request"'));
  assert.equal(lines.length, 1);
  assert.match(lines[0] as string, /"route":"\/api\/v1\/geocoding\/geocode"/);
  assert.ok(!lines[0]?.includes(everyTenant));
});

test('a batch comes in order as JSON, and as lines when asked for', async (t) => {
  const { post } = await startApp(t);
  const url = '/api/v1/geocoding/batch';
  const whole = (await post({ addresses: ['a', '', 'b', 'a'] }, {}, url)).json();
  assert.deepEqual([whole.success_count, whole.failure_count], [3, 1]);
  assert.equal(whole.results[1].error.code, 'INVALID_REQUEST');
  const reply = await post('{"addresses":["a","b\\u0000","c"]}', { accept: 'application/x-ndjson' }, url);
  assert.equal(reply.headers['content-type'], 'application/x-ndjson; charset=utf-8');
  const lines = reply.body
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ index }) => index).sort(), [0, 1, 2]);
  assert.equal((await post({ addresses: [] }, {}, url)).statusCode, 400);
  assert.equal((await post({ addresses: Array(1001).fill('a') }, {}, url)).statusCode, 400);
});

test('a straight line needs no provider', async (t) => {
  const { post, calls } = await startApp(t);
  const body = { origin_lat: 41.3, origin_lng: 69.2, dest_lat: 39.65, dest_lng: 66.97 };
  const reply = await post(body, {}, '/api/v1/geocoding/distance');
  assert.equal(reply.statusCode, 200);
  assert.equal(reply.json().straight_line, true);
  assert.equal(calls.questions.length, 0);
});

test('health is open, its details are for admins, and metrics for those with the token', async (t) => {
  const { app } = await startApp(t);
  for (const url of ['/health', '/health/live', '/health/ready', '/', '/openapi.json', '/docs', '/health/']) {
    assert.equal((await app.inject({ url })).statusCode, 200, url);
  }
  assert.equal((await app.inject({ url: '/health/detailed' })).statusCode, 401);
  const ask = (headers: InjectOptions['headers'], url = '/health/detailed') =>
    app.inject({ url, headers: headers ?? {} });
  assert.equal((await ask({ 'x-service-token': everyTenant })).statusCode, 403);
  const admin = await adminToken({ tenants: '*', scope: 'admin' });
  assert.equal((await ask({ authorization: `Bearer ${admin}` })).json().database.status, 'up');
  assert.equal((await ask({}, '/metrics')).statusCode, 401);
  assert.equal((await ask({ authorization: 'Bearer m3' }, '/metrics')).statusCode, 200);
});

test('the API describes itself as OpenAPI 3.1, every route with its tenant, credential and problems', async (t) => {
  const { app } = await startApp(t);
  const document = (await app.inject({ url: '/openapi.json' })).json();
  assert.equal(document.openapi, '3.1.0');
  const geocode = document.paths['/api/v1/geocoding/geocode'].post;
  assert.ok(geocode.requestBody.content['application/json'].schema.properties.address);
  assert.ok(geocode.responses['200'].content['application/json'].schema.properties.latitude);
  assert.ok(geocode.responses.default.content['application/problem+json']);
  assert.equal(geocode.parameters[0].name, 'X-Management-Company-Id');
  assert.equal(geocode.security.length, 3);
  assert.deepEqual(document.paths['/health'].get.security, []);
});

test('a request that is not HTTP gets a problem document and a closed connection', async (t) => {
  const { app } = await startApp(t);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  for (const bytes of ['rubbish\r\n\r\n', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`]) {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.write(bytes);
    await once(socket, 'close');
    assert.match(text, /^HTTP\/1\.1 400 /);
    assert.match(text, /"code":"INVALID_REQUEST"/);
  }
});

test('a target written as a whole URL is the path in it, and no token in that is repeated', async (t) => {
  const { app } = await startApp(t);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  for (const [target, status, instance] of [
    ['http://gateway.example/hooks/whk_secret', 404, '/hooks/{webhook_token}'],
    ['HTTP://gateway.example:8006?x=/', 200, null],
    ['http://gateway.example/health/live', 200, null],
  ] as const) {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.write(`GET ${target} HTTP/1.1\r\nHost: gateway.example\r\nConnection: close\r\n\r\n`);
    await once(socket, 'close');
    assert.ok(text.startsWith(`HTTP/1.1 ${status} `), text);
    if (instance !== null) assert.equal(JSON.parse(text.slice(text.indexOf('{'))).instance, instance);
  }
});

test('a caller that writes all of a body that is too large before it reads gets to read 413', async (t) => {
  const { app } = await startApp(t);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  const head = (more: string) =>
    `POST /api/v1/geocoding/geocode HTTP/1.1\r\nHost: x\r\nX-Management-Company-Id: uk_1\r\n` +
    `Authorization: Bearer ${everyTenant}\r\nContent-Type: application/json\r\n${more}\r\n\r\n`;
  const fifth = 'x'.repeat(1_600_000);
  const lengths = [
    ['Content-Length: 8000000', fifth.repeat(5)],
    ['Transfer-Encoding: chunked', `${`${fifth.length.toString(16)}\r\n${fifth}\r\n`.repeat(5)}0\r\n\r\n`],
    ['Content-Length: 8000000\r\nConnection: close', fifth.repeat(5)],
  ] as const;
  for (const [length, body] of lengths) {
    const socket = connect(port, '127.0.0.1');
    socket.pause();
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.write(head(length) + body, () => resolve());
    });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.resume();
    // If the connection stays open, the next request on it is answered as usual.
    const stays = !length.includes('close');
    if (stays) socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await once(socket, 'close');
    assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 413', ...(stays ? ['HTTP/1.1 200'] : [])], length);
    assert.match(text, /"code":"PAYLOAD_TOO_LARGE"/);
  }

  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write(head('Content-Length: 99000000'));
  await once(socket, 'close');
  assert.match(text, /^HTTP\/1\.1 413 /, 'more than anybody would read is not read');
});

test('a credential of exactly one tenant implies it where the header is absent, and only where that is switched on', async (t) => {
  const statusOf = async (tenantFromToken: boolean, token: string, tenant?: string) => {
    const { app } = await startApp(t, { tenantFromToken });
    const { statusCode } = await app.inject({
      url: '/api/v1/geocoding/health',
      headers: { 'x-service-token': token, ...(tenant === undefined ? {} : { 'x-management-company-id': tenant }) },
    });
    return statusCode;
  };
  assert.equal(await statusOf(true, oneTenant), 200);
  assert.equal(await statusOf(false, oneTenant), 400);
  assert.equal(await statusOf(true, everyTenant), 400, 'every tenant is not one');
  assert.equal(await statusOf(true, oneTenant, 'uk_2'), 403, 'a header that is there counts');
  assert.equal(await statusOf(true, oneTenant, ''), 400);
});

test('the document asks for the tenant header just where every credential has to send it', async (t) => {
  const isRequired = async (tenantFromToken: boolean) => {
    const { app } = await startApp(t, { tenantFromToken });
    const { paths } = (await app.inject({ url: '/openapi.json' })).json();
    const { parameters } = paths['/api/v1/geocoding/geocode'].post;
    return parameters.find(({ name }: { name: string }) => name === 'X-Management-Company-Id').required;
  };
  assert.equal(await isRequired(false), true);
  assert.equal(await isRequired(true), false);
});

test('pages of the named origins may call the API, with a token and never with cookies; others are told nothing', async (t) => {
  const { app, post } = await startApp(t, { corsOrigins: ['https://app.example'] });
  const preflight = (origin: string, url = '/api/v1/geocoding/geocode') =>
    app.inject({
      method: 'OPTIONS',
      url,
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,x-management-company-id',
      },
    });
  const allowed = await preflight('https://app.example');
  assert.equal(allowed.statusCode, 204);
  assert.equal(allowed.headers['access-control-allow-origin'], 'https://app.example');
  assert.equal(allowed.headers['access-control-allow-headers'], 'authorization,x-management-company-id');
  assert.match(String(allowed.headers['access-control-allow-methods']), /POST.*PATCH/);
  assert.match(String(allowed.headers.vary), /Origin/);

  for (const origin of ['https://app.example.evil.com', 'http://app.example', 'https://app.example:8443', 'null']) {
    const refused = await preflight(origin);
    assert.equal(refused.headers['access-control-allow-origin'], undefined, origin);
    assert.match(String(refused.headers.vary), /Origin/, 'a cache keeps them apart');
  }
  assert.equal((await preflight('https://app.example', '/metrics')).headers['access-control-allow-origin'], undefined);

  const question = { address: 'Amir Temur 1' };
  for (const more of [{}, { authorization: 'Bearer wrong' }] as Record<string, string>[]) {
    const { headers } = await post(question, { origin: 'https://app.example', ...more });
    assert.equal(headers['access-control-allow-origin'], 'https://app.example', 'errors can be read too');
    assert.match(String(headers['access-control-expose-headers']), /X-Request-Id/);
    assert.equal(headers['access-control-allow-credentials'], undefined);
  }
});

test('without configured origins no answer speaks of origins', async (t) => {
  const { post } = await startApp(t);
  const { headers } = await post({ address: 'Amir Temur 1' }, { origin: 'https://app.example' });
  assert.equal(headers['access-control-allow-origin'], undefined);
  assert.equal(headers.vary, undefined);
});

test('headers and bodies that trickle in are cut', async (t) => {
  const { app } = await startApp(t, { arrivalMs: 400 });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const route = `POST /api/v1/geocoding/geocode HTTP/1.1\r\nHost: a\r\n`;
  const body = `X-Service-Token: ${oneTenant}\r\nX-Management-Company-Id: uk_1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n`;
  for (const [head, trickle] of [
    [route, 'X-A: b\r\n'],
    [route + body, ' '],
  ] as const) {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('error', () => {}).on('data', (chunk) => (answer += chunk));
    socket.write(head);
    const more = setInterval(() => socket.write(trickle), 50);
    await once(socket, 'close');
    clearInterval(more);
    assert.match(answer, /^HTTP\/1.1 400 [\s\S]*did not arrive in time/);
  }
});

test('a call is work, health checks and metrics are not: a process that only they ask is idle', async (t) => {
  const { app, post, worked } = await startApp(t);
  for (const url of ['/health', '/metrics', '/docs']) await app.inject({ method: 'GET', url });
  assert.equal(worked(), 0);
  await post({ address: 'Ташкент, Навои, 3' });
  assert.equal(worked(), 1);
});

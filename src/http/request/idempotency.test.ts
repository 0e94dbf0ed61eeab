import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import Type from 'typebox';
import { silentLogger, startTestDatabase } from '../../../test/support/database.ts';
import { waitFor } from '../../../test/support/wait-for.ts';
import { systemClock } from '../../clock.ts';
import { ServiceError } from '../../errors.ts';
import { createKeyring } from '../../secrets/keyring.ts';
import { DatabaseAway } from '../../storage/postgres/database.ts';
import { deleteExpiredRows } from '../../storage/postgres/expired-rows.ts';
import { buildApp } from '../app.ts';
import { createAuthenticator } from '../auth/authenticate.ts';
import { createJwtVerifier } from '../auth/verify-jwt.ts';
import { answerShownOnce, jsonAnswer } from '../reply/answer.ts';
import { type AnsweringHandler, createIdempotency } from './idempotency.ts';

/** `isAway`: called before each use of the database; true makes it fail. */
async function startCounting(t: TestContext, handler: AnsweringHandler, isAway: () => boolean = () => false) {
  const { db } = await startTestDatabase(t);
  const keyring = createKeyring([{ id: 'k', key: randomBytes(32) }]);
  const forTenant: typeof db.forTenant = async (tenantId, work) => {
    if (isAway()) throw new DatabaseAway('for a test');
    return db.forTenant(tenantId, work);
  };
  const idempotency = createIdempotency({ db: { forTenant }, keyring, logger: silentLogger });
  const app = await buildApp({
    tokenLimit: { admit: async () => {} },
    trustedProxies: [],
    publicBaseUrl: 'http://localhost',
    corsOrigins: [],
    tenantFromToken: false,
    authenticator: createAuthenticator({
      bootstrapTokens: [
        { name: 'a', token: 'token', tenants: null },
        { name: 'b', token: 'narrower', tenants: ['uk_1'] },
      ],
      tokenDirectory: { find: () => null },
      jwtVerifier: createJwtVerifier({
        jwt: {
          verification: { kind: 'generated' },
          issuer: null,
          audience: null,
          maxLifetimeSeconds: 86_400,
          claims: { tenants: null, scope: null, adminRoles: [] },
        },
        developmentSecret: 'x'.repeat(32),
        clock: systemClock,
      }),
    }),
    metrics: { httpRequest: () => {} },
    logger: silentLogger,
    publicRoutes: [],
    apiRoutes: [
      (api) => {
        for (const url of ['/things', '/others/:id']) {
          const schema = { tags: ['things'], summary: 'Make one', body: Type.Unknown() };
          api.post(url, { config: { access: { scope: 'any' } }, schema }, idempotency.wrap(handler));
        }
      },
    ],
  });
  t.after(() => app.close());
  const post = (key: string | null, body: unknown = { a: 1 }, url = '/things', tenant = 'uk_1', token = 'token') =>
    app.inject({
      method: 'POST',
      url: `/api/v1${url}`,
      headers: {
        'x-management-company-id': tenant,
        'x-service-token': token,
        'content-type': 'application/json',
        ...(key === null ? {} : { 'idempotency-key': key }),
      },
      payload: JSON.stringify(body),
    });
  return { db, post };
}

test('the same key and body give the first answer again, and the work is done once', async (t) => {
  let runs = 0;
  const { post, db } = await startCounting(t, async () =>
    jsonAnswer(201, { id: ++runs, token: 'canary' }, { location: '/x' }),
  );
  const first = await post('k1');
  const second = await post('k1');
  assert.deepEqual([first.statusCode, first.headers['idempotency-replayed']], [201, undefined]);
  assert.deepEqual([second.statusCode, second.headers['idempotency-replayed']], [201, 'true']);
  assert.equal(second.body, first.body);
  assert.equal(second.headers.location, '/x');
  assert.equal(runs, 1);
  const { rows } = await db.querySystem<{ body: Buffer }>({
    text: 'select response_body as body from idempotency_keys',
  });
  assert.ok(!rows[0]?.body.includes('canary'), 'answers that show a secret once are sealed');
  await post(null);
  await post(null);
  assert.equal(runs, 3);
});

test('a key belongs to its request and its tenant', async (t) => {
  let runs = 0;
  const { post } = await startCounting(t, async () => jsonAnswer(200, { id: ++runs }));
  await post('k1');
  for (const reply of [await post('k1', { a: 2 }), await post('k1', { a: 1 }, '/others/1')]) {
    assert.equal(reply.statusCode, 422);
    assert.equal(reply.json().code, 'IDEMPOTENCY_KEY_REUSED');
  }
  assert.equal((await post('k1', { a: 1 }, '/things', 'uk_2')).json().id, 2);
  assert.equal((await post('with space')).statusCode, 400);
  assert.equal((await post('k'.repeat(256))).statusCode, 400);
});

test('a key belongs to who used it: another of the same tenant is given nothing of the answer', async (t) => {
  let runs = 0;
  const { post } = await startCounting(t, async () => answerShownOnce(201, { id: ++runs, token: 'canary' }, ['token']));
  assert.equal((await post('k1')).json().token, 'canary');
  const other = await post('k1', { a: 1 }, '/things', 'uk_1', 'narrower');
  assert.deepEqual([other.statusCode, other.json().code, runs], [422, 'IDEMPOTENCY_KEY_REUSED', 1]);
  assert.ok(!other.body.includes('canary'));
});

test('a repeated answer omits secrets that are shown once', async (t) => {
  const { post } = await startCounting(t, async () => answerShownOnce(201, { id: 7, token: 'canary' }, ['token']));
  assert.deepEqual((await post('k1')).json(), { id: 7, token: 'canary' });
  const again = await post('k1');
  assert.deepEqual([again.statusCode, again.headers['idempotency-replayed'], again.json()], [201, 'true', { id: 7 }]);
});

test('of twenty at once one runs, and the others hear that it does', async (t) => {
  let runs = 0;
  const gate = Promise.withResolvers<void>();
  const { post } = await startCounting(t, async () => {
    runs += 1;
    await gate.promise;
    return jsonAnswer(200, { ok: true });
  });
  const all = Array.from({ length: 20 }, () => post('k1').then((reply) => reply.statusCode));
  let conflicts = 0;
  const refused = all.map(async (status) => {
    if ((await status) === 409) conflicts += 1;
    if (conflicts === 19) gate.resolve();
  });
  await Promise.all(refused);
  assert.deepEqual((await Promise.all(all)).sort(), [200, ...Array(19).fill(409)]);
  assert.equal(runs, 1);
  assert.equal((await post('k1')).headers['idempotency-replayed'], 'true');
});

test('a refusal of the caller is kept, a fault of ours may be tried again', async (t) => {
  const failures = [
    new ServiceError('NOT_FOUND', 'No such thing.'),
    new Error('ours'),
    new ServiceError('RATE_LIMIT_EXCEEDED', 'Later.', { retryAfterSeconds: 1 }),
  ];
  const runs: string[] = [];
  const { post } = await startCounting(t, async (request) => {
    const { kind } = request.body as { kind: number };
    runs.push(String(kind));
    throw failures[kind];
  });
  for (const [kind, status, isReplayed] of [
    [0, 404, true],
    [1, 500, false],
    [2, 429, false],
  ] as const) {
    assert.equal((await post(`k${kind}`, { kind })).statusCode, status);
    const again = await post(`k${kind}`, { kind });
    assert.equal(again.statusCode, status);
    assert.equal(again.headers['idempotency-replayed'] === 'true', isReplayed);
    assert.match(String(again.headers['content-type']), /^application\/problem\+json/);
  }
  assert.deepEqual(runs, ['0', '1', '1', '2', '2']);
});

test('a crashed run blocks its key until its lease has passed, then its progress is taken up', async (t) => {
  const seen: unknown[] = [];
  const { post, db } = await startCounting(t, async (_request, progress) => {
    seen.push(progress.saved);
    await progress.save({ sent: 'A5:B5' });
    if (seen.length === 1) throw new ServiceError('GATEWAY_TIMEOUT', 'The outcome is unknown.');
    return jsonAnswer(200, { ok: true });
  });
  assert.equal((await post('k1')).statusCode, 504);
  await db.querySystem({ text: `update idempotency_keys set locked_until = now() + interval '10 s'` });
  const early = await post('k1');
  assert.equal(early.statusCode, 409, 'as after a crash, while the lease runs');
  assert.equal(early.headers['retry-after'], '5');
  assert.match(early.json().detail, /Repeat this one after Retry-After, with the same key/);
  await db.querySystem({ text: `update idempotency_keys set locked_until = now() - interval '1 s'` });
  assert.equal((await post('k1')).statusCode, 200);
  assert.deepEqual(seen, [null, { sent: 'A5:B5' }]);
});

test('a key is free again after its 24 hours, and its row is removed', async (t) => {
  let runs = 0;
  const { post, db } = await startCounting(t, async () => jsonAnswer(200, { id: ++runs }));
  await post('k1');
  await post('k2');
  await db.querySystem({ text: `update idempotency_keys set expires_at = now() - interval '1 s'` });
  assert.equal((await post('k1', { other: true })).json().id, 3);
  assert.equal((await deleteExpiredRows(db, '2026-11-22')).idempotency_keys, 1);
});

test('an answer that the database does not take is given all the same, kept when it does, and the work is done once', async (t) => {
  let runs = 0;
  let failuresLeft = 0;
  const handler: AnsweringHandler = async () => {
    failuresLeft = 1;
    return jsonAnswer(201, { id: ++runs });
  };
  const { post } = await startCounting(t, handler, () => failuresLeft-- > 0);

  const first = await post('k1');
  assert.deepEqual([first.statusCode, first.json()], [201, { id: 1 }]);

  let again = await post('k1');
  assert.equal(again.statusCode, 409);
  await waitFor('the answer to be kept', async () => {
    again = await post('k1');
    return again.statusCode !== 409;
  });
  assert.deepEqual([again.statusCode, again.headers['idempotency-replayed'], again.json()], [201, 'true', { id: 1 }]);
  assert.equal(runs, 1);
});

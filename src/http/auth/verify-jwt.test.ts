import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { systemClock } from '../../clock.ts';
import type { JwtClaims, JwtVerification } from '../../config/config.ts';
import { ServiceError } from '../../errors.ts';
import { createJwtVerifier, looksLikeJwt } from './verify-jwt.ts';

const claims = { sub: 'anna', tenants: ['uk_1', 7], scope: 'admin logs:read' };
const sign = (alg: string, key: CryptoKey | Uint8Array, more: Record<string, unknown> = {}, kid?: string) =>
  new SignJWT({ ...claims, ...more })
    .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) })
    .setExpirationTime('5m')
    .sign(key);
const verifierOf = (
  verification: JwtVerification,
  more: { issuer?: string; audience?: string } = {},
  clock = systemClock,
) =>
  createJwtVerifier({
    jwt: {
      verification,
      issuer: more.issuer ?? null,
      audience: more.audience ?? null,
      maxLifetimeSeconds: 86_400,
      claims: { tenants: null, scope: null, adminRoles: [] },
    },
    developmentSecret: null,
    clock,
  });
const refusedAs = (code: string) => (error: unknown) => error instanceof ServiceError && error.code === code;

test('each type of public key verifies its own algorithm', async () => {
  for (const alg of ['RS256', 'ES256', 'EdDSA']) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const verifier = verifierOf({ kind: 'public-key', pem: await exportSPKI(publicKey) });
    const principal = await verifier.verify(await sign(alg, privateKey), alg);
    assert.equal(principal.name, 'anna');
    assert.deepEqual([...(principal.tenants ?? [])], ['uk_1']);
    assert.deepEqual([...principal.scopes], ['admin', 'logs:read']);
  }
});

test('a public key is not accepted as an HS256 secret', async () => {
  const { publicKey } = await generateKeyPair('RS256', { extractable: true });
  const pem = await exportSPKI(publicKey);
  const forged = await sign('HS256', new TextEncoder().encode(pem));
  await assert.rejects(
    async () => verifierOf({ kind: 'public-key', pem }).verify(forged, 'x'),
    refusedAs('UNAUTHORIZED'),
  );
});

test('the star stands for every tenant, by itself or alone in a list, and for nothing beside others', async () => {
  const secret = 'a secret of at least thirty-two characters';
  const key = new TextEncoder().encode(secret);
  const verifier = verifierOf({ kind: 'secret', secret });
  const tenantsOf = async (tenants: unknown) =>
    (await verifier.verify(await sign('HS256', key, { tenants }), JSON.stringify(tenants))).tenants;
  assert.equal(await tenantsOf('*'), null);
  assert.equal(await tenantsOf(['*']), null);
  assert.ok((await tenantsOf(['*', 'uk_1'])) instanceof Set);
  for (const none of ['uk_1', null, 7, {}, []]) assert.deepEqual([...((await tenantsOf(none)) ?? ['all'])], []);
});

test('issuer and audience are checked when they are set', async () => {
  const secret = 'a secret of at least thirty-two characters';
  const key = new TextEncoder().encode(secret);
  const verifier = verifierOf({ kind: 'secret', secret }, { issuer: 'auth', audience: 'integration' });
  assert.ok(await verifier.verify(await sign('HS256', key, { iss: 'auth', aud: 'integration' }), '1'));
  for (const more of [{}, { iss: 'other', aud: 'integration' }, { iss: 'auth', aud: 'other' }]) {
    const token = await sign('HS256', key, more);
    await assert.rejects(async () => verifier.verify(token, JSON.stringify(more)), refusedAs('UNAUTHORIZED'));
  }
});

test('a token that was verified expires all the same', async () => {
  const secret = 'a secret of at least thirty-two characters';
  const clock = { nowMs: Date.now(), now: () => clock.nowMs };
  const verifier = verifierOf({ kind: 'secret', secret }, {}, clock);
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(Math.floor(clock.nowMs / 1000) + 20)
    .sign(new TextEncoder().encode(secret));
  await verifier.verify(token, 'k');
  assert.ok(!(verifier.verify(token, 'k') instanceof Promise), 'the second time is answered from memory');
  clock.nowMs += 20_000;
  await assert.rejects(async () => verifier.verify(token, 'k'), refusedAs('UNAUTHORIZED'));
});

test('clocks that differ a little refuse no fresh token, and let no expired one in', async () => {
  const secret = 'a secret of at least thirty-two characters';
  const verifier = verifierOf({ kind: 'secret', secret });
  const nowSeconds = Math.floor(Date.now() / 1000);
  const tokenOf = (notBefore: number, expires: number) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256' })
      .setNotBefore(nowSeconds + notBefore)
      .setExpirationTime(nowSeconds + expires)
      .sign(new TextEncoder().encode(secret));
  assert.equal((await verifier.verify(await tokenOf(3, 60), 'fresh')).name, 'anna');
  for (const [name, token] of [
    ['expired', await tokenOf(-60, -1)],
    ['of the future', await tokenOf(30, 60)],
  ] as const) {
    await assert.rejects(async () => verifier.verify(token, name), refusedAs('UNAUTHORIZED'), name);
  }
});

test('keys come from a JWKS address, and an outage of it is not answered with 401', async (t) => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
  let isAway = true;
  const server = createServer((_request, response) => {
    if (isAway) response.writeHead(500).end();
    else response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  const verifier = verifierOf({ kind: 'jwks', url });
  const token = await sign('ES256', privateKey, {}, 'k1');
  await assert.rejects(async () => verifier.verify(token, 'k'), refusedAs('SERVICE_UNAVAILABLE'));
  isAway = false;
  assert.equal((await verifier.verify(token, 'k')).name, 'anna');
  const stranger = await generateKeyPair('ES256');
  const foreign = await sign('ES256', stranger.privateKey, {}, 'k1');
  await assert.rejects(async () => verifier.verify(foreign, 'f'), refusedAs('UNAUTHORIZED'));
});

test('only three dotted parts that begin an object look like a JWT', () => {
  assert.ok(looksLikeJwt('eyJhbGciOiJIUzI1NiJ9.e30.abc'));
  for (const text of ['is_dev_abc', 'eyJ', 'a.b.c', 'eyJ.a.b.c', 'eyJ.a.']) assert.ok(!looksLikeJwt(text), text);
});

test('a token that lives longer than a day is refused, whatever it says of its issue', async () => {
  const secret = 'a secret of at least thirty-two characters';
  const verifier = verifierOf({ kind: 'secret', secret });
  const nowSeconds = Math.floor(Date.now() / 1000);
  const tokenOf = (issued: number | null, expires: number) => {
    const jwt = new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setExpirationTime(nowSeconds + expires);
    if (issued !== null) jwt.setIssuedAt(nowSeconds + issued);
    return jwt.sign(new TextEncoder().encode(secret));
  };
  assert.equal((await verifier.verify(await tokenOf(-3_600, 80_000), 'a')).name, 'anna');
  assert.equal((await verifier.verify(await tokenOf(null, 86_000), 'b')).name, 'anna');
  for (const [name, token] of [
    ['long', await tokenOf(0, 100_000)],
    ['without an issue', await tokenOf(null, 100_000)],
    ['issued later', await tokenOf(90_000, 100_000)],
    ['nearly over', await tokenOf(-90_000, 60)],
  ] as const) {
    await assert.rejects(async () => verifier.verify(token, name), refusedAs('UNAUTHORIZED'), name);
  }
});

test('claims of a foreign issuer are read under the names that it gives them', async () => {
  const secret = 'a secret of at least thirty-two characters';
  const key = new TextEncoder().encode(secret);
  const read = async (claimNames: JwtClaims, payload: Record<string, unknown>) => {
    const verifier = createJwtVerifier({
      jwt: {
        verification: { kind: 'secret', secret },
        issuer: null,
        audience: null,
        maxLifetimeSeconds: 86_400,
        claims: claimNames,
      },
      developmentSecret: null,
      clock: systemClock,
    });
    const { tenants, scopes } = await verifier.verify(await sign('HS256', key, payload), 'x');
    return { tenants: tenants === null ? '*' : [...tenants], scopes: [...scopes] };
  };
  const names: JwtClaims = {
    tenants: 'app.orgs',
    scope: 'https://id.example/scp',
    adminRoles: [
      { claim: 'realm_access.roles', value: 'operator' },
      { claim: 'group', value: 'root' },
    ],
  };
  assert.deepEqual(
    await read(names, { app: { orgs: ['uk_5'] }, 'https://id.example/scp': ['geocoding', 7, 'proxy'] }),
    { tenants: ['uk_5'], scopes: ['geocoding', 'proxy'] },
    'not those of our own names',
  );
  assert.deepEqual(await read(names, { app: { orgs: 'uk_5' }, realm_access: { roles: ['user', 'operator'] } }), {
    tenants: ['uk_5'],
    scopes: ['admin'],
  });
  assert.deepEqual(await read(names, { 'app.orgs': '*', group: 'root' }), { tenants: '*', scopes: ['admin'] });
  const nothing = { tenants: [], scopes: [] };
  for (const payload of [{}, { app: 'orgs' }, { app: { orgs: null }, realm_access: { roles: 'operators' } }]) {
    assert.deepEqual(await read(names, payload), nothing);
  }
  const inherited = {
    tenants: 'constructor.name',
    scope: '__proto__',
    adminRoles: [{ claim: 'toString.name', value: 'toString' }],
  };
  assert.deepEqual(await read(inherited, {}), nothing);
});

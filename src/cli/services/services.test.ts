/** A tenant's services as a file. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createDataDir } from '../../../test/support/data-dir.ts';
import { startTestDatabase } from '../../../test/support/database.ts';
import { parseConfig } from '../../config/config.ts';
import { openAccount } from '../../directory/service-row.ts';
import { parseTenantId } from '../../ids.ts';
import { sealForEnvironment } from '../../secrets/environment-secret.ts';
import { createKeyring } from '../../secrets/keyring.ts';
import { listServicesOfTenant } from '../../storage/tables/external-services.ts';
import { runCli } from '../run-cli.ts';

const tenantId = parseTenantId('uk_1');
const key = Buffer.alloc(32, 4);
const keyring = createKeyring([{ id: 'k1', key }]);

async function startCli(t: TestContext) {
  const { db, url } = await startTestDatabase(t);
  const folder = await mkdtemp(join(tmpdir(), 'services-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const env = {
    DATABASE_URL: url,
    DATA_DIR: await createDataDir(t),
    MANAGEMENT_COMPANY_ID: tenantId,
    ENCRYPTION_KEYS: `k1:${key.toString('base64')}`,
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
  };
  const file = join(folder, 'services.yaml');
  const run = async (...args: string[]) => {
    let [out, err] = ['', ''];
    const code = await runCli({
      args,
      out: { write: (text) => (out += text) },
      err: { write: (text) => (err += text) },
      config: () => parseConfig(env),
      interrupted: new AbortController().signal,
    });
    return { code, out, err };
  };
  const rows = async () => db.forTenant(tenantId, (tx) => listServicesOfTenant(tx, tenantId));
  const write = (text: string) => writeFile(file, text);
  /** What each service sends: its key, its credentials and its headers. */
  const accounts = async () =>
    (await rows()).map((row) => {
      const { serviceName, apiKey, credentials, config } = openAccount(keyring, row);
      return { serviceName, apiKey, credentials, config };
    });
  return { run, rows, accounts, file, write, read: () => readFile(file, 'utf8') };
}

/** Variables of this process, until the test ends. */
function setVariables(t: TestContext, variables: Readonly<Record<string, string>>): void {
  Object.assign(process.env, variables);
  t.after(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
  });
}

const chain = `
version: 1
services:
  - service_name: first
    service_type: api
    base_url: https://127.0.0.1:9001
    api_key: env:SERVICES_TEST_KEY
    priority: 10
    rate_limit_per_minute: 50
    fallback: second
  - service_name: second
    service_type: api
    base_url: https://127.0.0.1:9002
`;

test('an import makes what the file says; its export changes nothing, and an edited one exactly the edit', async (t) => {
  const { run, rows, file, write, read } = await startCli(t);
  process.env.SERVICES_TEST_KEY = 'a secret key';
  t.after(() => delete process.env.SERVICES_TEST_KEY);
  await write(chain);
  const dry = await run('services', 'import', file, '--dry-run');
  assert.deepEqual([dry.code, dry.out], [0, '+ first\n+ second\n2 of 2 services would change.\n'], dry.err);
  assert.deepEqual(await rows(), []);
  assert.equal((await run('services', 'import', file)).code, 0);
  assert.equal((await run('services', 'import', file)).out, 'Nothing to change.\n', 'repeated');

  delete process.env.SERVICES_TEST_KEY;
  assert.equal((await run('services', 'export', file)).code, 0);
  const exported = await read();
  assert.ok(!exported.includes('a secret key'));
  assert.match(exported, /api_key: env:FIRST_API_KEY/);
  const before = await rows();
  assert.equal((await run('services', 'import', file)).out, 'Nothing to change.\n');
  assert.deepEqual(await rows(), before);

  await write(exported.replace('rate_limit_per_minute: 50', 'rate_limit_per_minute: 70'));
  const edited = await run('services', 'import', file);
  assert.equal(edited.out, '~ first\n    rate_limit_per_minute: 50 → 70\n1 of 2 services changed.\n');
  const [first, second] = await rows();
  assert.deepEqual(
    { ...first, rate_limit_per_minute: 50, updated_at: null },
    { ...before[0], updated_at: null },
    'nothing but the edit',
  );
  assert.equal(first?.rate_limit_per_minute, 70);
  assert.deepEqual(second, before[1]);
});

test('keys that sign and refresh tokens are read from the environment, and stand in no export', async (t) => {
  const { run, rows, file, write, read } = await startCli(t);
  const secrets = {
    SIGNED_KEYS: { access_key_id: 'AKIDCANARY', secret_access_key: 'canary-aws' },
    HMAC_KEYS: { key: 'canary-key', secret: 'canary-hmac' },
    GRANT: { client_id: 'client', client_secret: 'canary-client', refresh_token: 'canary-refresh' },
  };
  for (const [name, value] of Object.entries(secrets)) process.env[name] = JSON.stringify(value);
  const forget = () => {
    for (const name of Object.keys(secrets)) delete process.env[name];
  };
  t.after(forget);
  const service = (name: string, variable: string, auth: object) =>
    `  - service_name: ${name}\n    service_type: api\n    base_url: https://127.0.0.1:9001\n` +
    `    credentials: env:${variable}\n    config: {auth: ${JSON.stringify(auth)}}\n`;
  const services = [
    service('signed', 'SIGNED_KEYS', { type: 'aws_sigv4', region: 'eu-central-1', service: 's3' }),
    service('hashed', 'HMAC_KEYS', { type: 'hmac', in: 'header', name: 'X-Sign', template: '{timestamp}{body}' }),
    service('connected', 'GRANT', { type: 'oauth2_refresh_token', token_url: 'https://127.0.0.1:9003/token' }),
  ];
  await write(`version: 1\nservices:\n${services.join('')}`);
  const imported = await run('services', 'import', file);
  assert.equal(imported.code, 0, imported.err);
  const before = await rows();
  assert.ok(before.every(({ credentials }) => credentials !== null && !JSON.stringify(credentials).includes('canary')));

  forget();
  assert.equal((await run('services', 'export', file)).code, 0);
  const exported = await read();
  assert.ok(!/canary|CANARY/.test(exported), exported);
  assert.match(exported, /credentials: env:SIGNED_CREDENTIALS/);
  assert.equal((await run('services', 'import', file)).out, 'Nothing to change.\n');
  assert.deepEqual(await rows(), before);
});

test('a fallback chain can be turned round, and what a complete file does not name is removed', async (t) => {
  const { run, rows, file, write, read } = await startCli(t);
  await write(chain.replace('    api_key: env:SERVICES_TEST_KEY\n', ''));
  await run('services', 'import', file);
  await run('services', 'export', file);
  const turned = (await read()).replace('fallback: second', 'fallback: X').replace('fallback: null', 'fallback: first');
  await write(turned.replace('fallback: X', 'fallback: null'));
  const { code, err } = await run('services', 'import', file);
  assert.equal(code, 0, err);
  const [first, second] = await rows();
  assert.deepEqual([first?.fallback_service_id, second?.fallback_service_id], [null, first?.id]);

  await write(
    'version: 1\ncomplete: true\nservices:\n  - service_name: first\n    service_type: api\n    base_url: https://127.0.0.1:9001\n    priority: 10\n    rate_limit_per_minute: 50\n',
  );
  assert.equal((await run('services', 'import', file)).out, '- second\n1 of 2 services changed.\n');
  assert.deepEqual(
    (await rows()).map(({ service_name }) => service_name),
    ['first'],
  );
});

test('a file with a fault changes nothing, and each fault is named', async (t) => {
  const { run, rows, file, write } = await startCli(t);
  const faulty: readonly [string, RegExp][] = [
    [`${chain}  - service_name: third\n    service_type: nothing\n`, /third: service_type /],
    [`${chain}  - service_name: third\n    service_type: api\n    base_ur: x\n`, /third: base_ur /],
    [`${chain}  - service_name: first\n    service_type: api\n`, /services\[2\]: "first" is named twice/],
    [chain.replace('fallback: second', 'fallback: nobody'), /first: fallback "nobody" is no service here/],
    [chain, /first: api_key wants the environment variable SERVICES_TEST_KEY/],
    [chain.replace('env:SERVICES_TEST_KEY', 'plain-secret'), /first: api_key must be env:NAME/],
    [
      chain.replace('    api_key: env:SERVICES_TEST_KEY\n', '').replace('https://127.0.0.1:9002', 'http://10.0.0.1'),
      /second: base_url may not be called/,
    ],
    ['version: 1\nservices: [', /no YAML/],
    ['version: 2\nservices: []', /"version" must be 1/],
    ['version: 1\ntenant: another\nservices: []', /of the tenant "another"/],
  ];
  for (const [text, fault] of faulty) {
    await write(text);
    for (const args of [['--dry-run'], []]) {
      const { code, err } = await run('services', 'import', file, ...args);
      assert.equal(code, 1, text);
      assert.match(err, fault);
      assert.ok(!err.includes('plain-secret'));
    }
  }
  assert.deepEqual(await rows(), []);
});

test('an export makes the same services in another database, each with its own secrets', async (t) => {
  const first = await startCli(t);
  setVariables(t, { KEY_A: 'canary-a', KEY_B: 'canary-b', KEY_C: 'canary-c', KEY_D: 'canary-d', KEY_E: 'canary-e' });
  await first.write(`
version: 1
services:
  - {service_name: 2gis, service_type: api, base_url: "https://127.0.0.1:9001", api_key: env:KEY_A}
  - {service_name: crm-v1, service_type: api, base_url: "https://127.0.0.1:9002", api_key: env:KEY_B}
  - {service_name: crm.v1, service_type: api, base_url: "https://127.0.0.1:9003", api_key: env:KEY_C}
  - service_name: headers
    service_type: api
    base_url: https://127.0.0.1:9004
    config: {secret_headers: [X-Key, token], headers: {X-Key: env:KEY_D, X-Plain: env:KEY_E}, query: {token: env:KEY_E}}
`);
  assert.equal((await first.run('services', 'import', first.file)).code, 0);
  const accounts = await first.accounts();
  assert.deepEqual(accounts.at(-1)?.config, {
    secret_headers: ['X-Key', 'token'],
    headers: { 'X-Key': 'canary-d', 'X-Plain': 'env:KEY_E' },
    query: { token: 'canary-e' },
  });

  await first.run('services', 'export', first.file);
  const exported = await first.read();
  assert.doesNotMatch(exported, /canary|masked|credentials/);
  assert.equal((await first.run('services', 'import', first.file)).out, 'Nothing to change.\n');

  const values = accounts.flatMap(({ apiKey }) => (apiKey === null ? ['canary-d', 'canary-e'] : [apiKey]));
  const variables = (exported.match(/(?<=env:)\w+/g) ?? []).filter((name) => name !== 'KEY_E');
  assert.equal(new Set(variables).size, values.length, exported);
  assert.ok(variables.every((name) => /^[A-Z_][A-Z0-9_]*$/.test(name), exported));
  const second = await startCli(t);
  const missing = await second.run('services', 'import', first.file);
  assert.match(missing.err, /headers: config\.headers\.X-Key wants the environment variable HEADERS_HEADERS_X_KEY/);
  setVariables(t, Object.fromEntries(variables.map((name, place) => [name, values[place] as string])));
  const made = await second.run('services', 'import', first.file);
  assert.equal(made.code, 0, made.err);
  assert.deepEqual(await second.accounts(), accounts);
});

test('a secret header changes and goes as the file says, without being shown', async (t) => {
  const { run, accounts, file, write } = await startCli(t);
  const textOf = (headers: string) =>
    `version: 1\nservices:\n  - {service_name: one, service_type: api, base_url: "https://127.0.0.1:9001", config: {secret_headers: [X-Key], headers: ${headers}}}\n`;
  await write(textOf('{X-Key: env:TEXT_KEY}'));
  setVariables(t, { TEXT_KEY: 'canary-1' });
  await run('services', 'import', file);
  assert.equal((await run('services', 'import', file)).out, 'Nothing to change.\n');
  setVariables(t, { TEXT_KEY: 'canary-2' });
  const changed = await run('services', 'import', file);
  assert.match(changed.out, /"X-Key":"\[masked\]".*→.*"X-Key":"\(set anew\)"/);
  assert.doesNotMatch(changed.out, /canary/);
  assert.deepEqual((await accounts())[0]?.config.headers, { 'X-Key': 'canary-2' });
  await write(textOf('{}'));
  assert.equal((await run('services', 'import', file)).code, 0);
  assert.deepEqual((await accounts())[0]?.config.headers ?? {}, {});
});

test('a variable may be sealed, as in the service’s own environment', async (t) => {
  const { run, accounts, file, write } = await startCli(t);
  await write(chain);
  setVariables(t, { SERVICES_TEST_KEY: sealForEnvironment(keyring, 'canary') });
  assert.equal((await run('services', 'import', file)).code, 0);
  assert.equal((await accounts())[0]?.apiKey, 'canary');

  setVariables(t, {
    SERVICES_TEST_KEY: sealForEnvironment(createKeyring([{ id: 'k1', key: Buffer.alloc(32, 5) }]), 'x'),
  });
  const refused = await run('services', 'import', file);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /first: SERVICES_TEST_KEY cannot be opened with ENCRYPTION_KEYS/);
});

test('a service moves to another host with the secret that it had, if its variable is set', async (t) => {
  const { run, rows, accounts, file, write } = await startCli(t);
  setVariables(t, { SERVICES_TEST_KEY: 'canary' });
  await write(chain);
  await run('services', 'import', file);
  await write(chain.replace('https://127.0.0.1:9001', 'https://127.0.0.2:9001'));
  const moved = await run('services', 'import', file);
  assert.equal(moved.code, 0, moved.err);
  assert.equal((await accounts())[0]?.apiKey, 'canary');

  await write(chain);
  delete process.env.SERVICES_TEST_KEY;
  const before = await rows();
  for (const args of [['--dry-run'], []]) {
    const refused = await run('services', 'import', file, ...args);
    assert.equal(refused.code, 1, refused.out);
    assert.match(refused.err, /api_key must be sent again/);
  }
  assert.deepEqual(await rows(), before);
});

test('a dry run refuses what an import refuses, and changes nothing', async (t) => {
  const { run, rows, file, write } = await startCli(t);
  const circle = `${chain.replace('    api_key: env:SERVICES_TEST_KEY\n', '')}    fallback: first\n`;
  for (const text of [
    circle,
    circle.replace('service_type: api\n    base_url: https://127.0.0.1:9002', 'service_type: webhook'),
  ]) {
    await write(text);
    const [dry, real] = [await run('services', 'import', file, '--dry-run'), await run('services', 'import', file)];
    assert.deepEqual([dry.code, dry.err], [1, real.err]);
    assert.match(dry.err, /fallback_service_id (would make a circle|must be of the same type)/);
  }
  await write(circle.replace('    fallback: first\n', ''));
  assert.equal((await run('services', 'import', file, '--dry-run')).code, 0);
  assert.deepEqual(await rows(), []);
});

test('a tenant’s name that YAML reads as a number is asked for in quotes', async (t) => {
  const { run, file, write } = await startCli(t);
  await write('version: 1\ntenant: 123\nservices: []\n');
  assert.match(
    (await run('services', 'import', file, '--tenant', '123')).err,
    /"tenant" must be a text: write "123" in quotes/,
  );
});

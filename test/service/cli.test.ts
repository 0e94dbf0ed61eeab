/** The operator's commands as processes, beside a running service. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { sealApiKey, sealCredentials } from '../../src/directory/service-row.ts';
import { parseTenantId, type ServiceId } from '../../src/ids.ts';
import { createKeyring } from '../../src/secrets/keyring.ts';
import { findFreePort } from '../../src/storage/embedded/free-port.ts';
import { createDataDir } from '../support/data-dir.ts';
import { startTestDatabase } from '../support/database.ts';
import { redisUrl } from '../support/redis.ts';
import { withoutRedisServer } from '../support/redis-cluster.ts';
import { startRedisServer } from '../support/redis-server.ts';
import { startTestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

type EncryptionKey = Parameters<typeof createKeyring>[0][number];

const root = join(import.meta.dirname, '../..');
const doneOrFailedMs = 60_000;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  // biome-ignore lint/suspicious/noExplicitAny: results have many shapes.
  readonly json: any;
}

interface RunOptions {
  readonly env?: Record<string, string>;
  readonly stdin?: string;
  /** Called when it runs. */
  readonly onStarted?: (kill: () => void) => Promise<void>;
  /** Called with each piece of its stderr. */
  readonly onSaid?: (said: string, interrupt: () => void) => void;
}

async function cli(t: TestContext, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = spawn(process.execPath, ['src/cli/main.ts', ...args], {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', ...options.env },
    signal: AbortSignal.timeout(doneOrFailedMs),
    killSignal: 'SIGKILL',
  });
  t.after(() => child.kill('SIGKILL'));
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
    options.onSaid?.(err, () => child.kill('SIGINT'));
  });
  child.stdin.end(options.stdin ?? '');
  const closed = once(child, 'close');
  await options.onStarted?.(() => child.kill('SIGKILL'));
  const [code] = (await closed) as [number | null];
  return { code, out, err, json: args.includes('--json') && args[0] !== 'logs' ? JSON.parse(out) : undefined };
}

test('help names every command of the contract, and a wrong command has another exit code than a failed one', async (t) => {
  const help = await cli(t, ['help']);
  assert.equal(help.code, 0);
  const names = ['migrate', 'token create', 'token list', 'token revoke', 'secret encrypt', 'secret rotate'];
  for (const name of [
    ...names,
    'geocode FILE.csv',
    'services import FILE.yaml',
    'logs tail',
    'logs verify',
    'logs erase',
    'doctor',
  ])
    assert.match(help.out, new RegExp(`^  ${name} `, 'm'));
  assert.equal((await cli(t, ['no-such-thing'])).code, 2);
  assert.equal((await cli(t, ['token', 'revoke', 'no-id'])).code, 2);
  assert.equal((await cli(t, ['logs', 'tail', '--tenant', 'no tenant'])).code, 2);
  assert.equal((await cli(t, ['help', 'no-such-thing'])).code, 2);
  assert.equal((await cli(t, ['--help'])).out, help.out);
  assert.deepEqual((await cli(t, ['no-such-thing', '--json'])).json, { error: 'There is no such command.' });
  assert.deepEqual(
    (await cli(t, ['help', '--json'])).json.map(({ name }: { name: string }) => name),
    [
      'help',
      ...names,
      'services export',
      'services import',
      'geocode',
      'logs tail',
      'logs verify',
      'logs erase',
      'doctor',
    ],
  );
  const failed = await cli(t, ['token', 'list', '--json'], { env: { DATABASE_URL: 'postgres://127.0.0.1:1/none' } });
  assert.equal(failed.code, 1);
  assert.match(failed.json.error, /database/);
});

test('an admin token made before the first start works', async (t) => {
  const dataDir = await createDataDir(t);
  const made = await cli(t, ['token', 'create', '--admin'], { env: { DATA_DIR: dataDir } });
  assert.equal(made.code, 0, made.err);
  const service = await startTestService(t, { DATA_DIR: dataDir, JWT_SECRET: '' });
  const reply = await fetch(`${service.url}/health/detailed`, {
    headers: { authorization: `Bearer ${made.out.trim()}` },
  });
  assert.equal(reply.status, 200, await reply.text());
});

test('an admin token for one tenant works for that tenant only', async (t) => {
  const env = { JWT_SECRET: randomBytes(32).toString('hex') };
  const tenantsOf = async (...args: string[]) =>
    (await cli(t, ['token', 'create', '--admin', '--json', ...args], { env })).json.tenants;
  assert.deepEqual(await tenantsOf('--tenant', 'uk_1'), ['uk_1']);
  assert.deepEqual(await tenantsOf('--tenants', 'uk_1,uk_2'), ['uk_1', 'uk_2']);
  assert.deepEqual(await tenantsOf(), ['*']);
});

test('an admin token never lives longer than the service accepts', async (t) => {
  const dataDir = await createDataDir(t);
  const env = { DATA_DIR: dataDir, JWT_MAX_LIFETIME_SECONDS: '3600' };
  const refused = await cli(t, ['token', 'create', '--admin', '--expires', '2h'], { env });
  assert.deepEqual([refused.code, refused.out], [2, '']);
  assert.match(refused.err, /JWT_MAX_LIFETIME_SECONDS/);

  const service = await startTestService(t, { ...env, JWT_SECRET: '' });
  for (const expires of [[], ['--expires', '60m']]) {
    const made = await cli(t, ['token', 'create', '--admin', ...expires], { env });
    const authorization = `Bearer ${made.out.trim()}`;
    assert.equal((await service.call('GET', '/services', undefined, { authorization })).status, 200, made.err);
  }
});

test('if another program signs admin tokens, the command creates none', async (t) => {
  const env = { JWT_JWKS_URL: 'https://issuer.example/keys', DATA_DIR: await createDataDir(t) };
  const refused = await cli(t, ['token', 'create', '--admin'], { env });
  assert.equal(refused.code, 1);
  assert.match(refused.err, /JWT_JWKS_URL/);
  assert.equal(refused.out, '');
});

test('a service token works at once, is listed without its text, and is refused after it is revoked', async (t) => {
  const service = await startTestService(t);
  const env = { DATABASE_URL: service.database.url, MANAGEMENT_COMPANY_ID: service.tenant };
  const made = await cli(t, ['token', 'create', '--name', 'billing', '--scopes', 'geocoding', '--json'], { env });
  assert.equal(made.code, 0, made.err);
  const authorization = `Bearer ${made.json.token}`;
  const ask = () =>
    service.call('POST', '/geocoding/geocode', { address: 'Ташкент, улица Навои, 5' }, { authorization });
  assert.equal((await ask()).status, 200);

  const listed = await cli(t, ['token', 'list', '--json'], { env });
  assert.deepEqual(
    listed.json.tokens.map(({ id, scopes }: { id: string; scopes: string[] }) => [id, scopes]),
    [[made.json.id, ['geocoding']]],
  );
  assert.ok(!listed.out.includes(made.json.token));

  const revoked = await cli(t, ['token', 'revoke', made.json.id], { env });
  assert.equal(revoked.code, 0, revoked.err);
  while ((await ask()).status !== 401); // Within the test's own time limit.
  assert.equal((await cli(t, ['token', 'revoke', made.json.id], { env })).code, 1);
});

test('the last calls are shown oldest first, and found by their request id', async (t) => {
  const service = await startTestService(t);
  const env = { DATABASE_URL: service.database.url, MANAGEMENT_COMPANY_ID: service.tenant };
  await service.geocode('Ташкент, улица Навои, 5');
  const second = await service.geocode('Самарканд, Регистан');
  const requestId = second.headers.get('x-request-id') ?? '';
  const all = await cli(t, ['logs', 'tail', '--json'], { env });
  const shown = all.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { started_at: string; request_id: string });
  assert.ok(shown.length >= 2);
  assert.deepEqual(
    shown,
    shown.toSorted((left, right) => left.started_at.localeCompare(right.started_at)),
  );
  const one = await cli(t, ['logs', 'tail', '--request-id', requestId], { env });
  assert.match(one.out, new RegExp(`success .*geocode .*request ${requestId}`));
  const none = await cli(t, ['logs', 'tail', '--request-id', 'never-sent'], { env });
  assert.deepEqual([none.code, none.out], [0, '']);
  assert.match(none.err, new RegExp(`request never-sent of the tenant ${service.tenant}: .*refused before`));
  const misses = await cli(t, ['logs', 'tail', '--cache-misses', '--json'], { env });
  const kinds = misses.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { attempt: number; operation: string })
    .map(({ attempt, operation }) => `${attempt} ${operation}`);
  assert.deepEqual(new Set(kinds), new Set(['1 geocode']));
  const quiet = await cli(t, ['logs', 'tail', '--service', 'no_such', '--json'], { env });
  assert.equal(quiet.out, '');
  assert.match(quiet.err, new RegExp(`^The tenant ${service.tenant} has no such calls yet`));
});

test('a command without its database names the variable, and the reason why it does not answer', async (t) => {
  const env = { DATABASE_URL: `postgres://user:canary@127.0.0.1:${await findFreePort()}/db` };
  for (const args of [['migrate'], ['token', 'list'], ['logs', 'tail']]) {
    const { code, out, err } = await cli(t, args, { env });
    assert.deepEqual([code, out], [1, ''], args.join(' '));
    assert.match(err, /^the database of DATABASE_URL cannot be used\n.*ECONNREFUSED/s, args.join(' '));
    assert.ok(!err.includes('canary'));
  }
});

test('rotation seals every secret again, and skips those that no key opens', async (t) => {
  const { url, db } = await startTestDatabase(t);
  const keys = [randomBytes(32), randomBytes(32), randomBytes(32)].map((key, index) => ({ id: `k${index}`, key }));
  const [lost, old, current] = keys as [(typeof keys)[0], (typeof keys)[0], (typeof keys)[0]];
  const tenantId = parseTenantId('t1');
  const place = { table: 'idempotency_keys', rowId: 'an-order', tenantId, column: 'response_body' };
  const insert = (name: string, key: (typeof keys)[0]) => {
    const id = randomUUID() as ServiceId;
    const owner = { id, management_company_id: tenantId };
    const keyring = createKeyring([key]);
    return db.forTenant(tenantId, (tx) =>
      tx.query({
        text: `insert into external_services (id, management_company_id, service_name, service_type, display_name, api_key, credentials)
               values ($1, $2, $3, 'api', $3, $4, $5)`,
        values: [
          id,
          tenantId,
          name,
          sealApiKey(keyring, owner, `key of ${name}`, ['vendor:http']),
          JSON.stringify(sealCredentials(keyring, owner, { name }, ['vendor:http'])),
        ],
      }),
    );
  };
  for (let index = 0; index < 120; index++) await insert(`service_${index}`, old);
  await insert('lost', lost);
  await db.forTenant(tenantId, (tx) =>
    tx.query({
      text: `insert into idempotency_keys (management_company_id, idempotency_key, route, request_sha256, state, response_body, run_id, expires_at)
             values ($1, 'an-order', '/x', 'x', 'completed', $2, $3, now() + interval '1 day')`,
      values: [tenantId, createKeyring([old]).sealBytes(Buffer.from('answer'), place), randomUUID()],
    }),
  );

  const render = (...shown: typeof keys) => shown.map(({ id, key }) => `${id}:${key.toString('base64')}`).join(',');
  const env = { DATABASE_URL: url, ENCRYPTION_KEYS: render(current, old) };
  const rotated = await cli(t, ['secret', 'rotate', '--json'], { env });
  assert.equal(rotated.code, 1);
  assert.deepEqual([rotated.json.resealed, rotated.json.remaining, rotated.json.broken.length], [241, 2, 2]);

  const complete = await cli(t, ['secret', 'rotate', '--json'], {
    env: { ...env, ENCRYPTION_KEYS: render(current, lost) },
  });
  assert.equal(complete.code, 0, complete.out);
  assert.equal(complete.json.resealed, 2);
  const { rows } = await db.querySystem<{ api_key: string; sealed: string }>({
    text: `select api_key, credentials ->> 'sealed' as sealed from external_services`,
  });
  assert.equal(rows.length, 121);
  for (const { api_key, sealed } of rows) assert.match(`${api_key} ${sealed}`, /^v1:k2:\S+ v1:k2:\S+$/);
});

test('rotation includes the webhooks’ secrets, and continues after a killed run', async (t) => {
  const { url, db } = await startTestDatabase(t);
  const [old, current] = ['k0', 'k1'].map((id) => ({ id, key: randomBytes(32) })) as [EncryptionKey, EncryptionKey];
  const keyring = createKeyring([old]);
  const tenantId = parseTenantId('t1');
  const columns = ['webhook_token', 'secret_key', 'previous_secret_key', 'target_secret', 'collector_token'] as const;
  const bindingOf = (column: string, rowId: string) => ({ table: 'webhook_configs', column, rowId, tenantId });
  const ids = Array.from({ length: 150 }, () => randomUUID()).sort();
  await db.forTenant(tenantId, async (tx) => {
    for (const id of ids) {
      const sealed = columns.map((column) => keyring.seal(`${column} of ${id}`, bindingOf(column, id)));
      await tx.query({
        text: `insert into webhook_configs (id, management_company_id, webhook_name, webhook_url, source_service,
                 signature_scheme, max_payload_size_bytes, over_limit_policy, webhook_token_sha256, ${columns.join(', ')})
               values ($1, $2, $1::uuid::text, '', 'custom', 'hmac_hex', 1000, 'reject', sha256($1::uuid::text::bytea), $3, $4, $5, $6, $7)`,
        values: [id, tenantId, ...sealed],
      });
    }
  });
  const countSealedWith = async (key: EncryptionKey): Promise<number> => {
    const { rows } = await db.querySystem<{ count: number }>({
      text: `select count(*)::int as count from webhook_configs, unnest(array[${columns.join(', ')}]) as sealed
              where sealed like $1`,
      values: [`v1:${key.id}:%`],
    });
    return rows[0]?.count ?? 0;
  };
  const env = {
    DATABASE_URL: url,
    ENCRYPTION_KEYS: [current, old].map(({ id, key }) => `${id}:${key.toString('base64')}`).join(','),
  };

  // A row that another transaction has locked stops the run, and it is killed there.
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: held, resolve: hold } = Promise.withResolvers<void>();
  const holding = db.forTenant(tenantId, async (tx) => {
    await tx.query({ text: 'select 1 from webhook_configs where id = $1 for update', values: [ids[120]] });
    hold();
    await released;
  });
  await held;
  const killed = await cli(t, ['secret', 'rotate'], {
    env,
    onStarted: async (kill) => {
      await waitFor('it is stopped in the middle', async () => (await countSealedWith(current)) === 120);
      // It locks no other row while it waits: webhooks are received meanwhile, and update their counters.
      await db.forTenant(tenantId, (tx) =>
        tx.query({ text: 'update webhook_configs set total_received = 1 where id < $1', values: [ids[120]] }),
      );
      kill();
    },
  });
  assert.equal(killed.code, null);
  release();
  await holding;

  const resumed = await cli(t, ['secret', 'rotate', '--json'], { env });
  assert.equal(resumed.code, 0, resumed.out);
  assert.deepEqual([resumed.json.remaining, resumed.json.broken], [0, []]);
  // Secrets that the killed run had sealed stay as they are.
  assert.equal(resumed.json.resealed, 630);
  assert.deepEqual([await countSealedWith(current), await countSealedWith(old)], [750, 0]);
  const onlyCurrent = createKeyring([current]);
  const { rows } = await db.querySystem<Record<string, string>>({ text: 'select * from webhook_configs' });
  for (const row of rows) {
    const id = row.id as string;
    for (const column of columns) {
      assert.equal(onlyCurrent.open(row[column] as string, bindingOf(column, id)), `${column} of ${id}`);
    }
  }
});

test('only the service’s keys open a sealed key for the environment', async (t) => {
  const env = { DATA_DIR: await createDataDir(t) };
  const sealed = await cli(t, ['secret', 'encrypt'], { env, stdin: 'AIza-canary\n' });
  assert.equal(sealed.code, 0, sealed.err);
  assert.match(sealed.out, /^enc:v1:dev:/);
  assert.ok(!sealed.out.includes('canary'));
  assert.equal((await cli(t, ['secret', 'encrypt'], { env })).code, 2);
});

test('a file in another encoding than UTF-8 is refused before any request', async (t) => {
  const file = join(await createDataDir(t), 'houses.csv');
  await writeFile(file, Buffer.from([...Buffer.from('address\n'), 0xcd, 0xe0, 0xe2, 0xee, 0xe8, 0x0a]));
  const refused = await cli(t, ['geocode', file, '--url', 'http://127.0.0.1:1', '--json']);
  assert.equal(refused.code, 1);
  assert.match(refused.json.error, /not UTF-8/);
});

test('an interrupted file is resumed, and no address is requested twice', async (t) => {
  const asked: string[] = [];
  let limited = true;
  const service = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { address } = JSON.parse(body) as { address: string };
    asked.push(address);
    if (address === 'nowhere') return response.writeHead(404).end('{"code":"ADDRESS_NOT_FOUND","detail":"nothing"}');
    if (limited && asked.length > 3) {
      return response.writeHead(429, { 'retry-after': '3600' }).end('{"code":"RATE_LIMIT_EXCEEDED","detail":"later"}');
    }
    return response
      .writeHead(200)
      .end(JSON.stringify({ latitude: 41.3, longitude: 69.2, formatted_address: `${address}, "city"` }));
  }).listen(0, '127.0.0.1');
  t.after(() => service.close());
  await once(service, 'listening');
  const folder = await createDataDir(t);
  const file = join(folder, 'houses.csv');
  await writeFile(file, '\uFEFFid,address\r\n1,a\r\n2,"b, 1"\r\n3,a\r\n4,nowhere\r\n5,c\r\n6,d\r\n');
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const args = ['geocode', file, '--url', url, '--token', 'x', '--concurrency', '1'];

  const interrupted = await cli(t, args, {
    env: { DATA_DIR: folder },
    onSaid: (said, interrupt) => {
      if (said.includes('RATE_LIMIT')) interrupt();
    },
  });
  assert.equal(interrupted.code, 130, interrupted.err);
  assert.match(interrupted.out, /2 of 6 rows are left/);

  limited = false;
  // A crash within a line loses only that line.
  const journal = join(`${file}.geocode`, 'answers.ndjson');
  await writeFile(journal, `${await readFile(journal, 'utf8')}{"question":"[\\"c`);
  const resumed = await cli(t, [...args, '--json'], { env: { DATA_DIR: folder } });
  assert.equal(resumed.code, 0, resumed.err);
  assert.deepEqual(resumed.json, {
    rows: 6,
    found: 5,
    not_found: 1,
    refused: 0,
    pending: 0,
    left: 0,
    output: join(folder, 'houses.geocoded.csv'),
  });
  const paid = asked.filter((address) => address !== 'c');
  assert.deepEqual(paid.toSorted(), ['a', 'b, 1', 'd', 'nowhere']);
  assert.ok((await readFile(resumed.json.output, 'utf8')).startsWith('\uFEFF'), 'the byte-order mark is missing');
  const [header, ...rows] = (await readFile(resumed.json.output, 'utf8')).trim().split('\r\n');
  assert.equal(header, 'id,address,latitude,longitude,formatted_address,confidence,location_type,provider,result');
  assert.equal(rows[1], '2,"b, 1",41.3,69.2,"b, 1, ""city""",,,,found');
  assert.match(rows[3] ?? '', /^4,nowhere,,,,,,,not_found: /);

  const askedBefore = asked.length;
  assert.equal((await cli(t, args, { env: { DATA_DIR: folder } })).code, 0);
  assert.equal(asked.length, askedBefore, 'the second run sent requests');
});

test('the doctor names each fault of the environment, and finds a running service healthy', async (t) => {
  const wrong = await cli(t, ['doctor', '--json'], { env: { PORT: 'x', NODE_ENV: 'production' } });
  assert.equal(wrong.code, 1);
  assert.ok(wrong.json.findings.some(({ detail }: { detail: string }) => detail.startsWith('PORT ')));

  const service = await startTestService(t);
  const env = {
    DATABASE_URL: service.database.url,
    REDIS_URL: process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379',
    RABBITMQ_URL: process.env.TEST_RABBITMQ_URL ?? 'amqp://guest:guest@127.0.0.1:5672',
    DATA_DIR: await createDataDir(t),
    JWT_SECRET: 'short',
  };
  const looked = await cli(t, ['doctor', '--url', service.url, '--json'], { env });
  const found = new Map(
    (looked.json.findings as { check: string; status: string }[]).map(({ check, status }) => [check, status]),
  );
  const well = [
    'database',
    'clock',
    'database roles',
    'database schema',
    'tenants apart',
    'redis',
    'rabbitmq',
    'rabbitmq exchange',
    'rabbitmq publishing',
    'rabbitmq queues',
  ];
  for (const check of well) assert.equal(found.get(check), 'ok', `${check}: ${looked.out}`);
  assert.equal(found.get('admin tokens'), 'failed');
  assert.equal(looked.code, 1);
  assert.ok(!looked.out.includes('short'));
});

test('the doctor says which store is not available, why, and what to do, and ends', async (t) => {
  const silent = createSilentServer();
  t.after(() => silent.close());
  const silentAt = `127.0.0.1:${await silent.port()}`;
  const nobodyAt = `127.0.0.1:${await findFreePort()}`;
  const cases: [host: string, reason: RegExp][] = [
    [nobodyAt, /nothing listens there/],
    ['no-such-host.invalid:1', /no such host name is known/],
    [silentAt, /timeout|no connection in \d+ ms|timed out/i],
  ];
  for (const [host, reason] of cases) {
    const env = {
      DATA_DIR: await createDataDir(t),
      DATABASE_URL: `postgres://user:canary@${host}/db`,
      REDIS_URL: `redis://:canary@${host}`,
      RABBITMQ_URL: `amqp://user:canary@${host}`,
    };
    const looked = await cli(t, ['doctor', '--url', `http://${nobodyAt}`, '--json'], { env });
    assert.equal(looked.code, 1);
    const findings = looked.json.findings as { check: string; status: string; detail: string; remedy: string }[];
    for (const [check, variable] of [
      ['database', 'DATABASE_URL'],
      ['redis', 'REDIS_URL'],
      ['rabbitmq', 'RABBITMQ_URL'],
    ]) {
      const found = findings.find((finding) => finding.check === check);
      assert.equal(found?.status, 'failed', `${check} at ${host}`);
      assert.match(found.detail, reason, `${check} at ${host}`);
      assert.ok(found.remedy.includes(variable as string));
    }
    assert.ok(!looked.out.includes('canary') && !looked.err.includes('canary'));
  }
});

test('the doctor notices a Redis database that does not exist', async (t) => {
  const env = { DATA_DIR: await createDataDir(t), REDIS_URL: `${redisUrl}/4000` };
  const looked = await cli(t, ['doctor', '--url', `http://127.0.0.1:${await findFreePort()}`, '--json'], { env });
  const findings = looked.json.findings as { check: string; status: string; detail: string; remedy: string }[];
  const found = findings.find(({ check }) => check === 'redis');
  assert.equal(found?.status, 'failed');
  assert.match(found.detail, /DB index is out of range/);
  assert.match(found.remedy, /name a database in REDIS_URL/);
});

test('the doctor warns about a Redis that would evict counters', { skip: withoutRedisServer() }, async (t) => {
  const policies: [Record<string, string>, status: string, words: RegExp][] = [
    [{ maxmemory: '64mb', 'maxmemory-policy': 'allkeys-lru' }, 'failed', /allkeys-lru, maxmemory 64 MiB: counters/],
    [{ maxmemory: '64mb', 'maxmemory-policy': 'allkeys-random' }, 'failed', /counters of quotas may be evicted/],
    [{ 'maxmemory-policy': 'allkeys-lfu' }, 'warning', /allkeys-lfu, maxmemory unlimited/],
    [{ maxmemory: '64mb', 'maxmemory-policy': 'noeviction' }, 'warning', /limits fall back/],
    [{ maxmemory: '64mb', 'maxmemory-policy': 'volatile-lru' }, 'ok', /^volatile-lru, maxmemory 64 MiB$/],
  ];
  const { url } = await startTestDatabase(t);
  for (const [settings, status, words] of policies) {
    const env = {
      DATABASE_URL: url,
      DATA_DIR: await createDataDir(t),
      REDIS_URL: await startRedisServer(t, settings),
    };
    const looked = await cli(t, ['doctor', '--url', 'http://127.0.0.1:1', '--json'], { env });
    const findings = looked.json.findings as { check: string; status: string; detail: string; remedy: string | null }[];
    const found = findings.find(({ check }) => check === 'redis eviction');
    assert.equal(found?.status, status, JSON.stringify(found));
    assert.match(found.detail, words);
    if (status !== 'ok') assert.match(found.remedy ?? '', /maxmemory-policy volatile-lru/);
  }
});

/** A server that accepts connections and never answers. */
function createSilentServer() {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}); // The other side may disconnect at any time.
  }).listen(0, '127.0.0.1');
  const listening = once(server, 'listening');
  return {
    async port(): Promise<number> {
      await listening;
      return (server.address() as AddressInfo).port;
    },
    close(): void {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

test('logs verify passes, names an edited row, and passes after an erasure', async (t) => {
  const keys = { ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 3).toString('base64')}` };
  const service = await startTestService(t, { EMULATOR: 'on', ...keys });
  const { url } = service.database;
  const env = { DATABASE_URL: url, DATA_DIR: await createDataDir(t), ...keys };
  assert.equal((await service.geocode('Ташкент, улица Амира Темура, 15')).status, 200);
  const intact = await cli(t, ['logs', 'verify', '--tenant', service.tenant], { env });
  assert.equal(intact.code, 0, intact.out + intact.err);
  assert.match(intact.out, /: intact, 1 rows/);

  const erase = ['logs', 'erase', '--contains', 'Амира Темура', '--tenant', service.tenant];
  assert.match((await cli(t, erase, { env })).out, /Erased from 1 rows/);
  const after = await cli(t, ['logs', 'verify'], { env });
  assert.equal(after.code, 0, after.out);
  assert.match(after.out, /1 rows had data erased/);

  const editor = new pg.Client({ connectionString: url });
  await editor.connect();
  await editor.query(`
    alter table integration_logs no force row level security;
    update integration_logs set duration_ms = duration_ms + 1;
    alter table integration_logs force row level security`);
  await editor.end();
  const edited = await cli(t, ['logs', 'verify'], { env });
  assert.equal(edited.code, 1);
  assert.match(edited.out, /EDITED[\s\S]*row [0-9a-f-]{36} of .* was changed/);
});

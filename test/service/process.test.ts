/** The process for an operator: its configuration faults, banner and shutdown. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import pg from 'pg';
import { rabbitmqUrl } from '../support/broker.ts';
import { createDataDir } from '../support/data-dir.ts';
import { startTestDatabase } from '../support/database.ts';
import { redisUrl } from '../support/redis.ts';
import { jwtSecretOfTests, readReply, signAdminToken, startTestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { postDelivery, startWebhook } from '../support/webhooks.ts';

const root = join(import.meta.dirname, '../..');

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown[]>;
  out(): string;
  err(): string;
}

function startMain(t: TestContext, env: Record<string, string>, cwd = root): Running {
  const child = spawn(process.execPath, [join(root, 'src/main.ts')], {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const exited = once(child, 'exit');
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  });
  return { child, exited, out: () => out, err: () => err };
}

test('every fault of the environment is printed at once, and the process ends', async (t) => {
  const main = startMain(t, { PORT: 'x', REDIS_URL: 'canary', NODE_ENV: 'production' });
  assert.deepEqual((await main.exited)[0], 1);
  for (const name of ['PORT', 'REDIS_URL', 'DATABASE_URL', 'ENCRYPTION_KEYS'])
    assert.match(main.err(), new RegExp(`^  ${name} `, 'm'));
  assert.ok(!main.err().includes('canary'));
  assert.equal(main.out(), '');
});

test('a variable whose fault appears only in use is named too, on one line', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const PORT = String((taken.address() as AddressInfo).port);
  const HOST = '127.0.0.1';
  const faults: readonly [RegExp, Record<string, string>][] = [
    [/^ {2}DATABASE_URL: .*ECONNREFUSED/m, { DATABASE_URL: `postgres://canary:canary@127.0.0.1:9/canary` }],
    [/^ {2}DATA_DIR: .*package\.json.* is not a folder/m, { DATA_DIR: join(root, 'package.json') }],
    [/^ {2}PORT, HOST: .*EADDRINUSE/m, { PORT, HOST, DATABASE_URL: (await startTestDatabase(t)).url }],
    [/^ {2}GOOGLE_MAPS_API_KEY /m, { GOOGLE_MAPS_API_KEY: 'enc:canary' }],
  ];
  for (const [fault, env] of faults) {
    const main = startMain(t, { DATA_DIR: await createDataDir(t), ...env });
    assert.deepEqual((await main.exited)[0], 1);
    assert.match(main.err(), fault);
    assert.ok(!/canary| at /.test(main.out() + main.err()), main.out() + main.err());
  }
});

test('production emulates nothing without a credential, and ENVIRONMENT can mark production', async (t) => {
  const main = startMain(t, {
    ENVIRONMENT: 'production',
    PORT: '0',
    HOST: '127.0.0.1',
    DATA_DIR: await createDataDir(t),
    DATABASE_URL: (await startTestDatabase(t)).url,
    REDIS_URL: redisUrl,
    RABBITMQ_URL: rabbitmqUrl,
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    JWT_SECRET: randomBytes(32).toString('hex'),
    YANDEX_MAPS_API_KEY: 'a-real-key',
  });
  await waitFor('the start', () => main.err().includes('"msg":"ready"') || main.child.exitCode !== null, 60_000);
  const ready = main
    .err()
    .split('\n')
    .find((line) => line.includes('"msg":"ready"'));
  assert.ok(ready !== undefined, main.out() + main.err());
  assert.deepEqual(JSON.parse(ready).emulated, []);
  assert.equal(main.out(), '');
});

test('a first start prints a call that works unchanged', async (t) => {
  const dataDir = await createDataDir(t);
  const main = startMain(t, { PORT: '0', HOST: '127.0.0.1', DATA_DIR: dataDir });
  await waitFor('the banner', () => main.out().includes('API pages:') || main.child.exitCode !== null, 60_000);
  const shown = /curl -s (\S+) .*?Bearer (\S+)".*?Company-Id: (\w+)'.*?-d '(\{.*?\})'/s.exec(main.out());
  assert.ok(shown !== null, main.out() + main.err());
  const [, url = '', token = '', tenant = '', body = ''] = shown;
  const reply = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'x-management-company-id': tenant,
      'content-type': 'application/json',
    },
    body,
  });
  const place = (await reply.json()) as Record<string, unknown>;
  assert.equal(reply.status, 200, JSON.stringify(place));
  assert.match(String(place.formatted_address), /Ташкент/);
  const second = startMain(t, { PORT: '0', HOST: '127.0.0.1', DATA_DIR: dataDir });
  assert.equal((await second.exited)[0], 1);
  assert.match(second.err(), /^ {2}DATA_DIR: the folder .* is in use by process \d+: stop it, or choose another/m);
  assert.doesNotMatch(second.err(), / at |"level":60/);
  main.child.kill('SIGTERM');
  assert.deepEqual(await main.exited, [0, null], main.err());
  // A busy machine stalls any process; the log says so, and it is no fault of the start.
  const lines = main
    .err()
    .split('\n')
    .filter((line) => !line.includes('the event loop stalled'));
  assert.doesNotMatch(lines.join('\n'), /"level":[456]0/, 'a clean start and end must log no warning');
});

test('SIGTERM finishes the request in progress', async (t) => {
  const { url: databaseUrl } = await startTestDatabase(t);
  const asked = Promise.withResolvers<void>();
  const mayAnswer = Promise.withResolvers<void>();
  const provider = createServer(async (_request, response) => {
    asked.resolve();
    await mayAnswer.promise;
    response.writeHead(500).end();
  });
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    provider.closeAllConnections();
    provider.close();
  });
  const { port } = provider.address() as AddressInfo;
  const main = startMain(t, {
    PORT: '0',
    HOST: '127.0.0.1',
    DATA_DIR: await createDataDir(t),
    DATABASE_URL: databaseUrl,
    EMULATOR: 'off',
    GOOGLE_MAPS_API_KEY: 'key',
    GOOGLE_MAPS_BASE_URL: `http://127.0.0.1:${port}`,
    OUTBOUND_ALLOWED_NETWORKS: `127.0.0.1:${port}`,
    SERVICE_TOKENS: 'test:a-token',
    REQUEST_MAX_RETRIES: '0',
  });
  await waitFor('the start', () => main.err().includes('"msg":"ready"') || main.child.exitCode !== null, 60_000);
  const url = /"url":"([^"]+)"/.exec(main.err())?.[1];
  const answered = fetch(`${url}/api/v1/geocoding/geocode`, {
    method: 'POST',
    headers: {
      'x-service-token': 'a-token',
      'x-management-company-id': 'uk_company_1',
      'content-type': 'application/json',
    },
    body: '{"address":"Ташкент"}',
  });
  await asked.promise;
  main.child.kill('SIGTERM');
  await waitFor('the end is begun', () => main.err().includes('"msg":"stopping"'));
  mayAnswer.resolve();
  const reply = await answered;
  assert.equal(reply.status, 200, 'the gazetteer answers for the provider that failed');
  await reply.text();
  assert.deepEqual(await main.exited, [0, null], main.err());
});

test('a shutdown does not wait for hanging targets and providers', async (t) => {
  const { url: databaseUrl } = await startTestDatabase(t);
  const asked = new Set<string>();
  const hanging = createServer((request) => void asked.add(new URL(request.url ?? '', 'http://hanging').pathname));
  await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    hanging.closeAllConnections();
    hanging.close();
  });
  const hangingUrl = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}`;
  const main = startMain(t, {
    PORT: '0',
    HOST: '127.0.0.1',
    DATA_DIR: await createDataDir(t),
    DATABASE_URL: databaseUrl,
    EMULATOR: 'off',
    GOOGLE_MAPS_API_KEY: 'key',
    GOOGLE_MAPS_BASE_URL: hangingUrl,
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
    JWT_SECRET: jwtSecretOfTests,
    HEALTH_CHECK_INTERVAL_SECONDS: '5',
    REQUEST_TIMEOUT_SECONDS: '120',
  });
  await waitFor('the start', () => main.err().includes('"msg":"ready"') || main.child.exitCode !== null, 60_000);
  const url = /"url":"([^"]+)"/.exec(main.err())?.[1] as string;
  const adminToken = await signAdminToken({ tenants: '*', scope: 'admin' });
  const admin = async (method: string, path: string, body: unknown) =>
    readReply(
      await fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${adminToken}`,
          'x-management-company-id': 'uk_company_1',
          'content-type': 'application/json',
        },
        body: JSON.stringify(body),
      }),
    );
  const hook = await startWebhook(
    { url, admin },
    { webhook_name: 'hangs', source_service: 'custom', signature_scheme: 'none', target_url: `${hangingUrl}/target` },
  );
  assert.equal((await postDelivery(hook.url, '{"id":"1"}', { 'content-type': 'application/json' })).status, 200);
  await waitFor('the target and the provider to be asked', () => asked.size >= 2, 30_000);
  assert.ok(asked.has('/target'));

  main.child.kill('SIGTERM');

  assert.deepEqual(await main.exited, [0, null], main.err());
  assert.match(main.err(), /"msg":"stopped"/);
  const server = new pg.Client(databaseUrl);
  await server.connect();
  t.after(() => server.end());
  const { rows } = await server.query('select state, locked_until, attempt_count from webhook_deliveries');
  assert.deepEqual(
    rows,
    [{ state: 'pending', locked_until: null, attempt_count: 0 }],
    'another replica may continue with it',
  );
});

/** Connects and sends while the main thread is blocked, and reports the reply at the end. */
const callersInAnotherThread = `
  const { workerData, parentPort } = require('node:worker_threads');
  const { connect } = require('node:net');
  const { port, count, sent } = workerData;
  const signal = new Int32Array(sent);
  const answers = Array.from({ length: count }, () => new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET /health/live HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n', () => {
        Atomics.add(signal, 0, 1);
        Atomics.notify(signal, 0);
      }));
    let text = '';
    socket.on('data', (chunk) => { text += chunk; });
    socket.on('error', (error) => { text += error.code; });
    socket.on('close', () => resolve(text.slice(0, 12)));
  }));
  Promise.all(answers).then((all) => parentPort.postMessage(all));
`;

test('requests that reached a busy process before SIGTERM are answered', async (t) => {
  const app = await startTestService(t);
  const count = 20;
  const sent = new SharedArrayBuffer(4);
  const port = Number(new URL(app.url).port);
  const callers = new Worker(callersInAnotherThread, { eval: true, workerData: { port, count, sent } });
  t.after(() => callers.terminate());
  const answered = once(callers, 'message');
  await once(callers, 'online');
  const signal = new Int32Array(sent);
  for (let seen = 0; seen < count; seen = Atomics.load(signal, 0)) Atomics.wait(signal, 0, seen, 1_000);
  await app.service.close();
  assert.deepEqual(await answered, [Array.from({ length: count }, () => 'HTTP/1.1 200')]);
});

test('a start reads .env and says so, the environment wins, and a store’s refusal is reported with its variable', async (t) => {
  const login = { redis: new URL(redisUrl), rabbitmq: new URL(rabbitmqUrl) };
  Object.assign(login.redis, { username: 'stranger', password: 'canary' });
  login.rabbitmq.password = 'canary';
  const place = { redis: new URL(redisUrl), rabbitmq: new URL(rabbitmqUrl) };
  place.redis.pathname = '/9999';
  place.rabbitmq.pathname = '/canary';
  for (const [{ redis, rabbitmq }, ofRedis, ofRabbitmq] of [
    [login, 'Redis refuses the user or password', 'RabbitMQ refuses the user or password'],
    [place, 'Redis refuses the database number', 'RabbitMQ refuses the virtual host'],
  ] as const) {
    const folder = await createDataDir(t);
    const { url: database } = await startTestDatabase(t);
    const file = [
      'PORT=0',
      'HOST=127.0.0.1',
      `DATA_DIR=${folder}/data`,
      `DATABASE_URL=${database}`,
      'SERVICE_TOKENS=x',
    ];
    await writeFile(join(folder, '.env'), file.join('\n'));
    const stores = { REDIS_URL: redis.href, RABBITMQ_URL: rabbitmq.href };
    const main = startMain(t, { SERVICE_TOKENS: 'test:a-token', JWT_SECRET: jwtSecretOfTests, ...stores }, folder);
    await waitFor('the start', () => main.err().includes('"msg":"ready"') || main.child.exitCode !== null, 60_000);
    assert.match(main.err(), /read variables from \.env/);
    const url = /"url":"(http:[^"]+)"/.exec(main.err())?.[1];
    const authorization = `Bearer ${await signAdminToken({ tenants: '*', scope: 'admin' })}`;
    const reply = await fetch(`${url}/health/detailed`, { headers: { authorization } });
    const { cache, event_bus } = (await reply.json()) as Record<string, Record<string, unknown>>;
    assert.deepEqual(cache, { status: 'down', kind: 'redis', problem: `REDIS_URL: ${ofRedis}` });
    assert.deepEqual(event_bus, { status: 'down', kind: 'rabbitmq', problem: `RABBITMQ_URL: ${ofRabbitmq}` });
    assert.ok(main.err().includes(`"msg":"REDIS_URL: ${ofRedis}"`), main.err());
    assert.ok(main.err().includes(`"msg":"RABBITMQ_URL: ${ofRabbitmq}"`), main.err());
    main.child.kill('SIGKILL');
    await main.exited;
  }
});
